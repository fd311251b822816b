//! What takes events.

use futures_util::future::BoxFuture;

use super::told::Told;

/// Somebody who is told of runs.
pub trait Sink: Send + Sync {
    /// Its name in the configuration.
    fn name(&self) -> &str;

    /// Whether it is told of this at all.
    fn wants(&self, told: &Told) -> bool;

    /// Tells it these events, oldest first; at most [`Sink::batch`] of them. Being told twice is no harm to it.
    fn tell<'a>(&'a self, events: &'a [Told]) -> BoxFuture<'a, Result<Vec<Refused>, Undelivered>>;

    /// How many events are told at once.
    fn batch(&self) -> usize {
        100
    }
}

/// An event that the receiver will never take, of a batch of which it took the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the batch.
    pub index: usize,
    /// The receiver's words.
    pub why: String,
}

/// Why nothing of a batch was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undelivered {
    /// It may be taken later: the receiver is not there, is busy, or does not know us.
    Later {
        /// What it said.
        why: String,
        /// How long it asked us to wait, in milliseconds.
        after_ms: Option<u64>,
    },
    /// It will never be taken as it is.
    Never {
        /// What it said.
        why: String,
    },
}
