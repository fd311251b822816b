//! Equality, order and hashing of values: total, so that any value may be a key or be sorted.
//!
//! Numbers of different kinds compare by magnitude (`1 == 1.0`); NaN equals itself and comes last.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use bigdecimal::{BigDecimal, FromPrimitive, ToPrimitive};

use super::{Points, Sample, Series, Value};

impl Value {
    fn rank(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Bool(_) => 1,
            Self::Int(_) | Self::Float(_) | Self::Decimal(_) => 2,
            Self::Text(_) => 3,
            Self::Date(_) => 4,
            Self::Time(_) => 5,
            Self::Timestamp(_) => 6,
            Self::Duration(_) => 7,
            Self::Period(_) => 8,
            Self::BusinessDays(_) => 9,
            Self::DateRange(..) => 10,
            Self::TimeRange(..) => 11,
            Self::List(_) | Self::Points(_) | Self::Table(_) | Self::Column(_) => 12,
            Self::Map(_) => 13,
            Self::Record(_) => 14,
            Self::Sample(_) => 16,
            Self::Series(_) => 17,
            Self::Outcomes(_) => 18,
            Self::Json(_) => 19,
            Self::Calendar(_) => 20,
            Self::Sql(_) => 21,
            Self::Promql(_) => 22,
            Self::Url(_) => 23,
            Self::Regex(_) => 24,
            Self::Secret(_) => 25,
            Self::Connection(..) => 26,
            Self::Error(_) => 27,
        }
    }
}

/// Compares numbers of any two kinds; floats that are not finite compare as floats.
fn compare_numbers(a: &Value, b: &Value) -> Ordering {
    let as_float = |value: &Value| match value {
        Value::Int(n) => *n as f64,
        Value::Float(x) => *x,
        Value::Decimal(d) => d.to_f64().unwrap_or(f64::NAN),
        _ => f64::NAN,
    };
    let exact = |value: &Value| match value {
        Value::Int(n) => Some(BigDecimal::from(*n)),
        Value::Float(x) => BigDecimal::from_f64(*x),
        Value::Decimal(d) => Some((**d).clone()),
        _ => None,
    };
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => compare_floats(*a, *b),
        _ => match (exact(a), exact(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => compare_floats(as_float(a), as_float(b)),
        },
    }
}

/// `-0 == 0`; NaN is one value, after all others.
fn compare_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn compare_items(a: &Value, b: &Value) -> Ordering {
    match (super::Sequence::of(a), super::Sequence::of(b)) {
        (Some(a), Some(b)) => a.iter().cmp(b.iter()),
        _ => Ordering::Equal,
    }
}

fn sorted_pairs(map: &super::MapValue) -> Vec<(&Value, &Value)> {
    let mut pairs: Vec<_> = map.iter().collect();
    pairs.sort();
    pairs
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b))
            | (Self::Promql(a), Self::Promql(b))
            | (Self::Url(a), Self::Url(b))
            | (Self::Regex(a), Self::Regex(b))
            | (Self::Secret(a), Self::Secret(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Timestamp(a), Self::Timestamp(b)) => a.cmp(b),
            (Self::Duration(a), Self::Duration(b)) | (Self::BusinessDays(a), Self::BusinessDays(b)) => a.cmp(b),
            (Self::Period(a), Self::Period(b)) => a.cmp(b),
            (Self::DateRange(a, b), Self::DateRange(c, d)) => (a, b).cmp(&(c, d)),
            (Self::TimeRange(a, b), Self::TimeRange(c, d)) => (a, b).cmp(&(c, d)),
            (Self::Map(a), Self::Map(b)) => sorted_pairs(a).cmp(&sorted_pairs(b)),
            (Self::Record(a), Self::Record(b)) => sorted_fields(a).cmp(&sorted_fields(b)),
            (Self::Sample(a), Self::Sample(b)) => a.cmp(b),
            (Self::Series(a), Self::Series(b)) => a.cmp(b),
            (Self::Outcomes(a), Self::Outcomes(b)) => a.cmp(b),
            (Self::Json(a), Self::Json(b)) => a.to_string().cmp(&b.to_string()),
            (Self::Calendar(a), Self::Calendar(b)) => a.cmp(b),
            (Self::Sql(a), Self::Sql(b)) => a.cmp(b),
            (Self::Connection(_, a), Self::Connection(_, b)) => a.cmp(b),
            (Self::Error(a), Self::Error(b)) => a.cmp(b),
            (a, b) if a.rank() != b.rank() => a.rank().cmp(&b.rank()),
            (a, b) if a.rank() == 2 => compare_numbers(a, b),
            (a, b) => compare_items(a, b),
        }
    }
}

