//! What is surely wrong in a SQL text, found without a grammar: each rule fires only where no
//! reading of the text could be right.

use super::scan::{Token, TokenKind, Unclosed};
use crate::diagnostic::codes::VF401;
use crate::diagnostic::{Diagnostic, closest};
use crate::source::Span;

/// A statement to look at.
pub(super) struct Statement<'t> {
    /// The text between the quotes.
    pub text: &'t str,
    /// Its place in the file.
    pub span: Span,
    /// Its words.
    pub tokens: &'t [Token],
    /// What was left open.
    pub unclosed: Option<Unclosed>,
}

/// Words that a statement may begin with.
const VERBS: &[&str] = &[
    "select", "insert", "update", "delete", "merge", "replace", "with", "values", "table", "explain", "show", "create",
    "drop", "alter", "truncate", "grant", "revoke", "comment", "analyze", "vacuum", "reindex", "cluster", "refresh",
    "call", "do", "set", "reset", "lock", "copy", "notify", "pragma", "attach", "detach", "import", "security", "load",
    "discard",
];

/// Words that would end or nest the transaction that vmflow keeps.
const TRANSACTION_VERBS: &[&str] =
    &["begin", "commit", "rollback", "savepoint", "release", "start", "end", "abort", "prepare", "declare"];

/// Misspellings of `from` that mean nothing else.
const NOT_FROM: &[&str] = &["form", "fron", "frm", "fomr", "rfom", "ffrom", "fromm", "fro"];

/// Misspellings of `where` that mean nothing else.
const NOT_WHERE: &[&str] = &["wehre", "whre", "hwere", "wher", "whee", "wheer", "wherre"];

/// All findings, in no particular order; one for each cause.
pub(super) fn find(statement: &Statement) -> Vec<Diagnostic> {
    if let Some(unclosed) = statement.unclosed {
        return vec![statement.unclosed(unclosed)];
    }
    if statement.tokens.iter().all(|token| token.is_punct(statement.text, ";")) {
        return vec![
            Diagnostic::new(&VF401, statement.span, "the SQL text is empty")
                .help("write a statement, such as `select`"),
        ];
    }
    let mut found = statement.foreign_holes();
    found.extend(statement.second_statement());
    found.extend(statement.parentheses());
    found.extend(statement.first_word());
    found.extend(statement.keywords());
    found.extend(statement.commas());
    found
}

