//! SQL statements as their connection takes them: its dialect, its tables.

use std::collections::HashSet;
use std::sync::Arc;

use super::Checker;
use super::arguments::CallSite;
use super::modules::Modules;
use super::program::{self, Expr, ExprKind};
use super::scope::{Queried, Scope};
use super::surroundings::Store;
use crate::diagnostic::{Diagnostic, Severity, codes, did_you_mean};
use crate::primitive::Spec;
use crate::query::sql::{self, SqlDialect, SqlTemplate, Statement};
use crate::schema::{
    Column, Schema, TABLE_NAMES, Table, database_type, fault_of_table_name, fits_column, is_text_in_sqlite,
};
use crate::source::Span;
use crate::value::{ConnectionKind, Type, Value};

/// The database of a query for which the workflow's own values are the tables.
pub(super) const LOCAL: &str = "local";

impl Checker<'_> {
    /// The SQL connection that a call goes to.
    pub(super) fn queried(&self, scope: &Scope, receiver: &Expr) -> Option<Queried> {
        let Type::Connection(kind) = receiver.ty else { return None };
        let name = scope.connection(receiver).cloned();
        let store = name.as_ref().and_then(|name| self.surroundings.connections.get(name)).map(|facts| facts.store);
        let dialect = match (kind, store) {
            (ConnectionKind::Sqlite, _) | (ConnectionKind::Sql, Some(Store::Sqlite)) => Some(SqlDialect::Sqlite),
            (ConnectionKind::Postgres, _) | (ConnectionKind::Sql, Some(Store::Postgres)) => Some(SqlDialect::Postgres),
            (ConnectionKind::Mysql, _) | (ConnectionKind::Sql, Some(Store::Mysql)) => Some(SqlDialect::MySql),
            (ConnectionKind::Sql, _) => None,
            _ => return None,
        };
        Some(Queried { name, dialect, is_local: false })
    }
}

