//! What the two stores do each in its own way: opening, whose a run is, where large values lie, whose turn it is.

use std::collections::HashSet;
use std::time::Duration;

use uuid::Uuid;

use super::link::Link;
use crate::lifecycle::Turn;
use crate::store::{Entry, Kept, Status, StoreError};

/// Whose a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Owner {
    /// Somebody who is there.
    Alive,
    /// Somebody who is gone.
    Gone,
    /// Nobody: the record ended.
    None,
}

/// How long an owner's lease lasts yet by the database's clock, in milliseconds; negative when it is over.
pub(in crate::store) type LeaseLeft = Option<i64>;

/// Where runs are kept.
pub(in crate::store) trait Home: Send + Sync {
    /// A connection, with its tables as they should be.
    fn connect(&self) -> Kept<'_, Link>;

    /// What an error of a statement means; whether it was carried out may be unknown.
    fn fault(&self, error: &sqlx::Error) -> StoreError;

    /// How long one call may take; without it the database itself sees to that.
    fn patience(&self) -> Option<Duration>;

    /// How long a run is its owner's without a word of him. Without it the machine knows.
    fn lease(&self) -> Option<Duration>;

    /// A run that begins is ours.
    fn begin(&self, run: Uuid) -> Result<(), StoreError>;

    /// Whose a run is.
    fn owner(&self, run: Uuid, left: LeaseLeft) -> Owner;

    /// The same, of one that somebody wants to take over: [`Owner::Gone`] has become ours.
    fn take(&self, run: Uuid, status: Status, left: LeaseLeft) -> Result<Owner, StoreError>;

    /// Lets a run go that stays as it was.
    fn release(&self, run: Uuid);

    /// The record of a run is whole, or will never be.
    fn end(&self, run: Uuid);

    /// Puts large values where they lie, before a row names them.
    fn put(&self, entries: &[Entry]) -> Result<(), StoreError>;

    /// A large value that lies beside the tables.
    fn beside(&self, hash: &str) -> Result<String, StoreError>;

    /// Removes the large values that no row names.
    fn sweep(&self, known: &HashSet<String>);

    /// The turn to tell a sink.
    fn turn<'a>(&'a self, sink: &'a str) -> Kept<'a, Option<Turn>>;
}
