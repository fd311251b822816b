//! What every command starts with: the configuration, the files, the checked program.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Exit;
use super::arguments::ConfigArguments;
use super::terminal::Terminal;
use crate::check::modules::{self, Modules};
use crate::check::program::{Program, Workflow};
use crate::check::{self, ConnectionFacts, Store, Surroundings};
use crate::config::{self, Config, ConnectionOutline, Variables};
use crate::diagnostic::{Diagnostic, Selection, closest, render};
use crate::source::Sources;
use crate::syntax;
use crate::syntax::ast::ExprKind;

/// The largest file that is read, in bytes; the parser has the same limit for a workflow's text.
const LARGEST_FILE: u64 = 16 << 20;

/// The texts read so far and what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Project {
    /// The texts.
    pub(crate) sources: Sources,
    /// What is wrong.
    pub(crate) findings: Vec<Diagnostic>,
    /// Which findings of the checks are wanted.
    pub(crate) selection: Selection,
}

/// A checked set of files.
#[derive(Debug)]
pub(crate) struct Checked {
    /// What they define.
    pub(crate) program: Arc<Program>,
    /// The files.
    pub(crate) modules: Modules,
}

/// Reads a text file; the error is one line for people.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| plain(&error))?;
    // What is no regular file does not tell its size before it has been read.
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(|error| plain(&error))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(format!("it has more than {LARGEST_FILE} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| format!("it is not UTF-8 (byte {})", error.utf8_error().valid_up_to()))
}

/// The text of a file; the error says that it cannot be read, and why.
pub(crate) fn text_of(path: &Path) -> Result<String, String> {
    read_text(path).map_err(|why| format!("cannot read `{}`: {why}", path.display()))
}

/// Reads stdin; the error is one line for people.
pub(crate) fn read_stdin() -> Result<String, String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("cannot read stdin: {error}"))?;
    Ok(text)
}

/// Reads a file that another file names. Only what a person asks for by hand may be a pipe or a device.
pub(crate) fn read_named(path: &Path) -> Result<String, String> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() && !found.is_dir() => Err("it is no regular file".to_owned()),
        _ => read_text(path),
    }
}

/// What is wrong with a file, in plain words.
pub(super) fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}

impl Project {
    /// Reads the configuration that the arguments name, or the one upward from `near`. `None` without any.
    pub(crate) fn config(
        &mut self,
        arguments: &ConfigArguments,
        near: &Path,
        variables: &Variables,
    ) -> Result<Option<Config>, String> {
        let found = arguments.config.clone().or_else(|| config::find(near)).or_else(|| config::find(Path::new(".")));
        let Some(path) = found else { return Ok(None) };
        let text = text_of(&path)?;
        let source = self.sources.add(shown_path(&path), text);
        let (config, findings) = config::load(&source, variables);
        self.findings.extend(findings);
        Ok(Some(config))
    }

    /// Reads the configuration that the arguments name, or the one upward from here, for what cannot do without.
    pub(crate) fn own_config(&mut self, arguments: &ConfigArguments, variables: &Variables) -> Result<Config, String> {
        let config = self.config(arguments, Path::new("."), variables)?;
        config.ok_or_else(|| "there is no vmflow.yaml here or above".to_owned())
    }

    /// What was found, or `None` after keeping what is wrong with it.
    pub(crate) fn accept<T>(&mut self, found: Result<T, Vec<Diagnostic>>) -> Option<T> {
        found.map_err(|findings| self.findings.extend(findings)).ok()
    }

    /// Parses and checks files with everything that they import, for connections as `surroundings` tells.
    pub(crate) fn check(&mut self, roots: Vec<(PathBuf, String)>, surroundings: &Surroundings) -> Checked {
        self.check_texts(roots, surroundings, &mut read_named)
    }

