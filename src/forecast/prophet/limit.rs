//! How long a fit may take.

use std::time::{Duration, Instant};

use super::super::ForecastError;

/// A limit of wall time, by a stopwatch that no result depends on.
pub(super) struct Limit {
    began: Instant,
    most_ms: Option<u64>,
}

/// The limit was reached.
#[derive(Debug)]
pub(super) struct TimeUp {
    limit_ms: u64,
    iterations: usize,
}

impl Limit {
    pub(super) fn begin(most_ms: Option<u64>) -> Self {
        Self { began: Instant::now(), most_ms }
    }

    /// Whether there is time for one more iteration.
    pub(super) fn check(&self, iterations: usize) -> Result<(), TimeUp> {
        match self.most_ms {
            Some(limit_ms) if self.began.elapsed() > Duration::from_millis(limit_ms) => {
                Err(TimeUp { limit_ms, iterations })
            }
            _ => Ok(()),
        }
    }
}

impl From<TimeUp> for ForecastError {
    fn from(TimeUp { limit_ms, iterations }: TimeUp) -> Self {
        Self::TookTooLong { limit_ms, iterations }
    }
}
