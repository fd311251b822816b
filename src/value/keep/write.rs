//! The JSON of a value, as a text at once: a tree of a million numbers would take ten times the room and the time.

use std::fmt::{Display, Write as _};

use bigdecimal::BigDecimal;

use super::{DEEPEST, FARTHEST_DIGIT, LEVELS};
use crate::value::{Column, Labels, Points, StepError, Table, Timestamp, Value};

/// What has been written. Each function gives `None` where a value is not kept; what stands here then is of no use.
#[derive(Default)]
pub(super) struct Writer(String);

impl Writer {
    /// A value's text.
    pub(super) fn text_of(value: &Value) -> Option<String> {
        let mut writer = Self::default();
        writer.value(value, DEEPEST)?;
        Some(writer.0)
    }

    fn value(&mut self, value: &Value, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(LEVELS)?;
        match value {
            Value::None => self.shown("null"),
            Value::Bool(b) => self.shown(b),
            Value::Int(n) => self.int(*n),
            Value::Float(x) => self.float(*x),
            Value::Text(text) => self.text(text),
            Value::List(items) => return self.values(items.iter(), depth),
            Value::Column(column) => return self.column(column, depth),
            _ => {
                self.0.push('{');
                self.other(value, depth)?;
                self.0.push('}');
            }
        }
        Some(())
    }

    /// The kind and what there is of it, between braces.
    fn other(&mut self, value: &Value, depth: usize) -> Option<()> {
        match value {
            Value::Decimal(decimal) => self.kind("decimal").decimal(decimal)?,
            // As a text: it may nest as deep as the reader takes.
            Value::Json(json) => self.kind("json").text(&json.to_string()),
            Value::Date(day) => self.kind("date").quoted(day),
            Value::Time(time) => self.kind("time").quoted(time),
            Value::Timestamp(at) => self.kind("timestamp").instant(*at),
            Value::Duration(ms) => self.kind("duration").shown(ms),
            Value::Period(period) => self.kind("period").shown(format_args!("[{},{}]", period.months, period.days)),
            Value::BusinessDays(n) => self.kind("bdays").shown(n),
            Value::DateRange(from, to) => self.kind("dates").shown(format_args!("[\"{from}\",\"{to}\"]")),
            Value::TimeRange(from, to) => {
                self.kind("times").list([*from, *to].into_iter(), |writer, at| {
                    writer.instant(at);
                    Some(())
                })?;
            }
            Value::Url(url) => self.kind("url").text(url),
            Value::Regex(pattern) => self.kind("regex").text(pattern),
            Value::Map(map) => self.kind("map").list(map.iter(), |writer, (key, value)| {
                writer.pair(|writer| writer.value(key, depth), |writer| writer.value(value, depth))
            })?,
            Value::Record(record) => self.kind("record").list(record.fields(), |writer, (name, value)| {
                writer.pair(
                    |writer| {
                        writer.text(name);
                        Some(())
                    },
                    |writer| writer.value(value, depth),
                )
            })?,
            Value::Table(table) => self.kind("table").table(table, depth)?,
            Value::Points(points) => self.kind("points").points(points)?,
            Value::Sample(sample) => {
                self.kind("sample").0.push('[');
                self.text(&sample.name);
                self.next().labels(&sample.labels)?;
                self.next().float(sample.value);
                self.next().shown(sample.at_ms);
                self.0.push(']');
            }
            Value::Series(series) => {
                self.kind("series").0.push('[');
                self.text(&series.name);
                self.next().labels(&series.labels)?;
                self.next().points(&series.points)?;
                self.0.push(']');
            }
            Value::Outcomes(outcomes) => self.kind("outcomes").pair(
                |writer| writer.values(outcomes.ok.iter(), depth),
                |writer| writer.values(outcomes.failed.iter(), depth),
            )?,
            Value::Error(error) => self.kind("error").error(error),
            _ => return None,
        }
        Some(())
    }

    fn kind(&mut self, kind: &str) -> &mut Self {
        self.0.push('"');
        self.0.push_str(kind);
        self.0.push_str("\":");
        self
    }

