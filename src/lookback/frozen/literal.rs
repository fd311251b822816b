//! Values as a file has them.

use std::fmt::Write;

use crate::value::{Labels, Record, Sequence, Table, Value, timestamp};

/// The most columns, and the longest line, of a table that is written with pipes.
const MOST_COLUMNS: usize = 8;
const LONGEST_LINE: usize = 100;

/// A value as it would be written; of one that has no literal, what it is.
pub(super) fn literal(value: &Value) -> Result<String, String> {
    Ok(match value {
        Value::Float(x) if x.is_finite() => format!("{x:?}"),
        Value::Float(x) => return Err(format!("`{x}`, which no literal says")),
        Value::Decimal(decimal) => read("decimal", &decimal.to_plain_string()),
        Value::Text(text) => quoted(text),
        Value::Url(text) => format!("{} as url", quoted(text)),
        Value::Regex(pattern) if !pattern.contains("\"\"\"") => format!("regex\"\"\"{pattern}\"\"\""),
        // Records and lists stand for JSON only where all items of each list have one type.
        Value::Json(json) => read("json", &json.to_string()),
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
        Value::Table(table) => match short_pipes(table) {
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

/// The same for what has its type elsewhere: a list stands for no table there, and a number is what it has to be.
pub(super) fn typed_literal(value: &Value) -> Result<String, String> {
    match value {
        Value::Table(table) => {
            pipes(table, typed_cell).ok_or_else(|| "a table, of which no literal says all".to_owned())
        }
        other => literal(other),
    }
}

/// A call that reads a value from its text.
fn read(what: &str, text: &str) -> String {
    format!("parse_{what}({})", quoted(text))
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

/// A table between pipes, where that is short.
fn short_pipes(table: &Table) -> Option<String> {
    let text = if table.shape.len() > MOST_COLUMNS { None } else { pipes(table, cell) };
    text.filter(|text| text.lines().all(|line| line.chars().count() < LONGEST_LINE))
}

fn pipes(table: &Table, cell: fn(&Value) -> Option<String>) -> Option<String> {
    if table.shape.is_empty() || !table.shape.iter().all(|name| is_plain(name)) {
        return None;
    }
    let mut text = format!("table {{\n| {} |\n", table.shape.join(" | "));
    for row in table.iter() {
        let cells = row.fields().map(|(_, value)| cell(value)).collect::<Option<Vec<_>>>()?;
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('}');
    Some(text)
}

/// Of what is read from a text there is no cell.
fn cell(value: &Value) -> Option<String> {
    let is_cell = !matches!(
        value,
        Value::Record(_)
            | Value::Map(_)
            | Value::Json(_)
            | Value::Sample(_)
            | Value::Series(_)
            | Value::List(_)
            | Value::Decimal(_)
            | Value::Url(_)
    );
    literal(value).ok().filter(|text| is_cell && !text.contains('\n'))
}

/// A number beyond the integers is read digit by digit only where it has a fraction.
fn typed_cell(value: &Value) -> Option<String> {
    let Value::Decimal(decimal) = value else { return cell(value) };
    let text = decimal.to_plain_string();
    let is_read = text.contains('.') || text.parse::<i64>().is_ok();
    Some(if is_read { text } else { text + ".0" })
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
        assert_eq!(text(Value::Regex(r"^a\d".into())), r#"regex"""^a\d""""#);
        let json = serde_json::from_str(r#"{"a":[1,2.5,null,"x"],"b c":{}}"#).unwrap();
        let written = r#"parse_json("{\"a\":[1,2.5,null,\"x\"],\"b c\":{}}")"#;
        assert_eq!(text(Value::Json(std::sync::Arc::new(json))), written);
        let mut table = Table::new(["n", "v"].map(std::sync::Arc::from).into_iter().collect());
        table.push([Value::Int(1), Value::None]);
        assert_eq!(text(Value::Table(std::sync::Arc::new(table))), "table {\n| n | v |\n| 1 | none |\n}");
        assert!(literal(&Value::Float(f64::NAN)).is_err());
        let decimal = |text: &str| Value::Decimal(std::sync::Arc::new(text.parse().unwrap()));
        let mut table = Table::new(["d"].map(std::sync::Arc::from).into_iter().collect());
        table.push([decimal("2")]);
        assert_eq!(text(Value::Table(std::sync::Arc::new(table.clone()))), r#"[{ d: parse_decimal("2") }]"#);
        table.push([decimal("-123456789012345678901")]);
        let table = Value::Table(std::sync::Arc::new(table));
        assert_eq!(typed_literal(&table).unwrap(), "table {\n| d |\n| 2 |\n| -123456789012345678901.0 |\n}");
        assert_eq!(text(decimal("1.50")), r#"parse_decimal("1.50")"#);
        assert_eq!(text(decimal("12345678901234567890.5")), r#"parse_decimal("12345678901234567890.5")"#);
    }
}
