//! Packages: folders of workflow files, each workflow of which is a job `PACKAGE/JOB`.
//!
//! [`folders()`] finds them, [`load()`] reads one, [`load_for`] as much of it as a job needs, [`Package::of`] makes one of files that were read already. Whatever is wrong with a package is kept with it, so that
//! it stands beside the good ones and hides none. [`next_due`] says when a schedule is due.

mod due;
mod files;
mod folders;
mod read;

use std::path::PathBuf;
use std::sync::Arc;

use crate::check::modules::Modules;
use crate::config::{Home, Job};
use crate::diagnostic::Diagnostic;

pub use due::{Due, next_due};
pub use folders::{PLACE, folders, name_of};
pub use read::{load, load_for};

/// A package, read.
#[derive(Debug)]
pub struct Package {
    /// What it is called: by its manifest, else as its folder.
    pub name: Arc<str>,
    /// Where it lies.
    pub folder: PathBuf,
    /// Its version, as its manifest has it.
    pub version: Option<Arc<str>>,
    /// What it is for.
    pub description: Option<Arc<str>>,
    /// Its jobs, by name.
    pub jobs: Vec<PackagedJob>,
    /// Whether its manifest says what it means, as far as that concerns all jobs.
    pub is_sound: bool,
    /// What is wrong with the package itself: its manifest, names given twice, files that cannot be read.
    pub findings: Vec<Diagnostic>,
}

/// A package with its files.
#[derive(Debug)]
pub struct Loaded {
    /// The package.
    pub package: Package,
    /// Its files and what they import, parsed and not yet checked.
    pub modules: Modules,
    /// What is wrong with their texts and imports.
    pub unread: Vec<Diagnostic>,
}

/// A workflow of a package as a job.
#[derive(Debug)]
pub struct PackagedJob {
    /// `PACKAGE/JOB`.
    pub id: Arc<str>,
    /// The workflow.
    pub home: Home,
    /// The documentation of the workflow.
    pub doc: String,
    /// What the package says of it; `None` when that cannot be read, or when two workflows have its name. The package's
    /// findings say why.
    pub job: Option<Job>,
}

impl Package {
    /// The job of this package with that whole name.
    pub fn job(&self, id: &str) -> Option<&PackagedJob> {
        self.jobs.iter().find(|job| &*job.id == id)
    }
}

/// `PACKAGE/JOB` in its two halves, when a text can be that.
pub fn split(id: &str) -> Option<(&str, &str)> {
    let (package, job) = id.split_once('/')?;
    let is_one = crate::config::is_package_name(package) && !job.is_empty() && !job.contains(['/', '.', ':']);
    is_one.then_some((package, job))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_has_two_halves() {
        assert_eq!(split("rates/copy"), Some(("rates", "copy")));
        assert_eq!(split("my.rates-2/copy_all"), Some(("my.rates-2", "copy_all")));
        for text in
            ["rates", "rates/", "/copy", "../copy", "a/../b", "a/b/c", "a/b.flow", "a/b.flow:c", "./a", "a//b", ""]
        {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
