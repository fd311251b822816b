//! Texts with holes: interpolated texts, SQL, PromQL.

use std::sync::Arc;

use super::Checker;
use super::ahead::SqlRead;
use super::expression::{broken, pure, strongest};
use super::program::{Expr, ExprKind, Fragment};
use super::scope::Scope;
use super::suggest::Candidate;
use super::surroundings::{ConnectionFacts, Store};
use crate::diagnostic::{Diagnostic, codes};
use crate::query::promql::{Dialect, PromqlHole, PromqlTemplate, Reader};
use crate::query::sql::StatementKind;
use crate::query::{promql, sql};
use crate::source::{Span, Spanned, plain_lines};
use crate::syntax::ast::{self, Tag, Tagged};
use crate::value::{Type, Value, check_format};

/// The finding for a query under the tag of the other language, where its own is wanted.
fn other_language(tagged: &Tagged, wanted: Option<&Type>, span: Span) -> Option<Diagnostic> {
    let is_sql = || sql::is_query_or_write(&tagged.text);
    let (written, meant) = match (tagged.tag, wanted?) {
        (Tag::Sql, Type::Promql) if !is_sql() => ("sql", "promql"),
        (Tag::Promql, Type::Sql) if is_sql() => ("promql", "sql"),
        _ => return None,
    };
    let tag = span.slice(0, written.len());
    let finding = Diagnostic::new(&codes::VF201, tag, format!("expected `{meant}`, found `{written}`"));
    Some(finding.fix(format!("write `{meant}`"), tag, meant))
}

