//! SQL read with a grammar, in the dialect of its connection.
//!
//! The grammar is `sqlparser`'s. It knows nearly all that a query or a write can hold and misses some of
//! what a server takes, so its refusal counts for those two only, and not where the text holds what it is
//! known to miss ([`gaps`]); definitions are left to the database. Complaints are said in words of our own
//! ([`complaint`]), with the change that would let the text pass where one is found ([`repair`]).

mod complaint;
mod foreign;
mod gaps;
mod mysql;
mod pattern;
mod repair;
mod reserved;
mod sqlite;
#[cfg(test)]
mod tests;
mod text;

use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect, GenericDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use self::complaint::Complaint;
use self::text::Positions;
use super::SqlDialect;
use super::scan::{self, scan};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// The most words a text may have to be read with the grammar: trees are walked and dropped by recursion,
/// and a longer text was written by a program.
const MOST_TOKENS: usize = 5_000;

/// How deep expressions and queries may nest.
const DEEPEST: usize = 60;

/// A statement, read.
#[derive(Debug)]
pub(super) struct Parsed {
    /// The tree.
    pub(super) statement: Statement,
    /// Where its parts stand in the text.
    pub(super) positions: Positions,
}

/// What became of a text.
#[derive(Debug)]
pub(super) enum Reading {
    /// It was read.
    Parsed(Box<Parsed>),
    /// It is wrong.
    Wrong(Box<Diagnostic>),
    /// Nothing can be said of it.
    Unknown,
}

/// Reads a text that has no slips; without a dialect it is wrong only when every dialect refuses it.
pub(super) fn read(text: &str, span: Span, dialect: Option<SqlDialect>) -> Reading {
    let (tokens, unclosed) = scan(text);
    if unclosed.is_some() || tokens.len() > MOST_TOKENS || !is_query_or_write(text, &tokens) {
        return Reading::Unknown;
    }
    let source = Source { text, span, tokens: &tokens };
    if let Some(finding) = dialect.and_then(|dialect| foreign::find(&source, dialect)) {
        return Reading::Wrong(Box::new(finding));
    }
    if let Some(finding) = reserved::find(&source) {
        return Reading::Wrong(Box::new(finding));
    }
    let mut refused = None;
    for grammar in grammars(dialect) {
        match parse(&source, *grammar) {
            Ok(parsed) => return Reading::Parsed(Box::new(parsed)),
            Err(Some(complaint)) => drop(refused.get_or_insert((*grammar, complaint))),
            Err(None) => return Reading::Unknown,
        }
    }
    match refused {
        Some((grammar, complaint)) if !gaps::may_be_one(&source, &complaint) => {
            let finding = repair::find(&source, grammar, &complaint).unwrap_or_else(|| complaint.told(&source));
            Reading::Wrong(Box::new(finding))
        }
        _ => Reading::Unknown,
    }
}

/// A text with its words.
struct Source<'t> {
    text: &'t str,
    span: Span,
    tokens: &'t [scan::Token],
}

impl Source<'_> {
    fn at(&self, token: &scan::Token) -> Span {
        self.span.slice(token.start, token.end)
    }

    /// The index of the token that begins at or behind a byte.
    fn token_at(&self, byte: usize) -> usize {
        self.tokens.partition_point(|token| token.end <= byte)
    }
}

const VERBS: &[&str] = &["select", "with", "values", "insert", "update", "delete", "replace"];

pub(super) fn is_query_or_write(text: &str, tokens: &[scan::Token]) -> bool {
    tokens.iter().find(|token| !token.is_punct(text, "(")).is_some_and(|token| token.is_any(text, VERBS))
}

/// A grammar to read with.
#[derive(Clone, Copy)]
struct Grammar {
    dialect: &'static (dyn Dialect + Sync),
    /// Whether `is` compares any two values.
    has_general_is: bool,
    /// Whether it is that of MySQL, which reads quotes as its connection does not.
    is_mysql: bool,
}

const SQLITE: Grammar = Grammar { dialect: &SQLiteDialect {}, has_general_is: true, is_mysql: false };
const POSTGRES: Grammar = Grammar { dialect: &PostgreSqlDialect {}, has_general_is: false, is_mysql: false };
const MYSQL: Grammar = Grammar { dialect: &MySqlDialect {}, has_general_is: false, is_mysql: true };
const GENERIC: Grammar = Grammar { dialect: &GenericDialect {}, has_general_is: false, is_mysql: false };

const fn grammars(dialect: Option<SqlDialect>) -> &'static [Grammar] {
    match dialect {
        Some(SqlDialect::Sqlite) => &[SQLITE],
        Some(SqlDialect::Postgres) => &[POSTGRES],
        Some(SqlDialect::MySql) => &[MYSQL],
        None => &[POSTGRES, SQLITE, MYSQL, GENERIC],
    }
}

/// Reads a text; `Err(None)` when it nests too deep to tell.
fn parse(source: &Source<'_>, grammar: Grammar) -> Result<Parsed, Option<Complaint>> {
    let masked = text::masked(source, grammar.is_mysql);
    let positions = Positions::of(&masked);
    let tokens = Tokenizer::new(grammar.dialect, &masked)
        .tokenize_with_location()
        .map_err(|error| Some(Complaint::of(&error.to_string(), &positions)))?;
    let statement = parse_tokens(grammar, text::readable(tokens, grammar)).map_err(|error| match error {
        ParserError::RecursionLimitExceeded => None,
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            Some(Complaint::of(&message, &positions))
        }
    })?;
    Ok(Parsed { statement, positions })
}

fn parse_tokens(grammar: Grammar, tokens: Vec<TokenWithSpan>) -> Result<Statement, ParserError> {
    let mut parser = Parser::new(grammar.dialect).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens);
    let statement = parser.parse_statement()?;
    while parser.consume_token(&Token::SemiColon) {}
    let next = parser.peek_token();
    if next.token == Token::EOF { Ok(statement) } else { parser.expected("end of statement", next) }
}