impl Checker<'_> {
    /// Works out what a literal means to its database; `place` is the literal's and its text's.
    pub(super) fn understand(
        &mut self,
        statement: &Statement,
        place: (Span, Span),
        queried: Option<&Queried>,
        template: &SqlTemplate,
        arguments: &[Expr],
    ) {
        let schema = queried.and_then(|queried| self.surroundings.schemas.get(queried.name.as_ref()?)).cloned();
        self.understand_with(
            statement,
            place,
            (queried.and_then(|queried| queried.dialect), schema.as_deref()),
            template,
            arguments,
        );
    }

    /// The same, of a database that speaks this and holds that; of the workflow itself where it has no name.
    pub(super) fn understand_with(
        &mut self,
        statement: &Statement,
        place: (Span, Span),
        (dialect, schema): (Option<SqlDialect>, Option<&Schema>),
        template: &SqlTemplate,
        arguments: &[Expr],
    ) {
        let (literal, text) = place;
        let holes: Vec<(usize, Type)> = template
            .holes
            .iter()
            .zip(arguments)
            .map(|(hole, argument)| ((hole.span.start - text.start) as usize - 1, argument.ty.clone()))
            .collect();
        let is_local = schema.is_some_and(|schema| schema.database == LOCAL);
        let meaning = sql::understand(
            statement,
            &sql::Surroundings {
                span: text,
                dialect,
                schema,
                holes: &holes,
                // What is not in scope, or of no known type, is told where it is looked up.
                is_made_here: &|table| {
                    if is_local {
                        schema.is_none_or(|schema| schema.table(table).is_none())
                    } else {
                        self.is_made_here(table)
                    }
                },
                is_local,
            },
        );
        self.diagnostics.extend(meaning.findings.iter().cloned());
        self.meanings.insert(literal, meaning);
    }

    /// Offers the value of a name in scope, where the findings from `first` on know no column that is called so.
    pub(super) fn offer_values(&mut self, scope: &Scope, first: usize) {
        let Some(known) = self.diagnostics.get(first..) else { return };
        let offered: Vec<(usize, String)> = known
            .iter()
            .enumerate()
            .filter_map(|(at, finding)| {
                let name = self.text(finding.span()?);
                let is_column = finding.code == &codes::VF404 && finding.message.ends_with(&format!("column `{name}`"));
                (is_column && scope.bound_at(&name).is_some()).then(|| (first + at, name.to_string()))
            })
            .collect();
        for (at, name) in offered {
            if let Some(finding) = self.diagnostics.get_mut(at) {
                let help = format!("the value of `{name}` is written `:{name}`");
                let mended = finding.clone().at("").help(help);
                *finding = match finding.span() {
                    Some(span) => mended.fix(format!("write `:{name}`"), span, format!(":{name}")),
                    None => mended,
                };
            }
        }
    }

    /// Whether some file makes or changes a table of this name: then no snapshot tells what it holds.
    fn is_made_here(&self, table: &str) -> bool {
        self.definitions.contains(&table.rsplit('.').next().unwrap_or(table).to_lowercase())
    }

    /// Keeps a statement for the database to look at, unless it is about what the files make themselves.
    pub(super) fn keep_statement(&mut self, connection: Arc<str>, template: &Arc<SqlTemplate>, text: Span) {
        let written = self.source_text(text).to_lowercase();
        let mut words = written.split(|c: char| !c.is_alphanumeric() && c != '_');
        if !words.any(|word| self.definitions.contains(word)) {
            self.program.statements.push(program::Statement { connection, template: template.clone(), text });
        }
    }

    /// Rows that are written: the table has their columns, and the key an index.
    pub(super) fn check_rows(&mut self, spec: &Spec, arguments: &[Option<Expr>], site: &CallSite<'_>) {
        let argument = |name: &str| {
            let at = spec.params.iter().position(|param| param.name == name)?;
            arguments.get(at)?.as_ref()
        };
        let Some(connection) = site.connection.as_ref().and_then(|connection| connection.name.as_ref()) else { return };
        let Some((name, table_span)) = argument("table").and_then(text_of) else { return };
        if let Some(why) = fault_of_table_name(&name) {
            let message = format!("`{name}` is not the name of a table: {why}");
            return self.report(Diagnostic::new(&codes::VF404, table_span, message).help(TABLE_NAMES));
        }
        let Some(schema) = self.surroundings.schemas.get(connection).cloned() else { return };
        let Some((found, table)) = schema.table(&name) else {
            let is_known = name.split_once('.').is_none_or(|(first, _)| schema.knows(first));
            if is_known
                && !self.is_made_here(&name)
                && let Some((_, help)) = schema.missing_table(&name)
            {
                let message = format!("the database has no table `{name}`");
                self.report(Diagnostic::new(&codes::VF404, table_span, message).help(help).note(schema.note()));
            }
            return;
        };
        if self.is_made_here(found) {
            return;
        }
        if let Some(rows) = argument("rows") {
            self.check_row_columns(rows, found, table, &schema);
            if !table.view {
                self.check_nulls(rows, found, table, &schema);
            }
        }
        let key: Option<Vec<(Arc<str>, Span)>> = match argument("key").map(|key| &key.kind) {
            Some(ExprKind::List(items)) => items.iter().map(text_of).collect(),
            _ => None,
        };
        // A column that the rows lack is told of them.
        let rows = argument("rows").and_then(|rows| rows.ty.item());
        let in_rows = |column: &str| !matches!(&rows, Some(Type::Record(row)) if row.get(column).is_none());
        let key = key.filter(|key| key.iter().all(|(column, _)| in_rows(column)));
        if let Some(key) = key {
            self.check_key(&key, argument("key").map_or(table_span, |key| key.span), found, table, &schema);
        }
    }

    fn check_row_columns(&mut self, rows: &Expr, name: &str, table: &Table, schema: &Schema) {
        let Some(Type::Record(row)) = rows.ty.item() else { return };
        for field in &row.fields {
            let Some((column, found)) = table.column(&field.name) else {
                let message = format!("`{name}` has no column `{}`", field.name);
                let finding =
                    Diagnostic::new(&codes::VF404, place(rows, &field.name), message).at("these rows have it");
                let help = did_you_mean(&field.name, table.columns.keys().map(String::as_str));
                let help = help.unwrap_or_else(|| "leave it out, or add the column".to_owned());
                self.report(finding.help(help).note(schema.note()));
                continue;
            };
            // A key of SQLite's that is given none may be a number that it gives itself.
            if field.ty == Type::None && !found.nullable && !table.primary_key.iter().any(|key| key == column) {
                let message = format!("`none` goes into the column `{column}`, which holds no nulls");
                let finding =
                    Diagnostic::new(&codes::VF405, place(rows, &field.name), message).at("these rows have it");
                self.report(finding.help("give it a value").note(schema.note()));
                continue;
            }
            let Some(wanted) = database_type(&found.ty) else { continue };
            let is_text = schema.database == "sqlite" && wanted.is_text() && is_text_in_sqlite(&field.ty);
            if !is_text && !fits_column(&field.ty, &wanted) {
                let message = format!("`{}` goes into the column `{column}`, which holds `{wanted}`", field.ty);
                let finding =
                    Diagnostic::new(&codes::VF405, place(rows, &field.name), message).at("these rows have it");
                let finding = finding.help(format!("let the rows hold a `{wanted}` there"));
                self.report(finding.note(format!("`{name}.{column}` is `{}`", found.ty)).note(schema.note()));
            }
        }
    }

    /// Columns that may not be null have a value in every row.
    fn check_nulls(&mut self, rows: &Expr, name: &str, table: &Table, schema: &Schema) {
        let Some(Type::Record(row)) = rows.ty.item() else { return };
        let is_lacking = |(column, found): &(&String, &Column)| {
            let is_wanted = !found.nullable && found.default.is_none() && !numbers_itself(column, table);
            is_wanted && !row.fields.iter().any(|field| field.name.eq_ignore_ascii_case(column))
        };
        let lacking: Vec<String> =
            table.columns.iter().filter(is_lacking).map(|(column, _)| format!("`{column}`")).collect();
        if !lacking.is_empty() {
            let message = format!("the rows have no {}, which `{name}` wants of every row", lacking.join(", "));
            let finding = Diagnostic::new(&codes::VF405, rows.span, message).help("add it to the rows");
            self.warn(Diagnostic { severity: Severity::Warning, ..finding.note(schema.note()) });
        }
    }

    fn check_key(&mut self, key: &[(Arc<str>, Span)], span: Span, name: &str, table: &Table, schema: &Schema) {
        let columns: Vec<&str> = key.iter().map(|(column, _)| &**column).collect();
        let mut is_known = true;
        for (column, span) in key.iter().filter(|(column, _)| table.column(column).is_none()) {
            is_known = false;
            let message = format!("`{name}` has no column `{column}`");
            let help = did_you_mean(column, table.columns.keys().map(String::as_str));
            let help = help.unwrap_or_else(|| "a key is made of the table's columns".to_owned());
            self.report(Diagnostic::new(&codes::VF404, *span, message).help(help).note(schema.note()));
        }
        if is_known && !table.view && !columns.is_empty() && !table.is_unique(&columns) {
            let message = format!("`{name}` has no unique index on ({})", columns.join(", "));
            let known: Vec<String> = std::iter::once(&table.primary_key)
                .chain(&table.unique)
                .filter(|key| !key.is_empty())
                .map(|key| key.join(", "))
                .collect();
            let finding = Diagnostic::new(&codes::VF407, span, message);
            let finding = match known.as_slice() {
                [] => finding
                    .help(format!("make one: `create unique index {name}_key on {name} ({})`", columns.join(", "))),
                known => finding.help(format!("it has one on ({})", known.join("), on ("))),
            };
            self.report(finding.note(schema.note()));
        }
    }
}

