//! From the text of a literal to a template, with what is wrong in it.

use std::sync::Arc;

use super::render::list_place;
use super::scan::{Token, TokenKind, scan};
use super::{Hole, Piece, SqlTemplate, StatementKind, slips};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Reads a SQL literal. `text` is what stands between the quotes and `text_span` its place, byte for
/// byte, so that every finding points into the `.flow` file. Never fails: what is wrong is listed and
/// the template holds the text as written.
pub fn parse(text: &str, text_span: Span) -> (SqlTemplate, Vec<Diagnostic>) {
    let (tokens, unclosed) = scan(text);
    let findings = slips::find(&slips::Statement { text, span: text_span, tokens: &tokens, unclosed });
    let kind = statement_kind(text, &tokens);
    let (pieces, holes) = cut(text, text_span, &tokens);
    (SqlTemplate { pieces, holes, kind }, findings)
}

/// The names that the holes of a SQL literal begin with, one for each hole.
pub(crate) fn mentioned(text: &str) -> Vec<&str> {
    let (tokens, _) = scan(text);
    let holes = tokens.iter().filter(|token| token.kind == TokenKind::Hole);
    holes.filter_map(|token| token.text(text).trim_start_matches(':').split('.').next()).collect()
}

/// Cuts the text at its holes.
fn cut(text: &str, span: Span, tokens: &[Token]) -> (Vec<Piece>, Vec<Hole>) {
    let (mut pieces, mut holes, mut from) = (Vec::new(), Vec::new(), 0);
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::Hole) {
        push_text(&mut pieces, text.get(from..token.start));
        let path = token.text(text).trim_start_matches(':').split('.').map(Arc::from).collect();
        let is_list = stands_in_list(text, tokens, at);
        pieces.push(Piece::Hole(holes.len()));
        holes.push(Hole { path, span: span.slice(token.start + 1, token.end), is_list });
        from = token.end;
    }
    push_text(&mut pieces, text.get(from..));
    (pieces, holes)
}

fn push_text(pieces: &mut Vec<Piece>, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        pieces.push(Piece::Text(text.into()));
    }
}

/// Both the tokens and the bare text must say so: the tokens know that a comment ending in `in` is none,
/// the text is what the renderer will rewrite.
fn stands_in_list(text: &str, tokens: &[Token], at: usize) -> bool {
    let back = |n: usize| at.checked_sub(n).and_then(|at| tokens.get(at));
    let is_word = |n: usize, words: &[&str]| back(n).is_some_and(|token| token.is_any(text, words));
    let opens = back(1).is_some_and(|token| token.is_punct(text, "("));
    let named = is_word(1, &["in"]) || (opens && is_word(2, &["in", "any", "some", "all"]));
    let Some(token) = tokens.get(at).filter(|_| named) else { return false };
    let (before, after) = (text.get(..token.start), text.get(token.end..));
    // Only the near text matters; the whole of it for each hole would be quadratic.
    let word_start = back(4).map_or(0, |token| token.start);
    before.and_then(|before| before.get(word_start..)).zip(after).is_some_and(|(b, a)| list_place(b, a).is_some())
}

const WRITES: &[&str] = &["insert", "update", "delete", "merge", "replace"];

fn statement_kind(text: &str, tokens: &[Token]) -> StatementKind {
    let mut rest = tokens.iter().skip_while(|token| token.is_punct(text, "("));
    let Some(first) = rest.next() else { return StatementKind::Definition };
    if first.is_any(text, WRITES) {
        return StatementKind::Write;
    }
    if first.is(text, "with") || (first.is(text, "explain") && tokens.iter().any(|t| t.is(text, "analyze"))) {
        return if writes_inside(text, tokens) { StatementKind::Write } else { StatementKind::Read };
    }
    if first.is(text, "select") && selects_into(text, tokens) {
        return StatementKind::Definition;
    }
    let reads = first.is_any(text, &["select", "values", "explain", "show", "table"]);
    if reads { StatementKind::Read } else { StatementKind::Definition }
}

