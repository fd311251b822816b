//! `vmflow test`.

use std::path::PathBuf;
use std::sync::Arc;

use super::Exit;
use super::arguments::{TestArguments, TestCommand, TestFormat, TestRun};
use super::project::{Project, refuse};
use super::terminal::Terminal;
use super::{frozen, packages, walk};
use crate::check::Surroundings;
use crate::check::test::Test;
use crate::config::{Home, Variables};
use crate::testing::coverage::coverage;
use crate::testing::{self, render};

pub(super) fn test(command: &TestArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    match &command.command {
        Some(TestCommand::New(new)) => frozen::test_of_run(new, terminal, variables),
        None => run(&command.run, terminal, variables),
    }
}

fn run(command: &TestRun, terminal: &Terminal, variables: &Variables) -> Exit {
    let Asked { roots, homes } = match asked(command, variables) {
        Ok(asked) => asked,
        Err(message) => return refuse(terminal, Exit::Usage, &message),
    };
    let mut project = Project::default();
    // Tests reach no store, so it is nothing to them which stores there are.
    let checked = project.check(roots, &Surroundings::default());
    if project.has_errors() {
        project.tell(terminal);
        return refuse(terminal, Exit::Failed, "the files do not pass their checks; no test was run");
    }
    let is_titled = |test: &Test| command.filter.as_ref().is_none_or(|part| test.title.node.contains(&**part));
    let is_of_job = |test: &Test| homes.is_empty() || is_of(test, &homes, &project);
    let is_asked = |test: &&Arc<Test>| is_titled(test) && is_of_job(test);
    let tests: Vec<Arc<Test>> = checked.program.tests.iter().filter(is_asked).cloned().collect();
    if tests.is_empty() {
        return refuse(terminal, Exit::Usage, &nothing_to_run(command, checked.program.tests.len()));
    }
    let reports = testing::run(&checked.program, &tests);
    let coverage = command.coverage.then(|| coverage(&checked.program, &reports));
    let (sources, coverage) = (&project.sources, coverage.as_deref());
    terminal.print(&match command.format {
        TestFormat::Human => render::human(sources, &reports, coverage, terminal.color_out),
        TestFormat::Json => render::json(sources, &reports, coverage),
        TestFormat::Junit => render::junit(sources, &reports),
    });
    if reports.iter().all(|report| report.failures.is_empty()) { Exit::Ok } else { Exit::Failed }
}

/// What was asked for.
struct Asked {
    roots: Vec<(PathBuf, String)>,
    /// The workflows whose tests alone were asked for: those of jobs.
    homes: Vec<Home>,
}

fn asked(command: &TestRun, variables: &Variables) -> Result<Asked, String> {
    let mut asked = Asked { roots: Vec::new(), homes: Vec::new() };
    for path in &command.paths {
        let meant = packages::meant(path, variables)?;
        asked.roots.extend(walk::texts(meant.as_ref().map_or(path, |meant| &meant.folder))?);
        asked.homes.extend(meant.and_then(|meant| meant.home));
    }
    Ok(asked)
}

/// Whether a test is of one of these workflows.
fn is_of(test: &Test, homes: &[Home], project: &Project) -> bool {
    let file = project.sources.get(test.workflow.span.source).map(|source| source.name.clone());
    let is_in = |home: &Home| file.as_ref().is_some_and(|file| home.path.display().to_string() == **file);
    homes.iter().any(|home| home.name == test.workflow.name && is_in(home))
}

/// A command that tests nothing has not done what it was asked for.
fn nothing_to_run(command: &TestRun, all: usize) -> String {
    let paths: Vec<String> = command.paths.iter().map(|path| path.display().to_string()).collect();
    match &command.filter {
        Some(part) if all > 0 => {
            format!("none of the {all} tests under {} has {part:?} in its title", paths.join(", "))
        }
        _ => format!(
            "there is no test under {}; write one: `test \"what it shows\" of workflow {{ … }}`",
            paths.join(", ")
        ),
    }
}