impl Checker<'_> {
    pub(super) fn interpolated(&mut self, scope: &mut Scope, fragments: &[ast::Fragment], span: Span) -> Expr {
        let mut before = "";
        let mut checked = Vec::with_capacity(fragments.len());
        for fragment in fragments {
            checked.push(match fragment {
                ast::Fragment::Text(text) => Fragment::Text(text.clone()),
                ast::Fragment::Hole { value, format } => self.text_hole(scope, value, format.as_ref(), before),
            });
            before = if let ast::Fragment::Text(text) = fragment { text } else { "" };
        }
        let effect = strongest(checked.iter().filter_map(|fragment| match fragment {
            Fragment::Hole(expr, _) => Some(expr),
            Fragment::Text(_) => None,
        }));
        Expr { kind: ExprKind::Interpolated(checked), ty: Type::Text, span, effect }
    }

    fn text_hole(
        &mut self,
        scope: &mut Scope,
        value: &ast::Expr,
        format: Option<&Spanned<Arc<str>>>,
        before: &str,
    ) -> Fragment {
        let value = self.expr(scope, value, None);
        let ty = self.decide(&value, "a text");
        match &ty {
            ty if ty.has_secret() => {
                let message = "a secret may not become part of a text";
                let help = if before.eq_ignore_ascii_case("bearer ") {
                    "say it in the configuration: `token: …` of an `http` connection sends `Authorization: Bearer …`"
                } else {
                    "hand the secret itself to what needs it"
                };
                self.report(Diagnostic::new(&codes::VF702, value.span, message).help(help));
            }
            Type::Connection(_) | Type::Calendar | Type::Outcomes(..) => {
                let finding =
                    Diagnostic::new(&codes::VF201, value.span, format!("{} has no text of its own", shown(&ty)));
                self.report(finding.at(format!("`{ty}`")).help("name what you want of it, such as a field or a count"));
            }
            _ => {}
        }
        if let Some(format) = format
            && let Err(why) = check_format(&ty, &format.node)
        {
            let (why, help) = why.split_once("; ").unwrap_or((&why, example_of_format(&ty)));
            let finding = Diagnostic::new(&codes::VF003, format.span, why).label(value.span, format!("`{ty}`"));
            self.report(finding.help(help));
        }
        Fragment::Hole(value, format.map(|format| format.node.clone()))
    }

    pub(super) fn tagged(&mut self, scope: &mut Scope, tagged: &Tagged, wanted: Option<&Type>, span: Span) -> Expr {
        if let Some(finding) = other_language(tagged, wanted, span) {
            self.report(finding);
            return broken(span);
        }
        match tagged.tag {
            Tag::Sql => self.sql(scope, tagged, span),
            Tag::Promql => self.promql(scope, tagged, span),
            Tag::Regex => self.regex(tagged, span),
            Tag::Python | Tag::Shell => {
                let message = "a program is a step of its own, not a value";
                let help = "write `step name(…) -> T = external.python(python\"\"\"…\"\"\")` outside of the workflow";
                self.report(Diagnostic::new(&codes::VF201, span, message).help(help));
                broken(span)
            }
        }
    }

    fn sql(&mut self, scope: &mut Scope, tagged: &Tagged, span: Span) -> Expr {
        let queried = scope.queried.take().filter(|(of, _)| *of == span).map(|(_, queried)| queried);
        let dialect = queried.as_ref().and_then(|queried| queried.dialect);
        let read = self.ahead.as_ref().and_then(|ahead| ahead.sql(tagged, dialect));
        let SqlRead { template, findings, statement, .. } = read.unwrap_or_else(|| SqlRead::of(tagged, dialect));
        let is_broken = findings.iter().any(Diagnostic::is_error);
        self.diagnostics.extend(findings);
        let mut arguments = Vec::with_capacity(template.holes.len());
        for hole in &template.holes {
            let argument = self.hole(scope, &hole.path, hole.span, (":", &|_| true));
            let is_right = self.check_bound(&argument, hole.is_list);
            arguments.push(if is_right { argument } else { Expr { ty: Type::Error, ..argument } });
        }
        if is_broken {
            return Expr { ty: Type::Sql, ..broken(span) };
        }
        self.quoted_parameters(scope, tagged, sql::texts(&tagged.text));
        if queried.as_ref().is_some_and(|queried| queried.is_local) {
            return self.local_sql(scope, (tagged, span), statement.as_ref(), &template, arguments);
        }
        let template = Arc::new(template);
        if let Some(statement) = statement {
            let before = self.diagnostics.len();
            self.understand(&statement, (span, tagged.text_span), queried.as_ref(), &template, &arguments);
            self.offer_values(scope, before);
        }
        if let Some(connection) = queried.and_then(|queried| queried.name) {
            self.keep_statement(connection, &template, tagged.text_span);
        }
        let effect = strongest(&arguments);
        Expr { kind: ExprKind::Sql(template.with_plain_lines(), arguments), ty: Type::Sql, span, effect }
    }

    /// A value that a database can take at this place; whether it is one.
    fn check_bound(&mut self, argument: &Expr, is_list: bool) -> bool {
        let ty = argument.ty.required();
        let name = self.text(argument.span);
        let message = match &ty {
            Type::Range(_) => Some((
                "a range cannot be bound to a query".to_owned(),
                Some(format!("bind its ends, `:{name}.start` and `:{name}.end`")),
            )),
            Type::Outcomes(..) => Some((
                "the outcomes of a loop cannot be bound to a query".to_owned(),
                Some(format!("bind the results: `:{name}.ok`")),
            )),
            Type::List(_) if !is_list => Some((
                "a list can be bound only after `in`, or inside `any(…)`".to_owned(),
                Some(format!("write `… in :{name}`")),
            )),
            Type::Table(_) => Some((
                "a table cannot be bound to a query".to_owned(),
                Some(format!("bind one of its columns: `:{name}.column`")),
            )),
            ty if is_list && ty.item().is_none() && !ty.is_unknown() => {
                Some((format!("`in` needs a list, found `{ty}`"), Some(format!("write `… = :{name}`"))))
            }
            Type::Duration | Type::Period | Type::BusinessDays => Some((
                format!("a database has no `{ty}`"),
                Some("compute the date or the instant in a step, and bind that".to_owned()),
            )),
            Type::Connection(_) | Type::Calendar | Type::Sql | Type::Promql | Type::Series | Type::Sample => Some((
                format!("{} cannot be bound to a query", shown(&ty)),
                Some("bind a plain value: a text, a number, a date".to_owned()),
            )),
            _ => None,
        };
        if let Some((message, help)) = message {
            let mut finding = Diagnostic::new(&codes::VF403, argument.span, message).at(format!("`{}`", argument.ty));
            finding.help = help;
            self.report(finding);
            return false;
        }
        true
    }

    fn promql(&mut self, scope: &mut Scope, tagged: &Tagged, span: Span) -> Expr {
        let name = self.promql_reader.as_ref().map(|name| format!("the connection `{name}`"));
        let reader = name.as_deref().map_or(Reader::VICTORIA_METRICS, |name| Reader { dialect: Dialect::PromQl, name });
        let is_usual = reader.dialect == Dialect::MetricsQl;
        let read = self.ahead.as_ref().filter(|_| is_usual).and_then(|ahead| ahead.promql(tagged));
        let (template, findings) = read.unwrap_or_else(|| promql::parse_for(&tagged.text, tagged.text_span, reader));
        let is_broken = findings.iter().any(Diagnostic::is_error);
        self.diagnostics.extend(findings);
        let mut arguments = Vec::with_capacity(template.holes.len());
        for hole in &template.holes {
            let argument = self.hole(scope, &hole.path, hole.span, ("$", &|ty| hole.accepts(ty).is_ok()));
            if !argument.ty.has_error()
                && let Err(wanted) = hole.accepts(&argument.ty)
            {
                self.report_hole(&argument, hole, &wanted);
            }
            arguments.push(argument);
        }
        if is_broken {
            return Expr { ty: Type::Promql, ..broken(span) };
        }
        self.quoted_parameters(scope, tagged, promql::texts(&tagged.text));
        let effect = strongest(&arguments);
        Expr { kind: ExprKind::Promql(Arc::new(template), arguments), ty: Type::Promql, span, effect }
    }

    /// `wanted` is what may stand there, and behind a `;` what to do.
    fn report_hole(&mut self, argument: &Expr, hole: &PromqlHole, wanted: &str) {
        let (wanted, help) = wanted.split_once("; ").map_or((wanted, None), |(wanted, help)| (wanted, Some(help)));
        let message = format!("expected {wanted}, found `{}`", argument.ty);
        let mut finding = Diagnostic::new(&codes::VF502, hole.span, message).at(format!("`{}`", argument.ty));
        if let Some((place, sign)) = hole.comparison_for(&argument.ty) {
            finding = finding.fix(format!("write `{sign}`"), place, sign);
        }
        finding.help = match (help, &argument.ty) {
            (Some(help), _) => Some(help.to_owned()),
            (None, Type::Optional(_)) => {
                Some("decide first what to do without it: bind a step `… ?? default`".to_owned())
            }
            (None, ty) if wanted.contains("text") && !ty.is_text() => {
                Some("make a text of it in a step, `f\"{…}\"`, and use that".to_owned())
            }
            _ => Some("work out such a value in a step, and use that".to_owned()),
        };
        self.report(finding);
    }

    /// A name with fields inside a query: an expression like any other, at its place in the query. `fits` says which types
    /// can stand there.
    fn hole(
        &mut self,
        scope: &mut Scope,
        path: &[Arc<str>],
        span: Span,
        (mark, fits): (&str, &dyn Fn(&Type) -> bool),
    ) -> Expr {
        let Some((root, fields)) = path.split_first() else { return broken(span) };
        if let (Some(ty), []) = (scope.row.as_ref().and_then(|row| row.get(root)), fields) {
            // The connection puts each row's value here.
            return pure(ExprKind::Literal(Value::None), ty.clone(), span);
        }
        if scope.bound_at(root).is_none() && &**root != "run" {
            let code = if mark == ":" { &codes::VF403 } else { &codes::VF502 };
            let message = format!("`{mark}{root}` stands for nothing: no step or parameter has this name");
            let finding = Diagnostic::new(code, span, message).help(format!("define it: `{root} = …`"));
            let can_stand = |candidate: &Candidate<'_>| candidate.ty.is_none_or(fits);
            let near = fields.is_empty() && self.has_near(root, scope.names().filter(can_stand).map(|one| one.name));
            let candidates = scope.names().filter(|candidate| !near || can_stand(candidate));
            let finding = self.suggest(finding, root, candidates, span.slice(0, root.len()));
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
        let before = self.diagnostics.len();
        let checked = self.expr(scope, &whole.0, None);
        for finding in self.diagnostics.iter_mut().skip(before).filter(|finding| *finding.code == codes::VF101) {
            finding.code = if mark == ":" { &codes::VF403 } else { &codes::VF502 };
        }
        checked
    }

    fn regex(&mut self, tagged: &Tagged, span: Span) -> Expr {
        if let Err(error) = regex::Regex::new(&tagged.text) {
            let last = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let message = format!("this is no regular expression: {last}");
            let help = "put `\\` before a sign that stands for itself";
            self.report(Diagnostic::new(&codes::VF003, tagged.text_span, message).help(help));
        }
        pure(ExprKind::Literal(Value::Regex(plain_lines(&tagged.text).into())), Type::Regex, span)
    }

    /// A query that reads must read: `db.query` of a statement that writes is refused.
    /// `connection` is the receiver as written.
    pub(super) fn check_statement(&mut self, verb: &str, query: &Expr, connection: &str) {
        let ExprKind::Sql(template, _) = &query.kind else { return };
        let finding = match (verb, template.kind) {
            ("query", StatementKind::Write | StatementKind::Definition) => {
                Diagnostic::new(&codes::VF406, self.first_word(query.span), "`query` reads, and this statement writes")
                    .help(format!("write `do {connection}.execute(…)`"))
            }
            ("execute" | "each", StatementKind::Read) => {
                let message = format!("`{verb}` writes, and this statement only reads");
                Diagnostic::new(&codes::VF406, self.first_word(query.span), message)
                    .help(format!("write `{connection}.query(…)`, without `do`"))
            }
            _ => return,
        };
        self.report(finding);
    }

    /// The first word of a query literal, which says what it does.
    pub(super) fn first_word(&self, span: Span) -> Span {
        let whole = self.source_text(span);
        let Some(open) = whole.find("\"\"\"").map(|at| at + 3) else { return span };
        let inner = whole.get(open..).unwrap_or_default();
        let start = open + (inner.len() - inner.trim_start().len());
        let word = whole.get(start..).unwrap_or_default();
        let length = word.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(word.len());
        if length == 0 { span } else { span.slice(start, start + length) }
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
        let receiver = arguments.first().and_then(Option::as_ref);
        let store = self.connection(scope, receiver).map(|(_, facts)| facts.store);
        let is_embedded = store == Some(Store::Embedded);
        if let (Some(receiver), Some(Store::InfluxDb)) = (receiver, store)
            && !matches!(verb, "write" | "copy" | "selector")
        {
            let message = "an `influxdb` connection is only written to";
            let finding = Diagnostic::new(&codes::VF701, receiver.span, message).at("leads to InfluxDB here");
            self.report(finding.help("read from a `victoria_metrics` or `prometheus` connection"));
        }
        for (template, span) in queries {
            let is_of_raw_points = matches!(verb, "export" | "series" | "label_values" | "newest" | "copy");
            if is_of_raw_points && !template.is_selector() {
                let message = format!("`{verb}` reads raw samples, so it takes a selector and no expression");
                let finding = Diagnostic::new(&codes::VF501, span, message)
                    .help("write `name{label=\"value\"}`, or compute with `instant`");
                self.report(finding);
            } else if matches!(verb, "instant" | "range") && is_embedded {
                self.diagnostics.extend(promql::embedded_subset(&template));
            }
        }
    }

    /// The receiver's name, when it is a connection whose store reads PromQL.
    pub(super) fn reads_promql(&self, scope: &Scope, receiver: Option<&Expr>) -> Option<Arc<str>> {
        let (name, facts) = self.connection(scope, receiver)?;
        (facts.store.dialect() == Dialect::PromQl).then(|| name.clone())
    }

    /// The configured connection that a call's receiver names.
    fn connection<'s>(
        &'s self,
        scope: &'s Scope,
        receiver: Option<&Expr>,
    ) -> Option<(&'s Arc<str>, &'s ConnectionFacts)> {
        let name = scope.connection(receiver?)?;
        Some((name, self.surroundings.connections.get(name)?))
    }
}

/// A type at the beginning of a sentence.
pub(super) fn shown(ty: &Type) -> String {
    match ty {
        Type::Connection(_) => "a connection".to_owned(),
        Type::Outcomes(..) => "the outcomes of a loop".to_owned(),
        Type::Calendar => "a calendar".to_owned(),
        other => format!("`{other}`"),
    }
}

fn example_of_format(ty: &Type) -> &'static str {
    match ty {
        Type::Date => "write one like `%d/%m/%Y`",
        Type::Time => "write one like `%H:%M`",
        Type::Timestamp => "write one like `%Y-%m-%dT%H:%M:%SZ`",
        Type::Int | Type::Float | Type::Decimal => "write one like `.2f`, `,` or `08`",
        _ => "write a width, such as `>10`, or leave the format out",
    }
}
