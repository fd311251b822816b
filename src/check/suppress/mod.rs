//! Findings that an author allows, with the reason: `# vmflow: allow VF103 because …`.
//!
//! At the end of a line the comment stands for what is found in that line, and in the statement that
//! begins or ends there. Alone in its line it stands for the next line, and for the statement that
//! begins there, also where it has several lines, such as a query; what stands in the block that a
//! statement opens is not its own. What allows nothing is `VF906`.

mod marker;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use self::marker::{Marker, Reason, Word};
use super::modules::{Module, Modules};
use crate::diagnostic::{Code, Diagnostic, Severity, codes, no_such};
use crate::source::{Source, SourceId, Span};
use crate::syntax::{self, Comment, Extents};

/// Leaves out what is allowed, and tells of comments that allow nothing.
pub(super) fn apply(modules: &Modules, mut findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut files: HashMap<SourceId, Allowances<'_>> =
        modules.all.iter().filter_map(|module| Some((module.source.id, Allowances::of(module)?))).collect();
    if files.is_empty() {
        return findings;
    }
    let errors =
        findings.iter().filter(|finding| finding.is_error()).filter_map(|finding| Some(finding.span()?.source));
    let wrong: HashSet<SourceId> = errors.chain(modules.wrong()).collect();
    findings.retain(|finding| {
        let file = finding.span().and_then(|span| files.get_mut(&span.source));
        !file.is_some_and(|file| file.allow(finding))
    });
    for module in modules.all.iter().filter(|module| module.is_root) {
        if let Some(file) = files.get(&module.source.id) {
            // In a file with errors not everything is looked for.
            findings.extend(file.complaints(wrong.contains(&module.source.id)));
        }
    }
    findings
}

/// The allowing comments of a file.
struct Allowances<'a> {
    source: &'a Source,
    extents: Extents,
    all: Vec<Allowance<'a>>,
    /// Which of them stand for a line or a statement.
    by_target: HashMap<Target, Vec<usize>>,
    /// What is nearly such a comment, with what to write instead.
    misspelt: Vec<(Span, &'static str)>,
}

/// What a comment stands for.
#[derive(PartialEq, Eq, Hash)]
enum Target {
    /// What begins in the line that begins at this byte.
    Line(u32),
    /// What begins in a statement, outside of blocks in it.
    Statement(Span),
}

/// One comment.
struct Allowance<'a> {
    comment: Comment,
    codes: Vec<Allowed<'a>>,
    reason: Reason,
}

/// A code of it.
struct Allowed<'a> {
    written: Word<'a>,
    code: Option<&'static Code>,
    is_used: bool,
}

impl<'a> Allowances<'a> {
    /// Nothing for a file without such comments.
    fn of(module: &'a Module) -> Option<Self> {
        let source = &module.source;
        if !(source.text.contains("vmflow") || source.text.contains("VF")) {
            return None;
        }
        let mut found = Self {
            source,
            extents: Extents::default(),
            all: Vec::new(),
            by_target: HashMap::new(),
            misspelt: Vec::new(),
        };
        for comment in syntax::comments(source) {
            match marker::read(source.slice(comment.span)) {
                Some(Marker::Allow { codes, reason }) => {
                    let codes = codes.into_iter().map(Allowed::new).collect();
                    found.all.push(Allowance { comment, codes, reason });
                }
                Some(Marker::Misspelt(words)) => {
                    found.misspelt.push((comment.span.slice(words.start, words.end), "vmflow: allow"));
                }
                None => {}
            }
        }
        let documented = syntax::documenting(source).into_iter().filter_map(|line| {
            let words = marker::documented(source.slice(line))?;
            Some((line.slice(words.start, words.end), "# vmflow: allow"))
        });
        found.misspelt.extend(documented);
        if !found.all.is_empty() {
            found.extents = Extents::of(&module.file);
            found.aim();
        }
        (!found.all.is_empty() || !found.misspelt.is_empty()).then_some(found)
    }

    /// Finds out what each comment stands for.
    fn aim(&mut self) {
        for (index, allowance) in self.all.iter().enumerate() {
            for target in targets(self.source, &self.extents, &allowance.comment) {
                self.by_target.entry(target).or_default().push(index);
            }
        }
    }

