//! Findings as people and programs read them.
//!
//! [`render`] is the one entry: a [`Format`], the sources, the findings. The human form draws its
//! excerpts with miette; the others are plain. Secrets that a finding points at are blanked in
//! the excerpts, and control characters of a source never reach a terminal.

mod excerpt;
mod github;
mod gitlab;
mod human;
mod joined;
mod json;
mod junit;
mod sarif;

use super::{Diagnostic, Severity};
use crate::source::{Position, Sources, Span};

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// With excerpts, notes and help, for reading.
    Human,
    /// `path:line:col: error[VF201]: message`, a line each.
    Short,
    /// One JSON document.
    Json,
    /// A JSON document a line, for each finding.
    Jsonl,
    /// SARIF 2.1.0, which code hosts and editors read.
    Sarif,
    /// Workflow commands of GitHub Actions, which become annotations.
    Github,
    /// A report of GitLab's Code Quality.
    Gitlab,
    /// The XML of `JUnit`: a test for each file, failed by errors.
    Junit,
}

/// Writes `diagnostics` in `format`, each line ended.
///
/// `files` is the number of files that were looked at, for the summary; with 0 the human form has none.
/// `color` and `width` (in columns) concern the human form only.
pub fn render(
    format: Format,
    sources: &Sources,
    diagnostics: &[Diagnostic],
    files: usize,
    color: bool,
    width: usize,
) -> String {
    match format {
        Format::Human => human::render(sources, diagnostics, files, color, width),
        Format::Short => diagnostics.iter().map(|diagnostic| short(sources, diagnostic)).collect(),
        Format::Json => json::render(sources, diagnostics, files),
        Format::Jsonl => json::lines(sources, diagnostics),
        Format::Sarif => sarif::render(sources, diagnostics),
        Format::Github => diagnostics.iter().map(|diagnostic| github::command(sources, diagnostic)).collect(),
        Format::Gitlab => gitlab::render(sources, diagnostics),
        Format::Junit => junit::render(sources, diagnostics),
    }
}

/// The lines of `span` as a finding shows them, for what goes wrong when a text is used and has no code.
pub fn excerpt(sources: &Sources, span: Span, color: bool, width: usize) -> String {
    human::excerpt(sources, span, color, width)
}

/// How many findings of each severity there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Findings that keep a file from running.
    pub errors: usize,
    /// Findings that will probably surprise.
    pub warnings: usize,
    /// Findings that are worth knowing.
    pub infos: usize,
}

impl Counts {
    /// Counts `diagnostics`.
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        Self { errors: count(Severity::Error), warnings: count(Severity::Warning), infos: count(Severity::Info) }
    }
}

/// The word for a severity.
const fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// `error[VF201]`
fn title(diagnostic: &Diagnostic) -> String {
    format!("{}[{}]", severity_name(diagnostic.severity), diagnostic.code.id)
}

/// A span, found in its source.
struct Place<'a> {
    file: &'a str,
    start: Position,
    end: Position,
}

/// Where a span stands, unless its source is unknown.
fn place(sources: &Sources, span: Span) -> Option<Place<'_>> {
    let source = sources.get(span.source)?;
    Some(Place { file: &source.name, start: source.position(span.start), end: source.position(span.end) })
}

/// `path:line:col`, columns in characters.
fn location(sources: &Sources, span: Span) -> Option<String> {
    let place = place(sources, span)?;
    Some(format!("{}:{}:{}", one_line(place.file), place.start.line, place.start.column))
}

fn short(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let place = diagnostic.span().and_then(|span| location(sources, span));
    let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
    let message: String = diagnostic.message.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{place}{}: {}\n", title(diagnostic), printable(&message))
}

/// What is wrong, the facts, and what to do, a line each, for forms that show no excerpt.
fn told(diagnostic: &Diagnostic) -> String {
    let notes = diagnostic.notes.iter().map(|note| format!("\nnote: {note}"));
    let help = help(diagnostic).map(|help| format!("\nhelp: {help}"));
    printable(&std::iter::once(diagnostic.message.clone()).chain(notes).chain(help).collect::<String>())
}

/// What to do: the help, else what the fix does.
fn help(diagnostic: &Diagnostic) -> Option<&str> {
    diagnostic.help.as_deref().or(diagnostic.fix.as_ref().map(|fix| fix.message.as_str()))
}

/// `text` on one line, without characters that steer a terminal.
fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\u{fffd}")
}

/// `text` without characters that steer a terminal; line ends stay.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_hostile(c) && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Whether a character steers a terminal or the direction of writing.
fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests;
