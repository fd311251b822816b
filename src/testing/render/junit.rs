//! Reports as the XML that CI servers read.

use std::fmt::Write;

use super::{excerpt, file, location, place};
use crate::source::Sources;
use crate::testing::{Failure, Report};

/// The whole document: a suite for each file, a case for each test.
pub fn junit(sources: &Sources, reports: &[Report]) -> String {
    let failed = |reports: &[Report]| reports.iter().filter(|report| !report.failures.is_empty()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"vmflow\" tests=\"{}\" failures=\"{}\">", reports.len(), failed(reports));
    for suite in reports.chunk_by(|a, b| a.test.title.span.source == b.test.title.span.source) {
        let Some(first) = suite.first() else { continue };
        let name = escaped(file(place(sources, first.test.title.span).0));
        let _ = writeln!(out, "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\">", suite.len(), failed(suite));
        for report in suite {
            case(&mut out, sources, &name, report);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, sources: &Sources, suite: &str, report: &Report) {
    let (_, position) = place(sources, report.test.title.span);
    let title = escaped(&report.test.title.node);
    let _ =
        write!(out, "    <testcase classname=\"{suite}\" name=\"{title}\" file=\"{suite}\" line=\"{}\"", position.line);
    if report.failures.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    for failure in &report.failures {
        let message = escaped(&failure.message);
        let _ = writeln!(out, "      <failure message=\"{message}\">{}</failure>", escaped(&whole(sources, failure)));
    }
    out.push_str("    </testcase>\n");
}

fn whole(sources: &Sources, failure: &Failure) -> String {
    let mut lines = vec![format!("{}: {}", location(sources, failure.place), failure.message)];
    lines.extend(excerpt(sources, failure));
    if let Some((left, right)) = &failure.sides {
        lines.extend([format!("left:  {left}"), format!("right: {right}")]);
    }
    lines.extend(failure.notes.iter().map(|note| format!("- {note}")));
    lines.extend(failure.help.iter().map(|help| format!("help: {help}")));
    lines.join("\n")
}

/// Text as XML takes it, in elements and attributes; what XML cannot hold at all is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(letter),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_the_document() {
        assert_eq!(escaped("<a b=\"c\"> & \u{0}\u{1b}d\u{ffff}"), "&lt;a b=&quot;c&quot;&gt; &amp; d");
    }
}
