//! Values as a file would write them: texts in quotes, so that `1` and `"1"` look different.

use crate::value::{Labels, Sample, Sequence, Series, Value, timestamp};

/// The longest that is shown, in characters.
const LONGEST: usize = 400;

/// The value, cut where it is very long.
pub(crate) fn shown(value: &Value) -> String {
    let text = written(value);
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Url(text) => format!("{text:?}"),
        Value::Float(x) => format!("{x:?}"),
        Value::List(_) | Value::Points(_) | Value::Table(_) | Value::Column(_) => items(value),
        Value::Record(record) => braces(record.fields().map(|(name, value)| format!("{name}: {}", written(value)))),
        Value::Map(map) => braces(map.iter().map(|(key, value)| format!("{}: {}", written(key), written(value)))),
        Value::Sample(sample) => self::sample(sample),
        Value::Series(series) => self::series(series),
        Value::Error(error) => format!("errors.{}({:?})", error.kind.name(), error.message),
        other => other.to_string(),
    }
}

fn items(value: &Value) -> String {
    let items = Sequence::of(value);
    let items: Vec<String> =
        items.iter().flat_map(|items| items.iter().map(|item| written(&item)).collect::<Vec<_>>()).collect();
    format!("[{}]", items.join(", "))
}

fn braces(entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

fn labels(labels: &Labels) -> String {
    braces(labels.iter().map(|(name, value)| format!("{name}: {value:?}")))
}

fn sample(sample: &Sample) -> String {
    let at = Value::Timestamp(timestamp(sample.at_ms));
    format!("sample({:?}, labels: {}, value: {:?}, at: {at})", sample.name, labels(&sample.labels), sample.value)
}

fn series(series: &Series) -> String {
    let points = written(&Value::Points(series.points.clone()));
    format!("series({:?}, labels: {}, points: {points})", series.name, labels(&series.labels))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn values_read_as_written() {
        let sample = Sample { name: "nav".into(), labels: [("a", "1")].into_iter().collect(), value: 1.0, at_ms: 0 };
        let record = Value::record([("name", Value::text("a \"b\"")), ("n", Value::Int(1)), ("none", Value::None)]);
        let all =
            Value::list(vec![record, Value::Float(2.0), Value::Sample(Arc::new(sample)), Value::Map(Arc::default())]);
        assert_eq!(
            shown(&all),
            r#"[{ name: "a \"b\"", n: 1, none: none }, 2.0, sample("nav", labels: { a: "1" }, value: 1.0, at: 1970-01-01T00:00:00Z), {}]"#
        );
        let long = shown(&Value::text("é".repeat(1000)));
        assert_eq!(long.chars().count(), LONGEST + 1);
    }
}
