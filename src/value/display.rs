//! How a value reads in an interpolated text, a log or a message.

use std::fmt::{self, Write};

use chrono::{Datelike, SecondsFormat, Timelike};

use super::{Period, Sequence, Timestamp, Value};

/// `2025-01-31T06:00:00`, without the fraction; `None` for a year that has not four digits. By hand, because reading a format for
/// each of a million instants takes longer than anything else done to them.
pub fn to_the_second(at: &Timestamp) -> Option<[u8; 19]> {
    let (day, time) = (at.date_naive(), at.time());
    let year = u32::try_from(day.year()).ok().filter(|year| *year <= 9999)?;
    let mut text = *b"0000-00-00T00:00:00";
    let date = [(0..4, year), (5..7, day.month()), (8..10, day.day())];
    let clock = [(11..13, time.hour()), (14..16, time.minute()), (17..19, time.second())];
    for (places, mut number) in date.into_iter().chain(clock) {
        for digit in text.get_mut(places)?.iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).ok()?;
            number /= 10;
        }
    }
    Some(text)
}

/// [`to_the_second`] of an instant that has no fraction.
fn whole_second(at: &Timestamp) -> Option<[u8; 19]> {
    to_the_second(at).filter(|_| at.nanosecond() == 0)
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(n) => write!(f, "{n}"),
            Self::Float(x) => write!(f, "{x}"),
            Self::Decimal(d) => f.write_str(&d.to_plain_string()),
            Self::Text(text) | Self::Promql(text) | Self::Url(text) | Self::Regex(text) => f.write_str(text),
            Self::Json(json) => write!(f, "{json}"),
            Self::Date(date) => write!(f, "{date}"),
            Self::Time(time) => f.write_str(&time.format("%H:%M:%S").to_string()),
            Self::Timestamp(at) => match whole_second(at) {
                Some(text) => f.write_str(str::from_utf8(&text).unwrap_or_default()).and_then(|()| f.write_str("Z")),
                None => f.write_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            },
            Self::Duration(ms) => f.write_str(&duration(*ms)),
            Self::Period(period) => write!(f, "{period}"),
            Self::BusinessDays(n) => write!(f, "{n}bd"),
            Self::DateRange(from, to) => write!(f, "{from} through {to}"),
            Self::TimeRange(from, to) => write!(f, "{} until {}", Self::Timestamp(*from), Self::Timestamp(*to)),
            Self::Calendar(calendar) => write!(f, "{calendar}"),
            Self::List(_) | Self::Points(_) | Self::Table(_) | Self::Column(_) => write_items(self, f),
            Self::Map(map) => write_pairs(f, map.iter()),
            Self::Record(record) => {
                let fields: Vec<String> = record.fields().map(|(name, value)| format!("{name}: {value}")).collect();
                write!(f, "{{ {} }}", fields.join(", "))
            }
            Self::Sample(sample) => write!(f, "{}{} {} @ {}", sample.name, sample.labels, sample.value, sample.at_ms),
            Self::Series(series) => f.write_str(&series.id()),
            Self::Outcomes(outcomes) => write!(f, "{} ok, {} failed", outcomes.ok.len(), outcomes.failed.len()),
            Self::Sql(query) => write!(f, "{query}"),
            Self::Secret(_) => f.write_str("•••"),
            Self::Connection(kind, name) => write!(f, "{} `{name}`", kind.name()),
            Self::Error(error) => write!(f, "{error}"),
        }
    }
}

fn write_items(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let items: Vec<String> =
        Sequence::of(value).iter().flat_map(|s| s.iter().map(|v| v.to_string()).collect::<Vec<_>>()).collect();
    write!(f, "[{}]", items.join(", "))
}

fn write_pairs<'a>(f: &mut fmt::Formatter<'_>, pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> fmt::Result {
    let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}: {value}")).collect();
    write!(f, "{{ {} }}", pairs.join(", "))
}

/// The beginning of a text on one line, its white space as single spaces; what is longer ends in `…`.
pub fn cut(text: &str, longest: usize) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        // A text may be very long: four bytes are the most that a letter has.
        if line.len() > longest.saturating_mul(4) {
            break;
        }
    }
    if line.chars().count() <= longest {
        return line;
    }
    line.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

/// `1h30m`, `250ms`, `0s`; as it would be written in a file.
pub(super) fn duration(ms: i64) -> String {
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut rest = ms.unsigned_abs();
    let mut text = String::from(if ms < 0 { "-" } else { "" });
    for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
        if rest >= size {
            // Writing to a text cannot fail.
            let _ = write!(text, "{}{unit}", rest / size);
            rest %= size;
        }
    }
    text
}

/// `1y2mo`, `30d`, `0d`; as it would be written in a file.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (years, months) = (self.months / 12, self.months % 12);
        let parts = [(years, "y"), (months, "mo"), (self.days, "d")];
        let mut shown = parts.iter().filter(|(n, _)| *n != 0).peekable();
        if shown.peek().is_none() {
            return f.write_str("0d");
        }
        shown.try_for_each(|(n, unit)| write!(f, "{n}{unit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_periods_read_as_written() {
        assert_eq!(duration(5_400_000), "1h30m");
        assert_eq!(duration(-250), "-250ms");
        assert_eq!(Period { months: 14, days: 0 }.to_string(), "1y2mo");
        assert_eq!(Value::Secret("hunter2".into()).to_string(), "•••");
    }

    #[test]
    fn instants_read_as_chrono_writes_them() {
        for text in ["2025-01-31T06:07:08Z", "2025-01-31T06:00:00.5Z", "0000-01-01T00:00:00Z", "+12025-01-31T06:00:00Z"]
        {
            let at: Timestamp = text.parse().unwrap();
            let shown = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            assert_eq!(Value::Timestamp(at).to_string(), shown, "{text}");
        }
    }
}
