//! The columns of queries: what the database says of them, and what the workflow states.

use std::collections::HashSet;

use super::Checker;
use super::arguments::CallSite;
use super::program::{Expr, ExprKind};
use crate::diagnostic::{Diagnostic, closest, codes};
use crate::query::sql::{self, ResultColumn, StatementKind};
use crate::source::Span;
use crate::syntax::ast::{self, Tag, Tagged, TypeExpr, TypeExprKind};
use crate::value::{Field, RecordType, Type};

impl Checker<'_> {
    /// The type of a query's rows where nobody states it, and whether its values must be converted to it.
    /// `None` where the columns' names are not known.
    pub(super) fn queried_rows(&mut self, arguments: &[Option<Expr>], site: &CallSite<'_>) -> Option<(Type, bool)> {
        if site.is_stated {
            return None;
        }
        let query = arguments.iter().flatten().find(|argument| argument.ty == Type::Sql);
        let writes =
            |query: &Expr| matches!(&query.kind, ExprKind::Sql(template, _) if template.kind != StatementKind::Read);
        if query.is_some_and(writes) {
            // Told as such.
            return None;
        }
        let meaning = query.and_then(|query| self.meanings.get(&query.span));
        let columns = meaning.and_then(|meaning| Some((meaning.columns.clone()?, meaning.is_listed)));
        let columns = columns.filter(|(columns, _)| are_named(columns) && columns.iter().any(|c| c.ty.is_some()));
        let Some((columns, is_listed)) = columns else {
            if let Some(finding) = meaning.and_then(|meaning| without_name(meaning.columns.as_deref()?)) {
                self.report(finding);
                return None;
            }
            let finding = Diagnostic::new(&codes::VF402, site.verb_span, "nothing says which columns this query gives");
            self.report(finding.help("state them where the rows arrive: `… as table<{ column: type }>`"));
            return None;
        };
        // Behind a `*` the database may have more columns by now: what it gives is taken as it is.
        let must_convert = is_listed && columns.iter().any(|column| !column.is_plain && column.ty.is_some());
        let field = |column: &ResultColumn| {
            let is_sure = is_listed || column.is_plain;
            let ty = column.ty.clone().filter(|_| is_sure).unwrap_or(Type::Any);
            let ty = if column.nullable == Some(false) { ty } else { ty.optional() };
            Field { name: column.name.as_str().into(), ty }
        };
        let unknown: Vec<&ResultColumn> = columns.iter().filter(|column| column.ty.is_none()).collect();
        if let Some(first) = unknown.first() {
            let names: Vec<String> = unknown.iter().map(|column| format!("`{}`", column.name)).collect();
            let message = format!(
                "nothing says of which type {} {}",
                names.join(", "),
                if names.len() == 1 { "is" } else { "are" }
            );
            let finding = Diagnostic::new(&codes::VF402, first.span, message);
            self.report(finding.help("cast in the query, or state the columns: `… as table<{ column: type }>`"));
        }
        let row = RecordType { fields: columns.iter().map(field).collect() };
        Some((Type::Table(row.into()), must_convert))
    }

    /// Compares what a query gives with the columns that `as table<{…}>` states.
    pub(super) fn compare_columns(&mut self, of: &ast::Expr, target: &Type, written: &TypeExpr) {
        let Type::Table(row) = target else { return };
        let Some((query, literal)) = queried_text(of) else { return };
        let meaning = self.meanings.get(&literal);
        let columns = meaning.and_then(|meaning| meaning.columns.clone());
        let is_listed = meaning.is_some_and(|meaning| meaning.is_listed);
        if let Some(columns) = columns.as_ref().filter(|columns| columns.iter().any(|column| column.is_nameless)) {
            self.compare_nameless(columns, row, written);
        }
        let known = columns.filter(|columns| are_named(columns));
        if let Some(columns) = &known {
            // Where only the file of the tables is known, the author knows better which nulls there are.
            let told_nulls = connection_of(of).and_then(|name| self.surroundings.schemas.get(name));
            self.compare_types(columns, row, written, told_nulls.is_some_and(|schema| !schema.is_made));
        }
        let columns: Option<Vec<(String, Option<Span>)>> = match known {
            Some(columns) => {
                Some(columns.into_iter().map(|column| (column.name, is_listed.then_some(column.span))).collect())
            }
            None => sql::select_columns(&query.text, query.text_span)
                .map(|columns| columns.into_iter().map(|column| (column.name, Some(column.span))).collect()),
        };
        if let Some(columns) = columns {
            self.compare_names(&columns, row, written, query.text_span);
        }
    }

    /// Stated columns that only those without a name could be.
    fn compare_nameless(&mut self, columns: &[ResultColumn], row: &RecordType, written: &TypeExpr) {
        if columns.iter().any(|column| column.name.is_empty() && !column.is_nameless) {
            return;
        }
        let is_given = |name: &&str| columns.iter().any(|column| column.name == **name);
        let absent: Vec<&str> = row.names().filter(|name| !is_given(name)).collect();
        let nameless = columns.iter().filter(|column| column.is_nameless);
        for (column, name) in nameless.zip(absent) {
            let span = column_span(written, name).unwrap_or(written.span);
            let message = format!("the query gives no column `{name}`");
            let finding = Diagnostic::new(&codes::VF201, span, message).label(column.span, "this has no name");
            self.report(finding.help(format!("name it in the query: `… as {name}`")));
        }
    }

    fn compare_names(&mut self, columns: &[(String, Option<Span>)], row: &RecordType, written: &TypeExpr, query: Span) {
        let mut surplus: Vec<&(String, Option<Span>)> =
            columns.iter().filter(|(name, _)| row.get(name).is_none()).collect();
        let mut absent: Vec<(&str, Diagnostic)> = Vec::new();
        let given: HashSet<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        for name in row.names().filter(|name| !given.contains(name)) {
            let span = column_span(written, name).unwrap_or(written.span);
            let message = format!("the query gives no column `{name}`");
            let finding = Diagnostic::new(&codes::VF201, span, message).help(format!("select it: `… as {name}`"));
            let near = closest(name, surplus.iter().map(|(name, _)| name.as_str()));
            // A misspelt column is one mistake, though each side lacks the other's name.
            let Some(at) = near.and_then(|near| surplus.iter().position(|(name, _)| name == near)) else {
                absent.push((name, finding));
                continue;
            };
            let (column, place) = surplus.remove(at);
            let finding = match place {
                // The databases' own spelling is small letters, and the query is right where only that differs.
                Some(place) if column_span(written, name).is_some() && column.to_lowercase() == name.to_lowercase() => {
                    finding
                        .label(*place, format!("the query calls it `{column}`"))
                        .help(format!("did you mean `{column}`?"))
                        .fix(format!("write `{column}`"), span, column.as_str())
                }
                Some(place) => finding
                    .label(*place, format!("the query calls it `{column}`"))
                    .help(format!("did you mean `{name}` in the query?"))
                    .fix(format!("write `{name}` in the query"), *place, name),
                None => finding.help(format!("did you mean `{column}`?")),
            };
            self.report(finding);
        }
        // One name for another is one mistake, too.
        if let ([(name, _)], [(column, Some(place))]) = (absent.as_slice(), surplus.as_slice()) {
            let span = column_span(written, name).unwrap_or(written.span);
            let finding = Diagnostic::new(&codes::VF201, span, format!("the query gives no column `{name}`"))
                .label(*place, format!("it gives `{column}`"))
                .help(format!("write `… as {name}` in the query, or state `{column}: …`"));
            self.report(finding);
            return;
        }
        for (_, finding) in absent {
            self.report(finding);
        }
        for (name, place) in surplus {
            let span = place.unwrap_or(query);
            let finding = Diagnostic::new(&codes::VF201, span, format!("the stated columns lack `{name}`"))
                .label(written.span, "stated here")
                .help(format!("add `{name}: …` to the type, or leave it out of the query"));
            self.report(finding);
        }
    }

    /// Types and nulls, where the column is a table's own: what is computed is converted.
    fn compare_types(&mut self, columns: &[ResultColumn], row: &RecordType, written: &TypeExpr, nulls: bool) {
        for column in columns.iter().filter(|column| column.is_plain) {
            let (Some(stated), Some(ty)) = (row.get(&column.name), &column.ty) else { continue };
            let span = column_span(written, &column.name).unwrap_or(written.span);
            let finding = if !converts(ty, &stated.required()) {
                let message = format!("`{}` is stated as `{stated}`, and the column holds `{ty}`", column.name);
                Diagnostic::new(&codes::VF201, span, message).help(format!("write `{}: {ty}`", column.name))
            } else if nulls && column.nullable == Some(true) && !stated.is_optional() && !stated.is_unknown() {
                let message = format!("`{}` may be null, and `{stated}` holds no `none`", column.name);
                let help = format!(
                    "write `{}: {stated}?`, or leave such rows out: `where {} is not null`",
                    column.name, column.name
                );
                Diagnostic::new(&codes::VF201, span, message).help(help)
            } else {
                continue;
            };
            self.report(finding.label(column.span, "the column"));
        }
    }
}

