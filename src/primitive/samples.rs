//! Samples and series: building them and reading them.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Example, Form, Primitive, Property, Pure, Spec, args};
use crate::query::promql::{valid_label_name, valid_metric_name};
use crate::value::{
    Cell, Column, ErrorKind, Labels, Operand, Points, Record, Reflect, ReflectError, Sample, Samples, Sequence, Series,
    SeriesId, StepError, Timestamp, Type, Value, timestamp,
};

pub(super) static SPECS: &[Spec] = &[Spec::pure::<BuildSample>(), Spec::pure::<BuildSeries>()];

/// A property whose value is read off a sample or a series.
macro_rules! property {
    ($family:literal . $name:ident : $ty:expr, $docs:literal, $pattern:pat => $get:expr) => {
        Property {
            family: $family,
            name: stringify!($name),
            docs: $docs,
            ty: |_| $ty,
            get: |value| match value {
                $pattern => Some($get),
                _ => None,
            },
        }
    };
}

pub(super) static PROPERTIES: &[Property] = &[
    property!("sample".name: Type::Text, "The metric's name; empty when an expression dropped it.", Value::Sample(s) => Value::Text(s.name.clone())),
    property!("sample".labels: Labels::ty(), "The labels, without the name.", Value::Sample(s) => s.labels.to_value()),
    property!("sample".value: Type::Float, "The value.", Value::Sample(s) => Value::Float(s.value)),
    property!("sample".at: Type::Timestamp, "The instant.", Value::Sample(s) => Value::Timestamp(timestamp(s.at_ms))),
    property!("series".name: Type::Text, "The metric's name; empty when an expression dropped it.", Value::Series(s) => Value::Text(s.name.clone())),
    property!("series".labels: Labels::ty(), "The labels, without the name.", Value::Series(s) => s.labels.to_value()),
    property!("series".points: Type::list(Type::point()), "The points, oldest first.", Value::Series(s) => Value::Points(s.points.clone())),
    property!("series".id: Type::Text, "Name and labels as one text, the same for the same series always.", Value::Series(s) => Value::text(s.id())),
];

/// Refuses names that a store would refuse or, worse, take and change. An empty metric name is what
/// an expression leaves behind; only a write refuses it.
pub(super) fn check_names(name: &str, labels: &Labels) -> Result<(), StepError> {
    let error = |message: String, help: &str| Err(StepError::new(ErrorKind::Data, message).help(help));
    if !name.is_empty() && !valid_metric_name(name) {
        return error(
            format!("{name:?} cannot be a metric's name"),
            "names hold letters, digits, `_` and `:`, and begin with no digit",
        );
    }
    for (label, _) in labels.iter() {
        if &**label == "__name__" {
            return error(
                "the label `__name__` is the metric's name".to_owned(),
                "give it as `name` and leave the label out: `labels.without([\"__name__\"])`",
            );
        }
        if !valid_label_name(label) {
            return error(
                format!("{label:?} cannot be a label"),
                "labels hold letters, digits and `_`, and begin with no digit",
            );
        }
    }
    Ok(())
}

