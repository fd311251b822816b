//! Whether a run is still ours, and whether it is to stop.
//!
//! Whoever runs a run says so to the store from time to time. Four things can come back: that all is well; that somebody asks
//! the run to stop; nothing, when the store is away, and the run goes on; or that somebody else has taken the run over. Then
//! this process stops at once: what it would do from there on, the other does.
//!
//! A process that was stopped (SIGSTOP, a machine that slept) does not know how long. So before each write it looks at a clock
//! that nobody sets, and asks the store first when the lease may be over.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::Warn;
use super::clock::Moment;
use crate::run::Interrupt;
use crate::store::{RunStore, StoreError};

/// How often the store is asked at least.
const OFTEN: Duration = Duration::from_secs(1);

/// How it stands between a run and its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is not on record yet.
    Before,
    /// The run is ours, and so far as is known until this instant; `None` where it stays ours without a word.
    Ours(Option<Moment>),
    /// The store has been away for so long that nobody knows.
    Away,
    /// Somebody else has the run, or its day of a back-fill.
    Lost,
    /// Nothing more will be recorded.
    Over,
}

/// A run that is ours until somebody else has it.
pub(super) struct Hold {
    store: Arc<dyn RunStore>,
    run: Uuid,
    epoch: u32,
    warn: Warn,
    state: Mutex<State>,
    interrupt: OnceLock<Interrupt>,
    taken_by: OnceLock<Uuid>,
    /// When to give up what is not on record by then: the run is over.
    last: OnceLock<Instant>,
}

impl Hold {
    pub(super) fn new(store: Arc<dyn RunStore>, (run, epoch): (Uuid, u32), warn: Warn) -> Self {
        let state = Mutex::new(State::Before);
        let (interrupt, taken_by, last) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { store, run, epoch, warn, state, interrupt, taken_by, last }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a store that is away is waited for; `None` where the store is never away.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.store.lease().map(|lease| lease / 3 * 2)
    }

    /// Stops this run when somebody asks for that, or when it is not ours any more.
    pub(super) fn stops(&self, interrupt: &Interrupt) {
        // A second call keeps the first; a run has one.
        let _ = self.interrupt.set(interrupt.clone());
        if *self.state() == State::Lost {
            self.stop_at_once();
        }
    }

    /// The store took note of us; it was asked at this instant.
    pub(super) fn heard(&self, asked: Moment) {
        let mut state = self.state();
        if matches!(*state, State::Before | State::Ours(_) | State::Away) {
            *state = State::Ours(self.store.lease().map(|lease| asked + lease));
        }
    }

    /// The store has been away for longer than it is waited for.
    pub(super) fn away(&self) {
        let mut state = self.state();
        if matches!(*state, State::Ours(_)) {
            *state = State::Away;
        }
    }

    pub(super) fn is_away(&self) -> bool {
        *self.state() == State::Away
    }

    /// The run is over: what is not on record soon will never be.
    pub(super) fn ends(&self) {
        let _ = self.last.set(Instant::now() + self.patience().unwrap_or_default());
    }

    pub(super) fn is_late(&self) -> bool {
        self.last.get().is_some_and(|last| *last <= Instant::now())
    }

    /// Nothing more will be recorded.
    pub(super) fn end(&self) {
        let mut state = self.state();
        if *state != State::Lost {
            *state = State::Over;
        }
    }

    /// Somebody else has the run: it ends here, without `finally`, which is his to run.
    pub(super) fn lose(&self) {
        if !self.is_first_to_lose() {
            return;
        }
        let why = "somebody else has taken this run over, because its lease was over";
        (self.warn)(&format!("{why}; it stops here, and nothing more of it is recorded"));
        self.stop_at_once();
    }

    /// Another run has the day that this one is for: it ends here, before its first step.
    pub(super) fn leave_to(&self, other: Uuid) {
        if self.is_first_to_lose() {
            // It is lost once only.
            let _ = self.taken_by.set(other);
            self.stop_at_once();
        }
    }

    pub(super) fn taken_by(&self) -> Option<Uuid> {
        self.taken_by.get().copied()
    }

    fn is_first_to_lose(&self) -> bool {
        let mut state = self.state();
        let is_first = !matches!(*state, State::Lost | State::Over);
        if is_first {
            *state = State::Lost;
        }
        is_first
    }

    fn stop_at_once(&self) {
        if let Some(interrupt) = self.interrupt.get() {
            interrupt.cancel();
            interrupt.cancel();
        }
    }

    /// Comes back at once while the lease lasts; otherwise once the store was asked. When the run is not ours any more, it
    /// has been stopped by then.
    pub(super) async fn before_write(&self) {
        let is_old = matches!(*self.state(), State::Ours(Some(until)) if until <= Moment::now());
        if is_old {
            self.beat().await;
        }
    }

    /// Says that we are there; tells whether somebody asks the run to stop.
    async fn beat(&self) -> bool {
        let asked = Moment::now();
        match self.store.beat(self.run, self.epoch).await {
            Ok(is_to_stop) => {
                self.heard(asked);
                return is_to_stop;
            }
            // Its end may be on record before that is heard here; whether it is, the writer of it tells.
            Err(StoreError::Lost) if self.last.get().is_some() => {}
            Err(StoreError::Lost) => self.lose(),
            // Whether the record breaks off for that is for those to say who have something to write.
            Err(StoreError::Taken(_) | StoreError::Fault(_) | StoreError::Away(_) | StoreError::Unknown(_)) => {}
        }
        false
    }

    /// Says so over and over, until the run is over.
    pub(super) async fn keep(self: Arc<Self>) {
        let pause = self.store.lease().map_or(OFTEN, |lease| (lease / 3).min(OFTEN));
        let mut is_told = false;
        loop {
            tokio::time::sleep(pause).await;
            let state = *self.state();
            let is_to_stop = match state {
                State::Before => false,
                State::Ours(_) | State::Away => self.beat().await,
                State::Lost | State::Over => return,
            };
            if let Some(interrupt) = self.interrupt.get().filter(|_| is_to_stop && !is_told) {
                is_told = true;
                (self.warn)("`vmflow cancel` asks this run to stop");
                interrupt.cancel();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::{begin, finished};
    use crate::store::{SqliteStore, Status};

    /// What is told when a beat comes to a store that has the end of the run already.
    async fn told_of_a_late_beat(is_over: bool) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::at(&folder.path().join("runs.db")));
        let (run, told): (Uuid, Arc<Mutex<Vec<String>>>) = (Uuid::now_v7(), Arc::default());
        let lines = told.clone();
        let hold =
            Hold::new(store.clone(), (run, 1), Arc::new(move |line| lines.lock().unwrap().push(line.to_owned())));
        store.begin(&begin(run)).await.unwrap();
        hold.heard(Moment::now());
        if is_over {
            hold.ends();
        }
        store.finish(run, 1, &[], &finished(Status::Success)).await.unwrap();
        hold.beat().await;
        told.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn a_run_whose_end_is_on_record_was_taken_by_nobody() {
        assert_eq!(told_of_a_late_beat(true).await, Vec::<String>::new());
        assert!(told_of_a_late_beat(false).await[0].starts_with("somebody else has taken this run over"));
    }
}
