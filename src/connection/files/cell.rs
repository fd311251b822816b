//! One cell of a text file: a text as a value of the stated type, and a value as text.

use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::{NaiveDate, SecondsFormat};
use serde_json::Value as Json;

use super::recent::Recent;
use crate::connection::CsvFormat;
use crate::connection::sql::text::{parse_time, parse_timestamp};
use crate::value::{Type, Value, from_json, to_json};

/// The most decimal places and zeros a decimal may have; beyond, its plain text would not end.
const WIDEST_DECIMAL: i64 = 20_000;

/// What a column of a type is read as. Found once for each column, not for each cell.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    /// The type.
    pub(super) ty: &'a Type,
    /// The type without its `?`.
    inner: &'a Type,
    is_optional: bool,
    format: &'a CsvFormat,
    recent: Recent,
}

/// Whether a cell can be a value of a type; what it holds cannot otherwise.
pub(super) fn is_readable(ty: &Type) -> bool {
    match ty {
        Type::Optional(inner) => is_readable(inner),
        Type::List(_) | Type::Map(..) | Type::Record(_) | Type::Table(_) => is_json(ty),
        _ => ty.is_unknown() || is_json(ty),
    }
}

fn is_json(ty: &Type) -> bool {
    match ty {
        Type::List(inner) | Type::Optional(inner) => is_json(inner),
        Type::Map(key, value) => key.is_text() && is_json(value),
        Type::Record(record) | Type::Table(record) => record.fields.iter().all(|field| is_json(&field.ty)),
        Type::Bool | Type::Int | Type::Float | Type::Decimal | Type::Json | Type::Url | Type::Secret => true,
        Type::Date | Type::Time | Type::Timestamp => true,
        _ => ty.is_text() || ty.is_unknown(),
    }
}

impl<'a> Reader<'a> {
    /// What reads a column.
    pub(super) fn new(ty: &'a Type, format: &'a CsvFormat) -> Self {
        let (inner, is_optional) = match ty {
            Type::Optional(inner) => (&**inner, true),
            _ => (ty, matches!(ty, Type::None)),
        };
        Self { ty, inner, is_optional, format, recent: Recent::default() }
    }

    /// The value of a cell; `None` when it has none of the type.
    ///
    /// An empty cell is `none`. Of a column of texts that is so without quotes only, and `""` is the empty text: a
    /// table that was written is read back as it was.
    pub(super) fn read(&mut self, text: &str, is_quoted: bool) -> Option<Value> {
        let is_text = self.inner.is_text() || matches!(self.inner, Type::Any | Type::Error);
        if text.is_empty() && !(is_text && is_quoted) {
            return self.absent(is_text);
        }
        if self.format.none.iter().any(|none| **none == *text) {
            return self.absent(false);
        }
        match self.inner {
            Type::Text | Type::Any | Type::Error => Some(Value::Text(self.recent.shared(text))),
            ty => value(text, ty, self.format),
        }
    }

    fn absent(&self, is_text: bool) -> Option<Value> {
        match (self.is_optional, is_text) {
            (true, _) => Some(Value::None),
            (false, true) => Some(Value::text("")),
            (false, false) => None,
        }
    }

    /// The type in words.
    pub(super) fn wanted(&self) -> String {
        if self.is_optional && !matches!(self.ty, Type::None) {
            format!("{} or none", self.inner)
        } else {
            self.ty.to_string()
        }
    }

    /// What to do about a cell that does not fit.
    pub(super) fn help(&self, name: &str, text: &str) -> String {
        if text.is_empty() {
            return format!("write `{name}: {}?` when it may be absent", self.ty);
        }
        let is_mark = matches!(
            text.trim().to_ascii_lowercase().as_str(),
            "n/a" | "na" | "null" | "none" | "nan" | "-" | "#n/a" | "\\n"
        );
        match self.inner {
            _ if is_mark && self.is_optional => format!("say that it stands for none: `none: [{text:?}]`"),
            _ if is_mark => format!("write `{name}: {}?` and `none: [{text:?}]`", self.ty),
            Type::Date if self.format.dates.is_none() => {
                "say how days are written, such as `dates: \"%d/%m/%Y\"`".to_owned()
            }
            _ => "correct the file, or read the column as `text` and take it apart".to_owned(),
        }
    }
}

