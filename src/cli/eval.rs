//! `vmflow eval`.

use std::path::PathBuf;

use std::fmt::Write;
use std::sync::Arc;

use serde_json::json;

use super::Exit;
use super::arguments::{EvalArguments, ListFormat};
use super::prepare::instant;
use super::project::{Project, is_name, read_stdin, read_text, refuse};
use super::table;
use super::terminal::Terminal;
use crate::check::program::Formula;
use crate::check::{check_formula, modules};
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::{self, printable};
use crate::external::Interpreters;
use crate::run::{self, RunError, RunOptions};
use crate::source::{Source, Span, Spanned};
use crate::stdlib;
use crate::syntax;
use crate::syntax::ast::{Expr, ExprKind, Literal, Name};
use crate::value::{Sequence, Timestamp, Value, to_json};

/// What `run.env` and `run.job` are where there is no environment and no job.
const NOWHERE: &str = "eval";

pub(super) fn eval(command: &EvalArguments, terminal: &Terminal) -> Exit {
    match evaluated(command, terminal) {
        Ok(text) => {
            terminal.print(&text);
            Exit::Ok
        }
        Err(Refusal::Usage(message)) => refuse(terminal, Exit::Usage, &message),
        Err(Refusal::Told) => Exit::Failed,
    }
}

/// Why there is no value.
enum Refusal {
    Usage(String),
    /// The findings have been shown.
    Told,
}

fn evaluated(command: &EvalArguments, terminal: &Terminal) -> Result<String, Refusal> {
    let now = match &command.at {
        Some(at) => instant(at).map_err(|refusal| Refusal::Usage(refusal.message))?,
        None => SystemClock.now(),
    };
    let mut project = Project::default();
    let formula = formula(command, &mut project)?;
    if project.has_errors() {
        project.findings.retain(Diagnostic::is_error);
        project.tell(terminal);
        return Err(Refusal::Told);
    }
    let Some(formula) = formula else { return Err(Refusal::Told) };
    if command.only_type {
        return Ok(shown_type(&formula, command.format));
    }
    match run::evaluate(&formula, &options(now)) {
        Ok(value) => Ok(shown(&value, &formula, command.format)),
        Err(error) => {
            tell_failure(&error, &project, terminal);
            Err(Refusal::Told)
        }
    }
}

/// The value of an expression that stands by itself; the error is a line for people.
pub(super) fn alone(expression: &str, now: Timestamp) -> Result<Value, String> {
    let arguments = EvalArguments {
        expression: expression.to_owned(),
        params: Vec::new(),
        at: None,
        imports: Vec::new(),
        only_type: false,
        format: ListFormat::Human,
    };
    let mut project = Project::default();
    let formula = match formula(&arguments, &mut project) {
        Ok(formula) => formula,
        Err(Refusal::Usage(message)) => return Err(message),
        Err(Refusal::Told) => None,
    };
    if let Some(finding) = project.findings.iter().find(|finding| finding.is_error()) {
        return Err(finding.message.clone());
    }
    let formula = formula.ok_or("it is no expression")?;
    run::evaluate(&formula, &options(now)).map_err(|error| error.message)
}

fn options(now: Timestamp) -> RunOptions {
    RunOptions {
        id: uuid::Uuid::now_v7(),
        now,
        job: None,
        environment: NOWHERE.into(),
        timeout_ms: None,
        interpreters: Interpreters::new(|_| None),
    }
}

/// The checked expression; what is wrong is among the project's findings.
fn formula(command: &EvalArguments, project: &mut Project) -> Result<Option<Formula>, Refusal> {
    let given: Vec<(Name, Expr)> = command.params.iter().map(|pair| given(pair, project)).collect::<Result<_, _>>()?;
    let text = match command.expression.as_str() {
        "-" => read_stdin().map_err(Refusal::Usage)?,
        text => text.to_owned(),
    };
    let source = project.sources.add("expression", text);
    let (expr, findings) = syntax::parse_expression(&source);
    project.findings.extend(findings);
    let Some(expr) = expr else { return Ok(None) };
    let root = vec![(PathBuf::from("--import"), imports(command, &given)?)];
    let (modules, findings) = modules::load(root, &mut project.sources, &mut read_text);
    project.findings.extend(findings);
    let (formula, findings) = check_formula(modules, &source, &expr, &given);
    project.findings.extend(findings);
    Ok(Some(formula))
}

