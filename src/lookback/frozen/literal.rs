//! Values as a file has them.

use std::fmt::Write;

use serde_json::Value as Json;

use crate::value::{Labels, Record, Sequence, Table, Value, timestamp};

/// The most columns, and the longest line, of a table that is written with pipes.
const MOST_COLUMNS: usize = 8;
const LONGEST_LINE: usize = 100;

/// A value as it would be written; of one that has no literal, what it is.
pub(super) fn literal(value: &Value) -> Result<String, String> {
    Ok(match value {
        Value::Float(x) if x.is_finite() => format!("{x:?}"),
        Value::Float(x) => return Err(format!("`{x}`, which no literal says")),
        Value::Decimal(decimal) => {
            let text = decimal.normalized().to_plain_string();
            // A literal with a point is a float first.
            let is_exact = text.parse::<f64>().is_ok_and(|x| format!("{x}") == text);
            if !is_exact {
                return Err(format!("`{text}`, which has more digits than a literal keeps"));
            }
            text
        }
        Value::Text(text) | Value::Url(text) => quoted(text),
        Value::Json(json) => of_json(json)?,
        Value::None
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Date(_)
        | Value::Timestamp(_)
        | Value::Duration(_)
        | Value::Period(_)
        | Value::BusinessDays(_)
        | Value::DateRange(..)
        | Value::TimeRange(..) => value.to_string(),
        Value::Time(time) if time.format("%f").to_string().bytes().all(|digit| digit == b'0') => value.to_string(),
        Value::List(_) | Value::Points(_) | Value::Column(_) => list(value)?,
        Value::Table(table) => match pipes(table) {
            Some(text) => text,
            None => list(value)?,
        },
        Value::Record(record) => self::record(record)?,
        Value::Map(map) => {
            let entry = |(key, value): (&Value, &Value)| Ok(format!("{}: {}", literal(key)?, literal(value)?));
            braces(&map.iter().map(entry).collect::<Result<Vec<_>, String>>()?)
        }
        Value::Sample(sample) => {
            let (name, labels, value) =
                (quoted(&sample.name), labels(&sample.labels), literal(&Value::Float(sample.value))?);
            format!(
                "sample({name}, labels: {labels}, value: {value}, at: {})",
                Value::Timestamp(timestamp(sample.at_ms))
            )
        }
        Value::Series(series) => {
            let points = list(&Value::Points(series.points.clone()))?;
            format!("series({}, labels: {}, points: {points})", quoted(&series.name), labels(&series.labels))
        }
        other => return Err(format!("a `{}`, which no literal says", other.kind())),
    })
}

/// A text between quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{{{:x}}}", u32::from(control));
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

fn list(value: &Value) -> Result<String, String> {
    let items: Vec<Value> = Sequence::of(value).iter().flat_map(|items| items.iter().collect::<Vec<_>>()).collect();
    let written = items.iter().map(literal).collect::<Result<Vec<_>, _>>()?;
    // A new line behind the bracket keeps one item a line.
    let is_long = written.len() > 1 && written.iter().map(String::len).sum::<usize>() > LONGEST_LINE;
    let gap = if is_long { "\n" } else { "" };
    Ok(format!("[{gap}{}]", written.join(", ")))
}

fn record(record: &Record) -> Result<String, String> {
    let field = |(name, value): (&std::sync::Arc<str>, &Value)| Ok(format!("{}: {}", key(name), literal(value)?));
    Ok(braces(&record.fields().map(field).collect::<Result<Vec<_>, String>>()?))
}

fn braces(entries: &[String]) -> String {
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

fn labels(labels: &Labels) -> String {
    braces(&labels.iter().map(|(name, value)| format!("{}: {}", key(name), quoted(value))).collect::<Vec<_>>())
}

fn is_plain(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn key(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { quoted(name) }
}

fn of_json(json: &Json) -> Result<String, String> {
    Ok(match json {
        Json::Null => "none".to_owned(),
        Json::Bool(b) => b.to_string(),
        Json::Number(number) if number.as_i64().is_some() || number.to_string().contains(['.', 'e', 'E']) => {
            number.to_string()
        }
        Json::Number(number) => return Err(format!("`{number}`, which no literal says")),
        Json::String(text) => quoted(text),
        Json::Array(items) => format!("[{}]", items.iter().map(of_json).collect::<Result<Vec<_>, _>>()?.join(", ")),
        Json::Object(fields) => {
            let entry = |(name, value): (&String, &Json)| Ok(format!("{}: {}", key(name), of_json(value)?));
            braces(&fields.iter().map(entry).collect::<Result<Vec<_>, String>>()?)
        }
    })
}

/// A table between pipes, where all of its cells are short.
fn pipes(table: &Table) -> Option<String> {
    if table.shape.is_empty() || table.shape.len() > MOST_COLUMNS || !table.shape.iter().all(|name| is_plain(name)) {
        return None;
    }
    let cell = |value: &Value| {
        let is_scalar = !matches!(
            value,
            Value::Record(_) | Value::Map(_) | Value::Json(_) | Value::Sample(_) | Value::Series(_) | Value::List(_)
        );
        literal(value).ok().filter(|text| is_scalar && !text.contains(['|', '\n']))
    };
    let mut text = format!("table {{\n| {} |\n", table.shape.join(" | "));
    for row in table.iter() {
        let cells = row.fields().map(|(_, value)| cell(value)).collect::<Option<Vec<_>>>()?;
        let line = format!("| {} |\n", cells.join(" | "));
        if line.chars().count() > LONGEST_LINE {
            return None;
        }
        text.push_str(&line);
    }
    text.push('}');
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_a_file_has_them() {
        let text = |value: Value| literal(&value).unwrap();
        assert_eq!(text(Value::text("a \"b\"\n\u{7}é\\")), r#""a \"b\"\n\u{7}é\\""#);
        assert_eq!(text(Value::Float(2.0)), "2.0");
        assert_eq!(text(Value::record([("a", Value::None), ("b c", Value::Int(1))])), r#"{ a: none, "b c": 1 }"#);
        assert_eq!(text(Value::Map(std::sync::Arc::default())), "{}");
        let json: Json = serde_json::from_str(r#"{"a":[1,2.5,null,true,"x"],"b c":{}}"#).unwrap();
        assert_eq!(text(Value::Json(std::sync::Arc::new(json))), r#"{ a: [1, 2.5, none, true, "x"], "b c": {} }"#);
        let mut table = Table::new(["n", "v"].map(std::sync::Arc::from).into_iter().collect());
        table.push([Value::Int(1), Value::None]);
        assert_eq!(text(Value::Table(std::sync::Arc::new(table))), "table {\n| n | v |\n| 1 | none |\n}");
        assert!(literal(&Value::Float(f64::NAN)).is_err());
        let long = bigdecimal::BigDecimal::from(12_345_678_901_234_567_890_i128);
        assert!(literal(&Value::Decimal(std::sync::Arc::new(long))).is_err());
        assert_eq!(text(Value::Decimal(std::sync::Arc::new("1.50".parse().unwrap()))), "1.5");
    }
}
