//! A short text that stands for a value: equal values have one, and others another.
//!
//! Not `Hash`, which is for keys of maps: it takes `1` for `1.0`, and a series for any other with its labels.

use chrono::Timelike;
use sha2::{Digest, Sha256};

use super::{
    Cell, Column, Labels, MapValue, Period, Points, Record, Sequence, SqlQuery, StepError, Table, Timestamp, Value,
    to_the_second,
};
use crate::calendar::Calendar;

/// Bytes that are taken in at once.
const BLOCK: usize = 4096;

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// The first 32 digits of a hash: as many as nobody finds a second text for.
pub fn short(hash: Sha256) -> String {
    let mut digits = hex(&hash.finalize());
    digits.truncate(32);
    digits
}

/// Takes in what a fingerprint is made of.
#[derive(Clone, Default)]
pub struct Fingerprint {
    hash: Sha256,
    /// What waits for being taken in: small pieces cost more each than what they hold.
    waiting: Vec<u8>,
}

impl Fingerprint {
    /// Takes in a text. Where it ends counts: `ab`, `c` is not `a`, `bc`.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    /// Takes in a number.
    pub fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= BLOCK {
            self.hash.update(&self.waiting);
            self.waiting.clear();
        }
    }

    /// An instant as chrono shows it.
    fn instant(&mut self, at: &Timestamp) {
        match to_the_second(at).filter(|_| at.nanosecond() == 0) {
            Some(text) => {
                self.number(text.len() as u64 + 1);
                self.bytes(&text);
                self.bytes(b"Z");
            }
            None => self.text(&format!("{at:?}")),
        }
    }

    /// Takes in a value. Every secret counts alike: a fingerprint of a short one would tell it.
    pub fn value(&mut self, value: &Value) {
        if let Some(items) = Sequence::of(value).filter(|_| !matches!(value, Value::Table(_))) {
            self.text("list");
            self.number(items.len() as u64);
            return items.iter().for_each(|item| self.value(&item));
        }
        self.text(value.kind());
        self.content(value);
    }

    /// 32 characters that stand for all that was taken in.
    pub fn finish(mut self) -> String {
        self.hash.update(&self.waiting);
        short(self.hash)
    }

    fn content(&mut self, value: &Value) {
        match value {
            Value::Bool(b) => self.number(u64::from(*b)),
            Value::Int(n) | Value::Duration(n) | Value::BusinessDays(n) => self.number(n.cast_unsigned()),
            Value::Float(x) => self.number(x.to_bits()),
            Value::Decimal(decimal) => {
                let (digits, scale) = decimal.as_bigint_and_exponent();
                self.text(&digits.to_string());
                self.number(scale.cast_unsigned());
            }
            Value::Text(text) | Value::Promql(text) | Value::Url(text) | Value::Regex(text) => self.text(text),
            Value::Json(json) => self.text(&json.to_string()),
            Value::Date(day) => self.text(&day.to_string()),
            Value::Time(time) => self.text(&time.to_string()),
            Value::Timestamp(at) => self.instant(at),
            Value::Period(Period { months, days }) => self.text(&format!("{months} {days}")),
            Value::DateRange(from, to) => self.text(&format!("{from} {to}")),
            Value::TimeRange(from, to) => self.text(&format!("{from:?} {to:?}")),
            Value::Calendar(calendar) => self.calendar(calendar),
            Value::Map(map) => self.map(map),
            Value::Record(record) => self.record(record),
            Value::Table(table) => self.table(table),
            Value::Sample(sample) => {
                self.text(&sample.name);
                self.labels(&sample.labels);
                self.number(sample.value.to_bits());
                self.number(sample.at_ms.cast_unsigned());
            }
            Value::Series(series) => {
                self.text(&series.name);
                self.labels(&series.labels);
                self.points(&series.points);
            }
            Value::Outcomes(outcomes) => [&outcomes.ok, &outcomes.failed].into_iter().for_each(|items| {
                self.number(items.len() as u64);
                items.iter().for_each(|item| self.value(item));
            }),
            Value::Sql(query) => self.sql(query),
            Value::Connection(_, name) => self.text(name),
            Value::Error(error) => self.error(error),
            Value::None | Value::Secret(_) | Value::List(_) | Value::Column(_) | Value::Points(_) => {}
        }
    }

    fn calendar(&mut self, calendar: &Calendar) {
        self.text(&format!("{calendar:?}"));
    }

    fn map(&mut self, map: &MapValue) {
        self.number(map.len() as u64);
        for (key, value) in map {
            self.value(key);
            self.value(value);
        }
    }

    fn record(&mut self, record: &Record) {
        self.number(record.values.len() as u64);
        for (name, value) in record.fields() {
            self.text(name);
            self.value(value);
        }
    }

    fn table(&mut self, table: &Table) {
        self.number(table.rows as u64);
        for (name, column) in table.shape.iter().zip(&table.columns) {
            self.text(name);
            (0..column.len()).for_each(|at| self.cell(column, at));
        }
    }

    /// A value of a column, as [`Fingerprint::value`] takes it in.
    fn cell(&mut self, column: &Column, at: usize) {
        if let Cell::Text(text) = column.cell(at) {
            self.text("text");
            self.text(text);
        } else {
            self.value(&column.get(at).unwrap_or(Value::None));
        }
    }

    fn points(&mut self, points: &Points) {
        self.number(points.at_ms.len() as u64);
        for at in &points.at_ms {
            self.number(at.cast_unsigned());
        }
        for value in &points.values {
            self.number(value.to_bits());
        }
    }

    fn labels(&mut self, labels: &Labels) {
        self.number(labels.iter().count() as u64);
        for (name, value) in labels.iter() {
            self.text(name);
            self.text(value);
        }
    }

    fn sql(&mut self, query: &SqlQuery) {
        self.text(&query.to_string());
        query.arguments.iter().for_each(|argument| self.value(argument));
    }

    fn error(&mut self, error: &StepError) {
        self.text(error.kind.name());
        self.text(&error.message);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{from_kept, to_kept};
    use super::*;

    fn of(value: &Value) -> String {
        let mut fingerprint = Fingerprint::default();
        fingerprint.value(value);
        fingerprint.finish()
    }

    #[test]
    fn what_differs_in_anything_has_another_fingerprint() {
        let values = [
            Value::None,
            Value::Int(1),
            Value::Float(1.0),
            Value::text("1"),
            Value::Duration(1),
            Value::list(vec![Value::Int(1)]),
            Value::list(vec![Value::list(vec![Value::Int(1)])]),
            Value::list(vec![Value::text("ab"), Value::text("c")]),
            Value::list(vec![Value::text("a"), Value::text("bc")]),
            Value::record([("a", Value::Int(1))]),
            Value::record([("b", Value::Int(1))]),
            Value::Secret("hunter2".into()),
        ];
        let all: std::collections::HashSet<String> = values.iter().map(of).collect();
        assert_eq!(all.len(), values.len());
        assert_eq!(of(&Value::Secret("hunter2".into())), of(&Value::Secret("hunter3".into())), "it tells no secret");
    }

    #[test]
    fn an_instant_counts_as_it_is_shown() {
        for text in ["2025-01-31T06:07:08Z", "2025-01-31T06:00:00.5Z", "0000-01-01T00:00:00Z", "+12025-01-31T06:00:00Z"]
        {
            let at: Timestamp = text.parse().unwrap();
            let mut shown = Fingerprint::default();
            shown.text("timestamp");
            shown.text(&format!("{at:?}"));
            assert_eq!(of(&Value::Timestamp(at)), shown.finish(), "{at:?}");
        }
    }

    #[test]
    fn a_kept_value_has_the_fingerprint_of_the_one_that_was_kept() {
        let points = Points { at_ms: vec![1, 2], values: vec![0.5, f64::NAN] };
        let values = [
            Value::list(vec![Value::Int(1), Value::Float(2.0), Value::None]),
            Value::Points(Arc::new(points)),
            Value::record([("a", Value::text("x")), ("b", Value::list(vec![]))]),
        ];
        for value in values {
            let kept = from_kept(&to_kept(&value).unwrap()).unwrap();
            assert_eq!(of(&kept), of(&value), "{value}");
        }
    }
}