/// `NAME=VALUE`
fn given(pair: &str, project: &mut Project) -> Result<(Name, Expr), Refusal> {
    let (name, value) =
        pair.split_once('=').ok_or_else(|| Refusal::Usage(format!("`-p {pair}`: write `-p name=value`")))?;
    let name = name.trim();
    if !is_name(name) {
        return Err(Refusal::Usage(format!("`-p {pair}`: `{name}` is no name")));
    }
    let source = project.sources.add(format!("-p {name}"), value);
    let Span { source: id, .. } = source.span();
    let name = Spanned::new(Arc::from(name), Span::new(id, 0, 0));
    Ok((name, value_of(&source)))
}

/// A literal as in a workflow; anything else is a text, as on the command line of `run`.
fn value_of(source: &Source) -> Expr {
    let (expr, _) = syntax::parse_expression(source);
    let text = || Expr { kind: ExprKind::Literal(Literal::Text(source.text.clone())), span: source.span() };
    expr.filter(is_constant).unwrap_or_else(text)
}

/// Whether an expression is written out, with no name in it.
fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Unary(_, of) | ExprKind::Cast(of, _) => is_constant(of),
        ExprKind::Binary(left, _, right) => is_constant(left) && is_constant(right),
        ExprKind::List(items) => items.iter().all(is_constant),
        ExprKind::Record(entries) => {
            entries.iter().all(|entry| (entry.is_label || is_constant(&entry.key)) && is_constant(&entry.value))
        }
        ExprKind::Table { rows, .. } => rows.iter().flatten().all(is_constant),
        _ => false,
    }
}

/// The imports as a file would have them: those of the command line, and the standard library's modules by names that
/// nothing else has.
fn imports(command: &EvalArguments, given: &[(Name, Expr)]) -> Result<String, Refusal> {
    let mut text = String::new();
    let mut taken: Vec<String> = given.iter().map(|(name, _)| name.node.to_string()).collect();
    for file in &command.imports {
        let shown = file.display().to_string();
        if shown.contains(['"', '\\', '\n']) {
            return Err(Refusal::Usage(format!("`--import {shown}`: a file with such a name cannot be imported")));
        }
        taken.extend(file.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        let _ = writeln!(text, "import \"{shown}\"");
    }
    for name in stdlib::names().filter(|name| taken.iter().all(|taken| taken != name)) {
        let _ = writeln!(text, "import std.{name}");
    }
    Ok(text)
}

fn tell_failure(error: &RunError, project: &Project, terminal: &Terminal) {
    let mut text = format!("{} error: {}\n", error.kind.name(), error.message);
    if let Some(span) = error.span {
        text.push_str(&render::excerpt(&project.sources, span, terminal.color_err, terminal.width));
    }
    if let Some(help) = &error.help {
        let _ = writeln!(text, "  = help: {help}");
    }
    terminal.tell(text.trim_end());
}

fn shown_type(formula: &Formula, format: ListFormat) -> String {
    match format {
        ListFormat::Human => format!("{}\n", formula.expr.ty),
        ListFormat::Json => format!("{:#}\n", json!({ "type": formula.expr.ty.to_string() })),
    }
}

fn shown(value: &Value, formula: &Formula, format: ListFormat) -> String {
    match format {
        ListFormat::Human => table_of(value).unwrap_or_else(|| format!("{value}\n")),
        ListFormat::Json => {
            format!("{:#}\n", json!({ "type": formula.expr.ty.to_string(), "value": to_json(value) }))
        }
    }
}

/// A table, or a list of records with the same fields.
fn table_of(value: &Value) -> Option<String> {
    let items = Sequence::of(value)?;
    let shape = match (value, items.get(0)?) {
        (Value::Table(table), _) => table.shape.clone(),
        (_, Value::Record(record)) => record.shape.clone(),
        _ => return None,
    };
    let mut rows = vec![shape.iter().map(ToString::to_string).collect()];
    for item in items.iter() {
        let Value::Record(record) = item else { return None };
        rows.push(shape.iter().map(|name| cell(record.get(name).unwrap_or(&Value::None))).collect());
    }
    Some(table::aligned(&rows, usize::MAX))
}

/// A value on one line.
fn cell(value: &Value) -> String {
    printable(&value.to_string()).replace('\n', " ")
}
