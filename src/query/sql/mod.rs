//! SQL literals.
//!
//! A literal becomes a [`SqlTemplate`]: pieces of text and holes (`:name`, `:name.field`), in no
//! dialect yet. With a value for each hole it is a [`SqlQuery`], which a connection renders with
//! its own placeholders; a list expands there.
//!
//! The scanner knows quotes, comments, `::` casts and parentheses, not SQL's grammar: the database
//! is the judge of that, and a grammar of our own would refuse what some version accepts. What is
//! found here is what can only be a slip.

mod changed;
mod columns;
mod grammar;
mod local;
mod meaning;
mod parse;
mod prepare;
mod render;
mod scan;
mod slips;
mod touching;

pub(crate) use changed::changed_table;
pub use columns::{ColumnHint, select_columns};
pub use local::with_tables;
pub use meaning::{Meaning, ResultColumn, Rows, Surroundings, tables, understand};
pub(crate) use parse::mentioned;
pub use parse::parse;
pub use prepare::{Prepared, prepare};
pub use render::{Bound, Part, Rendered, render, unbindable};
pub use touching::{Touch, Touching, touching};

use crate::diagnostic::Diagnostic;
use crate::source::Span;
pub use crate::value::{Hole, Piece, SqlQuery, SqlTemplate, StatementKind};

/// Which SQL a database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SqlDialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB, in the mode of the connection: double quotes are for names, a backslash is a letter.
    MySql,
}

impl SqlDialect {
    /// What people call the database.
    pub const fn database(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
        }
    }

    /// The dialect of the database that a schema names.
    pub fn of_database(name: &str) -> Option<Self> {
        match name {
            "sqlite" => Some(Self::Sqlite),
            "postgres" => Some(Self::Postgres),
            "mysql" => Some(Self::MySql),
            _ => None,
        }
    }
}

/// A statement that was read with the grammar of its dialect.
#[derive(Debug)]
pub struct Statement(Box<grammar::Parsed>);

/// Where the texts in single quotes stand in a statement, quotes included.
pub(crate) fn texts(text: &str) -> Vec<std::ops::Range<usize>> {
    let is_text = |token: &scan::Token| token.kind == scan::TokenKind::Text;
    scan::scan(text).0.into_iter().filter(is_text).map(|token| token.start..token.end).collect()
}

/// Whether a text begins like a query, or a write of rows.
pub(crate) fn is_query_or_write(text: &str) -> bool {
    grammar::is_query_or_write(text, &scan::scan(text).0)
}

/// Reads a text, in which [`parse()`] found nothing, with the grammar of its dialect; without a dialect it is wrong only
/// when every one refuses it. Neither a statement nor a finding where the grammar cannot judge.
pub fn read(text: &str, span: Span, dialect: Option<SqlDialect>) -> (Option<Statement>, Option<Diagnostic>) {
    match grammar::read(text, span, dialect) {
        grammar::Reading::Parsed(parsed) => (Some(Statement(parsed)), None),
        grammar::Reading::Wrong(finding) => (None, Some(*finding)),
        grammar::Reading::Unknown => (None, None),
    }
}
