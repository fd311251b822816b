//! The end of the process at a chosen point, as a crash would have it: for tests, and in debug builds only.
//!
//! `VMFLOW_ABORT_AT=J4:3` ends it the third time that it comes to `J4`; `J4:3:stop` stops it there (SIGSTOP) until somebody
//! lets it go on. In other builds nothing of this is left.

/// Where a run can be cut off between two things that should both happen; `docs/runs.md` says what each leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Before the run is on record: before the transaction that puts it there, and once more at its end.
    J0,
    /// After that.
    J1,
    /// After somebody took a run over.
    J2,
    /// After a write that must not happen twice was announced, before it is made.
    J3,
    /// After a write, before anything is on record of it.
    J4,
    /// After a large output has its file, and after outputs are in their table, before the step is on record.
    J5,
    /// After a step is on record.
    J6,
    /// After the run's end is on record: at the end of the transaction that puts it there, and after that.
    J7,
    /// After a sink was told, before that is on record.
    J8,
    /// After a day of a back-fill is taken, before its run is on record.
    J9,
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Point;

    static ARMED: OnceLock<Armed> = OnceLock::new();

    struct Armed {
        point: String,
        left: AtomicU64,
        stops: bool,
    }

    pub(super) fn arm(text: &str) {
        let mut parts = text.split(':');
        let point = parts.next().unwrap_or_default().to_owned();
        let left = AtomicU64::new(parts.next().and_then(|times| times.parse().ok()).unwrap_or(1));
        // A second call keeps the first; nothing depends on it.
        let _ = ARMED.set(Armed { point, left, stops: parts.next() == Some("stop") });
    }

    pub(super) fn at(point: Point) {
        let Some(armed) = ARMED.get() else { return };
        if format!("{point:?}") != armed.point || armed.left.fetch_sub(1, Ordering::SeqCst) != 1 {
            return;
        }
        if !armed.stops {
            std::process::abort();
        }
        // Whoever may not even signal himself goes on, and the test that wanted him to sleep fails.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
        // The signal may go to another thread, and this one may be a little late.
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Chooses the point: `J4`, `J4:3` for the third time there, or `J4:3:stop`.
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
