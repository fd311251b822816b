//! Reports for people.

use std::fmt::Write;

use super::{count, excerpt, file, location, place};
use crate::source::Sources;
use crate::testing::coverage::Coverage;
use crate::testing::{Failure, Report};

/// The tests by file, what failed, the places that no test came to, and how many passed.
pub fn human(sources: &Sources, reports: &[Report], coverage: Option<&[Coverage]>, has_color: bool) -> String {
    let paint = Paint { has_color };
    let mut out = String::new();
    list(&mut out, sources, reports, paint);
    for report in reports.iter().filter(|report| !report.failures.is_empty()) {
        let _ = writeln!(out, "\n{} {}", paint.red("✗"), report.test.title.node);
        report.failures.iter().for_each(|failure| tell(&mut out, sources, failure, paint));
    }
    if let Some(coverage) = coverage {
        table(&mut out, sources, coverage);
    }
    let failed = reports.iter().filter(|report| !report.failures.is_empty()).count();
    let passed = format!("{} passed", reports.len() - failed);
    let summary = if failed == 0 {
        paint.green(&passed)
    } else {
        format!("{passed}, {}", paint.red(&format!("{failed} failed")))
    };
    let _ = writeln!(out, "\n{}: {summary}", count(reports.len(), "test"));
    out
}

fn list(out: &mut String, sources: &Sources, reports: &[Report], paint: Paint) {
    let mut last = None;
    for report in reports {
        let (source, _) = place(sources, report.test.title.span);
        if last.replace(report.test.title.span.source) != Some(report.test.title.span.source) {
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}{}", file(source));
        }
        let mark = if report.failures.is_empty() { paint.green("✓") } else { paint.red("✗") };
        let _ = writeln!(out, "  {mark} {}", report.test.title.node);
    }
}

fn tell(out: &mut String, sources: &Sources, failure: &Failure, paint: Paint) {
    let _ = writeln!(out, "  {}: {}", paint.dim(&location(sources, failure.place)), failure.message);
    if let Some(excerpt) = excerpt(sources, failure) {
        let _ = writeln!(out, "    {excerpt}");
    }
    if let Some((left, right)) = &failure.sides {
        let _ = writeln!(out, "    left:  {left}\n    right: {right}");
    }
    for note in &failure.notes {
        let _ = writeln!(out, "    - {note}");
    }
    for (at, line) in failure.help.iter().flat_map(|help| help.lines()).enumerate() {
        let begin = if at == 0 { "help: " } else { "  " };
        let line = format!("    {begin}{line}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn table(out: &mut String, sources: &Sources, coverage: &[Coverage]) {
    out.push('\n');
    let width = coverage.iter().map(|one| one.workflow.name.chars().count()).max().unwrap_or(0).max("workflow".len());
    let _ = writeln!(out, "{:width$}  places  covered", "workflow");
    for one in coverage {
        let (all, covered) = (one.points.len(), one.covered());
        let percent = (covered * 100).checked_div(all).unwrap_or(100);
        let _ = writeln!(out, "{:width$}  {all:>6}  {covered:>4} {percent:>3} %", one.workflow.name);
    }
    for point in coverage.iter().flat_map(|one| &one.points).filter(|point| !point.is_covered) {
        let (source, position) = place(sources, point.place);
        let _ =
            writeln!(out, "  not covered: {}:{} {} `{}`", file(source), position.line, point.kind.name(), point.step);
    }
}

/// Colours, where they are wanted.
#[derive(Clone, Copy)]
struct Paint {
    has_color: bool,
}

impl Paint {
    fn with(self, code: u8, text: &str) -> String {
        if self.has_color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn green(self, text: &str) -> String {
        self.with(32, text)
    }

    fn red(self, text: &str) -> String {
        self.with(31, text)
    }

    fn dim(self, text: &str) -> String {
        self.with(2, text)
    }
}
