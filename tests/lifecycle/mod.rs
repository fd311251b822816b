//! Sinks: that each is told what it wants, once more rather than never, and that none keeps another waiting.

mod bigquery;
mod influx;
mod metrics;
mod receivers;
mod runs;
mod spans;
mod teller;
mod webhook;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, FutureExt, ready};
use indexmap::IndexMap;
use serde_json::Map;
use vmflow::connection::clock::SystemClock;
use vmflow::connection::{Answer, Clock};
use vmflow::lifecycle::{
    Attempted, EndStatus, Outbox, RunFacts, Sink, SinkKind, SinkOptions, Standing, Teller, Told, ToldError, Turn,
    Waiting, What, open,
};

/// A clock whose waits are fifty times as short.
#[derive(Debug, Default)]
struct HastyClock;

impl Clock for HastyClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now()
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        tokio::time::sleep(Duration::from_millis(ms.div_ceil(50))).boxed()
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(HastyClock)
}

/// An outbox in memory, and what was noted of its sinks.
#[derive(Default)]
struct InMemory {
    events: Vec<Told>,
    passed: Mutex<IndexMap<String, (i64, u64)>>,
    failures: Mutex<Vec<String>>,
}

impl InMemory {
    fn of(events: &[Told]) -> Arc<Self> {
        Arc::new(Self { events: events.to_vec(), ..Self::default() })
    }

    /// How far a sink was told, and how many events it refused.
    fn passed(&self, sink: &str) -> (i64, u64) {
        self.passed.lock().unwrap().get(sink).copied().unwrap_or_default()
    }
}

impl Outbox for InMemory {
    fn turn<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Turn>> {
        Box::pin(ready(Ok(Some(Box::new(()) as Turn))))
    }

    fn waiting<'a>(&'a self, sink: &'a str, limit: usize) -> Answer<'a, Vec<Waiting>> {
        let (through, _) = self.passed(sink);
        let after = (1..).zip(&self.events).filter(|(sequence, _)| *sequence > through);
        let waiting = after.take(limit).map(|(sequence, told)| Waiting { sequence, told: told.clone() }).collect();
        Box::pin(ready(Ok(waiting)))
    }

    fn passed<'a>(&'a self, sink: &'a str, sequence: i64, dropped: u64, _: Option<&'a str>) -> Answer<'a, ()> {
        let mut passed = self.passed.lock().unwrap();
        let (through, count) = passed.entry(sink.to_owned()).or_default();
        *through = sequence;
        *count += dropped;
        Box::pin(ready(Ok(())))
    }

    fn failed<'a>(&'a self, sink: &'a str, why: &'a str) -> Answer<'a, ()> {
        self.failures.lock().unwrap().push(format!("{sink}: {why}"));
        Box::pin(ready(Ok(())))
    }
}

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_793_000_000_000 + ms).unwrap()
}

fn told(run: &str, id: &str, ms: i64, what: What) -> Told {
    let run = RunFacts {
        id: run.to_owned(),
        workflow: "extractor".to_owned(),
        job: Some("update bytemark, tickets".to_owned()),
        environment: "prod".to_owned(),
        traceparent: None,
    };
    Told { id: format!("{}-{id}", run.id), at: at(ms), run, what }
}

/// The story of one run: its start, a step of two attempts, its end.
fn story(run: &str, status: EndStatus) -> Vec<Told> {
    let error = ToldError { kind: "timeout".to_owned(), message: "no answer\nwithin 5 s".to_owned() };
    let attempts = vec![
        Attempted { started_at: at(1), ended_at: at(5), error: Some(error.clone()) },
        Attempted { started_at: at(6), ended_at: at(9), error: None },
    ];
    let step = What::StepEnded {
        step: "copies".to_owned(),
        item: None,
        status: EndStatus::Success,
        started_at: at(1),
        attempts,
        error: None,
    };
    let counters = IndexMap::from([("items_created".to_owned(), 12.0)]);
    let error = status.is_failure().then_some(error);
    let ended = What::RunEnded { status, message: "over".to_owned(), started_at: at(0), steps: 1, counters, error };
    vec![
        told(run, "1", 0, What::RunStarted { params: Map::new() }),
        told(run, "2", 9, step),
        told(run, "3", 412, ended),
    ]
}

/// A run's id, other each time.
fn run_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn sink(name: &str, kind: SinkKind) -> Arc<dyn Sink> {
    open(&SinkOptions { name: name.into(), kind }, &clock()).unwrap()
}

/// Tells one sink what waits for it, for at most so many seconds of the hasty clock.
async fn tell(sink: &Arc<dyn Sink>, outbox: &Arc<InMemory>, seconds: u64) -> Standing {
    let teller = Teller::new(vec![sink.clone()], outbox.clone(), clock());
    teller.tell_all(Duration::from_secs(seconds)).await.pop().unwrap()
}

fn standing(sink: &str, told: u64, dropped: u64) -> Standing {
    Standing { sink: sink.to_owned(), told, dropped, failing: None }
}
