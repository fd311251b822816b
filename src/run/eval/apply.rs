//! From an expression's operands, as values, to its value.

use std::fmt::Write;
use std::sync::Arc;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

use super::cast::cast;
use crate::check::program::{Expr, ExprKind, Fragment};
use crate::operation::{self, field, index, negate, property, truth};
use crate::primitive::{Attempts, RawArguments, Run, Spec};
use crate::query::sql::SqlQuery;
use crate::value::{self, ErrorKind, MapValue, Record, StepError, Table, Type, Value};

/// The operands of an expression that evaluates all of them, in order of evaluation.
pub(super) fn operands(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Interpolated(fragments) => fragments.iter().filter_map(hole).collect(),
        ExprKind::Sql(_, items)
        | ExprKind::Promql(_, items)
        | ExprKind::List(items)
        | ExprKind::Record(_, items)
        | ExprKind::Function(_, items) => items.iter().collect(),
        ExprKind::Map(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
        ExprKind::Table(_, rows) => rows.iter().flatten().collect(),
        ExprKind::Primitive(_, arguments) => arguments.iter().flatten().collect(),
        ExprKind::Index(of, at) => vec![of, at],
        ExprKind::AddBusinessDays(day, calendar, count) => vec![day, calendar, count],
        ExprKind::Binary(_, left, right) => vec![left, right],
        ExprKind::Property { of, .. }
        | ExprKind::Field { of, .. }
        | ExprKind::Cast(of, _)
        | ExprKind::Widen(of)
        | ExprKind::Negate(of)
        | ExprKind::Not(of) => vec![of],
        _ => Vec::new(),
    }
}

fn hole(fragment: &Fragment) -> Option<&Expr> {
    match fragment {
        Fragment::Text(_) => None,
        Fragment::Hole(expr, _) => Some(expr),
    }
}

/// The value of an expression with one operand.
pub(super) fn unary(expr: &Expr, value: Value) -> Result<Value, StepError> {
    match &expr.kind {
        ExprKind::Property { property: wanted, optional, .. } => property(&value, wanted, *optional),
        ExprKind::Field { of, name, optional } => {
            // A record may come without the fields that its type makes optional.
            let is_absent =
                expr.ty.is_optional() && matches!(&value, Value::Record(record) if record.get(name).is_none());
            if is_absent { Ok(Value::None) } else { field(&value, name, *optional || is_json(of)) }
        }
        ExprKind::Cast(_, name) => cast(value, &expr.ty, name.as_deref().unwrap_or_default()),
        ExprKind::Widen(_) => Ok(operation::widen(value, &expr.ty)),
        ExprKind::Negate(_) => negate(&value),
        ExprKind::Not(_) => truth(&value).map(|b| Value::Bool(!b)),
        _ => Err(defect("an expression with other operands came as one with a single operand")),
    }
}

/// Json is walked down to wherever it ends: what is not there has nothing inside, either.
fn is_json(of: &Expr) -> bool {
    of.ty.required() == Type::Json
}

/// The value of an expression from those of its [`operands`]. A long computation asks `attempts` whether it must end.
pub(super) fn apply(expr: &Expr, values: Vec<Value>, attempts: Option<&Attempts>) -> Result<Value, StepError> {
    match &expr.kind {
        ExprKind::Interpolated(fragments) => interpolate(fragments, &values),
        ExprKind::Sql(template, _) => {
            Ok(Value::Sql(Arc::new(SqlQuery { template: template.clone(), arguments: values })))
        }
        ExprKind::Promql(template, _) => template.render(&values).map(Value::Promql),
        ExprKind::List(_) => Ok(Value::list(values)),
        ExprKind::Record(shape, _) => Ok(Value::Record(Arc::new(Record { shape: shape.clone(), values }))),
        ExprKind::Map(_) => Ok(Value::Map(Arc::new(pairs(values)))),
        ExprKind::Table(shape, rows) => {
            let mut table = Table::new(shape.clone());
            let mut cells = values.into_iter();
            for row in rows {
                table.push(cells.by_ref().take(row.len()).collect::<Vec<_>>());
            }
            Ok(Value::Table(Arc::new(table)))
        }
        ExprKind::Index(of, _) => match two(values)? {
            (Value::None, _) if is_json(of) => Ok(Value::None),
            // A record may come without the fields that its type makes optional.
            (Value::Record(record), Value::Text(name)) if expr.ty.is_optional() => {
                Ok(record.get(&name).cloned().unwrap_or(Value::None))
            }
            (of, at) => index(&of, &at),
        },
        ExprKind::AddBusinessDays(..) => operation::add_business_days(&values),
        ExprKind::Binary(operator, ..) => two(values).and_then(|(a, b)| operation::binary(*operator, a, b)),
        ExprKind::Primitive(spec, given) => call_pure(spec, raw(given, values), attempts),
        _ => single(values).and_then(|value| unary(expr, value)),
    }
}

fn defect(message: &str) -> StepError {
    StepError::new(ErrorKind::Internal, message)
}

fn single(values: Vec<Value>) -> Result<Value, StepError> {
    values.into_iter().next().ok_or_else(|| defect("an operand is missing"))
}

fn two(values: Vec<Value>) -> Result<(Value, Value), StepError> {
    let mut values = values.into_iter();
    values.next().zip(values.next()).ok_or_else(|| defect("an operand is missing"))
}

fn pairs(values: Vec<Value>) -> MapValue {
    let mut map = MapValue::with_capacity(values.len() / 2);
    let mut values = values.into_iter();
    while let (Some(key), Some(value)) = (values.next(), values.next()) {
        map.insert(key, value);
    }
    map
}

/// A call's arguments by parameter, from the values of those that were given.
pub(super) fn raw(given: &[Option<Expr>], values: Vec<Value>) -> RawArguments {
    let mut values = values.into_iter();
    RawArguments::new(given.iter().map(|argument| argument.as_ref().and_then(|_| values.next())).collect())
}

fn call_pure(spec: &Spec, arguments: RawArguments, attempts: Option<&Attempts>) -> Result<Value, StepError> {
    match spec.run {
        Run::Pure(run) => run(arguments),
        Run::Heavy(run) => match attempts {
            Some(attempts) => aside(|| run(arguments, attempts)),
            None => run(arguments, &Attempts::new(CancellationToken::new())),
        },
        Run::Effectful(_) => Err(defect(&format!("`{}` was called as if it were pure", spec.name))),
    }
}

/// Computes on this thread while another takes over what else waits for it, so that servers are answered and ctrl-c is
/// heard. A runtime of one thread has no other.
pub(super) fn aside<T>(compute: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(compute),
        _ => compute(),
    }
}

fn interpolate(fragments: &[Fragment], values: &[Value]) -> Result<Value, StepError> {
    let mut text = String::new();
    let mut values = values.iter();
    for fragment in fragments {
        match (fragment, matches!(fragment, Fragment::Hole(..)).then(|| values.next()).flatten()) {
            (Fragment::Text(part), _) => text.push_str(part),
            (Fragment::Hole(_, Some(format)), Some(value)) => text.push_str(&value::format(value, format)?),
            (Fragment::Hole(_, None), Some(value)) => {
                // Writing to a text cannot fail.
                let _ = write!(text, "{value}");
            }
            (Fragment::Hole(..), None) => return Err(defect("an operand is missing")),
        }
    }
    Ok(Value::text(text))
}