/// Whether some statement inside `with` or `explain analyze` writes: a verb at the beginning of a
/// statement, so not the one of `for update` or `on conflict do update`.
fn writes_inside(text: &str, tokens: &[Token]) -> bool {
    tokens.windows(3).any(|window| {
        let [before, verb, after] = window else { return false };
        let begins = before.is_punct(text, "(") || before.is_punct(text, ")") || before.is(text, "analyze");
        let follows = after.is_any(text, &["into", "from", "only"])
            || (verb.is(text, "update") && matches!(after.kind, TokenKind::Word | TokenKind::QuotedName));
        begins && verb.is_any(text, WRITES) && follows
    })
}

/// `select … into table from …` makes a table.
fn selects_into(text: &str, tokens: &[Token]) -> bool {
    let mut depth = 0_i32;
    for token in tokens {
        match token.text(text) {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ if depth == 0 && token.is(text, "into") => return true,
            _ if depth == 0 && token.is(text, "from") => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;
    use proptest::prelude::*;

    fn template(text: &str) -> SqlTemplate {
        let span = Span::new(SourceId(0), 100, 100 + u32::try_from(text.len()).unwrap());
        parse(text, span).0
    }

    fn holes(text: &str) -> Vec<(String, bool)> {
        template(text).holes.iter().map(|hole| (hole.path.join("."), hole.is_list)).collect()
    }

    fn hole(path: &str, is_list: bool) -> (String, bool) {
        (path.to_owned(), is_list)
    }

    #[test]
    fn holes_are_found_and_nothing_else_is() {
        let text = r#"select a::date, 'it''s :no', E'\':no', ":no", $$ :no $$, $t$ :no $ :no $t$ -- :no
            /* :no /* :no */ :no */ from t where a = :a and b = :row.b.c and x[1:2] = :_y"#;
        assert_eq!(holes(text), [hole("a", false), hole("row.b.c", false), hole("_y", false)]);
    }

    #[test]
    fn spans_lie_in_the_file_and_leave_the_colon_out() {
        let template = template("select :row.source");
        let span = template.holes[0].span;
        assert_eq!((span.start, span.end), (108, 118));
    }

    #[test]
    fn lists_stand_after_in_and_inside_any() {
        assert_eq!(holes("x in :xs"), [hole("xs", true)]);
        assert_eq!(holes("x NOT IN ( :xs )"), [hole("xs", true)]);
        assert_eq!(holes("x = any(:xs) and y <> all (:xs)"), [hole("xs", true), hole("xs", true)]);
        assert_eq!(holes("x in (:a, :b)"), [hole("a", false), hole("b", false)]);
        assert_eq!(holes("x in (select :a)"), [hole("a", false)]);
        assert_eq!(holes("min :a, company(:b)"), [hole("a", false), hole("b", false)]);
        assert_eq!(holes("x = -- in\n :a"), [hole("a", false)]);
    }

    #[test]
    fn kinds() {
        use StatementKind::{Definition, Read, Write};
        for (text, kind) in [
            ("select 1", Read),
            ("  -- why\n (select 1) union (select 2)", Read),
            ("values (1)", Read),
            ("explain select 1", Read),
            ("explain analyze delete from t", Write),
            ("with a as (select 1) select * from a for update", Read),
            ("with a as (delete from t returning *) select * from a", Write),
            ("with a as (select 1) insert into t select * from a on conflict do nothing", Write),
            ("with a as (select replace(x, 'a', 'b') from t) select * from a", Read),
            ("with a as (select 1) update t set x = 1", Write),
            ("INSERT INTO t values (1)", Write),
            ("select * into u from t", Definition),
            ("create table t (x int)", Definition),
            ("truncate t", Definition),
            ("", Definition),
        ] {
            assert_eq!(template(text).kind, kind, "{text}");
        }
    }

    #[test]
    fn long_texts_take_linear_time() {
        let text = format!("select * from t where {}", "x in (:a) or ".repeat(50_000));
        assert_eq!(template(&text).holes.len(), 50_000);
        let open = "/*".repeat(100_000);
        template(&open);
        template(&"$a".repeat(100_000));
        template(&"(".repeat(200_000));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_none_is_lost(text in r#"(?s)([a-z]{0,3}|[ :.,'"$?{}()*;/E\\\n-]|in|any|:x|é|::){0,40}"#) {
            let template = template(&text);
            let back: String = template.pieces.iter().map(|piece| match piece {
                Piece::Text(text) => text.to_string(),
                Piece::Hole(at) => format!(":{}", template.holes[*at].path.join(".")),
            }).collect();
            prop_assert_eq!(back, text);
        }
    }
}
