//! Who runs a run, told by the operating system: a file for each run that its owner holds locked.
//!
//! A lease by time alone would keep a run from being taken over for as long as it lasts after its owner was killed.
//! The lock is gone with the process. The file is made before the run is on record and removed when the record ends: well,
//! with the run, or badly, when the store cannot be written any more. A run that is on record as running and has no
//! file went on after its record broke off; it must not be taken over.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::lifecycle::Turn;
use crate::store::hash_of;
use crate::store::sql::Owner;

/// How often, and how long between, a lock is tried that somebody may just be looking at.
const TRIES: usize = 20;
const BETWEEN: Duration = Duration::from_millis(10);

/// The files of the runs that this process owns.
#[derive(Debug)]
pub(super) struct Leases {
    folder: PathBuf,
    held: Mutex<HashMap<Uuid, File>>,
}

impl Leases {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Uuid, File>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, run: Uuid) -> PathBuf {
        self.folder.join(format!("{run}.lock"))
    }

    /// Makes the file of a new run and holds it.
    pub(super) fn begin(&self, run: Uuid) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let file = File::create_new(self.file(run))?;
        file.lock()?;
        self.held().insert(run, file);
        Ok(())
    }

    /// Takes the file of a run over; tells whose it is now. [`Owner::Gone`] has become ours.
    pub(super) fn take(&self, run: Uuid) -> std::io::Result<Owner> {
        let file = match OpenOptions::new().read(true).write(true).open(self.file(run)) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Owner::None),
            Err(error) => return Err(error),
        };
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => {
                    self.held().insert(run, file);
                    return Ok(Owner::Gone);
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(Owner::Alive)
    }

    /// Whose a run is.
    pub(super) fn owner(&self, run: Uuid) -> Owner {
        if self.held().contains_key(&run) {
            return Owner::Alive;
        }
        match File::open(self.file(run)).map(|file| file.try_lock_shared()) {
            Ok(Ok(())) => Owner::Gone,
            Ok(Err(_)) => Owner::Alive,
            Err(_) => Owner::None,
        }
    }

    /// Ends the lease: the record is whole, or will never be.
    pub(super) fn end(&self, run: Uuid) {
        let held = self.held().remove(&run);
        // A file that cannot be removed is that of an owner who is gone; the state on record decides.
        let _ = std::fs::remove_file(self.file(run));
        drop(held);
    }

    /// Lets a run go that stays as it was.
    pub(super) fn release(&self, run: Uuid) {
        self.held().remove(&run);
    }
}

/// Whose turn it is to tell a sink: two processes at once would tell it everything twice, and out of order.
#[derive(Debug)]
pub(super) struct Turns {
    folder: PathBuf,
}

impl Turns {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The turn, which ends when what is given is dropped, or the process ends; `None` while another has it.
    pub(super) fn take(&self, sink: &str) -> std::io::Result<Option<Turn>> {
        std::fs::create_dir_all(&self.folder)?;
        // A name may hold anything, a file's may not.
        let file = File::create(self.folder.join(format!("{}.lock", hash_of(sink))))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_its_owners_until_he_ends_it_or_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (mine, theirs) = (Leases::new(folder.path().into()), Leases::new(folder.path().into()));
        let run = Uuid::now_v7();
        assert_eq!(theirs.owner(run), Owner::None);
        mine.begin(run).unwrap();
        assert_eq!((mine.owner(run), theirs.owner(run)), (Owner::Alive, Owner::Alive));
        assert_eq!(theirs.take(run).unwrap(), Owner::Alive);
        // A lock goes with the handle that holds it, as it does with the process.
        mine.release(run);
        assert_eq!(theirs.owner(run), Owner::Gone);
        assert_eq!(theirs.take(run).unwrap(), Owner::Gone);
        assert_eq!(mine.owner(run), Owner::Alive);
        theirs.end(run);
        assert_eq!((mine.owner(run), mine.take(run).unwrap()), (Owner::None, Owner::None));
    }
}
