//! The form for reading: a title, excerpts drawn by miette, notes and help.

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use super::excerpt::Excerpt;
use super::joined::told_once;
use super::{Counts, help, location, printable, title};
use crate::diagnostic::identity::secrets;
use crate::diagnostic::{Diagnostic, Label, Severity, codes};
use crate::source::{SourceId, Sources, Span};

/// How many findings are drawn; nobody reads more, and each takes time.
const MOST: usize = 50;

/// A label that covers this many lines or more is drawn at its first line only.
const MOST_LINES: usize = 6;

/// A line longer than this many bytes is not drawn.
const LONGEST_LINE: usize = 1_000;

/// The narrowest that notes are wrapped to.
const NARROWEST: usize = 40;

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic], files: usize, color: bool, width: usize) -> String {
    let mut painter = Painter::new(sources, diagnostics, color, width);
    let mut out = String::new();
    let told = told_once(diagnostics);
    for diagnostic in told.iter().take(MOST) {
        painter.finding(&mut out, diagnostic);
        out.push('\n');
    }
    if let Some(more @ 1..) = told.len().checked_sub(MOST) {
        let _ = writeln!(out, "and {more} more\n");
    }
    if files > 0 {
        out.push_str(&summary(Counts::of(diagnostics), files));
    }
    out
}

pub(super) fn excerpt(sources: &Sources, span: Span, color: bool, width: usize) -> String {
    let mut out = String::new();
    // An excerpt shows nothing of the code.
    let place = Diagnostic::new(&codes::VF001, span, "");
    Painter::new(sources, &[], color, width).excerpt(&mut out, &place, span);
    out
}

/// `2 errors and 1 warning in 3 files`
fn summary(counts: Counts, files: usize) -> String {
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let parts = [(counts.errors, "error"), (counts.warnings, "warning"), (counts.infos, "note")];
    let parts: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| plural(count, word)).collect();
    let found = if parts.is_empty() { "no findings".to_owned() } else { parts.join(" and ") };
    format!("{found} in {}\n", plural(files, "file"))
}

struct Painter<'a> {
    sources: &'a Sources,
    /// The places that must not be read off an excerpt.
    secrets: HashMap<SourceId, Vec<Span>>,
    excerpts: HashMap<SourceId, Excerpt>,
    handler: GraphicalReportHandler,
    color: bool,
    width: usize,
}

impl<'a> Painter<'a> {
    fn new(sources: &'a Sources, diagnostics: &[Diagnostic], color: bool, width: usize) -> Self {
        let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width.max(NARROWEST)).with_context_lines(0);
        Self {
            sources,
            secrets: secrets(diagnostics),
            excerpts: HashMap::new(),
            handler,
            color,
            width: width.max(NARROWEST),
        }
    }

    fn finding(&mut self, out: &mut String, diagnostic: &Diagnostic) {
        let title = self.paint(title(diagnostic), style(diagnostic.severity));
        let message = self.paint(format!(": {}", printable(&diagnostic.message)), "1");
        let _ = writeln!(out, "{title}{message}");
        if let Some(span) = diagnostic.span() {
            self.excerpt(out, diagnostic, span);
        }
        for (label, place) in self.elsewhere(diagnostic) {
            self.remark(out, "note", &format!("{place}: {}", label.text));
        }
        for note in &diagnostic.notes {
            self.remark(out, "note", note);
        }
        if let Some(help) = help(diagnostic) {
            self.remark(out, "help", help);
        }
        self.remark(out, "docs", &format!("vmflow explain {}", diagnostic.code.id));
    }

    /// Draws the labels that stand in the source of the primary one.
    fn excerpt(&mut self, out: &mut String, diagnostic: &Diagnostic, primary: Span) {
        let Some(source) = self.sources.get(primary.source) else { return };
        let secrets = self.secrets.get(&source.id).map_or(&[][..], Vec::as_slice);
        let excerpt = self.excerpts.entry(source.id).or_insert_with(|| Excerpt::new(source, secrets));
        let labels = diagnostic.labels.iter().filter(|label| label.span.source == source.id).enumerate();
        let labels: Vec<LabeledSpan> = labels.map(|(at, label)| labeled(excerpt, label, at == 0)).collect();
        let is_drawable = |label: &LabeledSpan| excerpt.longest_line(label.offset(), label.len()) <= LONGEST_LINE;
        let mut drawn = String::new();
        let picture = Picture { excerpt, labels: &labels };
        if labels.iter().all(is_drawable) && self.handler.render_report(&mut drawn, &picture).is_ok() {
            // miette's first line is the message, which is empty here and stands in the title.
            out.push_str(drawn.split_once('\n').map_or("", |(_, frame)| frame));
        } else if let Some(place) = location(self.sources, primary) {
            let _ = writeln!(out, "   ╭─[{place}]\n   ╰────");
        }
    }

    /// The labels in other sources, which no excerpt of this one can show.
    fn elsewhere<'d>(&self, diagnostic: &'d Diagnostic) -> Vec<(&'d Label, String)> {
        let home = diagnostic.span().map(|span| span.source);
        let others = diagnostic.labels.iter().filter(|label| Some(label.span.source) != home);
        others.filter_map(|label| Some((label, location(self.sources, label.span)?))).collect()
    }

    /// `  = help: text`, wrapped.
    fn remark(&self, out: &mut String, word: &str, text: &str) {
        let indent = "  = ".len() + word.len() + 2;
        let text = wrap(&printable(text), self.width.saturating_sub(indent), &" ".repeat(indent));
        let _ = writeln!(out, "  = {}: {text}", self.paint(word.to_owned(), "1"));
    }

    fn paint(&self, text: String, style: &str) -> String {
        if self.color { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text }
    }
}

/// The style of a title, as the numbers of an escape sequence.
const fn style(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Info => "1;36",
    }
}

fn labeled(excerpt: &Excerpt, label: &Label, is_primary: bool) -> LabeledSpan {
    let (start, length) = excerpt.shown(label.span, MOST_LINES);
    let text = (!label.text.is_empty()).then(|| printable(&label.text));
    if is_primary {
        LabeledSpan::new_primary_with_span(text, (start, length))
    } else {
        LabeledSpan::new_with_span(text, (start, length))
    }
}

/// `text` with line ends put in so that no line is longer than `width` characters, unless a word is.
fn wrap(text: &str, width: usize, indent: &str) -> String {
    let wrapped = text.lines().map(|line| wrap_line(line, width, indent));
    wrapped.collect::<Vec<_>>().join(&format!("\n{indent}"))
}

/// White space within a line stays as it is, since notes hold code.
fn wrap_line(line: &str, width: usize, indent: &str) -> String {
    let mut out = String::new();
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let length = word.trim_end().chars().count();
        if used > 0 && used + length > width {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.push_str(indent);
            used = 0;
        }
        out.push_str(word);
        used += word.chars().count();
    }
    out.truncate(out.trim_end().len());
    out
}

/// What miette is given to draw: an excerpt and its labels, the words being ours.
struct Picture<'a> {
    excerpt: &'a Excerpt,
    labels: &'a [LabeledSpan],
}

impl miette::Diagnostic for Picture<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

impl std::error::Error for Picture<'_> {}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl fmt::Debug for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.labels).finish()
    }
}
