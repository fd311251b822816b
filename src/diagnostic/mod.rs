//! What is wrong with a text, as plain data: found anywhere, shown by one renderer.
//!
//! A [`Diagnostic`] names a [`Code`], says what was found and what was wanted, points with
//! labels, and offers one fix. [`codes`] holds every code with its page.

mod baseline;
pub mod codes;
mod identity;
mod names;
pub mod render;
mod selection;

pub use baseline::Baseline;
pub use codes::Code;
pub use identity::{Identity, identities};
pub use names::{closest, did_you_mean, is_sure, nearest};
pub use selection::{Named, Selection, no_such};

use crate::source::Span;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot run.
    Error,
    /// It can run and will probably surprise.
    Warning,
    /// Worth knowing.
    Info,
}

/// A span with what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What, in a few words; may be empty for the primary label.
    pub text: String,
}

/// A replacement of one span; an empty span inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

/// A change that would mend the finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the change does, as an instruction: "write `do vm.write(…)`".
    pub message: String,
    /// The edits, none of which overlap.
    pub edits: Vec<Edit>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which check found it.
    pub code: &'static Code,
    /// How much it weighs here.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The first label is the primary one and gives the finding its place.
    pub labels: Vec<Label>,
    /// Facts that help to understand.
    pub notes: Vec<String>,
    /// What to do, in one sentence.
    pub help: Option<String>,
    /// The same as a patch.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A finding of `code` at `span`; `message` says what is wrong.
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            message: message.into(),
            labels: vec![Label { span, text: String::new() }],
            notes: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// Says something at the primary span.
    #[must_use]
    pub fn at(mut self, text: impl Into<String>) -> Self {
        if let Some(primary) = self.labels.first_mut() {
            primary.text = text.into();
        }
        self
    }

    /// Points at another place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Offers a patch: replace `span` by `replacement`.
    #[must_use]
    pub fn fix(mut self, message: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        let edit = Edit { span, replacement: replacement.into() };
        self.fix = Some(Fix { message: message.into(), edits: vec![edit] });
        self
    }

    /// Offers to write `near` for a misspelt `name`, where that is surely what was meant.
    #[must_use]
    pub fn respell(self, name: &str, near: &str, span: Span) -> Self {
        if is_sure(name, near) { self.fix(format!("write `{near}`"), span, near) } else { self }
    }

    /// The place of the finding: its primary label.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }

    /// Whether it keeps the file from running.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Sorts findings by place, so that output does not depend on the order of checks, and drops repeats.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| (a.span(), a.code.id, &a.message).cmp(&(b.span(), b.code.id, &b.message)));
    diagnostics.dedup();
}
