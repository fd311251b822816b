//! The end of the process at a chosen point, as a crash would have it: for tests, and in debug builds only.
//!
//! `VMFLOW_ABORT_AT=J4:3` ends it the third time that it comes to `J4`. In other builds nothing of this is left.

/// Where a run can be cut off between two things that should both happen; `docs/runs.md` says what each leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Before the run is on record.
    J0,
    /// After that.
    J1,
    /// After somebody took a run over.
    J2,
    /// After a write that must not happen twice was announced, before it is made.
    J3,
    /// After a write, before anything is on record of it.
    J4,
    /// After a large output has its file, before the step is on record.
    J5,
    /// After a step is on record.
    J6,
    /// After the run's end is on record.
    J7,
    /// After a sink was told, before that is on record.
    J8,
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Point;

    static ARMED: OnceLock<(String, AtomicU64)> = OnceLock::new();

    pub(super) fn arm(text: &str) {
        let (point, times) = text.split_once(':').unwrap_or((text, "1"));
        // A second call keeps the first; nothing depends on it.
        let _ = ARMED.set((point.to_owned(), AtomicU64::new(times.parse().unwrap_or(1))));
    }

    pub(super) fn at(point: Point) {
        let Some((armed, left)) = ARMED.get() else { return };
        if format!("{point:?}") == *armed && left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
}

/// Chooses the point: `J4`, or `J4:3` for the third time there.
#[inline]
pub fn arm(text: Option<&str>) {
    #[cfg(debug_assertions)]
    text.into_iter().for_each(armed::arm);
    #[cfg(not(debug_assertions))]
    let _ = text;
}

/// The process has come to a point.
#[inline]
pub fn at(point: Point) {
    #[cfg(debug_assertions)]
    armed::at(point);
    #[cfg(not(debug_assertions))]
    let _ = point;
}
