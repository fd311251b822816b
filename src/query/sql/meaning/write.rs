//! Writes: the columns that they fill, and with what.

use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, Delete, Expr, FromTable, Ident, Insert, ObjectName, OnConflict,
    OnConflictAction, OnInsert, SelectItem, SetExpr, TableFactor, TableObject, TableWithJoins, Update,
    UpdateTableFromKind,
};

use super::Reader;
use super::compare::Comparison;
use super::expression::Known;
use super::query::Answer;
use super::scope::Relation;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{VF401, VF408};
use crate::source::Span;

impl Reader<'_> {
    pub(super) fn insert(&mut self, insert: &Insert) {
        let TableObject::TableName(name) = &insert.table else { return };
        let relation = self.table(name, insert.table_alias.as_ref().map(|alias| &alias.alias));
        let columns: Vec<Known> = if insert.columns.is_empty() {
            relation.columns.iter().flatten().map(|column| column.known.clone()).collect()
        } else {
            insert.columns.iter().map(|column| self.target(&relation, column)).collect()
        };
        match insert.source.as_deref().map(|query| (&*query.body, query)) {
            Some((SetExpr::Values(values), query)) if query.with.is_none() => {
                // MySQL sees the columns that have their values already.
                let sees_columns = self.is_mysql() || self.surroundings.dialect.is_none();
                self.scopes.push(sees_columns.then(|| relation.clone()).into_iter().collect());
                for row in &values.rows {
                    self.row(&row.content, &columns);
                    self.as_many(&insert.columns, &row.content);
                }
                self.scopes.pop();
            }
            Some((_, query)) => {
                let answer = self.query(query);
                self.as_many_columns(&insert.columns, &answer);
            }
            None => {}
        }
        // The rows that were given: PostgreSQL and SQLite call them `excluded`, MySQL as the statement says.
        let alias = insert.insert_alias.as_ref().and_then(|alias| alias.row_alias.0.last()?.as_ident());
        let given = alias.map_or("excluded", |alias| alias.value.as_str()).to_owned();
        let given = Relation { name: given, ..relation.clone() };
        self.scopes.push(vec![relation, given]);
        if let Some(OnInsert::DuplicateKeyUpdate(assignments)) = &insert.on {
            let table = self.scopes.last().and_then(|scope| scope.first()).cloned();
            self.assign(assignments, table.as_ref());
        }
        if let Some(OnInsert::OnConflict(conflict)) = &insert.on {
            self.conflict(conflict);
        }
        self.returning(insert.returning.as_deref());
        self.scopes.pop();
    }

    /// A row of values.
    fn row(&mut self, values: &[Expr], columns: &[Known]) {
        for (at, value) in values.iter().enumerate() {
            let value = self.expr(value);
            if let Some(column) = columns.get(at) {
                self.fits(&value, column, Comparison::Into);
            }
        }
    }

    /// There is a value for each column that is named.
    fn as_many(&mut self, columns: &[ObjectName], values: &[Expr]) {
        let place = values.get(columns.len()).or(values.last()).map(|value| self.whole(value));
        if let Some(place) = place {
            self.told_apart(place, columns.len(), values.len(), "value");
        }
    }

    fn as_many_columns(&mut self, columns: &[ObjectName], answer: &Answer) {
        let Some(given) = answer.columns.as_ref().filter(|_| answer.is_listed) else { return };
        if let Some(place) = given.get(columns.len()).or(given.last()).map(|column| column.span) {
            self.told_apart(place, columns.len(), given.len(), "column");
        }
    }

    fn told_apart(&mut self, place: Span, columns: usize, given: usize, what: &str) {
        // Without names they are the table's, some of which may be left out.
        if columns == 0 || columns == given {
            return;
        }
        let message = format!("the insert names {} and gives {}", counted(columns, "column"), counted(given, what));
        let help = if given > columns {
            "name the column that it goes into"
        } else {
            "give one for each column that is named"
        };
        self.findings.push(Diagnostic::new(&VF401, place, message).help(help));
    }

    /// `on conflict (…) do update set …`, where the table's scope is open.
    fn conflict(&mut self, conflict: &OnConflict) {
        let table = self.scopes.last().and_then(|scope| scope.first()).cloned();
        if let (Some(ConflictTarget::Columns(columns)), Some(table)) = (&conflict.conflict_target, &table) {
            for column in columns {
                self.target(table, &ObjectName::from(column.clone()));
            }
        }
        if let OnConflictAction::DoUpdate(update) = &conflict.action {
            self.assign(&update.assignments, table.as_ref());
            if let Some(condition) = &update.selection {
                self.condition(condition);
            }
        }
    }

    pub(super) fn update(&mut self, update: &Update) {
        self.scopes.push(Vec::new());
        self.from(&update.table);
        let table = self.scopes.last().and_then(|scope| scope.first()).cloned();
        if let Some(UpdateTableFromKind::AfterSet(from) | UpdateTableFromKind::BeforeSet(from)) = &update.from {
            for from in from {
                self.from(from);
            }
        }
        self.assign(&update.assignments, table.as_ref());
        if let Some(condition) = &update.selection {
            self.condition(condition);
        }
        if let (None, Some(table)) = (&update.selection, &table) {
            self.touches_all("update", &update.table, table);
        }
        self.returning(update.returning.as_deref());
        self.scopes.pop();
    }

    pub(super) fn delete(&mut self, delete: &Delete) {
        self.scopes.push(Vec::new());
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        let using = delete.using.iter().flatten();
        for from in from.iter().chain(using) {
            self.from(from);
        }
        if let Some(condition) = &delete.selection {
            self.condition(condition);
        }
        let table = self.scopes.last().and_then(|scope| scope.first()).cloned();
        if let (None, None, Some(table), [first, ..]) = (&delete.selection, &delete.using, table, from.as_slice()) {
            self.touches_all("delete", first, &table);
        }
        self.returning(delete.returning.as_deref());
        self.scopes.pop();
    }

    /// A write without a condition.
    fn touches_all(&mut self, verb: &str, from: &TableWithJoins, table: &Relation) {
        let TableFactor::Table { name, .. } = &from.relation else { return };
        let span = Self::path(name).map_or(self.surroundings.span, |path| self.across(&path));
        let message = format!("this {verb} touches every row of `{}`", table.title());
        let finding = Diagnostic::new(&VF408, span, message);
        self.findings.push(finding.help("say which rows with `where`; if all are meant, write `where true`"));
    }

    fn assign(&mut self, assignments: &[Assignment], table: Option<&Relation>) {
        for assignment in assignments {
            let value = self.expr(&assignment.value);
            let (AssignmentTarget::ColumnName(target), Some(table)) = (&assignment.target, table) else { continue };
            let column = self.target(table, target);
            self.fits(&value, &column, Comparison::Into);
        }
    }

    /// A column that is written.
    fn target(&mut self, table: &Relation, name: &ObjectName) -> Known {
        let Some(path) = Self::path(name) else { return Known::default() };
        let (Some(columns), Some(ident)) = (&table.columns, path.last()) else { return Known::default() };
        if let Some(column) = table.column(&ident.value) {
            return column.known.clone();
        }
        let known: Vec<(String, String)> = columns.iter().map(|c| (c.name.clone(), c.known.shown())).collect();
        let ident: &Ident = ident;
        self.no_column(ident, format!("`{}` has no column `{}`", table.title(), ident.value), &known);
        Known::default()
    }

    fn returning(&mut self, items: Option<&[SelectItem]>) {
        for item in items.into_iter().flatten() {
            let expr: Option<&Expr> = match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
                _ => None,
            };
            if let Some(expr) = expr {
                self.expr(expr);
            }
        }
    }
}

pub(super) fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
