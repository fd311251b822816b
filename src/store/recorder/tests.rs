//! Groups, waiting, secrets, and a store that fails.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::*;
use crate::lifecycle::Turn;
use crate::primitive::Effect;
use crate::run::{End, StepPlace, Tried};
use crate::store::conformance::{begin, finished};
use crate::store::{
    Claim, EffectRow, Entry, EventRow, Kept, Program, Pruned, RunRow, Selection, Settled, SinkRow, SqliteStore, Status,
    StepRow, StepState, Stop, StoreError,
};
use crate::value::timestamp;

/// A store that counts commits, and fails from one of them on.
struct Failing {
    store: SqliteStore,
    commits: AtomicUsize,
    fails_from: usize,
}

impl Failing {
    fn commit(&self) -> Result<(), StoreError> {
        let number = self.commits.fetch_add(1, Ordering::SeqCst);
        if number >= self.fails_from { Err(StoreError::Fault("the disk is full".to_owned())) } else { Ok(()) }
    }
}

impl RunStore for Failing {
    fn begin<'a>(&'a self, run: &'a Begin) -> Kept<'a, ()> {
        Box::pin(async move {
            self.commit()?;
            self.store.begin(run).await
        })
    }
    fn append<'a>(&'a self, run: Uuid, epoch: u32, entries: &'a [Entry]) -> Kept<'a, ()> {
        Box::pin(async move {
            self.commit()?;
            self.store.append(run, epoch, entries).await
        })
    }
    fn finish<'a>(&'a self, run: Uuid, epoch: u32, entries: &'a [Entry], end: &'a Finished) -> Kept<'a, ()> {
        Box::pin(async move {
            self.commit()?;
            self.store.finish(run, epoch, entries, end).await
        })
    }
    fn claim<'a>(&'a self, run: Uuid, worker: &'a str, from: &'a [Status]) -> Kept<'a, Claim> {
        self.store.claim(run, worker, from)
    }
    fn lease(&self) -> Option<Duration> {
        self.store.lease()
    }
    fn beat(&self, run: Uuid, epoch: u32) -> Kept<'_, bool> {
        self.store.beat(run, epoch)
    }
    fn ask_to_stop(&self, run: Uuid) -> Kept<'_, Stop> {
        self.store.ask_to_stop(run)
    }
    fn abandon(&self, run: Uuid) {
        self.store.abandon(run);
    }
    fn settle<'a>(&'a self, run: Uuid, epoch: u32, settled: &'a [Settled]) -> Kept<'a, ()> {
        self.store.settle(run, epoch, settled)
    }
    fn runs<'a>(&'a self, selection: &'a Selection) -> Kept<'a, Vec<RunRow>> {
        self.store.runs(selection)
    }
    fn program<'a>(&'a self, hash: &'a str) -> Kept<'a, Option<Program>> {
        self.store.program(hash)
    }
    fn steps(&self, run: Uuid) -> Kept<'_, Vec<StepRow>> {
        self.store.steps(run)
    }
    fn effects(&self, run: Uuid) -> Kept<'_, Vec<EffectRow>> {
        self.store.effects(run)
    }
    fn output<'a>(&'a self, hash: &'a str) -> Kept<'a, Option<String>> {
        self.store.output(hash)
    }
    fn events(&self, run: Uuid) -> Kept<'_, Vec<EventRow>> {
        self.store.events(run)
    }
    fn prune(&self, before_ms: i64, keep: u32, is_trial: bool) -> Kept<'_, Pruned> {
        self.store.prune(before_ms, keep, is_trial)
    }
    fn turn<'a>(&'a self, sink: &'a str) -> Kept<'a, Option<Turn>> {
        self.store.turn(sink)
    }
    fn waiting<'a>(&'a self, sink: &'a str, most: usize) -> Kept<'a, Vec<(i64, String)>> {
        self.store.waiting(sink, most)
    }
    fn passed<'a>(&'a self, sink: &'a str, sequence: i64, dropped: u64, why: Option<&'a str>) -> Kept<'a, ()> {
        self.store.passed(sink, sequence, dropped, why)
    }
    fn failed<'a>(&'a self, sink: &'a str, why: &'a str) -> Kept<'a, ()> {
        self.store.failed(sink, why)
    }
    fn standing<'a>(&'a self, sinks: &'a [&'a str]) -> Kept<'a, Vec<SinkRow>> {
        self.store.standing(sinks)
    }
    fn forget<'a>(&'a self, sinks: &'a [&'a str]) -> Kept<'a, ()> {
        self.store.forget(sinks)
    }
}

struct Trial {
    store: Arc<Failing>,
    recorder: Recorder,
    told: Arc<Mutex<Vec<String>>>,
    run: Uuid,
    _folder: tempfile::TempDir,
}

fn trial(fails_from: usize) -> Trial {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::at(&folder.path().join("runs.db"));
    let store = Arc::new(Failing { store, commits: AtomicUsize::new(0), fails_from });
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let (run, lines) = (Uuid::now_v7(), told.clone());
    let tell: Warn = Arc::new(move |line| lines.lock().unwrap().push(line.to_owned()));
    let mask: Mask = Arc::new(|text| text.replace("hunter2", "•••"));
    let recorder = Recorder::of_new(store.clone(), begin(run), mask, tell, &Handle::current());
    Trial { store, recorder, told, run, _folder: folder }
}

