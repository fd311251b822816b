//! Rows in the binary form of COPY, where the bytes of every column are known: the server parses no text, which costs it
//! nearly half of what the whole copying does.
//!
//! Each value lands as its text would: what a column would refuse or round goes as a text, and the server says so.

use chrono::NaiveDate;

use super::decode::{EPOCH_DAYS, EPOCH_MICROS};
use crate::connection::sql::rows::Column;
use crate::value::{Cell, Column as Values, Table, Timestamp};

/// What a stream begins with: a signature, no flags, no more header.
pub(super) const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What a stream ends with.
pub(super) const END: &[u8] = &(-1_i16).to_be_bytes();

/// How the values of a column are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Bool,
    Int2,
    Int4,
    Int8,
    Float8,
    Numeric,
    Date,
    Timestamp,
    Text,
}

/// The forms of all columns; `None` when some column has none.
pub(super) fn forms(columns: &[&Column], rows: &Table) -> Option<Vec<Form>> {
    columns.iter().zip(&rows.columns).map(|(column, values)| Form::of(&column.ty, values)).collect()
}

impl Form {
    /// Of these values in a column of a type, as the server writes it.
    fn of(ty: &str, values: &Values) -> Option<Self> {
        let form = match ty {
            "boolean" => Self::Bool,
            "smallint" => Self::Int2,
            "integer" => Self::Int4,
            "bigint" => Self::Int8,
            "double precision" => Self::Float8,
            "numeric" => Self::Numeric,
            "date" => Self::Date,
            "timestamp with time zone" | "timestamp without time zone" => Self::Timestamp,
            "text" | "character varying" => Self::Text,
            _ => return None,
        };
        (0..values.len()).all(|at| form.takes(values.cell(at))).then_some(form)
    }

    fn takes(self, cell: Cell<'_>) -> bool {
        match (self, cell) {
            (_, Cell::None)
            | (Self::Bool, Cell::Bool(_))
            | (Self::Int8, Cell::Int(_))
            | (Self::Float8, Cell::Float(_) | Cell::Int(_))
            | (Self::Date, Cell::Date(_))
            | (Self::Timestamp, Cell::Timestamp(_))
            | (Self::Text, Cell::Text(_)) => true,
            (Self::Int2, Cell::Int(n)) => i16::try_from(n).is_ok(),
            (Self::Int4, Cell::Int(n)) => i32::try_from(n).is_ok(),
            // Digits before the point that are left out are rare, and a text says them.
            (Self::Numeric, Cell::Decimal(_, scale)) => scale >= 0,
            (Self::Numeric, Cell::Int(_)) => true,
            _ => false,
        }
    }
}

/// A row: how many values there are, then the length of each and its bytes.
pub(super) fn line(out: &mut Vec<u8>, forms: &[Form], rows: &Table, at: usize, numbered: bool) {
    let count = forms.len() + usize::from(numbered);
    out.extend_from_slice(&u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes());
    if numbered {
        put(out, &i64::try_from(at).unwrap_or(i64::MAX).to_be_bytes());
    }
    for (form, values) in forms.iter().zip(&rows.columns) {
        field(out, *form, values.cell(at));
    }
}

