//! Formats of interpolated texts, `f"{day:%d/%m/%Y}"` and `f"{x:,.2f}"`.
//!
//! Dates and instants take strftime's letters, everything else the format specification of Python.
//! Numbers are rounded once, from their exact value, halves to even; a decimal never becomes a float.

mod layout;
mod number;

use std::fmt::Write;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, NaiveDate, NaiveTime};

use super::{ErrorKind, StepError, Type, Value};
use layout::Layout;
use number::Figure;

/// A value printed with a format.
pub fn format(value: &Value, format: &str) -> Result<String, StepError> {
    print(value, format).map_err(|why| StepError::new(ErrorKind::Data, format!("format `{format}`: {why}")))
}

/// Whether the values of a type can be printed with a format; if not, why. A type that is not known
/// is told at run time.
pub fn check_format(ty: &Type, format: &str) -> Result<(), String> {
    let sample = match ty {
        Type::Date => Value::Date(NaiveDate::MIN),
        Type::Time => Value::Time(NaiveTime::MIN),
        Type::Timestamp => Value::Timestamp(DateTime::UNIX_EPOCH),
        Type::Int => Value::Int(0),
        Type::Float => Value::Float(0.0),
        Type::Decimal => Value::Decimal(std::sync::Arc::default()),
        Type::Optional(_) | Type::None => {
            return Err(format!("a format wants a value, and `{ty}` may be `none`; decide with `??`"));
        }
        Type::Any | Type::Error | Type::Json | Type::Variable(_) | Type::Number(_) | Type::Ordered(_) => return Ok(()),
        _ => Value::text(""),
    };
    print(&sample, format).map(|_| ()).map_err(|why| format!("format `{format}`: {why}"))
}

fn print(value: &Value, format: &str) -> Result<String, String> {
    match value {
        Value::Date(day) => moment("date", format, |items, text| write!(text, "{}", day.format_with_items(items))),
        Value::Time(time) => moment("time", format, |items, text| write!(text, "{}", time.format_with_items(items))),
        Value::Timestamp(at) => {
            moment("timestamp", format, |items, text| write!(text, "{}", at.format_with_items(items)))
        }
        Value::Int(n) => number::print(&Layout::read(format)?, &Figure::Int(*n)),
        Value::Float(x) => number::print(&Layout::read(format)?, &Figure::Float(*x)),
        Value::Decimal(d) => number::print(&Layout::read(format)?, &Figure::Decimal(d)),
        Value::Json(json) => print_json(json, format),
        other => text(&Layout::read(format)?, &other.to_string()),
    }
}

/// JSON prints as what it holds.
fn print_json(json: &serde_json::Value, format: &str) -> Result<String, String> {
    match json {
        serde_json::Value::Number(n) => {
            print(&n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap_or(f64::NAN)), Value::Int), format)
        }
        serde_json::Value::String(inner) => text(&Layout::read(format)?, inner),
        other => text(&Layout::read(format)?, &other.to_string()),
    }
}

type Items<'a> = std::vec::IntoIter<Item<'a>>;

/// Prints a date, time or instant. chrono tells of a bad format only by an error while printing,
/// which `to_string` turns into a panic; so the items are looked at first and `write!` is used.
fn moment<'a>(
    kind: &str,
    format: &'a str,
    write: impl FnOnce(Items<'a>, &mut String) -> std::fmt::Result,
) -> Result<String, String> {
    let items: Vec<Item<'_>> = StrftimeItems::new(format).collect();
    if items.contains(&Item::Error) {
        return Err("this is not a date format; write one like `%d/%m/%Y`".to_owned());
    }
    let is_fixed = |item: &Item<'_>| {
        matches!(item, Item::Literal(_) | Item::OwnedLiteral(_) | Item::Space(_) | Item::OwnedSpace(_))
    };
    if items.iter().all(is_fixed) {
        return Err(format!("no part of a {kind} is in it; write a format like `%d/%m/%Y` or `%H:%M`"));
    }
    let mut text = String::new();
    match write(items.into_iter(), &mut text) {
        Ok(()) => Ok(text),
        Err(_) => Err(format!("it asks for a part that a {kind} does not have")),
    }
}

/// Prints a text: width, alignment and the most characters to keep.
fn text(layout: &Layout, text: &str) -> Result<String, String> {
    if let Some(kind) = layout.kind.filter(|kind| *kind != 's') {
        return Err(format!("`{kind}` prints numbers, and this is none"));
    }
    if layout.has_number_parts() {
        return Err("signs, `#`, `,`, `_`, `=` and a leading `0` are for numbers, and this is none".to_owned());
    }
    let kept: String = text.chars().take(layout.precision.unwrap_or(usize::MAX)).collect();
    Ok(layout.pad("", &kept, layout::Align::Left))
}

#[cfg(test)]
mod tests;
