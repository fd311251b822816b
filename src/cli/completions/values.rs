//! Which values could stand in the place of a word: jobs, workflow files, environments, runs, steps of the project; codes, and
//! what an argument chooses from.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Arg, ArgAction, Command};

use crate::cli::arguments::{ConfigArguments, command as grammar};
use crate::cli::history::History;
use crate::cli::packages;
use crate::cli::project::{Project, read_named, split_target};
use crate::config::{Config, Variables};
use crate::diagnostic::codes;
use crate::package;
use crate::source::Sources;
use crate::store::{RunRow, Selection};
use crate::syntax;
use crate::syntax::ast::{Item, ItemKind};

/// How many runs are offered, the newest.
const RUNS: u32 = 50;

/// What could stand in the place of the `at`th of some words, of which the first is the program.
pub(super) fn of(at: usize, words: &[String], variables: &Variables) -> Vec<String> {
    let mut root = grammar();
    root.build();
    let Some(place) = Place::of(&root, at, words) else { return Vec::new() };
    let word = words.get(at).map_or("", String::as_str);
    // What is being written is the last part of `--deny=warnings,VF1`; the others stay.
    let value = if word.starts_with('-') { word.split_once('=').map_or("", |(_, value)| value) } else { word };
    let part = place.argument.get_value_delimiter().and_then(|delimiter| value.rsplit(delimiter).next());
    let begun = part.unwrap_or(value);
    let before = word.strip_suffix(begun).unwrap_or_default();
    let offered = place.offered(begun, variables).into_iter().filter(|value| value.starts_with(begun));
    offered.map(|value| format!("{before}{value}")).filter(|value| is_plain(value)).collect()
}

/// Whether a shell takes a value for one word as it is.
fn is_plain(value: &str) -> bool {
    value.chars().all(|letter| letter.is_alphanumeric() || "-_./:@+=~[],".contains(letter))
}

/// Where a word stands.
struct Place<'a> {
    /// The argument whose value it is.
    argument: &'a Arg,
    /// The command around it.
    inner: &'a Command,
    /// All commands around it: `runs show`.
    command: String,
    /// Whether another command could stand here.
    begins: bool,
    /// What was said before, by the name of the argument.
    said: HashMap<&'a str, &'a str>,
}

impl<'a> Place<'a> {
    fn of(root: &'a Command, at: usize, words: &'a [String]) -> Option<Self> {
        let (mut command, mut path, mut said) = (root, Vec::new(), HashMap::new());
        let mut positional = 0;
        let mut waiting: Option<Option<&'a Arg>> = None;
        for word in words.get(1..at)? {
            if let Some(flag) = waiting.take() {
                said.extend(flag.map(|flag| (flag.get_id().as_str(), word.as_str())));
            } else if word.len() > 1 && word.starts_with('-') {
                let flag = flag(command, word);
                // A flag that is not known is a parameter of the workflow, which has a value.
                let takes = flag.is_none_or(|flag| flag.get_action().takes_values());
                waiting = (takes && !word.contains('=')).then_some(flag);
            } else if let Some(inner) = command.find_subcommand(word) {
                (command, positional) = (inner, 0);
                path.push(word.as_str());
            } else {
                let argument = command.get_positionals().nth(positional);
                said.extend(argument.map(|known| (known.get_id().as_str(), word.as_str())));
                positional += 1;
            }
        }
        let word = words.get(at).filter(|word| word.starts_with("--") && word.contains('='));
        let argument = match (waiting, word) {
            (Some(flag), _) => flag?,
            (None, Some(word)) => flag(command, word)?,
            (None, None) => nth(command, positional)?,
        };
        let begins = waiting.is_none() && positional == 0;
        Some(Self { argument, inner: command, command: path.join(" "), begins, said })
    }

    fn offered(&self, begun: &str, variables: &Variables) -> Vec<String> {
        let chosen = self.argument.get_possible_values();
        let mut all: Vec<String> = chosen.iter().map(|value| value.get_name().to_owned()).collect();
        let commands = self.inner.get_subcommands().filter(|inner| self.begins && inner.get_name() != "help");
        all.extend(commands.map(|inner| inner.get_name().to_owned()));
        all.extend(self.known(begun, variables).unwrap_or_default());
        all
    }