    fn next(&mut self) -> &mut Self {
        self.0.push(',');
        self
    }

    fn shown(&mut self, shown: impl Display) {
        // Writing to a text cannot fail.
        let _ = write!(self.0, "{shown}");
    }

    /// What has nothing in it that would have to be escaped.
    fn quoted(&mut self, shown: impl Display) {
        self.shown(format_args!("\"{shown}\""));
    }

    fn text(&mut self, text: &str) {
        let is_plain = text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
        if is_plain {
            self.0.push('"');
            self.0.push_str(text);
            self.0.push('"');
        } else {
            self.shown(serde_json::Value::from(text));
        }
    }

    /// A finite float has a point or an exponent, always, and as many digits as tell it from others.
    fn float(&mut self, x: f64) {
        if x.is_finite() {
            self.0.push_str(zmij::Buffer::new().format_finite(x));
        } else {
            self.shown(format_args!("{{\"float\":\"{x:?}\"}}"));
        }
    }

    fn int(&mut self, n: i64) {
        self.0.push_str(itoa::Buffer::new().format(n));
    }

    /// The digits and how many of them stand behind the point: `1.50` is not `1.5` when it is printed.
    fn decimal(&mut self, decimal: &BigDecimal) -> Option<()> {
        let (digits, scale) = decimal.as_bigint_and_exponent();
        self.shown(format_args!("[\"{digits}\",{scale}]"));
        (scale.unsigned_abs() <= FARTHEST_DIGIT).then_some(())
    }

    /// Seconds and nanoseconds: no text of an instant reaches the far ends of the calendar.
    fn instant(&mut self, at: Timestamp) {
        self.0.push('[');
        self.int(at.timestamp());
        self.0.push(',');
        self.int(at.timestamp_subsec_nanos().into());
        self.0.push(']');
    }

    fn list<T>(
        &mut self,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Option<()>,
    ) -> Option<()> {
        self.0.push('[');
        for (at, item) in items.enumerate() {
            if at > 0 {
                self.0.push(',');
            }
            write(self, item)?;
        }
        self.0.push(']');
        Some(())
    }

    fn pair(
        &mut self,
        first: impl FnOnce(&mut Self) -> Option<()>,
        second: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.0.push('[');
        first(self)?;
        self.0.push(',');
        second(self)?;
        self.0.push(']');
        Some(())
    }

    fn values<'v>(&mut self, items: impl Iterator<Item = &'v Value>, depth: usize) -> Option<()> {
        self.list(items, |writer, item| writer.value(item, depth))
    }

    fn column(&mut self, column: &Column, depth: usize) -> Option<()> {
        self.list(column.iter(), |writer, item| writer.value(&item, depth))
    }

    fn table(&mut self, table: &Table, depth: usize) -> Option<()> {
        self.shown(format_args!("[{},", table.rows));
        self.list(table.shape.iter().zip(&table.columns), |writer, (name, items)| {
            writer.pair(
                |writer| {
                    writer.text(name);
                    Some(())
                },
                |writer| writer.column(items, depth),
            )
        })?;
        self.0.push(']');
        Some(())
    }

    fn points(&mut self, points: &Points) -> Option<()> {
        self.0.push('[');
        self.list(points.at_ms.iter(), |writer, at_ms| {
            writer.int(*at_ms);
            Some(())
        })?;
        self.next().list(points.values.iter(), |writer, value| {
            writer.float(*value);
            Some(())
        })?;
        self.0.push(']');
        Some(())
    }

    fn labels(&mut self, labels: &Labels) -> Option<()> {
        self.list(labels.iter(), |writer, (name, value)| {
            writer.pair(
                |writer| {
                    writer.text(name);
                    Some(())
                },
                |writer| {
                    writer.text(value);
                    Some(())
                },
            )
        })
    }

    fn error(&mut self, error: &StepError) {
        let (kind, message, help) = (error.kind.name(), &error.message, &error.help);
        self.shown(serde_json::json!([kind, message, help, error.retryable, error.retry_after_ms]));
    }
}
