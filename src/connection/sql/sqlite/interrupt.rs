//! Stopping a statement that nobody waits for any more: of a step that ran out of time, or of a cancelled run.
//!
//! SQLite runs statements on a thread of its own, and a dropped future says nothing to it. Without this a long statement
//! would keep the only writer, or a reader, until it is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::SqliteConnection;

use super::error::failure;
use crate::value::StepError;

/// After so many instructions of SQLite's machine, a millisecond or less, a statement looks whether it is still wanted.
/// Short ones, a rollback for instance, end before they look.
const INSTRUCTIONS: i32 = 10_000;

/// What makes the statements of a connection stop; good until the connection is lent again.
#[derive(Debug)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes the connection over from whoever had it before.
    pub(super) async fn of(connection: &mut SqliteConnection) -> Result<Self, StepError> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = stop.clone();
        let mut handle = connection.lock_handle().await.map_err(|error| failure(&error))?;
        handle.set_progress_handler(INSTRUCTIONS, move || !asked.load(Ordering::Relaxed));
        Ok(Self(stop))
    }

    /// Statements begin to run.
    pub(super) fn running(&self) -> Running {
        Running(Some(self.0.clone()))
    }
}

/// Statements that are stopped when this is dropped before they have ended.
pub(super) struct Running(Option<Arc<AtomicBool>>);

impl Running {
    /// They have ended, well or badly.
    pub(super) fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = &self.0 {
            stop.store(true, Ordering::Relaxed);
        }
    }
}