/// The finding for the first column without a name, where that is all that is missing.
fn without_name(columns: &[ResultColumn]) -> Option<Diagnostic> {
    let (at, column) = columns.iter().enumerate().find(|(_, column)| column.name.is_empty())?;
    let message = format!("column {} of this query has no name", at + 1);
    let finding = Diagnostic::new(&codes::VF402, column.span, message);
    column.is_nameless.then(|| finding.help("name it: `… as n`"))
}

fn are_named(columns: &[ResultColumn]) -> bool {
    !columns.is_empty() && columns.iter().all(|column| !column.name.is_empty())
}

/// Whether the connection makes a column's values what is stated.
fn converts(column: &Type, stated: &Type) -> bool {
    let is_number = |ty: &Type| matches!(ty, Type::Int | Type::Float | Type::Decimal);
    match (column, stated) {
        (_, stated) if stated.is_unknown() || column.fits(stated).is_ok() => true,
        (_, Type::Json) => true,
        (column, stated) if is_number(column) && is_number(stated) => true,
        (Type::Int, Type::Bool) => true,
        // SQLite keeps decimals whole in columns of texts only.
        (Type::Text, Type::Decimal) => true,
        (Type::Text, stated) => !is_number(stated) && *stated != Type::Bool,
        (Type::Json, _) => true,
        (Type::List(_), Type::List(_)) => true,
        _ => false,
    }
}

/// The name before `.query(…)`.
fn connection_of(call: &ast::Expr) -> Option<&str> {
    let ast::ExprKind::Call { callee, .. } = &call.kind else { return None };
    let ast::ExprKind::Field { of, .. } = &callee.kind else { return None };
    match &of.kind {
        ast::ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

/// The SQL literal of `db.query(sql"""…""")`, and its place.
fn queried_text(call: &ast::Expr) -> Option<(&Tagged, Span)> {
    let ast::ExprKind::Call { callee, arguments, .. } = &call.kind else { return None };
    let is_query = matches!(&callee.kind, ast::ExprKind::Field { name, .. } if &*name.node == "query");
    let literal = &arguments.first()?.value;
    match &literal.kind {
        ast::ExprKind::Tagged(tagged) if is_query && tagged.tag == Tag::Sql => Some((tagged, literal.span)),
        _ => None,
    }
}

fn column_span(written: &TypeExpr, name: &str) -> Option<Span> {
    let TypeExprKind::Named { arguments, .. } = &written.kind else { return None };
    let TypeExprKind::Record(fields) = &arguments.first()?.kind else { return None };
    fields.iter().find(|(field, _)| &*field.node == name).map(|(field, _)| field.span)
}
