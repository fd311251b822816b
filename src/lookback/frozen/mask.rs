//! Texts replaced by others of the same shape: letters by letters, digits by digits.
//!
//! The same text is always replaced by the same, so what was equal stays equal and joins match as they did. What the
//! program itself says stays, because it compares with that; so do dates, because it reads them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::check::Program;
use crate::check::program::ExprKind;
use crate::check::walk;
use crate::value::{Column, Labels, MapValue, Sample, Series, Table, Value};

/// How often another text is looked for when one is taken.
const TRIES: u32 = 1000;

/// Hides the texts of one run.
pub struct Mask {
    /// Makes other texts of the same ones in another run.
    salt: String,
    /// What the program says.
    words: HashSet<String>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    masked: HashMap<String, Arc<str>>,
    taken: HashSet<Arc<str>>,
}

impl Mask {
    /// Of a run by its id, whose program consists of these texts.
    pub fn new<'a>(salt: &str, program: &Program, texts: impl Iterator<Item = &'a str>) -> Self {
        let mut words = HashSet::new();
        for text in texts {
            let is_apart = |letter: char| !(letter.is_alphanumeric() || letter == '_');
            words.extend(text.split(is_apart).filter(|word| !word.is_empty()).map(str::to_owned));
            // Texts between quotes are said as a whole, too.
            words.extend(text.split('"').map(str::to_owned));
        }
        // Of those with escapes the program knows what they say.
        walk::expressions(program, &mut |expr| {
            if let ExprKind::Literal(Value::Text(text) | Value::Url(text)) = &expr.kind {
                words.insert(text.to_string());
            }
        });
        Self { salt: salt.to_owned(), words, known: Mutex::default() }
    }

    /// A value with other texts in it.
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::Text(text) => Value::Text(self.text(text)),
            Value::Url(text) => Value::Url(self.text(text)),
            Value::Json(json) => Value::Json(Arc::new(self.json(json))),
            Value::List(items) => Value::list(items.iter().map(|item| self.value(item)).collect()),
            Value::Column(column) => Value::Column(Arc::new(self.column(column))),
            Value::Record(record) => {
                Value::record(record.fields().map(|(name, value)| (name.clone(), self.value(value))))
            }
            Value::Map(map) => {
                let pairs = map.iter().map(|(key, value)| (self.value(key), self.value(value)));
                Value::Map(Arc::new(pairs.collect::<MapValue>()))
            }
            Value::Table(table) => {
                let columns = table.columns.iter().map(|column| self.column(column)).collect();
                Value::Table(Arc::new(Table { shape: table.shape.clone(), columns, rows: table.rows }))
            }
            Value::Sample(sample) => {
                let (name, labels) = (self.text(&sample.name), self.labels(&sample.labels));
                Value::Sample(Arc::new(Sample { name, labels, ..(**sample).clone() }))
            }
            Value::Series(series) => {
                let (name, labels) = (self.text(&series.name), self.labels(&series.labels));
                Value::Series(Arc::new(Series { name, labels, points: series.points.clone() }))
            }
            other => other.clone(),
        }
    }

    fn column(&self, column: &Column) -> Column {
        column.iter().map(|value| self.value(&value)).collect()
    }

    fn labels(&self, labels: &Labels) -> Labels {
        labels.iter().map(|(name, value)| (name.clone(), self.text(value))).collect()
    }

    fn json(&self, json: &Json) -> Json {
        match json {
            Json::String(text) => Json::String(self.text(text).to_string()),
            Json::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Json::Object(fields) => {
                Json::Object(fields.iter().map(|(name, value)| (name.clone(), self.json(value))).collect())
            }
            other => other.clone(),
        }
    }

    fn text(&self, text: &str) -> Arc<str> {
        if text.is_empty() || self.words.contains(text) || is_date(text) {
            return text.into();
        }
        if let Some(json) = held_json(text) {
            return self.json(&json).to_string().into();
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(masked) = known.masked.get(text) {
            return masked.clone();
        }
        let free = (0..TRIES).map(|number| self.other(text, number)).find(|other| !known.taken.contains(&**other));
        // Of very short texts there are not enough.
        let masked: Arc<str> = free.unwrap_or_else(|| format!("{}{}", self.other(text, 0), known.taken.len())).into();
        known.taken.insert(masked.clone());
        known.masked.insert(text.to_owned(), masked.clone());
        masked
    }

    /// A text of the same shape; another for each number.
    fn other(&self, text: &str, number: u32) -> String {
        // An address must stay one.
        let (head, rest) = match text.find("://") {
            Some(at) => text.split_at(at),
            None => ("", text),
        };
        let mut block = 0_u32;
        let mut bytes: Vec<u8> = Vec::new();
        let mut next = || {
            if bytes.is_empty() {
                let seed = format!("{}\u{0}{text}\u{0}{number}\u{0}{block}", self.salt);
                block += 1;
                bytes = Sha256::digest(seed).to_vec();
            }
            bytes.pop().unwrap_or_default()
        };
        let mut letter = |first: u8, count: u8| char::from(first + next() % count);
        let masked = rest.chars().map(|old| match old {
            old if old.is_ascii_digit() => letter(b'0', 10),
            old if old.is_uppercase() => letter(b'A', 26),
            old if old.is_alphabetic() => letter(b'a', 26),
            other => other,
        });
        format!("{head}{}", masked.collect::<String>())
    }
}

