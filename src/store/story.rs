//! What sinks will be told of a run, made from what it tells the recorder.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::{Begin, Finished, Status};
use crate::lifecycle::{Attempted, EndStatus, RunFacts, Told, ToldError, What};
use crate::run::{ErrorReport, EventKind, RunEvent, StepPlace, StepStatus};

/// What happens in a run, as its sinks are told.
pub struct Story {
    facts: RunFacts,
    started_at: DateTime<Utc>,
    epoch: u32,
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    /// Attempts that failed, of steps that go on.
    failed: HashMap<Place, Vec<Failed>>,
    /// The last instant at which a step ended.
    latest: Option<DateTime<Utc>>,
}

type Place = (Vec<String>, Option<String>);

struct Failed {
    at: DateTime<Utc>,
    retry_in: Duration,
    error: ToldError,
}

impl Story {
    /// Of a run that began so, with the W3C `traceparent` of who started it.
    pub fn of(begin: &Begin, epoch: u32, traceparent: Option<String>) -> Self {
        let facts = RunFacts {
            id: begin.id.to_string(),
            workflow: begin.workflow.clone(),
            job: begin.job.clone(),
            environment: begin.environment.clone(),
            traceparent,
        };
        Self { facts, started_at: instant(begin.started_at), epoch, heard: Mutex::default() }
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self, number: &str, at: DateTime<Utc>, what: What) -> Told {
        Told { id: format!("{}-{}-{number}", self.facts.id, self.epoch), at, run: self.facts.clone(), what }
    }

    pub(super) fn begun(&self, begin: &Begin) -> Told {
        let kept = begin.params.get("kept").and_then(Json::as_object).cloned().unwrap_or_default();
        let withheld = begin.params.get("withheld").and_then(Json::as_array).into_iter().flatten();
        let hidden = withheld.filter_map(|name| Some((name.as_str()?.to_owned(), Json::from("•••"))));
        let params: Map<String, Json> = kept.into_iter().chain(hidden).collect();
        self.told("start", self.started_at, What::RunStarted { params })
    }

    /// What is told of an event, which is the run's `seq`th; nothing of most.
    pub(super) fn event(&self, event: &RunEvent, seq: u64) -> Option<Told> {
        match &event.kind {
            EventKind::AttemptFailed { step, error, retry_in_ms, .. } => {
                let retry_in = Duration::milliseconds(i64::try_from(*retry_in_ms).unwrap_or(i64::MAX / 2));
                let failed = Failed { at: event.at, retry_in, error: told_error(error) };
                self.heard().failed.entry(place(step)).or_default().push(failed);
                None
            }
            EventKind::StepFinished { step, status, duration_ms, error, .. } => {
                let status = end_status(*status)?;
                let started_at = event.at - Duration::milliseconds(i64::try_from(*duration_ms).unwrap_or(0));
                let error = error.as_ref().map(told_error);
                let attempts = self.attempts(step, (started_at, event.at), error.as_ref());
                let (step, item) = (step.path.join("."), step.item.clone());
                let mut heard = self.heard();
                heard.latest = heard.latest.max(Some(event.at));
                let what = What::StepEnded { step, item, status, started_at, attempts, error };
                Some(self.told(&seq.to_string(), event.at, what))
            }
            _ => None,
        }
    }

    /// All attempts of a step that ended: each began when the wait after the one before was over.
    fn attempts(
        &self,
        step: &StepPlace,
        (started_at, ended_at): (DateTime<Utc>, DateTime<Utc>),
        error: Option<&ToldError>,
    ) -> Vec<Attempted> {
        let failed = self.heard().failed.remove(&place(step));
        let mut next = started_at;
        let mut attempts: Vec<Attempted> = failed
            .into_iter()
            .flatten()
            .map(|one| {
                let attempt = Attempted { started_at: next, ended_at: one.at.max(next), error: Some(one.error) };
                next = (one.at + one.retry_in).min(ended_at);
                attempt
            })
            .collect();
        attempts.push(Attempted { started_at: next, ended_at, error: error.cloned() });
        attempts
    }

