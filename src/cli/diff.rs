//! The difference between a file and what a command would make of it.

use similar::TextDiff;

/// A unified diff, empty when nothing differs; added lines green and removed ones red when `color` says so.
pub(super) fn unified(name: &str, before: &str, after: &str, color: bool) -> String {
    let diff = TextDiff::from_lines(before, after);
    let plain = diff.unified_diff().context_radius(3).header(name, name).to_string();
    if color { plain.split_inclusive('\n').map(colored).collect() } else { plain }
}

fn colored(line: &str) -> String {
    let code = match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => "1",
        [b'+', ..] => "32",
        [b'-', ..] => "31",
        [b'@', ..] => "36",
        _ => return line.to_owned(),
    };
    let text = line.trim_end_matches('\n');
    format!("\x1b[{code}m{text}\x1b[0m\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_changes_and_nothing_when_nothing_does() {
        assert_eq!(unified("a.flow", "x\n", "x\n", false), "");
        let diff = unified("a.flow", "a\nb\n", "a\nc\n", false);
        assert_eq!(diff, "--- a.flow\n+++ a.flow\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        assert!(unified("a.flow", "a\n", "b\n", true).contains("\x1b[31m-a\x1b[0m\n"));
    }
}