impl Statement<'_> {
    fn at(&self, token: &Token) -> Span {
        self.span.slice(token.start, token.end)
    }

    fn word(&self, token: &Token) -> &str {
        token.text(self.text)
    }

    fn unclosed(&self, unclosed: Unclosed) -> Diagnostic {
        let span = self.span.slice(unclosed.start, unclosed.end);
        Diagnostic::new(&VF401, span, format!("this {} is never closed", unclosed.what))
            .at("opened here")
            .help(format!("close it with {}", quoted(unclosed.closer)))
    }

    fn foreign_holes(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            if token.kind == TokenKind::ForeignHole || self.is_question_mark_hole(at, token) {
                found.push(self.foreign_hole(at, token.start, token.end));
            } else if let Some(letter) = self.percent_hole(at, token) {
                found.push(self.foreign_hole(at, token.start, letter.end));
            }
        }
        found
    }

    /// `?` is also an operator of PostgreSQL's `jsonb`; a placeholder stands where no left operand does.
    fn is_question_mark_hole(&self, at: usize, token: &Token) -> bool {
        token.is_punct(self.text, "?") && !self.follows_operand(at)
    }

    /// The letter of a `%s`: where no left operand stands before, `%` takes no remainder.
    fn percent_hole(&self, at: usize, token: &Token) -> Option<&Token> {
        let next = self.tokens.get(at + 1).filter(|next| next.start == token.end && next.is(self.text, "s"))?;
        (token.is_punct(self.text, "%") && !self.follows_operand(at)).then_some(next)
    }

    fn follows_operand(&self, at: usize) -> bool {
        const OPENERS: &[&str] =
            &["where", "and", "or", "not", "limit", "offset", "in", "like", "between", "then", "else", "when", "by"];
        let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.is_some_and(|before| match before.kind {
            TokenKind::Punct => matches!(self.word(before), ")" | "]"),
            _ => !before.is_any(self.text, OPENERS),
        })
    }

    fn foreign_hole(&self, at: usize, start: usize, end: usize) -> Diagnostic {
        let written = self.text.get(start..end).unwrap_or_default();
        let span = self.span.slice(start, end);
        let found = Diagnostic::new(&VF401, span, format!("`{written}` is not how a parameter is written in SQL"));
        let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let is_table =
            before.is_some_and(|before| before.is_any(self.text, &["from", "join", "into", "update", "table"]));
        match name_of_hole(written) {
            _ if is_table => found.help("parameters stand for values; write the table's name"),
            Some(name) => {
                let wanted = format!(":{name}");
                found.help(format!("write `{wanted}`")).fix(format!("write `{wanted}`"), span, wanted)
            }
            None if written.starts_with(['{', '#']) => {
                found.help("a SQL literal is no template: write names of tables out, and `:name` for a value")
            }
            None => found.help("write `:name`, with the name of a step or a parameter"),
        }
    }

    fn second_statement(&self) -> Option<Diagnostic> {
        let is_end = |token: &Token| token.is_punct(self.text, ";");
        let end = self.tokens.iter().position(is_end)?;
        let next = self.tokens.get(end..)?.iter().find(|token| !is_end(token))?;
        let found = Diagnostic::new(&VF401, self.at(next), "a SQL literal holds one statement; a second begins here");
        let end = self.tokens.get(end).map(|token| self.at(token))?;
        Some(
            found
                .label(end, "the first ends here")
                .help("write a step for each, inside `transaction` when they belong together"),
        )
    }

    fn parentheses(&self) -> Option<Diagnostic> {
        let mut open: Vec<&Token> = Vec::new();
        for token in self.tokens.iter().filter(|token| token.kind == TokenKind::Punct) {
            match self.word(token) {
                "(" | "[" => open.push(token),
                closer @ (")" | "]") => {
                    let wanted = if closer == ")" { "(" } else { "[" };
                    match open.pop() {
                        Some(opened) if self.word(opened) == wanted => {}
                        Some(opened) => return Some(self.mismatched(opened, token)),
                        None => {
                            let message = format!("this `{closer}` closes nothing");
                            return Some(
                                Diagnostic::new(&VF401, self.at(token), message).help("remove it, or open it"),
                            );
                        }
                    }
                }
                _ => {}
            }
        }
        let last = open.pop()?;
        let message = format!("this `{}` is never closed", self.word(last));
        Some(
            Diagnostic::new(&VF401, self.at(last), message)
                .help(format!("close it with `{}`", closer_of(self.word(last)))),
        )
    }

    fn mismatched(&self, opened: &Token, closer: &Token) -> Diagnostic {
        let wanted = closer_of(self.word(opened));
        let message = format!("expected `{wanted}`, found `{}`", self.word(closer));
        Diagnostic::new(&VF401, self.at(closer), message).label(self.at(opened), "opened here")
    }

    fn first_word(&self) -> Option<Diagnostic> {
        let first = self.tokens.iter().find(|token| !token.is_punct(self.text, "("))?;
        let written = self.word(first);
        if first.kind == TokenKind::Word && first.is_any(self.text, VERBS) {
            return None;
        }
        if first.is_any(self.text, TRANSACTION_VERBS) {
            let message = format!("`{written}` is not a step: a transaction is a block");
            return Some(Diagnostic::new(&VF401, self.at(first), message).help("write `do transaction db { … }`"));
        }
        if first.kind == TokenKind::Hole {
            let found = Diagnostic::new(&VF401, self.at(first), "a statement cannot come from a parameter");
            return Some(found.help("parameters stand for values; write the statement out"));
        }
        let message = format!("expected a SQL statement, found `{written}`");
        let found = Diagnostic::new(&VF401, self.at(first), message);
        let lower = written.to_lowercase();
        Some(match closest(&lower, VERBS.iter().copied()) {
            Some(verb) => {
                found.at(format!("did you mean `{verb}`?")).fix(format!("write `{verb}`"), self.at(first), verb)
            }
            None => found.help("a statement begins with a word such as `select`, `insert`, `update` or `delete`"),
        })
    }

    /// `select … form t` without a `from`, `wehre x`, `gruop by`.
    fn keywords(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        // For each open parenthesis: whether a `select` there still waits for its `from`.
        let mut waiting: Vec<Option<&Token>> = vec![None];
        let mut misspelt: Vec<(&Token, &str)> = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            match self.word(token) {
                "(" => waiting.push(None),
                ")" if waiting.len() > 1 => misspelt.extend(waiting.pop().flatten().map(|token| (token, "from"))),
                _ => self.keyword(at, token, &mut waiting, &mut misspelt),
            }
        }
        misspelt.extend(waiting.into_iter().flatten().map(|token| (token, "from")));
        for (token, meant) in misspelt {
            let message = format!("expected `{meant}`, found `{}`", self.word(token));
            let diagnostic = Diagnostic::new(&VF401, self.at(token), message).at(format!("did you mean `{meant}`?"));
            found.push(diagnostic.fix(format!("write `{meant}`"), self.at(token), meant));
        }
        found
    }

    fn keyword<'s>(
        &'s self,
        at: usize,
        token: &'s Token,
        waiting: &mut [Option<&'s Token>],
        misspelt: &mut Vec<(&'s Token, &'static str)>,
    ) {
        let Some(scope) = waiting.last_mut() else { return };
        if token.is_any(self.text, &["from", "select"]) {
            *scope = None;
        } else if self.joins_words(at) && token.is_any(self.text, NOT_FROM) && self.after_select(at) {
            scope.get_or_insert(token);
        } else if self.joins_words(at) && token.is_any(self.text, NOT_WHERE) {
            misspelt.push((token, "where"));
        } else if let Some(meant) = self.before_by(at, token) {
            misspelt.push((token, meant));
        }
    }

    /// Whether an operand stands before and a name after, so that the word can only join them.
    fn joins_words(&self, at: usize) -> bool {
        let operand =
            |token: &Token| !matches!(token.kind, TokenKind::Punct) || matches!(self.word(token), ")" | "*" | "]");
        let keyword =
            |token: &Token| token.is_any(self.text, &["select", "as", "and", "or", "not", "on", "from", "join"]);
        let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let after = self.tokens.get(at + 1);
        let named = after.is_some_and(|t| matches!(t.kind, TokenKind::Word | TokenKind::QuotedName))
            && !after.is_some_and(|t| t.is_any(self.text, &["from", "as", "where", "union", "order", "limit"]));
        named && before.is_some_and(|token| operand(token) && !keyword(token))
    }

    fn after_select(&self, at: usize) -> bool {
        self.tokens.get(..at).is_some_and(|before| before.iter().rev().take(1000).any(|t| t.is(self.text, "select")))
    }

    fn before_by(&self, at: usize, token: &Token) -> Option<&'static str> {
        let by = self.tokens.get(at + 1).is_some_and(|next| next.is(self.text, "by"));
        let known = ["group", "order", "partition", "increment", "owned", "cluster", "default", "granted"];
        if !by || token.kind != TokenKind::Word || token.is_any(self.text, &known) {
            return None;
        }
        closest(&self.word(token).to_lowercase(), ["group", "order", "partition"])
            .and_then(|meant| ["group", "order", "partition"].into_iter().find(|known| *known == meant))
    }

    fn commas(&self) -> Vec<Diagnostic> {
        let ends = |token: &Token| {
            token.is_punct(self.text, ")")
                || token.is_any(self.text, &["from", "where", "group", "order", "having", "limit"])
        };
        let trailing = self.tokens.windows(2).filter_map(|pair| match pair {
            [comma, next] if comma.is_punct(self.text, ",") && ends(next) => Some((comma, next)),
            _ => None,
        });
        trailing
            .map(|(comma, next)| {
                let message = format!("expected something between `,` and `{}`", self.word(next));
                Diagnostic::new(&VF401, self.at(comma), message).fix("remove the comma", self.at(comma), "")
            })
            .collect()
    }
}