fn sorted_fields(record: &super::Record) -> Vec<(&std::sync::Arc<str>, &Value)> {
    let mut fields: Vec<_> = record.fields().collect();
    fields.sort_by(|a, b| a.0.cmp(b.0));
    fields
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::Bool(b) => b.hash(state),
            // Equal numbers of different kinds share their nearest float.
            Self::Int(n) => hash_float(*n as f64, state),
            Self::Float(x) => hash_float(*x, state),
            Self::Decimal(d) => hash_float(d.to_f64().unwrap_or(f64::NAN), state),
            Self::Text(t) | Self::Promql(t) | Self::Url(t) | Self::Regex(t) | Self::Secret(t) => t.hash(state),
            Self::Date(d) => d.hash(state),
            Self::Time(t) => t.hash(state),
            Self::Timestamp(t) => t.hash(state),
            Self::Duration(n) | Self::BusinessDays(n) => n.hash(state),
            Self::Period(p) => p.hash(state),
            Self::DateRange(a, b) => (a, b).hash(state),
            Self::TimeRange(a, b) => (a, b).hash(state),
            Self::Record(record) => sorted_fields(record).hash(state),
            Self::List(_) | Self::Points(_) | Self::Table(_) | Self::Column(_) => {
                if let Some(items) = super::Sequence::of(self) {
                    items.len().hash(state);
                    items.iter().for_each(|item| item.hash(state));
                }
            }
            Self::Map(map) => sorted_pairs(map).hash(state),
            Self::Json(json) => json.to_string().hash(state),
            Self::Sample(sample) => (&sample.name, &sample.labels, sample.at_ms).hash(state),
            Self::Series(series) => (&series.name, &series.labels).hash(state),
            // Never keys in practice; equal values still hash alike.
            _ => {}
        }
    }
}

fn hash_float<H: Hasher>(x: f64, state: &mut H) {
    let canonical = if x == 0.0 {
        0.0
    } else if x.is_nan() {
        f64::NAN
    } else {
        x
    };
    canonical.to_bits().hash(state);
}

impl Ord for super::Period {
    fn cmp(&self, other: &Self) -> Ordering {
        // In units of 1/120000 of a day, so that a month (30.436875 days) is a whole number of them.
        let length = |period: &Self| i64::from(period.months) * 3_652_425 + i64::from(period.days) * 120_000;
        length(self).cmp(&length(other)).then_with(|| (self.months, self.days).cmp(&(other.months, other.days)))
    }
}

impl PartialOrd for super::Period {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sample {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.name, &self.labels, self.at_ms)
            .cmp(&(&other.name, &other.labels, other.at_ms))
            .then_with(|| compare_floats(self.value, other.value))
    }
}

impl Ord for Points {
    fn cmp(&self, other: &Self) -> Ordering {
        let values = || self.values.iter().zip(&other.values).map(|(a, b)| compare_floats(*a, *b));
        self.at_ms.cmp(&other.at_ms).then_with(|| values().find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
    }
}

impl Ord for Series {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.name, &self.labels, &self.points).cmp(&(&other.name, &other.labels, &other.points))
    }
}

macro_rules! equality_from_order {
    ($($ty:ty),*) => {$(
        impl PartialOrd for $ty {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        impl PartialEq for $ty {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other) == Ordering::Equal
            }
        }
        impl Eq for $ty {}
    )*};
}
equality_from_order!(Sample, Points, Series);
