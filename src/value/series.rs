//! Metrics: labels, samples, series with their points in columns.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{MapValue, Timestamp, Value};

/// Labels of a series without its name, in order of their names; shared, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Labels(Arc<BTreeMap<Arc<str>, Arc<str>>>);

impl Labels {
    /// The value of a label.
    pub fn get(&self, name: &str) -> Option<&Arc<str>> {
        self.0.get(name)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As a `map<text, text>`.
    pub fn to_value(&self) -> Value {
        let map: MapValue = self.iter().map(|(k, v)| (Value::Text(k.clone()), Value::Text(v.clone()))).collect();
        Value::Map(Arc::new(map))
    }

    /// From a `map<text, text>`; anything else gives `None`.
    pub fn from_value(value: &Value) -> Option<Self> {
        let Value::Map(map) = value else { return None };
        map.iter().map(|(k, v)| Some((k.as_text()?.clone(), v.as_text()?.clone()))).collect()
    }
}

impl<K: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(Arc::new(pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect()))
    }
}

/// `{a="1", b="2"}`, values escaped as PromQL wants them.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<String> = self.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        write!(f, "{{{}}}", pairs.join(", "))
    }
}

/// One value of one series at one instant.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The metric's name; empty when an expression dropped it.
    pub name: Arc<str>,
    /// The labels.
    pub labels: Labels,
    /// The value.
    pub value: f64,
    /// Milliseconds since 1970-01-01T00:00Z.
    pub at_ms: i64,
}

/// Points in columns, in order of time.
#[derive(Debug, Clone, Default)]
pub struct Points {
    /// Milliseconds since 1970-01-01T00:00Z.
    pub at_ms: Vec<i64>,
    /// One value for each instant.
    pub values: Vec<f64>,
}

impl Points {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.at_ms.len().min(self.values.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One point as `{ at, value }`.
    pub fn get(&self, at: usize) -> Option<Value> {
        let (instant, value) = (*self.at_ms.get(at)?, *self.values.get(at)?);
        Some(Value::record([("at", timestamp_value(instant)), ("value", Value::Float(value))]))
    }
}

/// A series: what identifies it, and its points.
#[derive(Debug, Clone)]
pub struct Series {
    /// The metric's name.
    pub name: Arc<str>,
    /// The labels.
    pub labels: Labels,
    /// The points.
    pub points: Arc<Points>,
}

impl Series {
    /// `name{labels}`, the same for the same series always.
    pub fn id(&self) -> String {
        format!("{}{}", self.name, self.labels)
    }
}

/// The instant `ms` milliseconds after 1970; the far ends of the calendar are clamped.
pub fn timestamp(ms: i64) -> Timestamp {
    DateTime::<Utc>::from_timestamp_millis(ms).unwrap_or(if ms < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}

fn timestamp_value(ms: i64) -> Value {
    Value::Timestamp(timestamp(ms))
}
