//! Texts with holes: interpolated texts, SQL, PromQL.

use std::sync::Arc;

use super::Checker;
use super::expression::{broken, pure, strongest};
use super::program::{Expr, ExprKind, Fragment};
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::query::promql::PromqlTemplate;
use crate::query::sql::StatementKind;
use crate::query::{promql, sql};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, Tag, Tagged, TypeExpr, TypeExprKind};
use crate::value::{Type, Value, check_format};

impl Checker<'_> {
    pub(super) fn interpolated(&mut self, scope: &mut Scope, fragments: &[ast::Fragment], span: Span) -> Expr {
        let checked: Vec<Fragment> = fragments
            .iter()
            .map(|fragment| match fragment {
                ast::Fragment::Text(text) => Fragment::Text(text.clone()),
                ast::Fragment::Hole { value, format } => self.text_hole(scope, value, format.as_ref()),
            })
            .collect();
        let effect = strongest(checked.iter().filter_map(|fragment| match fragment {
            Fragment::Hole(expr, _) => Some(expr),
            Fragment::Text(_) => None,
        }));
        Expr { kind: ExprKind::Interpolated(checked), ty: Type::Text, span, effect }
    }

    fn text_hole(&mut self, scope: &mut Scope, value: &ast::Expr, format: Option<&Spanned<Arc<str>>>) -> Fragment {
        let value = self.expr(scope, value, None);
        let ty = self.decide(&value, "a text");
        match &ty {
            Type::Secret => {
                let message = "a secret may not become part of a text";
                self.report(
                    Diagnostic::new(&codes::VF702, value.span, message).help("hand the secret itself to what needs it"),
                );
            }
            Type::Connection(_) | Type::Calendar | Type::Outcomes(..) => {
                self.report(Diagnostic::new(&codes::VF201, value.span, format!("`{ty}` has no text of its own")));
            }
            _ => {}
        }
        if let Some(format) = format
            && let Err(why) = check_format(&ty, &format.node)
        {
            self.report(Diagnostic::new(&codes::VF003, format.span, why).label(value.span, format!("`{ty}`")));
        }
        Fragment::Hole(value, format.map(|format| format.node.clone()))
    }

    pub(super) fn tagged(&mut self, scope: &mut Scope, tagged: &Tagged, span: Span) -> Expr {
        match tagged.tag {
            Tag::Sql => self.sql(scope, tagged, span),
            Tag::Promql => self.promql(scope, tagged, span),
            Tag::Regex => self.regex(tagged, span),
            Tag::Python | Tag::Shell => {
                self.report(
                    Diagnostic::new(&codes::VF201, span, "a program stands in a file of its own")
                        .help("write `external.python(\"file.py\", entry: \"function\")`"),
                );
                broken(span)
            }
        }
    }

    fn sql(&mut self, scope: &mut Scope, tagged: &Tagged, span: Span) -> Expr {
        let (template, findings) = sql::parse(&tagged.text, tagged.text_span);
        let is_broken = findings.iter().any(Diagnostic::is_error);
        self.diagnostics.extend(findings);
        let mut arguments = Vec::with_capacity(template.holes.len());
        for hole in &template.holes {
            let argument = self.hole(scope, &hole.path, hole.span, ":");
            self.check_bound(&argument, hole.is_list);
            arguments.push(argument);
        }
        if is_broken {
            return Expr { ty: Type::Sql, ..broken(span) };
        }
        let effect = strongest(&arguments);
        Expr { kind: ExprKind::Sql(Arc::new(template), arguments), ty: Type::Sql, span, effect }
    }

    /// A value that a database can take at this place.
    fn check_bound(&mut self, argument: &Expr, is_list: bool) {
        let ty = argument.ty.required();
        let message = match &ty {
            Type::List(_) if !is_list => {
                Some(("a list can be bound only after `in`, or inside `any(…)`".to_owned(), Some("write `… in :name`")))
            }
            ty if is_list && ty.item().is_none() && !ty.is_text() && !is_scalar(ty) => {
                Some((format!("`in` needs a list, found `{ty}`"), None))
            }
            Type::Duration | Type::Period | Type::BusinessDays => Some((
                format!("a database has no `{ty}`"),
                Some("compute the date or the instant in a step, and bind that"),
            )),
            Type::Connection(_)
            | Type::Calendar
            | Type::Outcomes(..)
            | Type::Range(_)
            | Type::Sql
            | Type::Promql
            | Type::Series
            | Type::Sample => Some((format!("`{ty}` cannot be bound to a query"), None)),
            _ => None,
        };
        if let Some((message, help)) = message {
            let mut finding = Diagnostic::new(&codes::VF403, argument.span, message).at(format!("`{ty}`"));
            finding.help = help.map(str::to_owned);
            self.report(finding);
        }
    }

    fn promql(&mut self, scope: &mut Scope, tagged: &Tagged, span: Span) -> Expr {
        let (template, findings) = promql::parse(&tagged.text, tagged.text_span);
        let is_broken = findings.iter().any(Diagnostic::is_error);
        self.diagnostics.extend(findings);
        let mut arguments = Vec::with_capacity(template.holes.len());
        for hole in &template.holes {
            let argument = self.hole(scope, &hole.path, hole.span, "$");
            if argument.ty != Type::Error
                && let Err(wanted) = hole.accepts(&argument.ty)
            {
                let finding = Diagnostic::new(&codes::VF502, hole.span, wanted).at(format!("`{}`", argument.ty));
                self.report(finding);
            }
            arguments.push(argument);
        }
        if is_broken {
            return Expr { ty: Type::Promql, ..broken(span) };
        }
        let effect = strongest(&arguments);
        Expr { kind: ExprKind::Promql(Arc::new(template), arguments), ty: Type::Promql, span, effect }
    }

    /// A name with fields inside a query: an expression like any other, at its place in the query.
    fn hole(&mut self, scope: &mut Scope, path: &[Arc<str>], span: Span, mark: &str) -> Expr {
        let Some((root, fields)) = path.split_first() else { return broken(span) };
        if scope.bound_at(root).is_none() && &**root != "run" {
            let names: Vec<&str> = scope.names().collect();
            let code = if mark == ":" { &codes::VF403 } else { &codes::VF502 };
            let mut finding = Diagnostic::new(
                code,
                span,
                format!("`{mark}{root}` stands for nothing: no step or parameter has this name"),
            );
            finding.help = did_you_mean(root, names.iter().copied());
            if let Some(near) = crate::diagnostic::closest(root, names) {
                finding = finding.fix(format!("write `{mark}{near}`"), span.slice(0, root.len()), near);
            }
            self.report(finding);
            return broken(span);
        }
        let name = ast::Expr { kind: ast::ExprKind::Name(root.clone()), span: span.slice(0, root.len()) };
        let whole = fields.iter().fold((name, root.len()), |(of, end), field| {
            let to = end + 1 + field.len();
            let name = Spanned::new(field.clone(), span.slice(end + 1, to));
            let kind = ast::ExprKind::Field { of: Box::new(of), name, optional: false };
            (ast::Expr { kind, span: span.slice(0, to) }, to)
        });
        self.expr(scope, &whole.0, None)
    }

    fn regex(&mut self, tagged: &Tagged, span: Span) -> Expr {
        if let Err(error) = regex::Regex::new(&tagged.text) {
            let last = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            self.report(Diagnostic::new(
                &codes::VF003,
                tagged.text_span,
                format!("this is no regular expression: {last}"),
            ));
        }
        pure(ExprKind::Literal(Value::Regex(tagged.text.clone())), Type::Regex, span)
    }

    /// A query that reads must read: `db.query` of a statement that writes is refused.
    pub(super) fn check_statement(&mut self, verb: &str, query: &Expr) {
        let ExprKind::Sql(template, _) = &query.kind else { return };
        let finding = match (verb, template.kind) {
            ("query", StatementKind::Write | StatementKind::Definition) => {
                Diagnostic::new(&codes::VF406, query.span, "`query` reads, and this statement writes")
                    .help("write `do db.execute(…)`")
            }
            ("execute" | "each", StatementKind::Read) => {
                Diagnostic::new(&codes::VF406, query.span, format!("`{verb}` writes, and this statement only reads"))
                    .help("write `db.query(…)`")
            }
            _ => return,
        };
        self.report(finding);
    }

    /// Compares the names that a query's text gives with the columns that `as table<{…}>` states.
    pub(super) fn compare_columns(&mut self, of: &ast::Expr, target: &Type, written: &TypeExpr) {
        let Type::Table(row) = target else { return };
        let Some(query) = queried_text(of) else { return };
        let Some(columns) = sql::select_columns(&query.text, query.text_span) else { return };
        let names: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
        for name in row.names().filter(|name| !names.contains(name)) {
            let span = column_span(written, name).unwrap_or(written.span);
            let mut finding = Diagnostic::new(&codes::VF201, span, format!("the query gives no column `{name}`"));
            finding.help = did_you_mean(name, names.iter().copied());
            self.report(finding);
        }
        for column in columns.iter().filter(|column| row.get(&column.name).is_none()) {
            let finding =
                Diagnostic::new(&codes::VF201, column.span, format!("the stated columns lack `{}`", column.name))
                    .label(written.span, "stated here")
                    .help(format!("add `{}: …` to the type, or leave it out of the query", column.name));
            self.report(finding);
        }
    }

    /// Looks at the queries given to a store: an export takes a selector, and an expression for the
    /// embedded store lies in its subset of PromQL.
    pub(super) fn check_metrics_query(&mut self, scope: &Scope, verb: &str, arguments: &[Option<Expr>]) {
        let queries: Vec<(Arc<PromqlTemplate>, Span)> = arguments
            .iter()
            .flatten()
            .filter_map(|argument| match &argument.kind {
                ExprKind::Promql(template, _) => Some((template.clone(), argument.span)),
                _ => None,
            })
            .collect();
        for (template, span) in queries {
            if verb == "export" && !template.is_selector() {
                let finding = Diagnostic::new(
                    &codes::VF501,
                    span,
                    "`export` reads raw samples, so it takes a selector and no expression",
                )
                .help("write `name{label=\"value\"}`, or compute with `instant`");
                self.report(finding);
            } else if verb == "instant" && self.is_embedded(scope, arguments.first()) {
                self.diagnostics.extend(promql::embedded_subset(&template));
            }
        }
    }

    /// Whether a call's receiver is a connection that leads to the embedded store here.
    fn is_embedded(&self, scope: &Scope, receiver: Option<&Option<Expr>>) -> bool {
        let Some(ExprKind::Slot { up, index }) = receiver.and_then(Option::as_ref).map(|receiver| &receiver.kind)
        else {
            return false;
        };
        let block = scope.blocks.len().checked_sub(1 + up).and_then(|level| scope.blocks.get(level));
        let name = block.and_then(|block| block.names.get_index(*index)).map(|(name, _)| name);
        name.is_some_and(|name| self.surroundings.embedded.contains(name))
    }
}

/// The SQL literal of `db.query(sql"""…""")`.
fn queried_text(call: &ast::Expr) -> Option<&Tagged> {
    let ast::ExprKind::Call { callee, arguments, .. } = &call.kind else { return None };
    let is_query = matches!(&callee.kind, ast::ExprKind::Field { name, .. } if &*name.node == "query");
    match &arguments.first()?.value.kind {
        ast::ExprKind::Tagged(tagged) if is_query && tagged.tag == Tag::Sql => Some(tagged),
        _ => None,
    }
}

fn is_scalar(ty: &Type) -> bool {
    ty.is_unknown()
}

fn column_span(written: &TypeExpr, name: &str) -> Option<Span> {
    let TypeExprKind::Named { arguments, .. } = &written.kind else { return None };
    let TypeExprKind::Record(fields) = &arguments.first()?.kind else { return None };
    fields.iter().find(|(field, _)| &*field.node == name).map(|(field, _)| field.span)
}
