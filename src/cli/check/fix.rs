//! `--fix` and `--diff`: the edits that findings offer, applied round by round.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use super::Found;
use super::files::File;
use crate::cli::project::Project;
use crate::cli::schema::Refused;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Edit, codes};

/// A fix may make room for another one, and a bad one is looked for among the good. After so many rounds what is left stays.
const ROUNDS: usize = 40;

/// What was mended.
#[derive(Debug, Default)]
pub(super) struct Mended {
    /// The number of fixes in each file.
    fixes: HashMap<usize, usize>,
    /// The fixes that would make something worse.
    refused: HashSet<Refusal>,
    /// How many fixes of a file are tried at once, where all of them made something worse.
    limits: HashMap<usize, usize>,
}

/// A fix by what it is for, wherever that stands: its file, and the messages of the finding and of the fix.
type Refusal = (usize, String, String);

/// Applies fixes to `files` until there is none that can be applied; `found` is what was found in them.
pub(super) fn mend(
    files: &mut [File],
    mut found: Found,
    look: impl Fn(&[File]) -> Result<Found, Refused>,
) -> Result<(Found, Mended), Refused> {
    let mut mended = Mended::default();
    for _ in 0..ROUNDS {
        let patches = patches(&found.project, files, &mended);
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
            mended.limits.clear();
            for (index, patch) in patches {
                *mended.fixes.entry(index).or_default() += patch.fixes.len();
            }
        } else {
            mended.narrow(patches, &worse);
        }
    }
    Ok((found, mended))
}

/// Says that something can be fixed.
pub(super) fn offer(project: &Project, files: &[File], terminal: &Terminal) {
    let patches = patches(project, files, &Mended::default());
    let fixes: usize = patches.values().map(|patch| patch.fixes.len()).sum();
    if fixes > 0 && terminal.verbosity >= 0 {
        terminal.tell(&format!("{} can be fixed by `vmflow check --fix`", counted(fixes, "finding")));
    }
}

impl Mended {
    /// A file whose fixes could not be kept.
    pub(super) fn forget(&mut self, file: usize) {
        self.fixes.remove(&file);
    }

    /// Tries half as many fixes of the files that were made worse; one alone is refused.
    fn narrow(&mut self, patches: HashMap<usize, Patch>, worse: &[usize]) {
        for (file, mut patch) in patches.into_iter().filter(|(file, _)| worse.contains(file)) {
            if patch.fixes.len() > 1 {
                self.limits.insert(file, patch.fixes.len() / 2);
            } else {
                self.limits.remove(&file);
                self.refused.extend(patch.fixes.pop());
            }
        }
    }