    /// [`Project::check`], with what reads the files that are imported.
    pub(crate) fn check_texts(
        &mut self,
        roots: Vec<(PathBuf, String)>,
        surroundings: &Surroundings,
        read: modules::Reader<'_>,
    ) -> Checked {
        let (modules, findings) = modules::load(roots, &mut self.sources, read);
        self.findings.extend(findings);
        let (program, findings) = check::check(&modules, surroundings);
        self.findings.extend(findings);
        self.findings.retain(|finding| self.selection.shows(finding));
        Checked { program: Arc::new(program), modules }
    }

    /// Whether something keeps the files from running.
    pub(crate) fn has_errors(&self) -> bool {
        self.findings.iter().any(Diagnostic::is_error)
    }

    /// Shows the findings to people, on stderr.
    pub(crate) fn tell(&self, terminal: &Terminal) {
        let mut findings = self.findings.clone();
        crate::diagnostic::sort(&mut findings);
        let text =
            render::render(render::Format::Human, &self.sources, &findings, 0, terminal.color_err, terminal.width);
        if self.has_errors() { terminal.refuse(text.trim_end()) } else { terminal.tell(text.trim_end()) }
    }
}

/// What a configuration tells of the connections in the environment `name`, without needing its variables.
pub(crate) fn surroundings(config: &Config, name: &str) -> Surroundings {
    let facts = |outline: ConnectionOutline| {
        let store = Store::find(&outline.kind)?;
        let ConnectionOutline { name, pool, future_retention_ms, .. } = outline;
        Some((name, ConnectionFacts { store, pool, future_retention_ms }))
    };
    Surroundings {
        connections: config.outlines(name).into_iter().filter_map(facts).collect(),
        ..Surroundings::default()
    }
}

/// A path as people would write it: from the working directory when it lies below.
pub(super) fn shown_path(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

/// Whether a text is a name of the language, and none of its own words.
pub(crate) fn is_name(text: &str) -> bool {
    let (expr, _) = syntax::parse_expression(&Sources::default().add("name", text));
    matches!(expr.map(|expr| expr.kind), Some(ExprKind::Name(name)) if *name == *text)
}

/// `FILE` or `FILE:WORKFLOW`.
pub(crate) fn split_target(target: &str) -> (PathBuf, Option<&str>) {
    match target.rsplit_once(':') {
        Some((file, workflow)) if Path::new(file).extension().is_some_and(|extension| extension == "flow") => {
            (PathBuf::from(file), Some(workflow))
        }
        _ => (PathBuf::from(target), None),
    }
}

/// The workflow of a file that was asked for: by name, or the only one.
pub(crate) fn workflow_of(program: &Program, name: Option<&str>, file: &Path) -> Result<Arc<Workflow>, String> {
    let workflows: Vec<&Arc<Workflow>> = program.workflows.iter().collect();
    let file = file.display().to_string();
    workflow_among(&workflows, name, &file).cloned().map_err(|(message, help)| match help {
        Some(help) => format!("{message}; {help}"),
        None => message,
    })
}

/// The same of the workflows that a file holds; else what is wrong, and what helps.
pub(crate) fn workflow_among<'w>(
    workflows: &[&'w Arc<Workflow>],
    name: Option<&str>,
    file: &str,
) -> Result<&'w Arc<Workflow>, (String, Option<String>)> {
    let found = match (name, workflows) {
        (Some(name), _) => workflows.iter().find(|workflow| &*workflow.name == name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let names: Vec<&str> = workflows.iter().map(|workflow| &*workflow.name).collect();
    found.copied().ok_or_else(|| match (name, names.as_slice()) {
        (_, []) => (format!("`{file}` holds no workflow"), None),
        (Some(name), _) => {
            let near = closest(name, names.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let all = || format!("it has {}", names.join(", "));
            (format!("`{file}` holds no workflow `{name}`"), Some(near.unwrap_or_else(all)))
        }
        (None, _) => {
            let help = format!("write `{file}:{}`", names.join("` or `:"));
            (format!("`{file}` holds several workflows"), Some(help))
        }
    })
}

/// Tells why a command cannot begin.
pub(crate) fn refuse(terminal: &Terminal, exit: Exit, message: &str) -> Exit {
    terminal.refuse(&format!("vmflow: {message}"));
    exit
}
