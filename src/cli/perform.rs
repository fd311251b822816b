//! A run under way: its events shown, its interruptions handed on.

use std::sync::Arc;
use std::time::Duration;

use serde_json::to_value;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::sleep;
use uuid::Uuid;

use super::prepare::Prepared;
use super::progress::Progress;
use super::terminal::Terminal;
use super::{Exit, logs};
use crate::config::Redactor;
use crate::run::{self, EventKind, EventSink, Interrupt, RunEvent, RunOptions, RunOutcome, Services};
use crate::store::Recorder;

/// What a run that ctrl-c stopped exits with, and what SIGTERM makes of it.
const CANCELLED: u8 = 130;
const TERMINATED: u8 = 143;

/// How long a run may take to end once it was made to: most end at once, some roll a transaction back.
const LAST: Duration = Duration::from_secs(2);

/// A run that is over.
pub(super) struct Performed {
    /// How it went.
    pub(super) outcome: RunOutcome,
    /// What the command exits with.
    pub(super) exit: Exit,
}

/// Runs what is prepared; `None` when vmflow itself broke down.
pub(super) fn perform(
    prepared: &Prepared,
    id: Uuid,
    services: Services,
    sink: impl EventSink + 'static,
    runtime: &Runtime,
) -> Option<Performed> {
    let options = RunOptions {
        id,
        now: prepared.now,
        job: prepared.job.as_ref().map(|job| job.id.clone()),
        environment: prepared.environment.name.clone(),
        timeout_ms: prepared.job.as_ref().and_then(|job| job.timeout_ms),
        interpreters: prepared.interpreters.clone(),
    };
    // Signals are heard on this thread, by a runtime of its own: the workers of the other may all be computing.
    let here = Builder::new_current_thread().enable_all().build().ok()?;
    let interrupt = services.interrupt.clone();
    // On a worker, not here: each step would pay for waking this thread.
    let running = runtime.spawn(run::run(prepared.plan.clone(), services, options, Arc::new(sink)));
    let (outcome, cancelled) = here.block_on(attend(running, &interrupt));
    let outcome = outcome.ok()?;
    let exit = match outcome.exit_code() {
        CANCELLED => Exit::Code(cancelled),
        code => Exit::Code(code),
    };
    Some(Performed { outcome, exit })
}

/// Waits for the run, and hands ctrl-c and SIGTERM to it: the first asks it to stop, the second makes it. What does not
/// end then is left where it is, and the process ends. Also gives what a cancelled run exits with.
async fn attend(mut running: JoinHandle<RunOutcome>, interrupt: &Interrupt) -> (Result<RunOutcome, JoinError>, u8) {
    let (Ok(mut int), Ok(mut term)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return (running.await, CANCELLED);
    };
    let (mut asked, mut exit) = (0, CANCELLED);
    loop {
        tokio::select! {
            biased;
            outcome = &mut running => return (outcome, exit),
            _ = int.recv() => {}
            _ = term.recv() => exit = TERMINATED,
            () = sleep(LAST), if asked > 1 => std::process::exit(exit.into()),
        }
        asked += 1;
        interrupt.cancel();
    }
}

/// Shows what happens: as lines of JSON, as a progress display, as a log.
pub(super) struct Sink {
    terminal: Terminal,
    run: Uuid,
    redactor: Arc<Redactor>,
    progress: Option<Progress>,
    recorder: Option<Arc<Recorder>>,
    has_lines: bool,
}

impl Sink {
    /// A progress display where there is a terminal, else a log.
    pub(super) fn quiet(terminal: Terminal, run: Uuid, redactor: Arc<Redactor>) -> Self {
        let progress = terminal.animates.then(|| Progress::new(terminal.color_err));
        Self { terminal, run, redactor, progress, recorder: None, has_lines: false }
    }

    /// An event a line on stdout, and a log.
    pub(super) fn lines(terminal: Terminal, run: Uuid, redactor: Arc<Redactor>) -> Self {
        Self { terminal, run, redactor, progress: None, recorder: None, has_lines: true }
    }

    /// Tells it to the record of the run as well.
    pub(super) fn recorded(self, recorder: Option<Arc<Recorder>>) -> Self {
        Self { recorder, ..self }
    }
}

impl EventSink for Sink {
    fn wants_questions(&self) -> bool {
        self.terminal.verbosity >= 1
    }

    fn emit(&self, event: RunEvent) {
        // What is asked is seen by whoever watches; its code and parameters are on record anyway.
        let recorder = self.recorder.as_ref().filter(|_| !matches!(event.kind, EventKind::Asked { .. }));
        if let Some(recorder) = recorder {
            recorder.event(&event);
        }
        if self.has_lines {
            let line = self.redactor.redact_json(&to_value(&event).unwrap_or_default());
            self.terminal.print(&format!("{line}\n"));
        }
        match &self.progress {
            Some(progress) => progress.show(&event, &self.redactor),
            None => logs::log(&event, self.run, &self.redactor, &self.terminal),
        }
    }
}
