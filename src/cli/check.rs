//! `vmflow check`.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::Exit;
use super::arguments::{CheckArguments, CheckFormat};
use super::project::{Project, read_text, refuse, surroundings};
use super::terminal::Terminal;
use crate::config::Variables;
use crate::diagnostic::{self, Severity, render};

pub(super) fn check(command: &CheckArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let roots = match roots(command) {
        Ok(roots) => roots,
        Err(message) => return refuse(terminal, Exit::Usage, &message),
    };
    let mut project = Project::default();
    let near = roots.first().map_or(Path::new("."), |(path, _)| path).to_path_buf();
    let config = match project.config(&command.config, &near, variables) {
        Ok(config) => config,
        Err(message) => return refuse(terminal, Exit::Usage, &message),
    };
    let surroundings = config.as_ref().and_then(|config| {
        project.findings.extend(config.check());
        let flag = command.config.env.as_deref();
        let chosen = config.choose_environment(flag, None);
        // Without the flag nobody asked for an environment, and none is needed to check.
        let name = if flag.is_some() { project.accept(chosen) } else { chosen.ok() }?;
        Some(surroundings(config, &name))
    });
    let files = roots.len();
    let checked = project.check(roots, &surroundings.unwrap_or_default());
    if let Some(config) = &config {
        let misfits = super::jobs::misfits(config, &checked, &project.findings);
        project.findings.extend(misfits);
    }
    report(command, terminal, project, files)
}

fn report(command: &CheckArguments, terminal: &Terminal, mut project: Project, files: usize) -> Exit {
    diagnostic::sort(&mut project.findings);
    if command.deny.is_some() {
        for finding in project.findings.iter_mut().filter(|finding| finding.severity == Severity::Warning) {
            finding.severity = Severity::Error;
        }
    }
    let format = match command.format {
        CheckFormat::Human => render::Format::Human,
        CheckFormat::Short => render::Format::Short,
        CheckFormat::Json => render::Format::Json,
    };
    let text = render::render(format, &project.sources, &project.findings, files, terminal.color_out, terminal.width);
    terminal.print(&text);
    if project.has_errors() { Exit::Failed } else { Exit::Ok }
}

/// The files to check, each once, in order.
fn roots(command: &CheckArguments) -> Result<Vec<(PathBuf, String)>, String> {
    let mut roots = Vec::new();
    for path in &command.paths {
        if path.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| format!("cannot read stdin: {error}"))?;
            roots.push((command.stdin_filename.clone(), text));
            continue;
        }
        roots.extend(files(std::slice::from_ref(path))?);
    }
    if roots.is_empty() {
        let paths: Vec<String> = command.paths.iter().map(|path| path.display().to_string()).collect();
        return Err(format!("there is no .flow file under {}", paths.join(", ")));
    }
    Ok(roots)
}

/// The texts of files, and of those under directories.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<(PathBuf, String)>, String> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    let text = |file: PathBuf| match read_text(&file) {
        Ok(text) => Ok((file, text)),
        Err(why) => Err(format!("cannot read `{}`: {why}", file.display())),
    };
    files.into_iter().map(text).collect()
}

/// The `.flow` files under a directory, hidden ones and `target` left out, in order of their names.
fn walk(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let read = |error: std::io::Error| format!("cannot read `{}`: {error}", directory.display());
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(read)? {
        entries.push(entry.map_err(read)?.path());
    }
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        if path.is_dir() && !is_link && !name.starts_with('.') && name != "target" {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "flow") && path.is_file() {
            // `./a.flow` and `a.flow` are one file; the shorter name reads better.
            files.push(path.strip_prefix("./").map_or(path.clone(), Path::to_path_buf));
        }
    }
    Ok(())
}
