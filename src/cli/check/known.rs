//! `--baseline` and `--write-baseline`.

use std::collections::HashSet;
use std::path::Path;

use crate::cli::Exit;
use crate::cli::project::{Project, read_text, refuse};
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Baseline, codes};

/// Reads a baseline; without one nothing is known.
pub(super) fn read(file: Option<&Path>) -> Result<Baseline, String> {
    let Some(file) = file else { return Ok(Baseline::default()) };
    let text = read_text(file).and_then(|text| Baseline::from_json(&text));
    text.map_err(|why| format!("cannot read `{}`: {why}", file.display()))
}

/// Leaves out what is known, and counts what is known and no longer there; `is_live` when databases and stores were asked.
pub(super) fn hide(baseline: &Baseline, project: &mut Project, is_live: bool) -> usize {
    if baseline.is_empty() {
        return 0;
    }
    let left = baseline.hide(&project.sources, &mut project.findings);
    let read: HashSet<&str> = project.sources.iter().map(|source| &*source.name).collect();
    // Of a file that was not looked at this time nothing can be said, nor of what was not looked for.
    let is_read = |file: &str| read.contains(file) || !Path::new(file).exists();
    let is_sought =
        |code: &str| codes::find(code).is_none_or(|code| project.selection.seeks(code) && (is_live || !code.is_live()));
    left.entries().filter(|(file, code)| is_read(file) && is_sought(code)).count()
}

/// Says that a baseline knows more than there is.
pub(super) fn tell(gone: usize, terminal: &Terminal) {
    if gone > 0 && terminal.verbosity >= 0 {
        let entries =
            if gone == 1 { "1 entry of the baseline is" } else { &format!("{gone} entries of the baseline are") };
        terminal.tell(&format!("vmflow: {entries} gone; write it anew: `--write-baseline`"));
    }
}

/// Records what is found.
pub(super) fn write(file: &Path, project: &Project, terminal: &Terminal) -> Exit {
    let baseline = Baseline::of(&project.sources, &project.findings);
    if let Err(error) = std::fs::write(file, baseline.to_json()) {
        return refuse(terminal, Exit::Environment, &format!("cannot write `{}`: {error}", file.display()));
    }
    let findings = if baseline.len() == 1 { "1 finding" } else { &format!("{} findings", baseline.len()) };
    terminal.tell(&format!("recorded {findings} in {}", file.display()));
    Exit::Ok
}