    /// What stands in the project, and codes.
    fn known(&self, begun: &str, variables: &Variables) -> Option<Vec<String>> {
        let name = self.argument.get_value_names()?.first()?.as_str();
        let mut project = Project::default();
        let config = self.said.get("config").map(PathBuf::from);
        let config = || {
            let wanted = ConfigArguments { config: config.clone(), env: None };
            Project::default().own_config(&wanted, variables).ok()
        };
        match (name, self.argument.get_id().as_str()) {
            ("FILE|JOB", _) => {
                let mut all = config().map(|config| jobs(&config, &mut project)).unwrap_or_default();
                all.extend(files(begun));
                Some(all)
            }
            ("PATH" | "FLOW" | "NAME|FILE", _) => Some(files(begun)),
            ("CODE" | "CODE,…", _) => Some(codes()),
            ("warnings|CODE,…", _) => Some(std::iter::once("warnings".to_owned()).chain(codes()).collect()),
            ("JOB", _) | (_, "job_id" | "job") => Some(jobs(&config()?, &mut project)),
            ("PACKAGE", _) => {
                let config = config()?;
                let folders = packages::folders(&config, &mut project);
                Some(
                    folders.iter().map(|folder| packages::name_of(folder, &config, &mut project).to_string()).collect(),
                )
            }
            (_, "env") => Some(config()?.environment_names().map(str::to_owned).collect()),
            ("RUN", _) => runs(&History::of(config()?).ok()?),
            ("STEP", _) => self.steps(&History::of(config()?).ok()?, false),
            ("NAME", "name") if self.command == "why" => self.steps(&History::of(config()?).ok()?, true),
            _ => None,
        }
    }

    /// The steps of the run that was named, and its outputs.
    fn steps(&self, history: &History, with_outputs: bool) -> Option<Vec<String>> {
        let run = history.find(self.said.get("run")?).ok()?;
        let steps = history.ask(history.store.steps(run.begin.id)).ok()?;
        let is_from = self.argument.get_id() == "from";
        let name =
            |path: &str| if is_from { path.split('.').next().unwrap_or_default().to_owned() } else { path.to_owned() };
        let mut names: BTreeSet<String> = steps.iter().map(|step| name(&step.path)).collect();
        if with_outputs {
            names.extend(outputs(&run));
        }
        Some(names.into_iter().collect())
    }
}

/// The positional argument of a place: the last one takes what is left over where it takes several.
fn nth(command: &Command, positional: usize) -> Option<&Arg> {
    let last = command.get_positionals().last().filter(|last| matches!(last.get_action(), ArgAction::Append));
    command.get_positionals().nth(positional).or(last)
}

fn codes() -> Vec<String> {
    codes::ALL.iter().map(|code| code.id.to_owned()).collect()
}

fn flag<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let named = word.split('=').next().unwrap_or_default();
    command.get_arguments().find(|argument| match named.strip_prefix("--") {
        Some(long) => argument.get_long() == Some(long),
        None => argument.get_short().is_some_and(|short| named.chars().nth(1) == Some(short)),
    })
}

fn jobs(config: &Config, project: &mut Project) -> Vec<String> {
    let mut ids: Vec<String> = config.job_ids().map(str::to_owned).collect();
    for folder in packages::folders(config, project) {
        let loaded = package::load(&folder, config, &mut project.sources, &mut read_named);
        ids.extend(loaded.package.jobs.iter().map(|job| job.id.to_string()));
    }
    ids
}

/// The workflow files in the folder that a path has begun to name, and the folders there; behind `FILE:` its workflows.
fn files(begun: &str) -> Vec<String> {
    if let (file, Some(_)) = split_target(begun) {
        return workflows(&file).into_iter().map(|name| format!("{}:{name}", file.display())).collect();
    }
    let folder = begun.rsplit_once('/').map_or("", |(folder, _)| folder);
    let prefix = if begun.contains('/') { format!("{folder}/") } else { String::new() };
    let place = if prefix.is_empty() { Path::new(".") } else { Path::new(&prefix) };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            found.push(format!("{prefix}{name}/"));
        } else if path.extension().is_some_and(|extension| extension == "flow") {
            found.push(format!("{prefix}{name}"));
        }
    }
    found.sort();
    found
}

fn workflows(file: &Path) -> Vec<Arc<str>> {
    let Ok(text) = read_named(file) else { return Vec::new() };
    let (parsed, _) = syntax::parse(&Sources::default().add("file", text));
    let name = |item: Item| match item.kind {
        ItemKind::Workflow(workflow) => Some(workflow.name.node),
        _ => None,
    };
    parsed.items.into_iter().filter_map(name).collect()
}

fn runs(history: &History) -> Option<Vec<String>> {
    let found = history.ask(history.store.runs(&Selection::newest(RUNS))).ok()?;
    let ids = found.iter().map(|run| run.begin.id.to_string());
    Some(std::iter::once("last".to_owned()).chain(ids).collect())
}

fn outputs(run: &RunRow) -> Vec<String> {
    let outputs = run.result.as_ref().and_then(|result| result.get("outputs")?.as_object());
    outputs.into_iter().flat_map(|outputs| outputs.keys().cloned()).collect()
}
