//! SQL literals.
//!
//! A literal becomes a [`SqlTemplate`]: pieces of text and holes (`:name`, `:name.field`), in no
//! dialect yet. With a value for each hole it is a [`SqlQuery`], which a connection renders with
//! its own placeholders; a list expands there.
//!
//! The scanner knows quotes, comments, `::` casts and parentheses, not SQL's grammar: the database
//! is the judge of that, and a grammar of our own would refuse what some version accepts. What is
//! found here is what can only be a slip.

mod columns;
mod parse;
mod render;
mod scan;
mod slips;

pub use columns::{ColumnHint, select_columns};
pub use parse::parse;
pub use render::{Bound, Part, Rendered, render, unbindable};

pub use crate::value::{Hole, Piece, SqlQuery, SqlTemplate, StatementKind};

/// Which SQL a database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SqlDialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}
