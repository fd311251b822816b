//! What the attempts of a step share: how long one may take, the time that does not count, and the pages that are there
//! already.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::http::PagesSoFar;
use crate::value::{ErrorKind, StepError, Value};

/// How often the time left is looked at while a request waits for its turn.
const LOOK: Duration = Duration::from_millis(20);

/// A step on its way, through all of its attempts.
#[derive(Debug)]
pub struct Attempts {
    halt: CancellationToken,
    /// When the time of what stands around the step is over.
    until: Option<Instant>,
    watch: Mutex<Watch>,
    pages: Mutex<HashMap<String, PagesSoFar>>,
}

/// The time of the attempt under way.
#[derive(Debug)]
struct Watch {
    begun: Instant,
    limit: Option<Duration>,
    waiting_since: Option<Instant>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Attempts {
    /// A step that begins now; `halt` ends its waiting.
    pub fn new(halt: CancellationToken) -> Self {
        let watch = Watch { begun: Instant::now(), limit: None, waiting_since: None };
        Self { halt, until: None, watch: Mutex::new(watch), pages: Mutex::default() }
    }

    /// Those of a step inside of what these are of, whose time ends theirs, too.
    #[must_use]
    pub fn inner(&self, halt: CancellationToken) -> Self {
        Self { until: self.until, ..Self::new(halt) }
    }

    /// The same, within this time from now: past it a computation ends as if it were told to by whoever set the limit,
    /// who may have no thread to do so.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        let until = Instant::now().checked_add(time);
        Self { until: self.until.into_iter().chain(until).min(), ..self }
    }

    /// How long each attempt may take. Only what [never waits](Self::must_end) has to ask.
    pub fn limit(&self, limit: Option<Duration>) {
        lock(&self.watch).limit = limit;
    }

    /// Another attempt begins, or another part of one that has a time limit of its own.
    pub fn begin(&self) {
        let mut watch = lock(&self.watch);
        (watch.begun, watch.waiting_since) = (Instant::now(), None);
    }

    /// What is left of the attempt's time; nothing of it once the run is stopped.
    pub fn time_left(&self) -> Option<Duration> {
        if self.halt.is_cancelled() {
            return Some(Duration::ZERO);
        }
        let watch = lock(&self.watch);
        let own = watch.limit.map(|limit| limit.saturating_sub(watch.begun.elapsed()));
        let around = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        own.into_iter().chain(around).min()
    }

    /// Why a computation that never waits must end now; nothing else could stop it.
    pub fn must_end(&self) -> Option<StepError> {
        if self.halt.is_cancelled() || self.until.is_some_and(|until| Instant::now() >= until) {
            return Some(cancelled());
        }
        let watch = lock(&self.watch);
        let limit = watch.limit.filter(|limit| watch.begun.elapsed() >= *limit)?;
        let ms = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
        let message = format!("it was not done after {}", Value::Duration(ms));
        Some(StepError::new(ErrorKind::Timeout, message).help("give it more time: `with { timeout: … }`"))
    }

    /// Waits for a turn, which takes as long as it takes: the time counts for nobody's limit, and ends with the run.
    pub(super) async fn wait<T>(&self, turn: impl Future<Output = T>) -> Result<T, StepError> {
        lock(&self.watch).waiting_since = Some(Instant::now());
        let turn = tokio::select! {
            biased;
            () = self.halt.cancelled() => Err(cancelled()),
            turn = turn => Ok(turn),
        };
        let mut watch = lock(&self.watch);
        if let Some(since) = watch.waiting_since.take() {
            watch.begun += since.elapsed();
        }
        turn
    }

    /// Ends when an attempt has taken `limit`, not counting what it waited for its turn.
    pub async fn elapsed(&self, limit: Duration) {
        loop {
            let look_again = {
                let watch = lock(&self.watch);
                match watch.waiting_since {
                    Some(_) => LOOK,
                    None => limit.saturating_sub(watch.begun.elapsed()),
                }
            };
            if look_again.is_zero() {
                return;
            }
            tokio::time::sleep(look_again).await;
        }
    }

    /// The pages that an earlier attempt at the same question got.
    pub(super) fn take_pages(&self, question: &str) -> PagesSoFar {
        lock(&self.pages).remove(question).unwrap_or_default()
    }

    /// Leaves pages for the next attempt.
    pub(super) fn keep_pages(&self, question: String, pages: PagesSoFar) {
        lock(&self.pages).insert(question, pages);
    }
}

fn cancelled() -> StepError {
    StepError::new(ErrorKind::Cancelled, "the run was cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_for_a_turn_counts_for_no_limit() {
        let attempts = Attempts::new(CancellationToken::new());
        let begun = Instant::now();
        let (limit, turn) = (Duration::from_millis(20), Duration::from_millis(120));
        let work = async {
            attempts.wait(tokio::time::sleep(turn)).await.unwrap();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = work => {}
            () = attempts.elapsed(limit) => {}
        }
        assert!(begun.elapsed() >= limit + turn, "{:?}", begun.elapsed());
        let begun = Instant::now();
        attempts.begin();
        attempts.elapsed(limit).await;
        assert!(begun.elapsed() >= limit);
    }

    #[tokio::test]
    async fn who_stops_the_run_ends_the_waiting() {
        let halt = CancellationToken::new();
        let attempts = Attempts::new(halt.clone());
        halt.cancel();
        let error = attempts.wait(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Cancelled);
        assert_eq!(attempts.must_end().map(|error| error.kind), Some(ErrorKind::Cancelled));
    }

    #[tokio::test]
    async fn a_computation_learns_that_its_time_is_over() {
        let attempts = Attempts::new(CancellationToken::new());
        attempts.limit(Some(Duration::from_hours(1)));
        assert_eq!(attempts.must_end(), None);
        attempts.limit(Some(Duration::ZERO));
        assert_eq!(attempts.must_end().map(|error| error.kind), Some(ErrorKind::Timeout));
        let around = Attempts::new(CancellationToken::new()).within(Duration::ZERO);
        let inner = around.inner(CancellationToken::new()).within(Duration::from_hours(1));
        assert_eq!(inner.must_end().map(|error| error.kind), Some(ErrorKind::Cancelled));
        assert_eq!(inner.time_left(), Some(Duration::ZERO));
    }
}