fn step(key: &str, end: End) -> Recorded {
    let at = timestamp(1000);
    let place = StepPlace { path: vec![key.to_owned()], item: Some("hunter2".to_owned()) };
    let (code, input) = ("code".to_owned(), "input".to_owned());
    Recorded {
        key: key.to_owned(),
        place,
        effect: Some(Effect::Write),
        code,
        input,
        end,
        attempts: 1,
        tried: Vec::new(),
        started_at: at,
        at,
    }
}

#[tokio::test]
async fn a_thousand_steps_go_in_with_few_commits_and_in_order() {
    let trial = trial(usize::MAX);
    trial.recorder.began(&IndexMap::new()).await;
    for n in 0..1000 {
        trial.recorder.ended(step(&format!("{n:04}"), End::Well(Some(Value::Int(n)))));
    }
    trial.recorder.finish(finished(Status::Success)).await;
    let steps = trial.store.steps(trial.run).await.unwrap();
    assert_eq!(steps.len(), 1000);
    assert!(steps.is_sorted_by(|a, b| a.key < b.key));
    let commits = trial.store.commits.load(Ordering::SeqCst);
    assert!(commits < 60, "{commits} commits");
    assert_eq!(trial.store.runs(&Selection::one(trial.run)).await.unwrap()[0].status, Status::Success);
}

#[tokio::test]
async fn an_announcement_is_on_record_when_it_comes_back_with_all_that_was_before_it() {
    let trial = trial(usize::MAX);
    trial.recorder.began(&IndexMap::new()).await;
    trial.recorder.on_record().await;
    assert_eq!(trial.store.runs(&Selection::one(trial.run)).await.unwrap().len(), 1);
    trial.recorder.ended(step("before", End::Well(None)));
    trial.recorder.announce(step("written", End::Announced)).await;
    let states: Vec<StepState> = trial.store.steps(trial.run).await.unwrap().iter().map(|step| step.state).collect();
    assert_eq!(states, [StepState::Done, StepState::Announced]);
}

#[tokio::test]
async fn a_store_that_fails_is_told_of_once_and_holds_nobody_up() {
    for fails_from in 0..3 {
        let trial = trial(fails_from);
        trial.recorder.began(&IndexMap::new()).await;
        trial.recorder.on_record().await;
        for n in 0..5 {
            trial.recorder.announce(step(&n.to_string(), End::Announced)).await;
        }
        trial.recorder.finish(finished(Status::Success)).await;
        let told = trial.told.lock().unwrap().clone();
        assert_eq!(told.len(), 1, "{told:?}");
        let so_far = if fails_from == 0 { "this run is not recorded" } else { "the record of this run breaks off" };
        assert!(told[0].starts_with(so_far) && told[0].contains("the disk is full"), "{told:?}");
        if fails_from > 0 {
            let claim = trial.store.claim(trial.run, "b", &[Status::Crashed]).await;
            assert_eq!(claim, Ok(Claim::BrokenOff), "what went on unrecorded is never taken over");
        }
    }
}

#[tokio::test]
async fn secrets_are_kept_out_of_all_that_is_written() {
    let trial = trial(usize::MAX);
    let secret = || Value::text("a hunter2 b");
    let params = [("plain", secret()), ("token", Value::Secret("hunter2".into())), ("n", Value::Int(1))];
    trial.recorder.began(&params.into_iter().map(|(name, value)| (Arc::from(name), value)).collect()).await;
    trial.recorder.ended(step("a", End::Well(Some(secret()))));
    let error = crate::run::ErrorReport { kind: "query".to_owned(), message: "hunter2?".to_owned(), help: None };
    trial.recorder.ended(step("b", End::Failed(error)));
    let mut retried = step("c", End::Well(None));
    let error = crate::run::ErrorReport { kind: "timeout".to_owned(), message: "hunter2 late".to_owned(), help: None };
    let (started_at, ended_at) = (timestamp(990), timestamp(995));
    retried.tried = vec![Tried { started_at, ended_at, error, wait_ms: 3 }];
    retried.attempts = 2;
    trial.recorder.ended(retried);
    let mut end = finished(Status::Failed);
    end.message = "hunter2".to_owned();
    end.result = json!({ "hunter2": ["hunter2"] });
    trial.recorder.finish(end).await;
    let run = trial.store.runs(&Selection::one(trial.run)).await.unwrap().remove(0);
    assert_eq!(run.begin.params, json!({ "kept": { "n": 1 }, "withheld": ["plain", "token"] }));
    let steps = trial.store.steps(trial.run).await.unwrap();
    assert_eq!((steps[0].output.as_ref(), steps[0].withheld.as_deref()), (None, Some("its value holds a secret")));
    let tried = &steps[2].tried;
    assert_eq!((tried.len(), tried[0].number, tried[0].wait_ms), (2, 1, Some(3)));
    assert_eq!((tried[1].number, tried[1].started_at, &tried[1].error), (2, 998, &None));
    let all = format!("{run:?} {steps:?}");
    assert!(!all.contains("hunter2"), "{all}");
}
