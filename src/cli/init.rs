//! `vmflow init`.

use std::path::{Path, PathBuf};

use super::Exit;
use super::arguments::InitArguments;
use super::files::{create, is_there};
use super::project::refuse;
use super::terminal::Terminal;

macro_rules! project {
    ($($file:literal from $template:literal),* $(,)?) => {
        /// The files of a new project, with their texts.
        const PROJECT: &[(&str, &str)] = &[$(($file, include_str!(concat!("templates/project/", $template)))),*];
    };
}

project! {
    "vmflow.yaml" from "vmflow.yaml",
    "workflows/example.flow" from "workflows/example.flow",
    "workflows/tests/example_test.flow" from "workflows/tests/example_test.flow",
    "schema/warehouse.sql" from "schema/warehouse.sql",
    "README.md" from "README.md",
    ".gitignore" from "gitignore",
}

pub(super) fn init(command: &InitArguments, terminal: &Terminal) -> Exit {
    let directory = &command.directory;
    let files: Vec<(PathBuf, &str)> = PROJECT.iter().map(|(file, text)| (directory.join(file), *text)).collect();
    let taken: Vec<String> =
        files.iter().filter(|(path, _)| is_there(path)).map(|(path, _)| format!("`{}`", shown(path))).collect();
    if !taken.is_empty() {
        let message = format!("nothing is overwritten, and these are there already: {}", taken.join(", "));
        return refuse(terminal, Exit::Usage, &message);
    }
    if let Err(message) = create_all(&files) {
        return refuse(terminal, Exit::Environment, &message);
    }
    let wrote: Vec<String> = files.iter().map(|(path, _)| format!("wrote {}\n", shown(path))).collect();
    terminal.print(&wrote.concat());
    let enter = if is_here(directory) { String::new() } else { format!("cd {} && ", quoted(directory)) };
    terminal.tell(&format!("Try it: {enter}vmflow run example"));
    Exit::Ok
}

/// Makes all files, or none: half a project would keep `vmflow init` from making the rest.
fn create_all(files: &[(PathBuf, &str)]) -> Result<(), String> {
    let mut made = Vec::new();
    let made_all = files.iter().try_for_each(|(path, text)| {
        let folders = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty() && !is_there(folder));
        let folders: Vec<&Path> = folders.collect();
        made.extend(folders.into_iter().rev());
        create(path, text)?;
        made.push(path);
        Ok(())
    });
    made_all.inspect_err(|_| made.iter().rev().for_each(|path| remove(path)))
}

/// Removes what was just made; what cannot be removed stays, as there is already something to complain of.
fn remove(path: &Path) {
    let _ = if path.is_dir() { std::fs::remove_dir(path) } else { std::fs::remove_file(path) };
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let shown = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./".contains(letter);
    if shown.chars().all(is_plain) { shown } else { format!("'{}'", shown.replace('\'', r"'\''")) }
}

fn is_here(directory: &Path) -> bool {
    directory == Path::new(".")
}

fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}