    /// `fixed 3 findings in 2 files`
    pub(super) fn tell(&self, verb: &str, files: &[File], terminal: &Terminal) {
        for (index, file) in files.iter().enumerate() {
            let refused = self.refused.iter().filter(|(of, ..)| *of == index).count();
            if refused > 0 {
                let (name, findings) = (file.path.display(), counted(refused, "finding"));
                terminal.tell(&format!("vmflow: `{name}` keeps {findings} whose fix would bring other errors"));
            }
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
    fixes: Vec<Refusal>,
}

impl Patch {
    /// Takes the edits of a fix in, all or none.
    fn take(&mut self, mut edits: Vec<Edit>, of: Refusal) {
        edits.sort_by_key(|edit| edit.span);
        let before = self.edits.last();
        let is_behind = |before: Option<&Edit>, edit: &Edit| before.is_none_or(|last| last.span.end < edit.span.start);
        let is_apart = edits.first().is_some_and(|first| is_behind(before, first))
            && edits.windows(2).all(|pair| matches!(pair, [a, b] if a.span.end <= b.span.start));
        if is_apart {
            self.edits.extend(edits);
            self.fixes.push(of);
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
fn patches(project: &Project, files: &[File], mended: &Mended) -> HashMap<usize, Patch> {
    let names: HashMap<String, usize> =
        files.iter().enumerate().rev().map(|(index, file)| (file.path.display().to_string(), index)).collect();
    let offer = |finding: &Diagnostic| {
        let (file, fix) = (file_of(project, finding, &names)?, finding.fix.clone()?);
        Some((fix.edits, (file, finding.message.clone(), fix.message)))
    };
    let mut offered: Vec<(Vec<Edit>, Refusal)> = project.findings.iter().filter_map(offer).collect();
    offered.retain(|(_, of)| !mended.refused.contains(of));
    offered.sort_by_key(|(edits, of)| (of.0, edits.iter().map(|edit| edit.span).min()));
    let mut patches: HashMap<usize, Patch> = HashMap::new();
    for (edits, of) in offered {
        let patch = patches.entry(of.0).or_default();
        if mended.limits.get(&of.0).is_none_or(|most| patch.fixes.len() < *most) {
            patch.take(edits, of);
        }
    }
    patches.retain(|_, patch| !patch.fixes.is_empty());
    patches
}

/// The file that all edits of a finding's fix are in.
fn file_of(project: &Project, finding: &Diagnostic, names: &HashMap<String, usize>) -> Option<usize> {
    let edits = &finding.fix.as_ref()?.edits;
    let source = edits.first()?.span.source;
    let is_one = edits.iter().all(|edit| edit.span.source == source);
    names.get(&*project.sources.get(source).filter(|_| is_one)?.name).copied()
}

/// The errors of a file, by code.
type Errors = HashMap<&'static str, Count>;

#[derive(Debug, Default)]
struct Count {
    all: usize,
    /// Those that nothing mends: the others are a step on a way.
    lasting: usize,
}

fn errors(project: &Project) -> HashMap<&str, Errors> {
    let mut wrong: HashMap<&str, Errors> = HashMap::new();
    for finding in project.findings.iter().filter(|finding| finding.is_error()) {
        let source = finding.span().and_then(|span| project.sources.get(span.source));
        let errors = wrong.entry(source.map_or("", |source| &source.name)).or_default();
        let count = errors.entry(finding.code.id).or_default();
        count.all += 1;
        count.lasting += usize::from(finding.fix.is_none());
    }
    wrong
}

/// How much of a file cannot be read: nobody knows what else is wrong there.
fn unread(errors: &Errors) -> usize {
    [&codes::VF001, &codes::VF002].iter().filter_map(|code| errors.get(code.id)).map(|count| count.all).sum()
}

/// Whether a file has errors that it had not before, and no more of it can be read.
fn is_worse(before: &Errors, after: &Errors) -> bool {
    match unread(after).cmp(&unread(before)) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => {
            let all = |errors: &Errors| errors.values().map(|count| count.all).sum::<usize>();
            let known = |code: &str| before.get(code).map_or(0, |count| count.all);
            all(after) > all(before) || after.iter().any(|(code, count)| count.lasting > known(code))
        }
    }
}

/// The changed files that are worse now, or all when a change made another file worse.
fn worse(before: &Project, after: &Project, files: &[File], patches: &HashMap<usize, Patch>) -> Vec<usize> {
    let (before, after) = (errors(before), errors(after));
    let none = Errors::new();
    let at = |name: &str| (before.get(name).unwrap_or(&none), after.get(name).unwrap_or(&none));
    let is_worse = |name: &str| is_worse(at(name).0, at(name).1);
    let name = |index: &usize| files.get(*index).map(|file| file.path.display().to_string()).unwrap_or_default();
    let changed: HashSet<String> = patches.keys().map(name).collect();
    // What imports an unread file was not looked at before.
    let is_newly_read = changed.iter().any(|name| unread(at(name).0) > unread(at(name).1));
    let worse: Vec<usize> = patches.keys().copied().filter(|index| is_worse(&name(index))).collect();
    let hurts_others = !is_newly_read && after.keys().any(|name| !changed.contains(*name) && is_worse(name));
    if worse.is_empty() && hurts_others { patches.keys().copied().collect() } else { worse }
}
