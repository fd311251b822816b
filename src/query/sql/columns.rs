//! The names of a query's result columns, where its text alone tells them.

use super::scan::{Token, TokenKind, scan};
use crate::source::Span;

/// A result column, as the text names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnHint {
    /// The name in the result.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
}

/// Words that end a select list.
const ENDS: &[&str] = &[
    "from",
    "where",
    "group",
    "having",
    "window",
    "union",
    "intersect",
    "except",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
    "into",
];

/// Words that may end an expression and are no name.
const NO_NAMES: &[&str] = &["end", "null", "true", "false", "unknown", "current_date", "current_timestamp"];

/// The names of the columns that a query gives, from its text alone; `span` is the text's place.
/// `None` when in doubt: `*`, an expression without a name, a name whose case the databases fold
/// differently, a query that is no plain `select`.
pub fn select_columns(text: &str, span: Span) -> Option<Vec<ColumnHint>> {
    let (tokens, unclosed) = scan(text);
    if unclosed.is_some() {
        return None;
    }
    let list = select_list(text, &tokens)?;
    items(text, list).into_iter().map(|item| name_of(text, span, item)).collect()
}

fn depth_change(text: &str, token: &Token) -> i32 {
    match (token.kind, token.text(text)) {
        (TokenKind::Punct, "(" | "[") => 1,
        (TokenKind::Punct, ")" | "]") => -1,
        _ => 0,
    }
}

/// The tokens between the first `select` that stands in no parentheses and the end of its list.
fn select_list<'t>(text: &str, tokens: &'t [Token]) -> Option<&'t [Token]> {
    let first = tokens.first()?;
    if !first.is_any(text, &["select", "with"]) {
        return None;
    }
    let mut depth = 0;
    let mut begin = None;
    for (at, token) in tokens.iter().enumerate() {
        depth += depth_change(text, token);
        if depth != 0 {
            continue;
        }
        match begin {
            None if token.is_any(text, &["insert", "update", "delete", "merge"]) => return None,
            None if token.is(text, "select") => begin = Some(at + 1),
            Some(from) if token.is_any(text, ENDS) || token.is_punct(text, ";") => return tokens.get(from..at),
            _ => {}
        }
    }
    tokens.get(begin?..)
}

fn items<'t>(text: &str, list: &'t [Token]) -> Vec<&'t [Token]> {
    let mut depth = 0;
    list.split(|token| {
        depth += depth_change(text, token);
        depth == 0 && token.is_punct(text, ",")
    })
    .collect()
}

fn name_of(text: &str, span: Span, item: &[Token]) -> Option<ColumnHint> {
    let (last, before) = item.split_last()?;
    let plain_path = || {
        let alternate = |(at, token): (usize, &Token)| match at % 2 {
            0 => matches!(token.kind, TokenKind::Word | TokenKind::QuotedName),
            _ => token.is_punct(text, "."),
        };
        item.len() % 2 == 1 && item.iter().enumerate().all(alternate)
    };
    let named = match before.last() {
        // `distinct` and `all` before the only word of the first item.
        Some(token) if token.is_any(text, &["distinct", "all"]) => before.len() == 1,
        Some(token) if token.is(text, "as") => true,
        Some(token) if token.kind == TokenKind::Punct && token.text(text) != ")" => plain_path(),
        // `expression name`: of two words the first may be a keyword of the expression, unless it is all of it.
        Some(token) if token.is(text, "not") => false,
        Some(token) => token.kind != TokenKind::Word || before.len() == 1 || ends_path(text, before),
        None => true,
    };
    let name = named.then(|| column_name(text, last)).flatten()?;
    Some(ColumnHint { name, span: span.slice(last.start, last.end) })
}

/// Whether the last word belongs to a path or a cast, `t.a`, `a::date`.
fn ends_path(text: &str, before: &[Token]) -> bool {
    before.iter().rev().nth(1).is_some_and(|token| token.is_punct(text, ".") || token.is_punct(text, "::"))
}

fn column_name(text: &str, token: &Token) -> Option<String> {
    let word = token.text(text);
    match token.kind {
        TokenKind::QuotedName => {
            let quote = word.get(..1)?;
            let inner = word.strip_prefix(quote)?.strip_suffix(quote)?;
            Some(inner.replace(&quote.repeat(2), quote))
        }
        // PostgreSQL folds to lower case, SQLite does not.
        TokenKind::Word if word.chars().any(char::is_uppercase) || token.is_any(text, NO_NAMES) => None,
        TokenKind::Word => Some(word.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    fn names(text: &str) -> Option<Vec<String>> {
        let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap());
        select_columns(text, span).map(|columns| columns.into_iter().map(|column| column.name).collect())
    }

    #[test]
    fn names_are_read_where_the_text_tells_them() {
        assert_eq!(
            names("select a, t.b, max(c) as d, c::date e, \"f g\" from t").unwrap(),
            &["a", "b", "d", "e", "f g"]
        );
        assert_eq!(names("select distinct a, count(*) n from t").unwrap(), &["a", "n"]);
        assert_eq!(names("with x as (select q from t) select a from x").unwrap(), &["a"]);
        assert_eq!(names("select (select 1 from u) as a union select 2").unwrap(), &["a"]);
        assert_eq!(names("select case when a then 1 else 2 end as b, :x as c").unwrap(), &["b", "c"]);
    }

    #[test]
    fn doubt_gives_nothing() {
        for text in [
            "select *",
            "select t.* from t",
            "select a, max(b) from t",
            "select 1",
            "select A from t",
            "select a + b from t",
            "select a::date from t",
            "select a is not null from t",
            "select case when a then b end from t",
            "values (1)",
            "insert into t select a from u",
            "select 'a",
            "select not a from t",
            "",
        ] {
            assert_eq!(names(text), None, "{text}");
        }
    }
}
