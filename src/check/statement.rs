//! SQL statements as their connection takes them: its dialect, its tables.

use super::Checker;
use super::program::{Expr, ExprKind};
use super::scope::{Queried, Role, Scope};
use super::surroundings::Store;
use crate::diagnostic::Diagnostic;
use crate::query::sql::{self, SqlDialect, Statement};
use crate::syntax::ast::Tagged;
use crate::value::{ConnectionKind, Type};

impl Checker<'_> {
    /// The SQL connection that a call goes to.
    pub(super) fn queried(&self, scope: &Scope, receiver: &Expr) -> Option<Queried> {
        let Type::Connection(kind) = receiver.ty else { return None };
        let ExprKind::Slot { up, index } = receiver.kind else { return None };
        let block = scope.blocks.len().checked_sub(1 + up).and_then(|level| scope.blocks.get(level))?;
        let (name, binding) = block.names.get_index(index)?;
        let name = (binding.role == Role::Connection).then(|| name.clone());
        let store = name.as_ref().and_then(|name| self.surroundings.connections.get(name)).map(|facts| facts.store);
        let dialect = match (kind, store) {
            (ConnectionKind::Sqlite, _) | (ConnectionKind::Sql, Some(Store::Sqlite)) => Some(SqlDialect::Sqlite),
            (ConnectionKind::Postgres, _) | (ConnectionKind::Sql, Some(Store::Postgres)) => Some(SqlDialect::Postgres),
            (ConnectionKind::Sql, _) => None,
            _ => return None,
        };
        Some(Queried { name, dialect })
    }

    /// Reads a literal without slips with the grammar of its connection.
    pub(super) fn read(
        &mut self,
        tagged: &Tagged,
        queried: Option<&Queried>,
        findings: &mut Vec<Diagnostic>,
    ) -> Option<Statement> {
        let dialect = queried.and_then(|queried| queried.dialect);
        let (statement, finding) = sql::read(&tagged.text, tagged.text_span, dialect);
        findings.extend(finding);
        statement
    }
}
