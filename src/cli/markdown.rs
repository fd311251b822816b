//! Markdown as people read it at a terminal.

use std::fmt::Write;

use super::table;
use super::terminal::Terminal;
use crate::diagnostic::render::printable;

/// The text of a page: headings without marks, code indented, tables aligned, paragraphs wrapped.
pub(super) fn plain(markdown: &str, terminal: &Terminal) -> String {
    let mut page = Page { out: String::new(), terminal };
    let markdown = printable(markdown);
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            lines.by_ref().take_while(|line| !line.starts_with("```")).for_each(|line| page.code(line));
        } else if line.starts_with('|') {
            let mut rows = vec![line];
            rows.extend(std::iter::from_fn(|| lines.next_if(|line| line.starts_with('|'))));
            page.table(&rows);
        } else if line.starts_with('#') {
            page.heading(line);
        } else if line.starts_with("- ") {
            page.paragraph(line, "  ");
        } else if is_text(line) {
            let mut text = line.to_owned();
            while let Some(more) = lines.next_if(|line| is_text(line)) {
                let _ = write!(text, " {more}");
            }
            page.paragraph(&text, "");
        } else if line.is_empty() && !page.out.is_empty() {
            page.out.push('\n');
        }
    }
    page.out
}

/// Whether a line is one of a paragraph; comments are for the page as a file.
fn is_text(line: &str) -> bool {
    !line.is_empty()
        && !line.starts_with(['#', '|'])
        && !["```", "- ", "<!--"].iter().any(|mark| line.starts_with(mark))
}

struct Page<'a> {
    out: String,
    terminal: &'a Terminal,
}

impl Page<'_> {
    fn heading(&mut self, line: &str) {
        let title = line.trim_start_matches('#').trim();
        let rule = if line.starts_with("###") { "─" } else { "═" }.repeat(title.chars().count());
        let shown =
            if self.terminal.color_out { format!("\u{1b}[1m{title}\u{1b}[0m") } else { format!("{title}\n{rule}") };
        let _ = writeln!(self.out, "{shown}");
    }

    fn code(&mut self, line: &str) {
        let _ = writeln!(self.out, "{}", format!("    {line}").trim_end());
    }

    fn paragraph(&mut self, text: &str, indent: &str) {
        let options = table::wrapping(self.terminal.width).subsequent_indent(indent);
        let _ = writeln!(self.out, "{}", textwrap::fill(&without_links(text), options));
    }

    /// The second row only says where the head ends.
    fn table(&mut self, rows: &[&str]) {
        let cells = |row: &&str| {
            let row = row.trim_start_matches('|').trim_end_matches('|').replace("\\|", "\u{0}");
            let plain = |cell: &str| without_links(cell.trim()).replace('`', "").replace('\u{0}', "|");
            row.split('|').map(plain).collect::<Vec<String>>()
        };
        let rows: Vec<Vec<String>> =
            rows.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, row)| cells(row)).collect();
        self.out.push_str(&table::aligned(&rows, self.terminal.width));
    }
}

/// `[text](target)` as the text alone.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once('[') {
        match inside.split_once("](").and_then(|(shown, tail)| Some((shown, tail.split_once(')')?.1))) {
            Some((shown, tail)) if !shown.contains(['[', '`']) => {
                out.push_str(before);
                out.push_str(shown);
                rest = tail;
            }
            _ => {
                let _ = write!(out, "{before}[");
                rest = inside;
            }
        }
    }
    out + rest
}
