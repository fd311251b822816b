//! What a step counts while it runs, for its report.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use std::sync::{Mutex, PoisonError};

use super::outcome::{ErrorReport, Items};
use crate::value::{Timestamp, Value};

/// An attempt that failed and was followed by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// When it began.
    pub started_at: Timestamp,
    /// When it had failed.
    pub ended_at: Timestamp,
    /// Why.
    pub error: ErrorReport,
    /// How long the next one was waited for, in milliseconds.
    pub wait_ms: u64,
}

/// Attempts and items. Written by the step's own task; atomic only because futures move between threads.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    attempts: AtomicU32,
    is_cached: AtomicBool,
    is_recorded: AtomicBool,
    is_loop: AtomicBool,
    total: AtomicU64,
    ok: AtomicU64,
    failed: AtomicU64,
    done: Mutex<Option<Value>>,
    tried: Mutex<Vec<Tried>>,
}

impl Tally {
    /// Another attempt; what the one before counted does not count.
    pub(crate) fn attempt(&self, number: u32) {
        self.attempts.store(number, Ordering::Relaxed);
        drop(self.take_done());
        for count in [&self.total, &self.ok, &self.failed] {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// The value is an earlier run's; no attempt was made.
    pub(crate) fn take_from_cache(&self) {
        self.is_cached.store(true, Ordering::Relaxed);
    }

    /// The value is that of an earlier attempt at the run; none was made now.
    pub(crate) fn take_from_record(&self) {
        self.is_recorded.store(true, Ordering::Relaxed);
    }

    /// Whether the value is that of an earlier attempt at the run.
    pub(crate) fn is_recorded(&self) -> bool {
        self.is_recorded.load(Ordering::Relaxed)
    }

    /// Whether the value is an earlier run's.
    pub(crate) fn is_cached(&self) -> bool {
        self.is_cached.load(Ordering::Relaxed)
    }

    /// A loop over so many items.
    pub(crate) fn walk(&self, total: usize) {
        self.is_loop.store(true, Ordering::Relaxed);
        self.total.store(total as u64, Ordering::Relaxed);
    }

    /// An item ended.
    pub(crate) fn item(&self, is_ok: bool) {
        let count = if is_ok { &self.ok } else { &self.failed };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// What a loop had done when it failed.
    pub(crate) fn keep_done(&self, done: Value) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    }

    /// What was kept; afterwards nothing is.
    pub(crate) fn take_done(&self) -> Option<Value> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// An attempt failed, and another follows.
    pub(crate) fn again(&self, tried: Tried) {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner).push(tried);
    }

    /// The attempts that were followed by another.
    pub(crate) fn tried(&self) -> Vec<Tried> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many attempts there were.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// The items, of a loop.
    pub(crate) fn items(&self) -> Option<Items> {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let items = || Items { total: load(&self.total), ok: load(&self.ok), failed: load(&self.failed) };
        self.is_loop.load(Ordering::Relaxed).then(items)
    }
}
