//! Findings as people and programs read them.
//!
//! [`render`] is the one entry: a [`Format`], the sources, the findings. The human form draws its
//! excerpts with miette; the others are plain. Secrets that a finding points at are blanked in
//! the excerpts, and control characters of a source never reach a terminal.

mod excerpt;
mod human;
mod json;

use super::{Diagnostic, Severity};
use crate::source::{Position, Source, Sources, Span};

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// With excerpts, notes and help, for reading.
    Human,
    /// `path:line:col: error[VF201]: message`, a line each.
    Short,
    /// One JSON document.
    Json,
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

/// The source of a span and the position of its start, unless the source is unknown.
fn place(sources: &Sources, span: Span) -> Option<(&Source, Position)> {
    let source = sources.get(span.source)?;
    Some((source, source.position(span.start)))
}

/// `path:line:col`, columns in characters.
fn location(sources: &Sources, span: Span) -> Option<String> {
    let (source, position) = place(sources, span)?;
    Some(format!("{}:{}:{}", source.name, position.line, position.column))
}

fn short(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let place = diagnostic.span().and_then(|span| location(sources, span));
    let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
    let message: String = diagnostic.message.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{place}{}: {}\n", title(diagnostic), printable(&message))
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
