//! Metrics: labels, samples, series with their points in columns.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Column, MapValue, Timestamp, Value};

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

    /// The same in order of time; those that are already stay where they are.
    pub fn in_order(points: Arc<Self>) -> Arc<Self> {
        if points.at_ms.is_sorted() {
            return points;
        }
        let mut pairs: Vec<(i64, f64)> = points.at_ms.iter().copied().zip(points.values.iter().copied()).collect();
        pairs.sort_by_key(|(at_ms, _)| *at_ms);
        let (at_ms, values) = pairs.into_iter().unzip();
        Arc::new(Self { at_ms, values })
    }

    /// One field of a point.
    pub fn field(&self, at: usize, name: &str) -> Option<Value> {
        match name {
            "at" => self.at_ms.get(at).copied().map(timestamp_value),
            "value" => self.values.get(at).copied().map(Value::Float),
            _ => None,
        }
    }

    /// One field of all points.
    pub fn column(&self, name: &str) -> Option<Column> {
        match name {
            "at" => Some(self.at_ms.iter().copied().map(timestamp).collect::<Vec<_>>().into()),
            "value" => Some(self.values.clone().into()),
            _ => None,
        }
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

    /// Its points as samples.
    pub fn samples(&self) -> impl Iterator<Item = Sample> {
        let points = self.points.at_ms.iter().zip(&self.points.values);
        points.map(|(at_ms, value)| Sample {
            name: self.name.clone(),
            labels: self.labels.clone(),
            value: *value,
            at_ms: *at_ms,
        })
    }

    /// Samples put together by series, each sample's order within its series kept, series in the order in which they
    /// first appear.
    pub fn gathered<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Vec<Self> {
        let mut gathered = Gathered::default();
        samples.into_iter().for_each(|sample| gathered.add(sample));
        let series = gathered.series.into_iter();
        series.map(|(name, labels, points)| Self { name, labels, points: Arc::new(points) }).collect()
    }
}

/// Series whose samples are still arriving.
#[derive(Default)]
struct Gathered<'a> {
    series: Vec<(Arc<str>, Labels, Points)>,
    /// Samples of one series mostly share their name and labels, so that these need not be compared.
    by_address: HashMap<(usize, usize), usize>,
    by_name: HashMap<(&'a str, &'a Labels), usize>,
}

impl<'a> Gathered<'a> {
    fn add(&mut self, sample: &'a Sample) {
        let address = (sample.name.as_ptr().addr(), Arc::as_ptr(&sample.labels.0).addr());
        let at = match self.by_address.get(&address) {
            Some(at) => *at,
            None => {
                let at = *self.by_name.entry((&*sample.name, &sample.labels)).or_insert(self.series.len());
                if at == self.series.len() {
                    self.series.push((sample.name.clone(), sample.labels.clone(), Points::default()));
                }
                self.by_address.insert(address, at);
                at
            }
        };
        if let Some((_, _, points)) = self.series.get_mut(at) {
            points.at_ms.push(sample.at_ms);
            points.values.push(sample.value);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_become_columns() {
        let labels: Labels = [("x", "1")].into_iter().collect();
        let sample = |name: &str, labels: Labels, at_ms| Sample { name: name.into(), labels, value: 1.0, at_ms };
        let samples = [
            sample("b", labels.clone(), 2),
            sample("a", labels.clone(), 1),
            sample("b", [("x", "1")].into_iter().collect(), 1),
            sample("b", Labels::default(), 1),
        ];
        let series = Series::gathered(&samples);
        let shown: Vec<_> = series.iter().map(|one| (one.id(), one.points.at_ms.clone())).collect();
        let wanted = [("b{x=\"1\"}", vec![2, 1]), ("a{x=\"1\"}", vec![1]), ("b{}", vec![1])];
        assert_eq!(shown, wanted.map(|(id, at_ms)| (id.to_owned(), at_ms)));
    }
}