/// The name in a placeholder of another tool.
fn name_of_hole(written: &str) -> Option<&str> {
    let python = written.strip_prefix("%(").and_then(|rest| rest.strip_suffix(")s"));
    let name = python.unwrap_or_else(|| written.trim_matches(['$', '#', '{', '}']).trim());
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    is_name.then_some(name)
}

fn closer_of(opener: &str) -> &'static str {
    if opener == "[" { "]" } else { ")" }
}

fn quoted(closer: &str) -> String {
    if closer.contains(' ') { closer.to_owned() } else { format!("`{closer}`") }
}

#[cfg(test)]
mod tests {
    use crate::query::sql::parse;
    use crate::source::{SourceId, Span};

    /// Each finding as `column message`, with the replacement of its fix.
    fn findings(text: &str) -> Vec<String> {
        let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap());
        parse(text, span)
            .1
            .iter()
            .map(|found| {
                let fix = found.fix.as_ref().map(|fix| format!(" => {}", fix.edits[0].replacement));
                format!("{} {}{}", found.span().unwrap().start, found.message, fix.unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn what_is_left_open_is_pointed_at() {
        assert_eq!(findings("select 'a"), ["7 this text is never closed"]);
        assert_eq!(findings("select \"a"), ["7 this quoted name is never closed"]);
        assert_eq!(findings("select 1 /* x"), ["9 this comment is never closed"]);
        assert_eq!(findings("select $a$ x $b$"), ["7 this dollar-quoted text is never closed"]);
        assert_eq!(findings("select (1"), ["7 this `(` is never closed"]);
        assert_eq!(findings("select 1)"), ["8 this `)` closes nothing"]);
        assert_eq!(findings("select (1]"), ["9 expected `)`, found `]`"]);
    }

    #[test]
    fn one_statement_and_no_transaction() {
        assert_eq!(findings("  -- nothing\n "), ["0 the SQL text is empty"]);
        assert_eq!(findings("select 1;"), [""; 0]);
        assert_eq!(findings("select 1; delete from t"), ["10 a SQL literal holds one statement; a second begins here"]);
        assert_eq!(findings("commit"), ["0 `commit` is not a step: a transaction is a block"]);
    }

    #[test]
    fn misspelt_words() {
        assert_eq!(findings("selct 1"), ["0 expected a SQL statement, found `selct` => select"]);
        assert_eq!(findings("select * form t"), ["9 expected `from`, found `form` => from"]);
        assert_eq!(findings("select (select a, b form t)"), ["20 expected `from`, found `form` => from"]);
        assert_eq!(findings("select a from t wehre b = 1"), ["16 expected `where`, found `wehre` => where"]);
        assert_eq!(findings("select a from t gruop by a"), ["16 expected `group`, found `gruop` => group"]);
        assert_eq!(findings("potato"), ["0 expected a SQL statement, found `potato`"]);
    }

    #[test]
    fn placeholders_of_other_tools() {
        assert_eq!(findings("select $day"), ["7 `$day` is not how a parameter is written in SQL => :day"]);
        assert_eq!(findings("select $1"), ["7 `$1` is not how a parameter is written in SQL"]);
        assert_eq!(findings("select {days}"), ["7 `{days}` is not how a parameter is written in SQL => :days"]);
        assert_eq!(findings("select %(days)s"), ["7 `%(days)s` is not how a parameter is written in SQL => :days"]);
        assert_eq!(findings("select 1 where a = %s"), ["19 `%s` is not how a parameter is written in SQL"]);
        assert_eq!(findings("select ${day}"), ["7 `${day}` is not how a parameter is written in SQL => :day"]);
        assert_eq!(findings("select #{day}"), ["7 `#{day}` is not how a parameter is written in SQL => :day"]);
        assert_eq!(findings("select {{ day }}"), ["7 `{{ day }}` is not how a parameter is written in SQL => :day"]);
        assert_eq!(findings("select 1 from {{ day }}"), ["14 `{{ day }}` is not how a parameter is written in SQL"]);
        assert_eq!(
            findings("select 1 from {{ ref('t') }}"),
            ["14 `{{ ref('t') }}` is not how a parameter is written in SQL"]
        );
        assert_eq!(findings("select b % s, b %s from t"), [""; 0]);
        assert_eq!(findings("select 1 where a = ?"), ["19 `?` is not how a parameter is written in SQL"]);
    }

    #[test]
    fn commas() {
        assert_eq!(findings("select a, from t"), ["8 expected something between `,` and `from` => "]);
        assert_eq!(findings("insert into t (a, b,) values (1)"), ["19 expected something between `,` and `)` => "]);
    }

    #[test]
    fn what_may_be_right_is_left_alone() {
        for text in [
            "select a form from t",
            "select form, x from t",
            "select j ? 'k', j ?| array['a'] from t where j -> 'a' ? 'b'",
            "select a as form",
            "select interval '1 day', a % b, a[1], f(x => 1) from t where $$a$$ = $t$b$t$",
            "with r as (select 1) select * from r for update",
            "insert into t values (1) on conflict do nothing returning id",
            "select date_trunc('day', ts) from t group by 1 order by 1",
            "update t set a = :a where b in :bs",
            "select a from frm where frm.x = 1",
            "(select 1) union all (select 2)",
            "delete from form where form.id = 1",
            "create table t (id integer generated by default as identity)",
        ] {
            assert_eq!(findings(text), [""; 0], "{text}");
        }
    }
}
