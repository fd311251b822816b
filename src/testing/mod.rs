//! Runs tests: each is its workflow with other steps, on connections that lead nowhere, and what is expected of that.
//!
//! ```text
//! stage     the test's givens and settings put into the workflow
//! world     connections that refuse to read and record what is written, a clock on which waiting takes no time
//! judge     what is expected, held against what the run left; a failure shows both sides
//! coverage  which steps and branches the runs came to
//! render    reports for people, as JSON, as XML
//! ```
//!
//! Each test runs on a thread of its own, its tasks one after the other, so that a test gives the same each time;
//! several tests run at once, and are reported in the order of the files.

pub mod coverage;
mod difference;
mod judge;
mod missing;
pub mod render;
mod show;
mod stage;
mod template;
mod watch;
mod world;

use std::collections::HashSet;
use std::sync::Arc;

use crate::check::Program;
use crate::check::program::Workflow;
use crate::check::test::Test;
use crate::external::Interpreters;
use crate::parallel;
use crate::primitive::Connections;
use crate::run::{self, Aftermath, Interrupt, RunOptions, RunOutcome, Services};
use crate::source::Span;
use crate::value::{Timestamp, Value};
pub(crate) use difference::difference;
pub(crate) use show::shown;
pub(crate) use template::example;
use watch::Watch;
use world::Record;
pub use world::StillClock;

/// `run.env` of every test.
const ENVIRONMENT: &str = "test";

/// How a test ended.
#[derive(Debug, Clone)]
pub struct Report {
    /// The test.
    pub test: Arc<Test>,
    /// What was not as expected; nothing in a test that passed.
    pub failures: Vec<Failure>,
    /// The places that its run came to.
    pub visited: HashSet<Span>,
}

/// Something that was not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The smallest place that says it.
    pub place: Span,
    /// What.
    pub message: String,
    /// The sides of a comparison, as they would be written.
    pub sides: Option<(String, String)>,
    /// What tells them apart, and why something is not there.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Failure {
    fn new(place: Span, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), sides: None, notes: Vec::new(), help: None }
    }
}

/// Runs tests, several at once; the reports are in the tests' order.
pub fn run(program: &Arc<Program>, tests: &[Arc<Test>]) -> Vec<Report> {
    parallel::map(tests, run::STACK, || (), |(), test| alone(program, test))
}

/// What a test came to, whatever it expects.
pub struct Observed {
    /// How its run went.
    pub outcome: RunOutcome,
    /// Everything that was written, as a list of records `{ connection, name, written }`.
    pub writes: Value,
    /// The steps that would have read and were not given.
    pub not_given: Vec<String>,
}

/// Runs a test and does not look at what it expects; the error is a line for people.
pub fn observe(program: &Arc<Program>, test: &Arc<Test>) -> Result<Observed, String> {
    let seen = parallel::map(
        std::slice::from_ref(test),
        run::STACK,
        || (),
        |(), test| {
            let Ran { came, watch, record } = carry_out(program, test);
            let not_given = watch.not_given().into_iter().map(|read| read.path.join(".")).collect();
            came.map(|(outcome, _)| Observed { outcome, writes: record.take(), not_given })
                .map_err(|error| error.to_string())
        },
    );
    seen.into_iter().next().unwrap_or_else(|| Err("the test could not be started".to_owned()))
}

/// A test's run, before anybody looks at what is expected.
struct Ran {
    came: std::io::Result<(RunOutcome, Option<Aftermath>)>,
    watch: Arc<Watch>,
    record: Record,
}

fn alone(program: &Arc<Program>, test: &Arc<Test>) -> Report {
    let Ran { came, watch, record } = carry_out(program, test);
    let failures = match came {
        Ok((outcome, left)) => judge::failures(test, &outcome, left, &watch.not_given(), record.take()),
        Err(error) => vec![Failure::new(test.title.span, format!("the test could not be started: {error}"))],
    };
    Report { test: test.clone(), failures, visited: watch.visited() }
}

fn carry_out(program: &Arc<Program>, test: &Arc<Test>) -> Ran {
    let record = Record::default();
    let plan = stage::staged(program, test);
    let services = Services {
        connections: connections(&test.workflow, &record),
        clock: Arc::new(StillClock::at(instant(test))),
        interrupt: Interrupt::default(),
        keeping: None,
        preview: None,
        records: None,
    };
    let options = RunOptions {
        id: uuid::Uuid::nil(),
        now: instant(test),
        job: None,
        environment: ENVIRONMENT.into(),
        timeout_ms: None,
        // None is asked: programs of the user's own are part of the world.
        interpreters: Interpreters::new(|_| None),
    };
    let watch = Arc::new(Watch::new(stage::refusals(program, test)));
    let came = run::in_turns(run::run_and_keep(plan, services, options, watch.clone()));
    Ran { came, watch, record }
}

/// A workflow that looks at `run.now` has a test that says what it is; to all others it is the same what it is.
fn instant(test: &Test) -> Timestamp {
    test.at.unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Connections of a workflow that lead nowhere: every read fails, and no write lasts.
pub fn nowhere(workflow: &Workflow) -> Connections {
    connections(workflow, &Record::default())
}

fn connections(workflow: &Workflow, record: &Record) -> Connections {
    let mut open = Connections::default();
    for used in &workflow.connections {
        let store = Arc::new(world::Nowhere::new(used, record.clone()));
        match used.kind.family() {
            "sql" => drop(open.sql.insert(used.name.clone(), store)),
            "metrics" => drop(open.metrics.insert(used.name.clone(), store)),
            "files" => drop(open.files.insert(used.name.clone(), store)),
            _ => drop(open.http.insert(used.name.clone(), store)),
        }
    }
    open
}
