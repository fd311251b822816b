//! Events on their way from the outbox to the sinks.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::sink::{Refused, Sink, Undelivered};
use super::told::Told;
use crate::connection::{Answer, Clock};
use crate::value::StepError;

/// The first wait after a failure, in milliseconds; each further one is twice as long.
const FIRST_WAIT_MS: u64 = 500;
/// How long between two tries to have the turn, in milliseconds.
const TURN_MS: u64 = 50;
/// The longest wait, in milliseconds.
const LONGEST_WAIT_MS: u64 = 60_000;

/// An event in the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Its place: later events have higher ones.
    pub sequence: i64,
    /// The event.
    pub told: Told,
}

/// Held by who tells a sink, until it is dropped.
pub type Turn = Box<dyn Send + Sync>;

/// Where events wait, and how far each sink was told.
pub trait Outbox: Send + Sync {
    /// The turn to tell the sink; `None` while somebody else has it, who would tell it the same.
    fn turn<'a>(&'a self, sink: &'a str) -> Answer<'a, Option<Turn>>;

    /// Up to `limit` events that the sink has not been told, oldest first.
    fn waiting<'a>(&'a self, sink: &'a str, limit: usize) -> Answer<'a, Vec<Waiting>>;

    /// Takes note that the sink was told all up to and including `sequence`, or never will be: `dropped` of them it
    /// refused, the last of them for the reason `why`.
    fn passed<'a>(&'a self, sink: &'a str, sequence: i64, dropped: u64, why: Option<&'a str>) -> Answer<'a, ()>;

    /// Takes note of why the sink could not be told.
    fn failed<'a>(&'a self, sink: &'a str, why: &'a str) -> Answer<'a, ()>;
}

/// What came of telling one sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The sink.
    pub sink: String,
    /// How many events it took.
    pub told: u64,
    /// How many it will never take.
    pub dropped: u64,
    /// Why some wait still; nothing when none do.
    pub failing: Option<String>,
}

/// Tells sinks what waits for them.
pub struct Teller {
    sinks: Vec<Arc<dyn Sink>>,
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
}

impl Teller {
    /// A teller for these sinks.
    pub fn new(sinks: Vec<Arc<dyn Sink>>, outbox: Arc<dyn Outbox>, clock: Arc<dyn Clock>) -> Self {
        Self { sinks, outbox, clock }
    }

    /// Tells every sink all that waits for it, each by itself, so that none waits for another. Ends when nothing is
    /// left or the patience with those that are down is over, whichever is first; what is left stays in the outbox.
    pub async fn tell_all(&self, patience: Duration) -> Vec<Standing> {
        self.tell_until(patience, &CancellationToken::new()).await
    }

    /// [`Teller::tell_all`], which stops waiting as soon as `ending` says so. A batch under way is still told and marked: cut
    /// off between the two it would be told again.
    pub async fn tell_until(&self, patience: Duration, ending: &CancellationToken) -> Vec<Standing> {
        let stop = CancellationToken::new();
        let clock = self.clock.clone();
        let alarm = async {
            clock.sleep(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX)).await;
            stop.cancel();
            std::future::pending::<Vec<Standing>>().await
        };
        let tellings = join_all(self.sinks.iter().map(|sink| self.tell(&**sink, &stop, ending)));
        tokio::select! {
            standings = tellings => standings,
            never = alarm => never,
        }
    }

    async fn tell(&self, sink: &dyn Sink, stop: &CancellationToken, ending: &CancellationToken) -> Standing {
        let mut standing = Standing { sink: sink.name().to_owned(), told: 0, dropped: 0, failing: None };
        let mut wait_ms = FIRST_WAIT_MS;
        let _turn = match self.turn(sink.name(), stop, ending).await {
            Ok(turn) => turn,
            Err(why) => return Standing { failing: Some(why), ..standing },
        };
        loop {
            let outcome = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                outcome = self.tell_some(sink, &mut standing) => outcome,
            };
            let after_ms = match outcome {
                Ok(true) => {
                    wait_ms = FIRST_WAIT_MS;
                    standing.failing = None;
                    continue;
                }
                Ok(false) => break,
                Err(Failure { why, after_ms }) => {
                    standing.failing = Some(why);
                    after_ms
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = ending.cancelled() => break,
                () = self.clock.sleep(after_ms.unwrap_or(wait_ms).clamp(FIRST_WAIT_MS, LONGEST_WAIT_MS)) => {}
            }
            wait_ms = (wait_ms * 2).min(LONGEST_WAIT_MS);
        }
        if stop.is_cancelled() && standing.failing.is_none() {
            standing.failing = Some("it did not answer in time".to_owned());
        }
        standing
    }

    /// Waits for the turn; says why it was not to be had.
    async fn turn(&self, sink: &str, stop: &CancellationToken, ending: &CancellationToken) -> Result<Turn, String> {
        loop {
            match self.outbox.turn(sink).await {
                Ok(Some(turn)) => return Ok(turn),
                Ok(None) => {}
                Err(error) => return Err(error.message),
            }
            tokio::select! {
                () = self.clock.sleep(TURN_MS) => {}
                () = stop.cancelled() => return Err("another process is telling it".to_owned()),
                () = ending.cancelled() => return Err("another process is telling it".to_owned()),
            }
        }
    }

    /// Tells one batch. Says whether there was one.
    async fn tell_some(&self, sink: &dyn Sink, standing: &mut Standing) -> Result<bool, Failure> {
        let waiting = self.outbox.waiting(sink.name(), sink.batch()).await?;
        let Some(last) = waiting.last().map(|waiting| waiting.sequence) else { return Ok(false) };
        let wanted: Vec<Told> =
            waiting.into_iter().map(|waiting| waiting.told).filter(|told| sink.wants(told)).collect();
        let refused = match self.hand_over(sink, &wanted).await {
            Ok(refused) => refused,
            Err(failure) => {
                self.outbox.failed(sink.name(), &failure.why).await?;
                return Err(failure);
            }
        };
        let dropped = refused.len() as u64;
        self.outbox.passed(sink.name(), last, dropped, refused.last().map(|one| &*one.why)).await?;
        standing.dropped += dropped;
        standing.told += wanted.len() as u64 - dropped;
        Ok(true)
    }

    /// A batch that is refused as a whole is told event by event, so that only those are dropped that are wrong.
    async fn hand_over(&self, sink: &dyn Sink, events: &[Told]) -> Result<Vec<Refused>, Failure> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        match sink.tell(events).await {
            Ok(refused) => Ok(refused),
            Err(Undelivered::Later { why, after_ms }) => Err(Failure { why, after_ms }),
            Err(Undelivered::Never { why }) if events.len() == 1 => Ok(vec![Refused { index: 0, why }]),
            Err(Undelivered::Never { .. }) => {
                let mut refused = Vec::new();
                for (index, told) in events.iter().enumerate() {
                    match sink.tell(std::slice::from_ref(told)).await {
                        Ok(one) => refused.extend(one.into_iter().map(|one| Refused { index, ..one })),
                        Err(Undelivered::Never { why }) => refused.push(Refused { index, why }),
                        Err(Undelivered::Later { why, after_ms }) => return Err(Failure { why, after_ms }),
                    }
                }
                Ok(refused)
            }
        }
    }
}

struct Failure {
    why: String,
    after_ms: Option<u64>,
}

impl From<StepError> for Failure {
    fn from(error: StepError) -> Self {
        Self { why: error.message, after_ms: None }
    }
}