struct BuildSample;
args! {
    struct SampleArgs {
        /// The metric's name.
        name: Arc<str>,
        /// The value.
        value: f64,
        /// The instant; what is finer than a millisecond is dropped.
        at: Timestamp,
        /// The labels, without the name.
        labels: Labels = Labels::default(),
    }
}
impl Primitive for BuildSample {
    type Args = SampleArgs;
    type Output = Arc<Sample>;
    const NAME: &'static str = "metrics.sample";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "One value of one series at one instant, ready to be written.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"sample("nav", labels: { "auid": "A1" }, value: 101.5, at: 2025-01-31T00:00Z).labels.auid"#,
        gives: "A1",
    }];
}
impl Pure for BuildSample {
    const TAKES_COLUMNS: bool = true;
    fn run(args: SampleArgs) -> Result<Arc<Sample>, StepError> {
        check_names(&args.name, &args.labels)?;
        let at_ms = args.at.timestamp_millis();
        Ok(Arc::new(Sample { name: args.name, labels: args.labels, value: args.value, at_ms }))
    }
    fn columns(args: &[Option<Operand<'_>>], calls: usize) -> Option<Column> {
        let [Some(name), Some(value), Some(at), labels] = args else { return None };
        let (names, known_names) = name.places(calls);
        let given = labels.as_ref().map(|labels| labels.places(calls));
        let known_labels = match &given {
            Some((_, values)) => values.iter().map(Labels::from_value).collect::<Option<Vec<_>>>()?,
            None => vec![Labels::default()],
        };
        let mut samples = Samples::default();
        let mut series: HashMap<(u32, u32), u32> = HashMap::new();
        let mut last = None;
        for call in 0..calls {
            let labels = given.as_ref().map_or(Some(0), |(places, _)| places.get(call).copied())?;
            let id = (names.get(call).copied()?, labels);
            let place = match (last.filter(|(before, _)| *before == id), series.get(&id)) {
                (Some((_, place)), _) | (None, Some(&place)) => place,
                (None, None) => {
                    let (name, labels) = (known_names.get(id.0 as usize)?, known_labels.get(labels as usize)?);
                    let (name, labels) = (name.as_text()?.clone(), labels.clone());
                    check_names(&name, &labels).ok()?;
                    *series.entry(id).or_insert(samples.place(SeriesId { name, labels }))
                }
            };
            last = Some((id, place));
            samples.push_at(place, milliseconds(at.cell(call))?, number(value.cell(call))?);
        }
        Some(samples.into())
    }
}

fn milliseconds(at: Cell<'_>) -> Option<i64> {
    if let Cell::Timestamp(at) = at { Some(at.timestamp_millis()) } else { None }
}

fn number(value: Cell<'_>) -> Option<f64> {
    match value {
        Cell::Float(x) => Some(x),
        Cell::Int(n) => Some(n as f64),
        _ => None,
    }
}

/// `list<point>`, in columns.
#[derive(Debug)]
struct PointList(Arc<Points>);

impl Reflect for PointList {
    fn ty() -> Type {
        Type::list(Type::point())
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        let wrong = |found: &Value| ReflectError::Type { wanted: Self::ty(), found: found.kind() };
        match Sequence::of(&value).ok_or_else(|| wrong(&value))? {
            Sequence::Points(points) => Ok(Self(points)),
            items => {
                let mut points = Points::default();
                for item in items.iter() {
                    let (at_ms, value) = point(&item).ok_or_else(|| wrong(&item))?;
                    points.at_ms.push(at_ms);
                    points.values.push(value);
                }
                Ok(Self(Arc::new(points)))
            }
        }
    }
    fn into_value(self) -> Value {
        Value::Points(self.0)
    }
}

fn point(value: &Value) -> Option<(i64, f64)> {
    let Value::Record(record) = value else { return None };
    let field = |record: &Record, name| record.get(name).cloned();
    let Value::Timestamp(at) = field(record, "at")? else { return None };
    Some((at.timestamp_millis(), f64::from_value(field(record, "value")?).ok()?))
}

struct BuildSeries;
args! {
    struct SeriesArgs {
        /// The metric's name.
        name: Arc<str>,
        /// The points, in any order.
        points: PointList,
        /// The labels, without the name.
        labels: Labels = Labels::default(),
    }
}
impl Primitive for BuildSeries {
    type Args = SeriesArgs;
    type Output = Arc<Series>;
    const NAME: &'static str = "samples.series";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "A series from its points, as `export` gives it; tests have most use for it.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"series("nav", labels: { "auid": "A1" }, points: [{ at: 2025-01-31T00:00Z, value: 101.5 }]).id"#,
        gives: r#"nav{auid="A1"}"#,
    }];
}
impl Pure for BuildSeries {
    fn run(args: SeriesArgs) -> Result<Arc<Series>, StepError> {
        check_names(&args.name, &args.labels)?;
        Ok(Arc::new(Series { name: args.name, labels: args.labels, points: Points::in_order(args.points.0) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(name: &str, labels: &[(&str, &str)]) -> Result<Arc<Sample>, StepError> {
        let at = timestamp(1_500);
        BuildSample::run(SampleArgs { name: name.into(), value: 1.0, at, labels: labels.iter().copied().collect() })
    }

    #[test]
    fn names_are_checked() {
        assert_eq!(build("nav:total", &[("job_id", "böse \"x\"\n")]).unwrap().at_ms, 1_500);
        assert!(build("", &[]).is_ok());
        assert_eq!(build("9nav", &[]).unwrap_err().message, "\"9nav\" cannot be a metric's name");
        assert_eq!(build("nav", &[("job-id", "x")]).unwrap_err().message, "\"job-id\" cannot be a label");
        assert_eq!(
            build("nav", &[("__name__", "x")]).unwrap_err().message,
            "the label `__name__` is the metric's name"
        );
        assert!(build("nav", &[("", "x")]).is_err());
    }

    #[test]
    fn a_series_keeps_its_points_in_order_of_time() {
        let point = |ms, value| Value::record([("at", Value::Timestamp(timestamp(ms))), ("value", value)]);
        let points = Value::list(vec![point(2, Value::Float(2.0)), point(1, Value::Int(1))]);
        let points = PointList::from_value(points).unwrap();
        let series = BuildSeries::run(SeriesArgs { name: "nav".into(), points, labels: Labels::default() }).unwrap();
        assert_eq!((&series.points.at_ms, &series.points.values), (&vec![1, 2], &vec![1.0, 2.0]));
        assert!(PointList::from_value(Value::list(vec![Value::Int(1)])).is_err());
    }
}
