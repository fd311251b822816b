//! `vmflow check`.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::Exit;
use super::arguments::{CheckArguments, CheckFormat};
use super::files;
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
        for file in files::under(path)? {
            let text = read_text(&file).map_err(|why| format!("cannot read `{}`: {why}", file.display()))?;
            roots.push((file, text));
        }
    }
    if roots.is_empty() {
        return Err(files::none_under(&command.paths));
    }
    Ok(roots)
}