    pub(super) fn ended(&self, end: &Finished) -> Told {
        let error = end.result.get("error").filter(|error| !error.is_null());
        let text = |error: &Json, name: &str| error.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let error = error.map(|error| ToldError { kind: text(error, "kind"), message: text(error, "message") });
        let status = match end.status {
            Status::Success => EndStatus::Success,
            Status::Partial => EndStatus::Partial,
            Status::Cancelled => EndStatus::Cancelled,
            Status::Failed | Status::Crashed | Status::Running => EndStatus::Failed,
        };
        let (message, started_at, counters) = (end.message.clone(), self.started_at, counters(&end.result));
        let steps = end.result.get("steps").and_then(Json::as_array).map_or(0, |steps| steps.len() as u64);
        // A run's end is known to the millisecond, its steps' to the nanosecond: none may seem to outlast it.
        let at = self.heard().latest.max(Some(instant(end.at))).unwrap_or_default();
        self.told("end", at, What::RunEnded { status, message, started_at, steps, counters, error })
    }
}

/// The outputs that are numbers.
fn counters(result: &Json) -> IndexMap<String, f64> {
    let outputs = result.get("outputs").and_then(Json::as_object).into_iter().flatten();
    outputs.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))).collect()
}

fn place(step: &StepPlace) -> Place {
    (step.path.clone(), step.item.clone())
}

fn told_error(error: &ErrorReport) -> ToldError {
    ToldError { kind: error.kind.clone(), message: error.message.clone() }
}

fn end_status(status: StepStatus) -> Option<EndStatus> {
    Some(match status {
        StepStatus::Success => EndStatus::Success,
        StepStatus::Partial => EndStatus::Partial,
        StepStatus::Recovered => EndStatus::Recovered,
        StepStatus::Failed => EndStatus::Failed,
        StepStatus::Cancelled => EndStatus::Cancelled,
        StepStatus::Skipped => EndStatus::Skipped,
        // Only plans have such steps, and plans are not recorded.
        StepStatus::Unknown => return None,
    })
}

fn instant(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::store::conformance;

    fn event(at: i64, kind: EventKind) -> RunEvent {
        RunEvent { at: instant(at), kind }
    }

    fn step_finished(step: StepPlace, duration_ms: u64) -> EventKind {
        let status = StepStatus::Success;
        EventKind::StepFinished { step, status, attempts: 2, cached: false, recorded: false, duration_ms, error: None }
    }

    #[test]
    fn no_step_seems_to_outlast_its_run() {
        let begin = conformance::begin(Uuid::now_v7());
        let story = Story::of(&begin, 1, None);
        let end = conformance::finished(Status::Success);
        let late = instant(end.at) + Duration::nanoseconds(600);
        let step = StepPlace { path: vec!["copies".to_owned()], item: None };
        let told = story.event(&RunEvent { at: late, kind: step_finished(step, 0) }, 1).unwrap();
        assert_eq!((told.at, story.ended(&end).at), (late, late));
    }

    #[test]
    fn a_run_is_told_from_its_start_to_its_end() {
        let params = json!({ "kept": { "lookback": "30d" }, "withheld": ["token"] });
        let begin = Begin { params, started_at: 1_000, ..conformance::begin(Uuid::now_v7()) };
        let story = Story::of(&begin, 1, None);
        let What::RunStarted { params } = story.begun(&begin).what else { panic!() };
        assert_eq!(Json::Object(params), json!({ "lookback": "30d", "token": "•••" }));

        let step = StepPlace { path: vec!["copies".to_owned(), "rows".to_owned()], item: Some("day=1".to_owned()) };
        let error = ErrorReport { kind: "timeout".to_owned(), message: "late".to_owned(), help: None };
        let failed = EventKind::AttemptFailed { step: step.clone(), attempt: 1, error, retry_in_ms: 50 };
        assert_eq!(story.event(&event(1_200, failed), 1), None);
        let finished = step_finished(step, 400);
        let told = story.event(&event(1_500, finished), 2).unwrap();
        let What::StepEnded { step, attempts, started_at, .. } = told.what else { panic!() };
        assert_eq!((&*step, started_at), ("copies.rows", instant(1_100)));
        let spans: Vec<_> = attempts.iter().map(|one| (one.started_at, one.ended_at, one.error.is_some())).collect();
        assert_eq!(spans, [(instant(1_100), instant(1_200), true), (instant(1_250), instant(1_500), false)]);

        let result = json!({ "outputs": { "rows": 12, "name": "x" }, "error": { "kind": "write", "message": "no" } });
        let end = Finished { result, ..conformance::finished(Status::Failed) };
        let told = story.ended(&end);
        assert_eq!(told.duration_ms(), Some(1_000));
        let What::RunEnded { status, counters, error, .. } = told.what else { panic!() };
        assert_eq!(
            (status, counters, error.unwrap().kind),
            (EndStatus::Failed, [("rows".to_owned(), 12.0)].into(), "write".to_owned())
        );
    }
}
