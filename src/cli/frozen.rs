//! `vmflow test new`: a test of a workflow that is a run on record.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Exit;
use super::arguments::TestNew;
use super::files::{append, create, inside, is_there};
use super::history::History;
use super::new::{formatted, import};
use super::past::Past;
use super::prepare::{self, Refusal};
use super::project::{Checked, Project, split_target, text_of, workflow_of};
use super::recorded::params;
use super::terminal::Terminal;
use crate::check::Surroundings;
use crate::check::program::Workflow;
use crate::check::test::Test;
use crate::config::Variables;
use crate::lookback::frozen::{Mask, Subject, expectations, givens};
use crate::testing::{self, observe};

pub(super) fn test_of_run(command: &TestNew, terminal: &Terminal, variables: &Variables) -> Exit {
    let history = match History::open(&command.store, variables, &mut Project::default(), terminal) {
        Ok(history) => history,
        Err(exit) => return exit,
    };
    let mut project = Project::default();
    match write(command, &history, &mut project) {
        Ok(path) => {
            terminal.print(&format!("wrote {}\n", path.display()));
            Exit::Ok
        }
        Err(refusal) => refusal.tell_of_past(&project, terminal),
    }
}

/// Where a test goes, and the file before it.
struct Place {
    path: PathBuf,
    before: String,
    import: String,
}

impl Place {
    fn of(command: &TestNew, file: &Path, workflow: &Workflow, id: &str) -> Result<Self, String> {
        let short: String = id.chars().filter(|letter| *letter != '-').take(12).collect();
        let name = format!("{}_{short}_test.flow", workflow.name);
        let beside = file.parent().unwrap_or(Path::new("")).join("tests").join(name);
        let path = inside(command.into.as_deref().unwrap_or(&beside))?;
        if is_there(&path) && command.into.is_none() {
            return Err(format!("`{0}` is there already; add to it with `--in {0}`", path.display()));
        }
        let before = if is_there(&path) { text_of(&path)? } else { String::new() };
        let import = import(&path, file, &before);
        Ok(Self { path, before, import })
    }

    /// The whole file with a test at its end.
    fn with(&self, givens: &str, expected: &str) -> Result<String, String> {
        let test = format!("{givens}\n{expected}}}\n");
        let text = match (&*self.before, &*self.import) {
            ("", import) => format!("{import}\n{test}"),
            (before, "") => format!("{}\n\n{test}", before.trim_end()),
            // Imports stand first.
            (before, import) => format!("{import}{}\n\n{test}", before.trim_end()),
        };
        formatted(&self.path, text).map_err(|why| format!("the test that came out {why}"))
    }
}

fn write(command: &TestNew, history: &History, project: &mut Project) -> Result<PathBuf, Refusal> {
    let past = Past::of(history, &command.from_run, project)?;
    let retrace = Arc::new(past.retrace(history)?);
    let course = past.go_through(history, &retrace)?;
    *project = Project::default();
    let (file, name) = split_target(&command.flow);
    let file = inside(&file).map_err(prepare::usage)?;
    let text = text_of(&file).map_err(prepare::usage)?;
    let checked = project.check(vec![(file.clone(), text)], &Surroundings::default());
    if project.has_errors() {
        return Err(prepare::usage(format!("`{}` does not pass its checks", file.display())));
    }
    let name = name.unwrap_or(&past.workflow.name);
    let workflow = workflow_of(&checked.program, Some(name), &file).map_err(prepare::usage)?;
    if workflow.name != past.workflow.name {
        let (was, is) = (&past.workflow.name, &workflow.name);
        return Err(prepare::usage(format!("this run is one of the workflow `{was}`, not of `{is}`")));
    }
    let place = Place::of(command, &file, &workflow, &past.run.begin.id.to_string()).map_err(prepare::usage)?;
    let (kept, _) = params(&past.run);
    let mask = command.mask.then(|| {
        let texts = checked.modules.all.iter().map(|module| &*module.source.text);
        Mask::new(&past.run.begin.id.to_string(), &checked.program, texts)
    });
    let subject = Subject {
        program: &checked.program,
        workflow: &workflow,
        sources: &project.sources,
        run: &past.run,
        course: &course,
        params: &kept,
        mask: mask.as_ref(),
    };
    let cannot = |why: String| prepare::usage(format!("no test can be made of this run: {why}"));
    let givens = givens(&subject).map_err(cannot)?;
    let draft = place.with(&givens, "expect run.status == \"success\"\n").map_err(cannot)?;
    let (drafted, test) = last_test(&place.path, draft, &mut Project::default()).map_err(cannot)?;
    let observed = observe(&drafted.program, &test).map_err(cannot)?;
    if let Some(step) = observed.not_given.first() {
        let why = format!("the file has a read of which nothing is on record: `{step}`");
        return Err(cannot(why));
    }
    let text = written(&place, &givens, &expectations(&subject, &observed)).map_err(cannot)?;
    passes(&place.path, &text).map_err(cannot)?;
    let put = if place.before.is_empty() { create(&place.path, &text) } else { replace(&place, &text) };
    put.map(|()| place.path).map_err(prepare::environment_fault)
}

/// The file with the test. Where it would not pass, each of its expectations is the first way of saying it that passes.
fn written(place: &Place, givens: &str, expected: &[Vec<String>]) -> Result<String, String> {
    let first: String = expected.iter().filter_map(|ways| ways.first()).map(String::as_str).collect();
    let text = place.with(givens, &first)?;
    if passes(&place.path, &text).is_ok() {
        return Ok(text);
    }
    // Without how the run ended no test of one that failed passes.
    let status = expected.first().map(|ways| ways.concat()).unwrap_or_default();
    let is_right = |way: &&String| {
        place.with(givens, &format!("{status}{way}")).and_then(|text| passes(&place.path, &text)).is_ok()
    };
    let passing: Vec<&str> =
        expected.iter().filter_map(|ways| ways.iter().find(is_right)).map(String::as_str).collect();
    place.with(givens, &passing.concat())
}

/// What stood there stays where only a test comes behind it.
fn replace(place: &Place, text: &str) -> Result<(), String> {
    match text.strip_prefix(&place.before) {
        Some(added) => append(&place.path, added),
        None => super::replace::replace(&place.path, &place.before, text),
    }
}

/// The file as it is to be, checked, and the test that stands last in it.
fn last_test(path: &Path, text: String, project: &mut Project) -> Result<(Checked, Arc<Test>), String> {
    let checked = project.check(vec![(path.to_path_buf(), text)], &Surroundings::default());
    if let Some(finding) = project.findings.iter().find(|finding| finding.is_error()) {
        return Err(format!("it would not pass its checks: {}", finding.message));
    }
    let test = checked.program.tests.last().cloned().ok_or_else(|| "it has no test".to_owned())?;
    Ok((checked, test))
}

/// What is written must pass as it is.
fn passes(path: &Path, text: &str) -> Result<(), String> {
    let (checked, test) = last_test(path, text.to_owned(), &mut Project::default())?;
    let reports = testing::run(&checked.program, &[test]);
    match reports.iter().flat_map(|report| &report.failures).next() {
        Some(failure) => Err(format!("it would not pass: {}", failure.message)),
        None => Ok(()),
    }
}
