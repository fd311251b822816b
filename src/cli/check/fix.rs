//! `--fix` and `--diff`: the edits that findings offer, applied round by round.

use std::collections::{HashMap, HashSet};

use super::Found;
use super::files::File;
use crate::cli::project::Project;
use crate::cli::schema::Refused;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Edit, codes};

/// A fix may make room for another one. After so many rounds what is left stays.
const ROUNDS: usize = 10;

/// What was mended.
#[derive(Debug, Default)]
pub(super) struct Mended {
    /// The number of fixes in each file.
    fixes: HashMap<usize, usize>,
    /// The files that fixes would have made worse.
    left_out: HashSet<usize>,
}

/// Applies fixes to `files` until there is none that can be applied; `found` is what was found in them.
pub(super) fn mend(
    files: &mut [File],
    mut found: Found,
    look: impl Fn(&[File]) -> Result<Found, Refused>,
) -> Result<(Found, Mended), Refused> {
    let mut mended = Mended::default();
    for _ in 0..ROUNDS {
        let mut patches = patches(&found.project, files);
        patches.retain(|file, _| !mended.left_out.contains(file));
        if patches.is_empty() {
            break;
        }
        let mut candidates = files.to_vec();
        for (index, patch) in &patches {
            if let Some(file) = candidates.get_mut(*index) {
                file.text = patch.apply(&file.text);
            }
        }
        let then = look(&candidates)?;
        let worse = worse(&found.project, &then.project, files, &patches);
        if worse.is_empty() {
            files.clone_from_slice(&candidates);
            found = then;
            for (index, patch) in patches {
                *mended.fixes.entry(index).or_default() += patch.fixes;
            }
        }
        mended.left_out.extend(worse);
    }
    Ok((found, mended))
}

/// Says that something can be fixed.
pub(super) fn offer(project: &Project, files: &[File], terminal: &Terminal) {
    let fixes: usize = patches(project, files).values().map(|patch| patch.fixes).sum();
    if fixes > 0 && terminal.verbosity >= 0 {
        terminal.tell(&format!("{} can be fixed by `vmflow check --fix`", counted(fixes, "finding")));
    }
}

impl Mended {
    /// A file whose fixes could not be kept.
    pub(super) fn forget(&mut self, file: usize) {
        self.fixes.remove(&file);
    }

    /// `fixed 3 findings in 2 files`
    pub(super) fn tell(&self, verb: &str, files: &[File], terminal: &Terminal) {
        for file in self.left_out.iter().filter_map(|index| files.get(*index)) {
            let name = file.path.display();
            terminal.tell(&format!("vmflow: `{name}` is left as it is: with its fixes it would have more errors"));
        }
        let fixes = counted(self.fixes.values().sum(), "finding");
        if terminal.verbosity >= 0 {
            terminal.tell(&format!("{verb} {fixes} in {}", counted(self.fixes.len(), "file")));
        }
    }
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// The edits of one file that do not touch each other, in order.
#[derive(Debug, Default)]
struct Patch {
    edits: Vec<Edit>,
    fixes: usize,
}

impl Patch {
    /// Takes the edits of a fix in, all or none.
    fn take(&mut self, mut edits: Vec<Edit>) {
        edits.sort_by_key(|edit| edit.span);
        let before = self.edits.last();
        let is_behind = |before: Option<&Edit>, edit: &Edit| before.is_none_or(|last| last.span.end < edit.span.start);
        let is_apart = edits.first().is_some_and(|first| is_behind(before, first))
            && edits.windows(2).all(|pair| matches!(pair, [a, b] if a.span.end <= b.span.start));
        if is_apart {
            self.edits.extend(edits);
            self.fixes += 1;
        }
    }

    fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for edit in &self.edits {
            out.push_str(text.get(at..edit.span.start as usize).unwrap_or_default());
            out.push_str(&edit.replacement);
            at = edit.span.end as usize;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }
}

/// What can be fixed at once, by file. Only files that were asked for are changed, not what they import.
fn patches(project: &Project, files: &[File]) -> HashMap<usize, Patch> {
    let names: HashMap<String, usize> =
        files.iter().enumerate().rev().map(|(index, file)| (file.path.display().to_string(), index)).collect();
    let mut offered: Vec<(usize, &Vec<Edit>)> = project
        .findings
        .iter()
        .filter_map(|finding| Some((file_of(project, finding, &names)?, &finding.fix.as_ref()?.edits)))
        .collect();
    offered.sort_by_key(|(file, edits)| (*file, edits.iter().map(|edit| edit.span).min()));
    let mut patches: HashMap<usize, Patch> = HashMap::new();
    for (file, edits) in offered {
        patches.entry(file).or_default().take(edits.clone());
    }
    patches.retain(|_, patch| patch.fixes > 0);
    patches
}

/// The file that all edits of a finding's fix are in.
fn file_of(project: &Project, finding: &Diagnostic, names: &HashMap<String, usize>) -> Option<usize> {
    let edits = &finding.fix.as_ref()?.edits;
    let source = edits.first()?.span.source;
    let is_one = edits.iter().all(|edit| edit.span.source == source);
    names.get(&*project.sources.get(source).filter(|_| is_one)?.name).copied()
}

/// How wrong a file is: one that cannot be read whole is worse than any that can, since nobody knows what is in it.
type Wrongness = (bool, usize);

fn wrongness(project: &Project) -> HashMap<&str, Wrongness> {
    let mut wrong: HashMap<&str, Wrongness> = HashMap::new();
    for finding in project.findings.iter().filter(|finding| finding.is_error()) {
        let source = finding.span().and_then(|span| project.sources.get(span.source));
        let (is_unread, errors) = wrong.entry(source.map_or("", |source| &source.name)).or_default();
        *is_unread |= [&codes::VF001, &codes::VF002].contains(&finding.code);
        *errors += 1;
    }
    wrong
}

/// The changed files that are worse now, or all when a change made another file worse.
fn worse(before: &Project, after: &Project, files: &[File], patches: &HashMap<usize, Patch>) -> Vec<usize> {
    let (before, after) = (wrongness(before), wrongness(after));
    let at = |wrong: &HashMap<&str, Wrongness>, name: &str| wrong.get(name).copied().unwrap_or_default();
    let name = |index: &usize| files.get(*index).map(|file| file.path.display().to_string()).unwrap_or_default();
    let is_worse = |name: &str| at(&after, name) > at(&before, name);
    let worse: Vec<usize> = patches.keys().copied().filter(|index| is_worse(&name(index))).collect();
    let changed: HashSet<String> = patches.keys().map(name).collect();
    // What imports an unread file was not looked at before.
    let is_newly_read = changed.iter().any(|name| at(&before, name).0 && !at(&after, name).0);
    let hurts_others = !is_newly_read && after.keys().any(|name| !changed.contains(*name) && is_worse(name));
    if worse.is_empty() && hurts_others { patches.keys().copied().collect() } else { worse }
}
