//! `digest`: a fingerprint of a value, for idempotency keys.

use bigdecimal::{BigDecimal, FromPrimitive, ToPrimitive};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::{Example, Form, Known, Primitive, Pure, Spec, args};
use crate::value::{ErrorKind, Labels, Points, Sequence, StepError, T, Type, Value, hex};

pub(super) static SPECS: &[Spec] = &[Spec::pure::<DigestOf>()];

struct DigestOf;
args! {
    struct DigestArgs {
        /// The value.
        value: T,
    }
}
impl Primitive for DigestOf {
    type Args = DigestArgs;
    type Output = std::sync::Arc<str>;
    const NAME: &'static str = "values.digest";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "The SHA-256 of a value in hexadecimal: the same for equal values, in every run and on every machine.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: "digest({ day: 2025-01-31, n: 1 }) == digest({ n: 1.0, day: 2025-01-31 })",
        gives: "true",
    }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        match call.types.first()?.as_ref()? {
            ty @ (Type::Secret | Type::Connection(_)) => Some(Err(format!("a `{ty}` has no digest"))),
            _ => None,
        }
    }
}
impl Pure for DigestOf {
    fn run(args: DigestArgs) -> Result<std::sync::Arc<str>, StepError> {
        let mut canonical = Canonical { hash: Sha256::new() };
        canonical.value(&args.value.0)?;
        Ok(hex(&canonical.hash.finalize()).into())
    }
}

/// NaN has many bit patterns and is one value.
const NAN: u64 = 0x7ff8_0000_0000_0000;

/// The ints up to this size are floats too.
const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;

/// Writes values in the one form that equal values share: every value begins with a letter for its kind,
/// every text and list with its length, so that no two different values write the same bytes.
/// The form is a contract: changing it makes every write with a `key:` happen once more.
struct Canonical {
    hash: Sha256,
}

impl Canonical {
    fn tag(&mut self, kind: u8, length: usize) {
        self.hash.update([kind]);
        self.hash.update((length as u64).to_le_bytes());
    }

    fn text(&mut self, kind: u8, text: &str) {
        self.tag(kind, text.len());
        self.hash.update(text);
    }

    fn labels(&mut self, labels: &Labels) {
        self.tag(b'm', labels.len());
        for (name, value) in labels.iter() {
            self.text(b't', name);
            self.text(b't', value);
        }
    }