/// The text as a value of a type that is not optional. White space around anything but texts does not matter.
fn value(text: &str, ty: &Type, format: &CsvFormat) -> Option<Value> {
    let trimmed = text.trim();
    match ty {
        Type::Literals(allowed) => allowed.get(text).map(|literal| Value::Text(literal.clone())),
        Type::Url => Some(Value::Url(text.into())),
        Type::Secret => Some(Value::Secret(text.into())),
        Type::Bool => boolean(trimmed).map(Value::Bool),
        Type::Int => trimmed.parse().ok().map(Value::Int),
        Type::Float => trimmed.parse().ok().map(Value::Float),
        Type::Decimal => decimal(trimmed).map(|decimal| Value::Decimal(Arc::new(decimal))),
        Type::Date => date(trimmed, format.dates.as_deref()).map(Value::Date),
        Type::Time => parse_time(trimmed).map(Value::Time),
        Type::Timestamp => parse_timestamp(trimmed).map(Value::Timestamp),
        Type::Json => serde_json::from_str(text).ok().map(|json: Json| Value::Json(Arc::new(json))),
        _ => from_json(&serde_json::from_str::<Json>(text).ok()?, ty, "").ok(),
    }
}

fn boolean(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ if is("true") => Some(true),
        _ if is("false") => Some(false),
        _ => None,
    }
}

/// Digit by digit: no float in between, and nothing but a number is taken for one.
fn decimal(text: &str) -> Option<BigDecimal> {
    let is_number = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let decimal = is_number.then(|| BigDecimal::from_str(text).ok()).flatten()?;
    let is_near = decimal.fractional_digit_count().unsigned_abs() <= WIDEST_DECIMAL.unsigned_abs();
    is_near.then_some(decimal)
}

fn date(text: &str, format: Option<&str>) -> Option<NaiveDate> {
    match format {
        Some(format) => NaiveDate::parse_from_str(text, format).ok(),
        None => iso_date(text),
    }
}

/// `2025-01-31`, and nothing that is nearly so.
fn iso_date(text: &str) -> Option<NaiveDate> {
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u32, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
    };
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return None };
    let year = i32::try_from(number(<&[u8; 4]>::try_from(year).ok()?)?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&[*m1, *m2])?, number(&[*d1, *d2])?)
}

