//! Queries that another thread reads while the checker is on its way to them.
//!
//! Reading a literal needs nothing but its text, and is a third of what checking a workflow takes. The checker walks a file from
//! its beginning; the other thread reads its literals from the end until they meet.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::diagnostic::Diagnostic;
use crate::query::promql::{self, PromqlTemplate};
use crate::query::sql::{self, SqlDialect, SqlTemplate, Statement};
use crate::source::Span;
use crate::syntax::ast::{Tag, Tagged};

/// With fewer literals another thread gains nothing.
const FEWEST: usize = 32;

/// A SQL literal, read.
#[derive(Debug)]
pub(super) struct SqlRead {
    dialect: Option<SqlDialect>,
    /// Pieces and holes.
    pub(super) template: SqlTemplate,
    /// What is wrong with it.
    pub(super) findings: Vec<Diagnostic>,
    /// The statement, where its grammar takes it.
    pub(super) statement: Option<Statement>,
}

impl SqlRead {
    /// Reads a literal, one without slips with the grammar of its connection.
    pub(super) fn of(tagged: &Tagged, dialect: Option<SqlDialect>) -> Self {
        let (template, mut findings) = sql::parse(&tagged.text, tagged.text_span);
        let mut statement = None;
        if findings.is_empty() {
            let (read, finding) = sql::read(&tagged.text, tagged.text_span, dialect);
            statement = read;
            findings.extend(finding);
        }
        Self { dialect, template, findings, statement }
    }
}

/// What `promql::parse` gives.
pub(super) type PromqlRead = (PromqlTemplate, Vec<Diagnostic>);

/// How far a literal is.
#[derive(Debug)]
enum Slot {
    Waiting,
    Sql(Box<SqlRead>),
    Promql(Box<PromqlRead>),
    /// The checker has it.
    Taken,
}

/// The literals of a file.
#[derive(Debug)]
pub(super) struct Ahead {
    literals: Vec<(Tagged, Mutex<Slot>)>,
    places: HashMap<Span, usize>,
    /// What the connection of the literal before speaks: most files use one database.
    dialect: Mutex<Option<SqlDialect>>,
    is_over: AtomicBool,
}

impl Ahead {
    /// The queries among these literals; nothing when they are few.
    pub(super) fn of(tagged: &[Tagged]) -> Option<Self> {
        let queries = tagged.iter().filter(|tagged| matches!(tagged.tag, Tag::Sql | Tag::Promql));
        let literals: Vec<_> = queries.map(|tagged| (tagged.clone(), Mutex::new(Slot::Waiting))).collect();
        let places = literals.iter().enumerate().map(|(at, (tagged, _))| (tagged.text_span, at)).collect();
        let is_worth_it = literals.len() >= FEWEST;
        is_worth_it.then(|| Self { literals, places, dialect: Mutex::default(), is_over: AtomicBool::new(false) })
    }

    /// Reads literals from the last to the first, until the checker has come to one or is done.
    pub(super) fn read(&self) {
        for (tagged, slot) in self.literals.iter().rev() {
            let mut slot = lock(slot);
            if self.is_over.load(Ordering::Relaxed) || !matches!(*slot, Slot::Waiting) {
                return;
            }
            *slot = match tagged.tag {
                Tag::Sql => Slot::Sql(Box::new(SqlRead::of(tagged, *lock(&self.dialect)))),
                _ => Slot::Promql(Box::new(promql::parse(&tagged.text, tagged.text_span))),
            };
        }
    }

    /// Nothing is wanted any more.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// A SQL literal, if it was read for this dialect.
    pub(super) fn sql(&self, tagged: &Tagged, dialect: Option<SqlDialect>) -> Option<SqlRead> {
        *lock(&self.dialect) = dialect;
        match self.take(tagged)? {
            Slot::Sql(read) if read.dialect == dialect => Some(*read),
            _ => None,
        }
    }

    /// A PromQL literal, read for VictoriaMetrics.
    pub(super) fn promql(&self, tagged: &Tagged) -> Option<PromqlRead> {
        match self.take(tagged)? {
            Slot::Promql(read) => Some(*read),
            _ => None,
        }
    }

    fn take(&self, tagged: &Tagged) -> Option<Slot> {
        let (_, slot) = self.literals.get(*self.places.get(&tagged.text_span)?)?;
        Some(std::mem::replace(&mut *lock(slot), Slot::Taken))
    }
}

/// What is behind a lock is whole at every moment, whoever panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::SourceId;

    fn tagged(tag: Tag, text: &str, at: u32) -> Tagged {
        let text_span = Span::new(SourceId(0), at, at + u32::try_from(text.len()).unwrap());
        Tagged { tag, text: Arc::from(text), text_span }
    }

    #[test]
    fn what_was_read_ahead_is_given_once_and_for_its_dialect_only() {
        let literals: Vec<Tagged> = (0..100)
            .map(|at| match at % 2 {
                0 => tagged(Tag::Sql, "select :a where x in :b", at * 100),
                _ => tagged(Tag::Promql, "sum by (", at * 100),
            })
            .collect();
        assert!(Ahead::of(&literals[..FEWEST - 1]).is_none());
        let ahead = Ahead::of(&literals).unwrap();
        assert!(ahead.sql(&literals[0], Some(SqlDialect::Sqlite)).is_none());
        ahead.read();
        assert!(ahead.sql(&literals[0], Some(SqlDialect::Sqlite)).is_none(), "the checker has it");
        assert!(ahead.sql(&literals[2], None).is_none(), "read for SQLite");
        let read = ahead.sql(&literals[4], Some(SqlDialect::Sqlite)).unwrap();
        assert_eq!((read.template.holes.len(), read.findings.len(), read.statement.is_some()), (2, 0, true));
        assert!(ahead.sql(&literals[4], Some(SqlDialect::Sqlite)).is_none());
        assert_eq!(ahead.promql(&literals[99]).unwrap().1, promql::parse("sum by (", literals[99].text_span).1);
    }
}
