//! Queries whose tables are the workflow's own values: `local.query(sql"""…""")`.

use std::collections::HashSet;
use std::sync::Arc;

use super::Checker;
use super::expression::{broken, strongest};
use super::program::{Expr, ExprKind};
use super::scope::Scope;
use super::statement::LOCAL;
use crate::diagnostic::{Diagnostic, codes};
use crate::query::sql::{self, SqlDialect, SqlTemplate, Statement, StatementKind};
use crate::schema::{Column, Schema, Table};
use crate::source::Span;
use crate::syntax::ast::{self, Tagged};
use crate::value::{RecordType, Type};

impl Checker<'_> {
    /// A query for the engine within: each table that it names becomes an argument behind those of the holes.
    pub(super) fn local_sql(
        &mut self,
        scope: &mut Scope,
        (tagged, span): (&Tagged, Span),
        statement: Option<&Statement>,
        template: &SqlTemplate,
        mut arguments: Vec<Expr>,
    ) -> Expr {
        let Some(statement) = statement else {
            let message = "which tables this query reads cannot be told";
            let help = "write it as standard SQL does; it is read by SQLite";
            self.report(Diagnostic::new(&codes::VF401, tagged.text_span, message).help(help));
            return Expr { ty: Type::Sql, ..broken(span) };
        };
        let mut schema = Schema { database: LOCAL.to_owned(), ..Schema::default() };
        let mut names: Vec<(Arc<str>, Span)> = Vec::new();
        let mut told = HashSet::new();
        for (name, place) in sql::tables(statement, tagged.text_span) {
            let written: Arc<str> = name.into();
            let is_first = told.insert(written.clone());
            let Some((argument, row)) = self.local_table(scope, &written, place, is_first) else { continue };
            if let Some(row) = row {
                schema.tables.insert(written.to_string(), table(&row));
            }
            arguments.push(argument);
            names.push((written, place));
        }
        self.understand_with(
            statement,
            (span, tagged.text_span),
            (Some(SqlDialect::Sqlite), Some(&schema)),
            template,
            &arguments,
        );
        let effect = strongest(&arguments);
        let template = Arc::new(sql::with_tables(template, tagged.text_span, &names));
        Expr { kind: ExprKind::Sql(template.with_plain_lines(), arguments), ty: Type::Sql, span, effect }
    }

    /// The value that a table's name stands for, and what its rows are.
    fn local_table(
        &mut self,
        scope: &mut Scope,
        name: &Arc<str>,
        span: Span,
        is_first: bool,
    ) -> Option<(Expr, Option<Arc<RecordType>>)> {
        if scope.bound_at(name).is_none() {
            if is_first {
                let message = format!("nothing here is called `{name}`, and a local query reads what is here");
                let finding = Diagnostic::new(&codes::VF404, span, message);
                let finding = finding.help("name a table or a list of records that the workflow has");
                let finding = self.suggest(finding, name, scope.names(), span);
                self.report(finding);
            }
            return None;
        }
        let named = ast::Expr { kind: ast::ExprKind::Name(name.clone()), span };
        let value = self.expr(scope, &named, None);
        let ty = if is_first { self.decide(&value, "a table of a query") } else { value.ty.required() };
        let row = match &ty {
            Type::Table(row) => Some(row.clone()),
            Type::List(item) => match &**item {
                Type::Record(row) => Some(row.clone()),
                item if item.is_unknown() => None,
                _ => return self.no_table(&value, &ty, is_first),
            },
            ty if ty.is_unknown() => None,
            ty => return self.no_table(&value, ty, is_first),
        };
        let Some(row) = row else { return Some((value, None)) };
        if let Some(field) = row.fields.iter().find(|field| word(&field.ty).is_none()).filter(|_| is_first) {
            let message = format!("`{name}.{}` is `{}`, which no column of SQL holds", field.name, field.ty);
            let help = "leave the field out of the rows, or make a text, a number or a date of it";
            self.report(Diagnostic::new(&codes::VF403, span, message).help(help));
        }
        // As a table: then it has its columns, also when it has no rows.
        let effect = value.effect;
        let kind = ExprKind::Cast(Box::new(value), None);
        Some((Expr { kind, ty: Type::Table(row.clone()), span, effect }, Some(row)))
    }

    fn no_table<T>(&mut self, value: &Expr, ty: &Type, is_first: bool) -> Option<T> {
        if is_first {
            let message = format!("`{ty}` is no table");
            let finding = Diagnostic::new(&codes::VF403, value.span, message).at(format!("`{}`", value.ty));
            self.report(finding.help("a local query reads tables and lists of records; bind other values: `:name`"));
        }
        None
    }

    /// There is nothing to write to.
    pub(super) fn check_local_statement(&mut self, query: &Expr) {
        let ExprKind::Sql(template, _) = &query.kind else { return };
        if template.kind != StatementKind::Read {
            let message = "a local query reads, and this statement does not";
            let finding = Diagnostic::new(&codes::VF406, self.first_word(query.span), message);
            self.report(finding.help("write to a database: `do db.execute(…)`, `do db.insert(…)`"));
        }
    }
}

/// The columns of rows, as a database has them.
fn table(row: &RecordType) -> Table {
    let column = |field: &crate::value::Field| {
        let ty = word(&field.ty).unwrap_or_default().to_owned();
        let nullable = field.ty.is_optional() || field.ty.is_unknown();
        (field.name.to_string(), Column { ty, nullable, default: None })
    };
    Table { columns: row.fields.iter().map(column).collect(), ..Table::default() }
}

/// A type as a database calls it; `None` when none has it.
fn word(ty: &Type) -> Option<&'static str> {
    Some(match ty.required() {
        Type::Bool => "boolean",
        Type::Int => "integer",
        Type::Float => "real",
        Type::Decimal => "numeric",
        Type::Date => "date",
        Type::Time => "time",
        Type::Timestamp => "timestamptz",
        Type::Json | Type::List(_) | Type::Map(..) | Type::Record(_) | Type::Table(_) => "json",
        Type::Url => "text",
        ty if ty.is_text() => "text",
        ty if ty.is_unknown() || ty == Type::None => "",
        _ => return None,
    })
}
