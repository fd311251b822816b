//! What differs, for people.

use std::fmt::Write;

use crate::lookback::{Change, Comparison, Written};
use crate::store::RunRow;

/// How many items of a loop are named.
const MOST: usize = 3;

pub(super) fn text(comparison: &Comparison, run: &RunRow, has_color: bool) -> String {
    let paint = Paint { has_color };
    let mut text =
        format!("run {} of `{}`: the file of today, with what the run had read\n", run.begin.id, run.begin.workflow);
    outputs(&mut text, comparison, &paint);
    if !comparison.writes.is_empty() {
        text.push_str("\nwrites (none was made)\n");
    }
    for written in &comparison.writes {
        writes(&mut text, written, &paint);
    }
    unread(&mut text, comparison, &paint);
    let (was, is) = &comparison.status;
    if was != is {
        let _ = writeln!(text, "\n{} it ended {was}, and would end {is}", paint.mark('~'));
    }
    if let Some(error) = comparison.error.as_ref().filter(|_| was != is) {
        let _ = writeln!(text, "    {error}");
    }
    text.push_str(if comparison.is_same() { "\nall is the same\n" } else { "\nnot the same\n" });
    text
}

struct Paint {
    has_color: bool,
}

impl Paint {
    fn mark(&self, mark: char) -> String {
        let color = match mark {
            '=' => 2,
            '+' => 32,
            '-' => 31,
            '?' => 36,
            _ => 33,
        };
        if self.has_color { format!("\u{1b}[{color}m{mark}\u{1b}[0m") } else { mark.to_string() }
    }
}

fn outputs(text: &mut String, comparison: &Comparison, paint: &Paint) {
    if !comparison.outputs.is_empty() {
        text.push_str("\noutputs\n");
    }
    for (name, change) in &comparison.outputs {
        let (mark, line) = match change {
            Change::Same => ('=', String::new()),
            Change::Other { sides: (was, is), .. } => ('~', format!(": {was} on record, {is} today")),
            Change::New(is) => ('+', format!(": {is}")),
            Change::Gone(was) => ('-', format!(": {was} on record, nothing today")),
            Change::NotKnown => ('?', ": not known, because it follows from what is not on record".to_owned()),
        };
        let _ = writeln!(text, "  {} {name}{line}", paint.mark(mark));
        if let Change::Other { notes, .. } = change {
            for note in notes {
                let _ = writeln!(text, "      {}", note.replace("left", "on record").replace("right", "today"));
            }
        }
    }
}

fn writes(text: &mut String, written: &Written, paint: &Paint) {
    let mark = if written.is_same() {
        '='
    } else if written.not_known > 0 {
        '?'
    } else {
        '~'
    };
    let target = written.target.as_ref().map(|target| format!(" {target}")).unwrap_or_default();
    let ((was, is), (gone, new)) = (written.counts, written.only);
    let counts = if was == is { format!("{was}") } else { format!("{was} on record, {is} today") };
    let _ =
        write!(text, "  {} {} through `{}`{target}: {counts}", paint.mark(mark), written.action, written.connection);
    if gone + new > 0 {
        let _ = write!(text, "; {gone} only on record, {new} only today");
    }
    if written.not_known > 0 {
        let _ = write!(text, "; {} of which it is not known what they write", written.not_known);
    }
    text.push('\n');
    for (mark, rows, all) in [('-', &written.examples.0, gone), ('+', &written.examples.1, new)] {
        for row in rows {
            let _ = writeln!(text, "      {} {row}", paint.mark(mark));
        }
        if all > rows.len() {
            let _ = writeln!(text, "      {} … {} more", paint.mark(mark), all - rows.len());
        }
    }
}

fn unread(text: &mut String, comparison: &Comparison, paint: &Paint) {
    if !comparison.unread.is_empty() {
        text.push_str("\nreads that are not on record\n");
    }
    for unread in &comparison.unread {
        let items = match unread.items.as_slice() {
            [] => String::new(),
            items if items.len() > MOST => {
                let first = items.iter().take(MOST).cloned().collect::<Vec<_>>().join("; ");
                format!(" ({first} and {} more)", items.len() - MOST)
            }
            items => format!(" ({})", items.join("; ")),
        };
        let _ = writeln!(text, "  {} {}{items}: {}", paint.mark('?'), unread.step, unread.why);
    }
}