    fn items<'a>(&mut self, items: impl ExactSizeIterator<Item = &'a Value>) -> Result<(), StepError> {
        self.tag(b'l', items.len());
        items.into_iter().try_for_each(|item| self.value(item))
    }

    fn instant(&mut self, at: &chrono::DateTime<chrono::Utc>) {
        self.hash.update(b"i");
        self.hash.update(at.timestamp().to_le_bytes());
        self.hash.update(at.timestamp_subsec_nanos().to_le_bytes());
    }

    /// Points write what the same points as records write.
    fn points(&mut self, points: &Points) {
        self.tag(b'l', points.len());
        for (at_ms, value) in points.at_ms.iter().zip(&points.values) {
            self.tag(b'r', 2);
            self.text(b't', "at");
            self.instant(&crate::value::timestamp(*at_ms));
            self.text(b't', "value");
            self.float(*value);
        }
    }

    /// A number that a float holds exactly is written as that float, whatever its kind: 1, 1.0 and 1.00 are equal.
    fn float(&mut self, x: f64) {
        let bits = if x == 0.0 {
            0
        } else if x.is_nan() {
            NAN
        } else {
            x.to_bits()
        };
        self.hash.update(b"f");
        self.hash.update(bits.to_le_bytes());
    }

    fn decimal(&mut self, d: &BigDecimal) {
        let float = d.to_f64().filter(|x| BigDecimal::from_f64(*x).as_ref() == Some(d));
        if let Some(x) = float {
            return self.float(x);
        }
        let (digits, scale) = d.normalized().into_bigint_and_exponent();
        self.text(b'd', &format!("{digits}e{}", -scale));
    }

    fn json(&mut self, json: &Json) {
        match json {
            Json::Array(items) => {
                self.tag(b'L', items.len());
                for item in items {
                    self.json(item);
                }
            }
            Json::Object(fields) => {
                self.tag(b'O', fields.len());
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| *name);
                for (name, value) in fields {
                    self.text(b't', name);
                    self.json(value);
                }
            }
            scalar => self.text(b'j', &scalar.to_string()),
        }
    }

    fn value(&mut self, value: &Value) -> Result<(), StepError> {
        match value {
            Value::None => self.hash.update(b"n"),
            Value::Bool(b) => self.hash.update([b'b', u8::from(*b)]),
            Value::Int(n) if n.unsigned_abs() <= EXACT => self.float(*n as f64),
            Value::Int(n) => self.decimal(&BigDecimal::from(*n)),
            Value::Float(x) => self.float(*x),
            Value::Decimal(d) => self.decimal(d),
            Value::Text(text) => self.text(b't', text),
            Value::Json(json) => self.json(json),
            Value::Timestamp(at) => self.instant(at),
            Value::List(items) => self.items(items.iter())?,
            Value::Points(points) => self.points(points),
            Value::Table(_) | Value::Column(_) => {
                let rows: Vec<Value> =
                    Sequence::of(value).iter().flat_map(|rows| rows.iter().collect::<Vec<_>>()).collect();
                self.items(rows.iter())?;
            }
            Value::Map(map) => self.pairs(b'm', map.iter().collect())?,
            Value::Record(_) | Value::Sample(_) | Value::Series(_) | Value::Outcomes(_) | Value::Sql(_) => {
                self.compound(value)?;
            }
            Value::Secret(_) | Value::Connection(..) => {
                return Err(StepError::new(ErrorKind::Data, format!("a `{}` has no digest", value.kind()))
                    .help("leave it out of the value"));
            }
            // Dates, times, periods, ranges, calendars, queries: each kind prints its values unambiguously.
            other => {
                self.text(b'k', other.kind());
                self.text(b't', &other.to_string());
            }
        }
        Ok(())
    }

    /// Keys in order, because maps are equal whatever the order of their keys.
    fn pairs(&mut self, kind: u8, mut pairs: Vec<(&Value, &Value)>) -> Result<(), StepError> {
        pairs.sort_by(|a, b| a.0.cmp(b.0));
        self.tag(kind, pairs.len());
        pairs.into_iter().try_for_each(|(key, value)| {
            self.value(key)?;
            self.value(value)
        })
    }

    fn compound(&mut self, value: &Value) -> Result<(), StepError> {
        match value {
            Value::Record(record) => {
                let mut fields: Vec<_> = record.fields().collect();
                fields.sort_by(|a, b| a.0.cmp(b.0));
                self.tag(b'r', fields.len());
                for (name, value) in fields {
                    self.text(b't', name);
                    self.value(value)?;
                }
            }
            Value::Sample(sample) => {
                self.text(b's', &sample.name);
                self.labels(&sample.labels);
                self.instant(&crate::value::timestamp(sample.at_ms));
                self.float(sample.value);
            }
            Value::Series(series) => {
                self.text(b'S', &series.name);
                self.labels(&series.labels);
                self.points(&series.points);
            }
            Value::Outcomes(outcomes) => {
                self.hash.update(b"o");
                self.items(outcomes.ok.iter())?;
                self.items(outcomes.failed.iter())?;
            }
            Value::Sql(query) => {
                self.text(b'q', &query.to_string());
                self.items(query.arguments.iter())?;
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::value::Table;

    fn digest(value: Value) -> String {
        DigestOf::run(DigestArgs { value: T(value) }).unwrap().to_string()
    }

    fn decimal(text: &str) -> Value {
        Value::Decimal(Arc::new(text.parse().unwrap()))
    }

    #[test]
    fn the_form_is_a_contract() {
        let value = Value::record([("day", Value::Date("2025-01-31".parse().unwrap())), ("x", Value::Float(1.5))]);
        assert_eq!(digest(value), "0540eccabd4fd0c17d1500dea3afb536a8fa013406f24474acd533543d9724aa");
    }

    #[test]
    fn equal_values_share_a_digest() {
        let points = Arc::new(Points { at_ms: vec![1, 2], values: vec![0.5, -0.0] });
        let records: Vec<Value> = Sequence::Points(points.clone()).iter().collect();
        let mut table = Table::new(["at", "value"].map(Arc::from).into());
        for record in &records {
            let Value::Record(record) = record else { continue };
            table.push(record.values.iter().cloned());
        }
        let same = [
            vec![Value::Int(1), Value::Float(1.0), decimal("1.00")],
            vec![Value::Float(0.1), decimal("0.1000000000000000055511151231257827021181583404541015625")],
            vec![Value::Int(i64::MAX), decimal("9223372036854775807.0")],
            vec![Value::Points(points), Value::list(records), Value::Table(Arc::new(table))],
            vec![
                Value::record([("a", Value::Int(1)), ("b", Value::None)]),
                Value::record([("b", Value::None), ("a", Value::Int(1))]),
            ],
        ];
        for values in same {
            for value in &values {
                assert_eq!(Some(value), values.first());
                assert_eq!(Some(digest(value.clone())), values.first().cloned().map(digest), "{value}");
            }
        }
    }

    #[test]
    fn different_values_do_not() {
        let values = [
            Value::None,
            Value::text("none"),
            Value::text("1"),
            Value::Int(1),
            Value::Float(0.1),
            decimal("0.1"),
            Value::Int(i64::MAX),
            Value::Int(i64::MAX - 1),
            Value::list(vec![]),
            Value::list(vec![Value::list(vec![])]),
            Value::list(vec![Value::text("ab"), Value::text("c")]),
            Value::list(vec![Value::text("a"), Value::text("bc")]),
            Value::Duration(1000),
            Value::text("1s"),
        ];
        let digests: std::collections::HashSet<String> = values.iter().cloned().map(digest).collect();
        assert_eq!(digests.len(), values.len());
    }

    #[test]
    fn a_secret_has_none() {
        let value = T(Value::list(vec![Value::Secret("hunter2".into())]));
        assert_eq!(DigestOf::run(DigestArgs { value }).unwrap_err().message, "a `secret` has no digest");
    }
}
