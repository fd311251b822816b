//! What a statement means to a database whose tables are known: which column each name is, of which type each
//! value, what the rows of the result hold.
//!
//! Whatever is not understood is unknown and gives no finding: a table that no snapshot holds, a function,
//! an operator. A name is wrong only when everything that could give it is known.

mod compare;
mod expression;
mod from;
mod functions;
mod local;
mod place;
mod query;
mod scope;
mod sqlite;
#[cfg(test)]
mod tests;
mod union;
mod write;

use sqlparser::ast::{Ident, Statement as Tree};
use sqlparser::tokenizer::Location;

use self::scope::{Aliases, Relation};
use super::{SqlDialect, Statement};
use crate::diagnostic::Diagnostic;
use crate::schema::Schema;
use crate::source::Span;
use crate::value::Type;

/// What is known about the place where a statement stands.
pub struct Surroundings<'a> {
    /// The statement's place.
    pub span: Span,
    /// What the database speaks, where that is known.
    pub dialect: Option<SqlDialect>,
    /// What it holds, where that is known.
    pub schema: Option<&'a Schema>,
    /// The holes, by their first byte, with the types of what is bound.
    pub holes: &'a [(usize, Type)],
    /// Whether the same files make or change a table of this name.
    pub is_made_here: &'a dyn Fn(&str) -> bool,
    /// Whether the tables are values of the workflow, asked by the engine within.
    pub is_local: bool,
}

/// A column of the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultColumn {
    /// Its name; empty where it has none, or none that is sure.
    pub name: String,
    /// Whether it has none that could be written as a name.
    pub is_nameless: bool,
    /// Where the query names it.
    pub span: Span,
    /// Its type, never an optional one; `None` where nobody knows.
    pub ty: Option<Type>,
    /// Whether it may be null, where that is known.
    pub nullable: Option<bool>,
    /// Whether it is a table's column as it is, so that the connection gives exactly this type.
    pub is_plain: bool,
    /// Whether the engine within compares its values as the language does, also where it has no such type.
    pub(crate) is_comparable: bool,
}

/// How many rows there are and in which order, as far as a text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rows {
    /// They come in an order that the query names.
    pub is_ordered: bool,
    /// There is at most one.
    pub is_single: bool,
    /// Some condition, limit or grouping keeps them from being all rows of a table.
    pub is_bounded: bool,
}

/// What a statement means.
#[derive(Debug, Clone, Default)]
pub struct Meaning {
    /// What is wrong.
    pub findings: Vec<Diagnostic>,
    /// The columns of the result; `None` where their names are not known.
    pub columns: Option<Vec<ResultColumn>>,
    /// Whether the columns are listed, no `*` among them.
    pub is_listed: bool,
    /// Its rows; `None` where it is no query.
    pub rows: Option<Rows>,
    /// The tables that it reads, less those that it makes itself: each place that names one.
    pub tables: Vec<(String, Span)>,
}

/// Works out what a statement means.
pub fn understand(statement: &Statement, surroundings: &Surroundings<'_>) -> Meaning {
    let mut reader = Reader {
        statement,
        surroundings,
        findings: Vec::new(),
        ctes: Vec::new(),
        scopes: Vec::new(),
        aliases: Vec::new(),
        guarded: Vec::new(),
        tables: Vec::new(),
        here: surroundings.span,
    };
    let mut meaning = Meaning::default();
    match &statement.0.statement {
        Tree::Query(query) => {
            let mut result = reader.query(query);
            reader.one_of_each_name(&mut result);
            meaning.is_listed = result.is_listed;
            meaning.rows = Some(result.rows);
            meaning.columns = result.columns;
        }
        Tree::Insert(insert) => reader.insert(insert),
        Tree::Update(update) => reader.update(update),
        Tree::Delete(delete) => reader.delete(delete),
        _ => {}
    }
    meaning.findings = reader.findings;
    meaning.tables = reader.tables;
    meaning
}

/// The tables that a statement reads, whatever they are.
pub fn tables(statement: &Statement, span: Span) -> Vec<(String, Span)> {
    let surroundings = Surroundings {
        span,
        dialect: Some(SqlDialect::Sqlite),
        schema: None,
        holes: &[],
        is_made_here: &|_| false,
        is_local: true,
    };
    let mut tables = understand(statement, &surroundings).tables;
    // An expression may be looked at twice.
    tables.sort_by_key(|(_, span)| span.start);
    tables.dedup_by_key(|(_, span)| span.start);
    tables
}

/// Reads a tree.
struct Reader<'a> {
    statement: &'a Statement,
    surroundings: &'a Surroundings<'a>,
    findings: Vec<Diagnostic>,
    /// The tables that `with` names, the innermost last.
    ctes: Vec<Relation>,
    /// The tables of each query that is being read, the innermost last.
    scopes: Vec<Vec<Relation>>,
    /// The names that each select list gives, and whether they are seen from where reading is.
    aliases: Vec<Aliases>,
    /// Columns whose nulls some condition of the statement looks at.
    guarded: Vec<String>,
    /// The tables that were named.
    tables: Vec<(String, Span)>,
    /// The comparison that is being read.
    here: Span,
}

impl Reader<'_> {
    /// The place of a name.
    fn at(&self, ident: &Ident) -> Span {
        self.between(ident.span.start, ident.span.end)
    }

    /// A place of the tree in the file.
    fn between(&self, start: Location, end: Location) -> Span {
        let positions = &self.statement.0.positions;
        let place = positions.byte(start).zip(positions.byte(end));
        place.map_or(self.surroundings.span, |(start, end)| self.surroundings.span.slice(start, end))
    }

    /// The place of several names.
    fn across(&self, idents: &[Ident]) -> Span {
        match (idents.first(), idents.last()) {
            (Some(first), Some(last)) => Span { end: self.at(last).end, ..self.at(first) },
            _ => self.surroundings.span,
        }
    }

    /// The note that tells where the tables are known from.
    fn noted(&self, finding: Diagnostic) -> Diagnostic {
        match self.surroundings.schema {
            Some(schema) => finding.note(schema.note()),
            None => finding,
        }
    }

    fn is_sqlite(&self) -> bool {
        self.surroundings.dialect == Some(SqlDialect::Sqlite)
    }

    fn is_mysql(&self) -> bool {
        self.surroundings.dialect == Some(SqlDialect::MySql)
    }

    fn is_postgres(&self) -> bool {
        self.surroundings.dialect == Some(SqlDialect::Postgres)
    }
}