/// Whether the database may number the rows by a column where it is given none: SQLite does by an integer that is the key,
/// and of PostgreSQL no snapshot says.
fn numbers_itself(column: &str, table: &Table) -> bool {
    let is_key = matches!(table.primary_key.as_slice(), [key] if key.eq_ignore_ascii_case(column));
    let is_whole = table.columns.get(column).is_some_and(|found| database_type(&found.ty) == Some(Type::Int));
    is_key && is_whole
}

/// Where rows get a field, as far as they are written out; else where they stand.
fn place(rows: &Expr, field: &str) -> Span {
    let row = match &rows.kind {
        ExprKind::ListComprehension(row, _) => Some(&**row),
        ExprKind::List(rows) => rows.first(),
        _ => None,
    };
    let value = row.and_then(|row| match &row.kind {
        ExprKind::Record(shape, values) => values.get(shape.iter().position(|name| **name == *field)?),
        _ => None,
    });
    value.map_or(rows.span, |value| value.span)
}

/// The first words of every `create …` and `alter …` in the files, the names of what they make among them.
pub(super) fn definitions(modules: &Modules) -> HashSet<String> {
    let texts = modules.all.iter().map(|module| module.source.text.to_lowercase());
    let heads = texts.flat_map(|text| {
        let begins: Vec<usize> =
            ["create ", "alter "].iter().flat_map(|word| text.match_indices(word)).map(|(at, _)| at).collect();
        let head = |at: usize| {
            let words = text.get(at..).unwrap_or_default().split(|c: char| !c.is_alphanumeric() && c != '_');
            words
                .filter(|word| !word.is_empty() && !NO_NAMES.contains(word))
                .take(WORDS_OF_A_HEAD)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        begins.into_iter().flat_map(head).collect::<Vec<_>>()
    });
    heads.collect()
}

/// `own.name`, and some more behind it: a column that is added, a table that is indexed.
const WORDS_OF_A_HEAD: usize = 3;

/// What stands in such a statement before the name.
const NO_NAMES: &[&str] = &[
    "create",
    "alter",
    "or",
    "replace",
    "temp",
    "temporary",
    "unlogged",
    "table",
    "view",
    "materialized",
    "unique",
    "index",
    "if",
    "not",
    "exists",
    "only",
    "on",
    "as",
    "add",
    "drop",
    "column",
    "rename",
    "to",
    "select",
];

/// A literal text with its place.
fn text_of(expr: &Expr) -> Option<(Arc<str>, Span)> {
    match &expr.kind {
        ExprKind::Literal(Value::Text(text)) => Some((text.clone(), expr.span)),
        _ => None,
    }
}
