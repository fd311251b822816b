//! SQL queries as values: a text with holes, in no dialect yet. `query/sql/` reads and renders them.

use std::fmt;
use std::sync::Arc;

use super::Value;
use crate::source::{Span, plain_lines};

/// What a statement does, by its first keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatementKind {
    /// `select`, `with … select`, `values`, `explain`, `show`.
    Read,
    /// `insert`, `update`, `delete`, `merge`, also behind `with`.
    Write,
    /// `create`, `drop`, `alter`, `truncate` and everything else.
    Definition,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Piece {
    /// SQL text as written.
    Text(Arc<str>),
    /// The hole with this number.
    Hole(usize),
}

/// A `:name.field` in a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hole {
    /// `["row", "source"]` for `:row.source`.
    pub path: Vec<Arc<str>>,
    /// Where the path stands, without the colon.
    pub span: Span,
    /// Whether it stands where a list expands: after `in` or inside `any(…)`.
    pub is_list: bool,
}

/// A SQL literal, read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SqlTemplate {
    /// Text and holes, in order.
    pub pieces: Vec<Piece>,
    /// The holes, in order of appearance; a name used twice is two holes.
    pub holes: Vec<Hole>,
    /// What it does.
    pub kind: StatementKind,
}

impl SqlTemplate {
    /// The same with line ends of one byte: what a query is does not depend on how its file was saved. Places in the literal
    /// no longer fit.
    #[must_use]
    pub fn with_plain_lines(self: Arc<Self>) -> Arc<Self> {
        let plain = |piece: &Piece| match piece {
            Piece::Text(text) => Piece::Text(plain_lines(text).into()),
            Piece::Hole(at) => Piece::Hole(*at),
        };
        let is_plain = |piece: &Piece| !matches!(piece, Piece::Text(text) if text.contains('\r'));
        if self.pieces.iter().all(is_plain) {
            return self;
        }
        Arc::new(Self { pieces: self.pieces.iter().map(plain).collect(), holes: self.holes.clone(), kind: self.kind })
    }
}

/// A template with a value for each hole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SqlQuery {
    /// The text.
    pub template: Arc<SqlTemplate>,
    /// One value for each hole.
    pub arguments: Vec<Value>,
}

/// The text with its holes as written; values are not shown.
impl fmt::Display for SqlQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.template.pieces {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Hole(at) => {
                    let path = self.template.holes.get(*at).map(|hole| hole.path.join("."));
                    write!(f, ":{}", path.unwrap_or_default())?;
                }
            }
        }
        Ok(())
    }
}
