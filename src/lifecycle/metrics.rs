//! Samples in a store of metrics: how each run ended, how long it took, what it counted.
//!
//! A sample of an event is the same however often it is written, and a store that has it is left alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::sink::{Refused, Sink, Undelivered};
use super::told::{EndStatus, Told, What};
use crate::connection::Metrics;
use crate::value::{ErrorKind, Labels, Points, Series, StepError};

/// How samples are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsSinkOptions {
    /// What the names of all metrics begin with, before an underscore.
    pub prefix: Arc<str>,
    /// Labels of every sample, besides its own.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
}

/// The labels that samples have by themselves: no others may be called so.
const OWN_LABELS: [&str; 4] = ["env", "job_id", "output", "status"];

pub(super) struct MetricsSink {
    name: Arc<str>,
    store: Arc<dyn Metrics>,
    options: MetricsSinkOptions,
}

impl MetricsSink {
    pub(super) fn new(name: Arc<str>, store: Arc<dyn Metrics>, options: MetricsSinkOptions) -> Result<Self, StepError> {
        let wrong = |message: String| Err(StepError::new(ErrorKind::Configuration, message));
        if !is_name(&options.prefix) {
            return wrong(format!(
                "no metric's name begins with `{}`: a `prefix` is of letters, digits and `_`",
                options.prefix
            ));
        }
        for label in options.labels.keys() {
            if OWN_LABELS.contains(&&**label) {
                return wrong(format!("its samples have a label `{label}` already"));
            }
            if !is_name(label) {
                return wrong(format!("`{label}` is no name of a label: one is of letters, digits and `_`"));
            }
        }
        Ok(Self { name, store, options })
    }

    async fn write(&self, events: &[Told]) -> Result<Vec<Refused>, Undelivered> {
        let series: Vec<Series> = events.iter().flat_map(|told| series(&self.options, told)).collect();
        self.store.write(&series).await.map_err(undelivered)?;
        Ok(Vec::new())
    }
}

impl Sink for MetricsSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn wants(&self, told: &Told) -> bool {
        matches!(told.what, What::RunEnded { .. })
    }

    fn tell<'a>(&'a self, events: &'a [Told]) -> BoxFuture<'a, Result<Vec<Refused>, Undelivered>> {
        Box::pin(self.write(events))
    }
}

fn is_name(text: &str) -> bool {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    !text.is_empty() && !text.starts_with(|first: char| first.is_ascii_digit()) && text.chars().all(is_sign)
}

/// What the store took and does not keep it never will, such as what is older than it looks back; all else may pass.
fn undelivered(error: StepError) -> Undelivered {
    match error.kind {
        ErrorKind::Data | ErrorKind::Write => Undelivered::Never { why: error.message },
        _ => Undelivered::Later { why: error.message, after_ms: error.retry_after_ms },
    }
}

/// The samples of a run's end, each a series of one point.
fn series(options: &MetricsSinkOptions, told: &Told) -> Vec<Series> {
    let What::RunEnded { status, steps, counters, .. } = &told.what else { return Vec::new() };
    let one = |metric: &str, more: &[(&str, &str)], value: f64| {
        let given = options.labels.iter().map(|(name, value)| (name.clone(), value.clone()));
        let own = [("job_id", told.run.name()), ("env", &*told.run.environment)];
        let own = own.iter().chain(more).map(|(name, value)| (Arc::from(*name), Arc::from(*value)));
        let points = Points { at_ms: vec![told.at.timestamp_millis()], values: vec![value] };
        Series {
            name: format!("{}_{metric}", options.prefix).into(),
            labels: given.chain(own).collect::<Labels>(),
            points: Arc::new(points),
        }
    };
    let is_well = f64::from(u8::from(*status == EndStatus::Success));
    let mut all = vec![one("job_status", &[("status", status.name())], is_well)];
    #[allow(clippy::cast_precision_loss, reason = "no run takes that long, or has that many steps")]
    {
        all.extend(told.duration_ms().map(|ms| one("job_duration_seconds", &[], ms as f64 / 1000.0)));
        all.push(one("job_steps", &[], *steps as f64));
    }
    let finite = counters.iter().filter(|(_, value)| value.is_finite());
    all.extend(finite.map(|(name, value)| one("job_output", &[("output", name)], *value)));
    all
}

#[cfg(test)]
mod tests {
    use super::super::told::tests::{ended, started, step};
    use super::*;

    fn shown(told: &Told) -> Vec<String> {
        let labels = BTreeMap::from([(Arc::from("stage"), Arc::from("prod"))]);
        let all = series(&MetricsSinkOptions { prefix: "vmflow".into(), labels }, told);
        all.iter().map(|one| format!("{} {} {}", one.id(), one.points.values[0], one.points.at_ms[0])).collect()
    }

    #[test]
    fn an_end_is_a_status_a_duration_and_what_was_counted() {
        let labels = |more: &str| format!(r#"env="prod", job_id="update bytemark, tickets", {more}stage="prod""#);
        let wanted = [
            format!("vmflow_job_status{{{}, status=\"success\"}} 1 1795000000412", labels("")),
            format!("vmflow_job_duration_seconds{{{}}} 0.412 1795000000412", labels("")),
            format!("vmflow_job_steps{{{}}} 3 1795000000412", labels("")),
            format!("vmflow_job_output{{{}}} 12 1795000000412", labels("output=\"items_created\", ")),
            format!("vmflow_job_output{{{}}} 0.5 1795000000412", labels("output=\"ratio\", ")),
        ];
        assert_eq!(shown(&ended(EndStatus::Success)), wanted);
        let partial = shown(&ended(EndStatus::Partial));
        assert!(partial[0].ends_with(r#"status="partial"} 0 1795000000412"#), "{partial:?}");
        assert!(shown(&started()).is_empty() && shown(&step()).is_empty());
    }

    #[test]
    fn what_is_not_a_number_is_left_out() {
        let mut told = ended(EndStatus::Failed);
        let What::RunEnded { counters, .. } = &mut told.what else { unreachable!() };
        counters.insert("ratio".to_owned(), f64::INFINITY);
        assert_eq!(shown(&told).iter().filter(|line| line.contains("job_output")).count(), 1);
    }
}