/// Adds a value as it stands in a cell, before quotes; `none` adds nothing. What cannot be written is said.
pub(super) fn write(out: &mut Vec<u8>, value: &Value, dates: Option<&str>) -> Result<(), String> {
    // Writing to memory cannot fail.
    let _ = match value {
        Value::None => Ok(()),
        Value::Bool(b) => write!(out, "{b}"),
        Value::Int(n) => write!(out, "{n}"),
        Value::Float(x) => write!(out, "{x:?}"),
        Value::Decimal(d) if d.fractional_digit_count().abs() > WIDEST_DECIMAL => {
            return Err("a `decimal` with too many digits".to_owned());
        }
        Value::Decimal(d) => write!(out, "{}", d.to_plain_string()),
        Value::Text(text) | Value::Url(text) | Value::Regex(text) | Value::Promql(text) => {
            out.write_all(text.as_bytes())
        }
        Value::Date(day) => match dates {
            Some(format) => write!(out, "{}", day.format(format)),
            None => write!(out, "{day}"),
        },
        Value::Time(time) => write!(out, "{}", time.format("%H:%M:%S%.f")),
        Value::Timestamp(at) => write!(out, "{}", at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        Value::Secret(_) => return Err("a `secret`, which is never written to a file".to_owned()),
        Value::Duration(_) | Value::Period(_) | Value::BusinessDays(_) => write!(out, "{value}"),
        Value::Json(_)
        | Value::List(_)
        | Value::Column(_)
        | Value::Map(_)
        | Value::Record(_)
        | Value::Table(_)
        | Value::Points(_) => {
            if holds_secret(value) {
                return Err("a `secret`, which is never written to a file".to_owned());
            }
            write!(out, "{}", to_json(value))
        }
        other => return Err(format!("a `{}`, which no cell holds", other.kind())),
    };
    Ok(())
}

/// Whether a secret is somewhere in a value.
pub(super) fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(items) => items.iter().any(holds_secret),
        Value::Column(column) => column.iter().any(|value| holds_secret(&value)),
        Value::Record(record) => record.values.iter().any(holds_secret),
        Value::Map(map) => map.iter().any(|(key, value)| holds_secret(key) || holds_secret(value)),
        Value::Table(table) => table.cells().any(|value| holds_secret(&value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn format(none: &[&str], dates: Option<&str>) -> CsvFormat {
        let none = none.iter().map(|text| Arc::from(*text)).collect();
        CsvFormat { delimiter: b',', header: true, none, dates: dates.map(Arc::from) }
    }

    fn read(text: &str, ty: &Type) -> Option<Value> {
        Reader::new(ty, &format(&["n/a"], None)).read(text, false)
    }

    #[test]
    fn a_cell_is_of_the_stated_type_or_nothing() {
        let good: &[(&str, Type, &str)] = &[
            ("17", Type::Int, "17"),
            (" -3 ", Type::Int, "-3"),
            ("1e3", Type::Float, "1000"),
            ("0.1000000000000000000001", Type::Decimal, "0.1000000000000000000001"),
            ("TRUE", Type::Bool, "true"),
            ("0", Type::Bool, "false"),
            ("2025-01-31", Type::Date, "2025-01-31"),
            ("06:00", Type::Time, "06:00:00"),
            ("2025-01-31 06:00:00+01", Type::Timestamp, "2025-01-31T05:00:00Z"),
            (" a ", Type::Text, " a "),
            ("lower", Type::literals(["lower", "upper"]), "lower"),
            ("[1, 2]", Type::list(Type::Int), "[1, 2]"),
            ("n/a", Type::Text.optional(), "none"),
            ("", Type::Decimal.optional(), "none"),
        ];
        for (text, ty, shown) in good {
            assert_eq!(read(text, ty).map(|value| value.to_string()).as_deref(), Some(*shown), "{text:?} as {ty}");
        }
        let bad: &[(&str, Type)] = &[
            ("1.0", Type::Int),
            ("9223372036854775808", Type::Int),
            ("1,5", Type::Decimal),
            ("1_000", Type::Decimal),
            ("1e999999999", Type::Decimal),
            ("NaN", Type::Decimal),
            ("yes", Type::Bool),
            ("31/01/2025", Type::Date),
            ("2025-1-31", Type::Date),
            ("2025-02-29", Type::Date),
            ("+2025-01-1", Type::Date),
            ("25:00", Type::Time),
            ("today", Type::Timestamp),
            ("middle", Type::literals(["lower"])),
            ("[1, \"a\"]", Type::list(Type::Int)),
            ("n/a", Type::Text),
            ("", Type::Int),
        ];
        for (text, ty) in bad {
            assert_eq!(read(text, ty), None, "{text:?} as {ty}");
        }
    }

    #[test]
    fn an_empty_text_and_none_are_told_apart_by_quotes() {
        let format = format(&[], None);
        let read = |ty: Type, is_quoted| Reader::new(&ty, &format).read("", is_quoted);
        assert_eq!(read(Type::Text.optional(), false), Some(Value::None));
        assert_eq!(read(Type::Text.optional(), true), Some(Value::text("")));
        assert_eq!(read(Type::Text, false), Some(Value::text("")));
        assert_eq!(read(Type::Int.optional(), true), Some(Value::None));
    }

    #[test]
    fn days_are_read_and_written_in_their_own_way() {
        let format = format(&[], Some("%d/%m/%Y"));
        let day = Reader::new(&Type::Date, &format).read("31/01/2025", false).unwrap();
        let mut out = Vec::new();
        write(&mut out, &day, Some("%d/%m/%Y")).unwrap();
        assert_eq!((day.to_string().as_str(), out.as_slice()), ("2025-01-31", b"31/01/2025".as_slice()));
    }

    #[test]
    fn secrets_do_not_go_into_files() {
        let hidden = Value::list(vec![Value::Secret("hunter2".into())]);
        for value in [Value::Secret("hunter2".into()), hidden] {
            let mut out = Vec::new();
            assert!(write(&mut out, &value, None).unwrap_err().contains("secret"));
            assert!(out.is_empty());
        }
    }

    proptest! {
        #[test]
        fn numbers_come_back_bit_for_bit(x in any::<f64>(), n in any::<i64>(), digits in "-?[0-9]{1,30}\\.[0-9]{1,30}") {
            let format = format(&[], None);
            let mut out = Vec::new();
            write(&mut out, &Value::Float(x), None).unwrap();
            let Some(Value::Float(back)) = Reader::new(&Type::Float, &format).read(std::str::from_utf8(&out).unwrap(), false) else { panic!() };
            prop_assert!(back.to_bits() == x.to_bits() || (back.is_nan() && x.is_nan()));
            prop_assert_eq!(read(&n.to_string(), &Type::Int), Some(Value::Int(n)));
            let decimal = read(&digits, &Type::Decimal).unwrap();
            let mut out = Vec::new();
            write(&mut out, &decimal, None).unwrap();
            prop_assert_eq!(read(std::str::from_utf8(&out).unwrap(), &Type::Decimal), Some(decimal));
        }

        #[test]
        fn no_cell_panics(text in ".*") {
            for ty in [Type::Int, Type::Float, Type::Decimal, Type::Date, Type::Time, Type::Timestamp, Type::Bool, Type::Json] {
                let _ = read(&text, &ty);
            }
        }
    }
}