    /// Whether a finding is allowed; the first comment that does so is used.
    fn allow(&mut self, finding: &Diagnostic) -> bool {
        let Some(span) = finding.span().filter(|_| !finding.is_error()) else { return false };
        let line = Target::Line(self.source.line(span.start).start);
        let statement = self.extents.at(span.start).map(Target::Statement);
        let targets = std::iter::once(line).chain(statement);
        let indices: Vec<usize> = targets.filter_map(|target| self.by_target.get(&target)).flatten().copied().collect();
        indices.into_iter().any(|index| self.all.get_mut(index).is_some_and(|it| it.allows(finding.code)))
    }

    fn complaints(&self, has_errors: bool) -> Vec<Diagnostic> {
        let misspelt = self.misspelt.iter().map(|(words, right)| {
            let finding = Diagnostic::new(&codes::VF906, *words, "this allows nothing as it is written");
            finding.fix(format!("write `{right}`"), *words, *right)
        });
        misspelt.chain(self.all.iter().flat_map(|allowance| allowance.complaints(self.source, has_errors))).collect()
    }
}

impl<'a> Allowed<'a> {
    fn new(written: Word<'a>) -> Self {
        let code = codes::find(written.text);
        Self { written, code, is_used: false }
    }

    /// What is wrong with it.
    fn problem(&self, has_errors: bool) -> Option<String> {
        match self.code {
            None => Some(no_such(self.written.text)),
            Some(code) if code.severity == Severity::Error => {
                Some(format!("{} is an error, which cannot be allowed", code.id))
            }
            Some(_) if self.is_used || has_errors => None,
            Some(code) => Some(format!("there is no finding {} here to allow", code.id)),
        }
    }
}

impl Allowance<'_> {
    /// Whether it names a code, which is used then.
    fn allows(&mut self, code: &'static Code) -> bool {
        let allowed = self.codes.iter_mut().find(|allowed| allowed.code == Some(code));
        allowed.is_some_and(|allowed| {
            allowed.is_used = true;
            true
        })
    }

    fn complaints(&self, source: &Source, has_errors: bool) -> Vec<Diagnostic> {
        let span = self.comment.span;
        if self.codes.is_empty() {
            let finding = Diagnostic::new(&codes::VF906, span, "this does not say what it allows")
                .help("name the code: `# vmflow: allow VF103 because …`");
            return vec![removing(finding, source.removal(self.comment.span))];
        }
        let problems = self.codes.iter().enumerate().filter_map(|(at, allowed)| {
            let range = &allowed.written.range;
            let finding =
                Diagnostic::new(&codes::VF906, span.slice(range.start, range.end), allowed.problem(has_errors)?);
            Some(removing(finding, self.part(source, at)))
        });
        let problems: Vec<Diagnostic> = problems.collect();
        if problems.is_empty() { self.without_reason().into_iter().collect() } else { problems }
    }

    fn without_reason(&self) -> Option<Diagnostic> {
        let span = self.comment.span;
        let message = "this does not say why the finding is allowed";
        let finding = Diagnostic::new(&codes::VF906, span, message);
        match self.reason {
            Reason::Given => None,
            Reason::Missing => Some(finding.help("end it with `because` and the reason")),
            Reason::Unmarked(at) => Some(finding.fix("write `because` before it", span.slice(at, at), "because ")),
        }
    }

    /// What to remove so that a code is gone: with its comma, or with the whole comment when it is the only one.
    fn part(&self, source: &Source, at: usize) -> Span {
        let range = |at: usize| self.codes.get(at).map(|code| code.written.range.clone());
        let slice = |part: Range<usize>| self.comment.span.slice(part.start, part.end);
        let before = at.checked_sub(1).and_then(range);
        match (before, range(at), range(at + 1)) {
            (Some(before), Some(this), _) => slice(before.end..this.end),
            (None, Some(this), Some(next)) => slice(this.start..next.start),
            _ => source.removal(self.comment.span),
        }
    }
}

/// The line that a comment stands for, and the statement.
fn targets(source: &Source, extents: &Extents, comment: &Comment) -> Vec<Target> {
    let Some(anchor) = comment.anchor else { return Vec::new() };
    let line = |offset: u32| source.line(offset).start;
    let here = if comment.is_alone { line(anchor) } else { line(comment.span.start) };
    let begins_or_ends = |owner: &Span| line(owner.start) == here || line(owner.end) == here;
    let stands_for = |owner: &Span| if comment.is_alone { owner.start == anchor } else { begins_or_ends(owner) };
    let owner = extents.at(anchor).filter(stands_for);
    std::iter::once(Target::Line(here)).chain(owner.map(Target::Statement)).collect()
}

fn removing(finding: Diagnostic, span: Span) -> Diagnostic {
    finding.fix("remove it", span, "")
}