#[expect(clippy::cast_possible_truncation, reason = "`takes` has looked at the width")]
fn field(out: &mut Vec<u8>, form: Form, cell: Cell<'_>) {
    match cell {
        Cell::Bool(b) => put(out, &[u8::from(b)]),
        Cell::Int(n) => match form {
            Form::Int2 => put(out, &(n as i16).to_be_bytes()),
            Form::Int4 => put(out, &(n as i32).to_be_bytes()),
            Form::Float8 => put(out, &(n as f64).to_be_bytes()),
            Form::Numeric => numeric(out, n, 0),
            _ => put(out, &n.to_be_bytes()),
        },
        Cell::Float(x) => put(out, &x.to_be_bytes()),
        Cell::Decimal(digits, scale) => numeric(out, digits, scale),
        Cell::Date(day) => put(out, &days(day).to_be_bytes()),
        Cell::Timestamp(at) => put(out, &micros(at).to_be_bytes()),
        Cell::Text(text) => put(out, text.as_bytes()),
        Cell::None | Cell::Other => out.extend_from_slice(&(-1_i32).to_be_bytes()),
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    // The server takes no value of 2 GiB, and says so.
    out.extend_from_slice(&i32::try_from(bytes.len()).unwrap_or(i32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn days(day: NaiveDate) -> i32 {
    let days = i64::from(day.to_epoch_days()) - EPOCH_DAYS;
    // No date of ours is so far away.
    i32::try_from(days).unwrap_or(i32::MAX - 1)
}

fn micros(at: Timestamp) -> i64 {
    at.timestamp_micros().saturating_sub(EPOCH_MICROS)
}

/// Digits in groups of four, aligned at the point; how many groups, the place of the first, sign and places before them.
fn numeric(out: &mut Vec<u8>, digits: i64, scale: i16) {
    const GROUP: u64 = 10_000;
    let places = u32::from(scale.unsigned_abs());
    let mut groups: Vec<u16> = Vec::with_capacity(6);
    let mut rest = digits.unsigned_abs();
    let mut group = |value: u64| groups.push(u16::try_from(value).unwrap_or_default());
    // The last group may have fewer digits than four, which stand at its left.
    let odd = places % 4;
    if odd > 0 {
        let some = 10_u64.pow(odd);
        group(rest % some * 10_u64.pow(4 - odd));
        rest /= some;
    }
    while rest > 0 {
        group(rest % GROUP);
        rest /= GROUP;
    }
    groups.reverse();
    // Groups behind the point, of which the last is the last.
    let behind = i64::from(places.div_ceil(4));
    let first = i64::try_from(groups.len()).unwrap_or_default() - behind - 1;
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    let used = groups.get(zeros..).unwrap_or_default();
    let weight = if used.is_empty() { 0 } else { first - i64::try_from(zeros).unwrap_or_default() };
    out.extend_from_slice(&i32::try_from(8 + 2 * used.len()).unwrap_or_default().to_be_bytes());
    out.extend_from_slice(&u16::try_from(used.len()).unwrap_or_default().to_be_bytes());
    out.extend_from_slice(&i16::try_from(weight).unwrap_or_default().to_be_bytes());
    out.extend_from_slice(&(if digits < 0 { 0x4000_u16 } else { 0 }).to_be_bytes());
    out.extend_from_slice(&scale.to_be_bytes());
    out.extend(used.iter().flat_map(|group| group.to_be_bytes()));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::value::Value;

    fn written(digits: i64, scale: i16) -> Vec<i16> {
        let mut out = Vec::new();
        numeric(&mut out, digits, scale);
        out[4..].chunks(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect()
    }

    #[test]
    fn decimals_are_groups_of_four_digits() {
        assert_eq!(written(0, 2), [0, 0, 0, 2]);
        assert_eq!(written(-15, 1), [2, 0, 0x4000, 1, 1, 5000]);
        assert_eq!(written(1_234_567, 3), [2, 0, 0, 3, 1234, 5670]);
        assert_eq!(written(12_345_678, 2), [3, 1, 0, 2, 12, 3456, 7800]);
        assert_eq!(written(5, 6), [1, -2, 0, 6, 500]);
        assert_eq!(written(5, 8), [1, -2, 0, 8, 5]);
        assert_eq!(written(10_000, 0), [2, 1, 0, 0, 1, 0]);
    }

    #[test]
    fn what_a_column_would_not_take_as_it_is_goes_as_a_text() {
        let form = |ty: &str, values: Vec<Value>| Form::of(ty, &values.into());
        assert_eq!(form("integer", vec![Value::Int(1), Value::None]), Some(Form::Int4));
        assert_eq!(form("integer", vec![Value::Int(1 << 40)]), None);
        assert_eq!(form("integer", vec![Value::Float(1.0)]), None);
        assert_eq!(form("real", vec![Value::Float(1.0)]), None);
        let decimal = || Value::Decimal(Arc::new("1.5".parse().unwrap()));
        assert_eq!(form("numeric", vec![decimal(), Value::Int(1)]), Some(Form::Numeric));
        assert_eq!(form("numeric", vec![decimal(), Value::Float(0.1)]), None);
        assert_eq!(form("uuid", vec![Value::text("x")]), None);
        assert_eq!(form("text", vec![Value::Int(1)]), None);
        assert_eq!(form("double precision", vec![Value::Int(1), Value::Float(0.5)]), Some(Form::Float8));
    }
}
