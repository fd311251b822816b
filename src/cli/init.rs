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
    for (path, text) in &files {
        if let Err(message) = create(path, text) {
            return refuse(terminal, Exit::Usage, &message);
        }
        terminal.print(&format!("wrote {}\n", shown(path)));
    }
    let enter = if is_here(directory) { String::new() } else { format!("cd {} && ", directory.display()) };
    terminal.tell(&format!("Try it: {enter}vmflow run example"));
    Exit::Ok
}

fn is_here(directory: &Path) -> bool {
    directory == Path::new(".")
}

fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}