/// What a text holds that is JSON, as an answer of HTTP does: its parts are masked as they are where it was decoded.
fn held_json(text: &str) -> Option<Json> {
    let is_it = text.trim_start().starts_with(['{', '[']);
    if is_it { serde_json::from_str(text).ok() } else { None }
}

/// Whether a text is a day or an instant in figures: `2026-10-30`, `30/10/2026`, `2026-10-30T18:00:00Z`.
fn is_date(text: &str) -> bool {
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split(['-', '/', '.']).collect();
    let is_number = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit());
    let rest = text.get(day.len()..).unwrap_or_default();
    parts.len() == 3 && parts.iter().all(is_number) && rest.chars().all(|c| c.is_ascii_digit() || "T :.Z+-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_shape_and_stay_equal() {
        let mask = Mask::new(
            "run",
            &Program::default(),
            [r#"workflow x { a = [r for r in rows if r.state == "open now"] }"#].into_iter(),
        );
        let of = |text: &str| mask.text(text).to_string();
        let masked = of("EUR-usd 12");
        assert_eq!(masked, of("EUR-usd 12"));
        assert_ne!(masked, "EUR-usd 12");
        let shape = |text: &str| {
            let class = |c: char| {
                if c.is_ascii_digit() {
                    '0'
                } else if c.is_uppercase() {
                    'A'
                } else if c.is_lowercase() {
                    'a'
                } else {
                    c
                }
            };
            text.chars().map(class).collect::<String>()
        };
        assert_eq!(shape(&masked), "AAA-aaa 00");
        for kept in ["open now", "state", "", "2026-10-30", "30/10/2026", "2026-10-30T18:00:00Z"] {
            assert_eq!(of(kept), kept);
        }
        assert!(of("https://a.example/x").starts_with("https://"));
        let distinct: HashSet<String> = ('A'..='Z').map(|letter| of(&letter.to_string())).collect();
        assert_eq!(distinct.len(), 26);
        assert_ne!(of("1.2.3.4"), "1.2.3.4");
    }

    #[test]
    fn names_stay_and_texts_within_values_do_not() {
        let mask = Mask::new("run", &Program::default(), std::iter::empty());
        let record = Value::record([("name", Value::text("Ann")), ("n", Value::Int(1))]);
        let Value::Record(masked) = mask.value(&record) else { panic!() };
        assert_eq!(masked.get("n"), Some(&Value::Int(1)));
        assert_ne!(masked.get("name"), Some(&Value::text("Ann")));
        let json: Json = serde_json::from_str(r#"{"name":["Ann"]}"#).unwrap();
        let Value::Json(json) = mask.value(&Value::Json(Arc::new(json))) else { panic!() };
        assert_eq!(json["name"][0].as_str(), masked.get("name").and_then(Value::as_text).map(|text| &**text));
    }

    /// The text of an answer and what was decoded of it tell the same story.
    #[test]
    fn a_text_that_is_json_is_masked_part_by_part() {
        let mask = Mask::new("run", &Program::default(), std::iter::empty());
        let name = mask.text("Ann");
        assert_eq!(&*mask.text("[{\"name\": \"Ann\", \"n\": 1.50}]\n"), format!(r#"[{{"name":"{name}","n":1.50}}]"#));
        assert_eq!(mask.text("[Ann, who is none").len(), 17);
    }
}
