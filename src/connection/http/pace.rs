//! How often and how many at once: the limits that all steps and loops of a run share on a connection.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::connection::{Clock, Turn};

/// The longest that all requests of a connection wait because the source asked one of them to. What is asked
/// beyond that concerns the step that heard it; the others hear it themselves.
const LONGEST_HOLD_MS: u64 = 60_000;

/// So many requests in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpRate {
    /// How many, at least one.
    pub count: u64,
    /// In how long, in milliseconds.
    pub per_ms: u64,
}

/// Hands out turns.
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    interval_us: i64,
    /// When the next request may start, in microseconds since 1970.
    next_us: Mutex<i64>,
    under_way: Arc<Semaphore>,
}

impl Pace {
    /// At most `pool` requests at once, and starts spread evenly over time.
    pub(super) fn new(rate: Option<HttpRate>, pool: usize, clock: Arc<dyn Clock>) -> Self {
        let interval_us = rate.map_or(0, |rate| rate.per_ms.saturating_mul(1000) / rate.count.max(1));
        let interval_us = i64::try_from(interval_us).unwrap_or(i64::MAX);
        Self { clock, interval_us, next_us: Mutex::new(i64::MIN), under_way: Arc::new(Semaphore::new(pool.max(1))) }
    }

    /// Waits for a turn.
    pub(super) async fn turn(&self) -> Turn {
        // The semaphore is never closed; were it, there would be no limit rather than no request.
        let permit = self.under_way.clone().acquire_owned().await.ok();
        loop {
            match self.take_start() {
                0 => return Turn { _permit: permit },
                ms => self.clock.sleep(ms).await,
            }
        }
    }

    /// Takes the next start when it is due and gives 0, else how long to wait before asking again. A start is
    /// taken only when it is used: who gives up while waiting leaves no gap.
    fn take_start(&self) -> u64 {
        let now = self.clock.now().timestamp_micros();
        let mut next = self.next_us.lock().unwrap_or_else(PoisonError::into_inner);
        if *next > now {
            return u64::try_from(*next - now).unwrap_or(0).div_ceil(1000);
        }
        *next = now.saturating_add(self.interval_us);
        0
    }

    /// The source asked for this much time: nobody asks it anything before.
    pub(super) fn hold(&self, ms: u64) {
        let until = self.clock.now().timestamp_micros() + i64::try_from(ms.min(LONGEST_HOLD_MS)).unwrap_or(0) * 1000;
        let mut next = self.next_us.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (*next).max(until);
    }
}
