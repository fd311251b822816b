//! `${NAME}` inside `{ … }` and `[ … ]`.
//!
//! YAML ends a plain scalar at a brace when it stands in a flow collection, so that
//! `{ url: ${URL} }` is a syntax error to every parser. Operators write it all the same. The
//! braces of each `${…}` are therefore replaced, byte for byte, by two characters that the file
//! does not hold, and put back in every scalar read; spans stay what they were. Asking for
//! quotes instead was rejected: the mistake is made too often and the message is hard to
//! connect with the cause.

/// Candidates for the two characters, none of which means anything to YAML after a `$`.
const CANDIDATES: &str = "^;~=()+<>/QXZJKqxzjkWVYUHGFDB";

/// A text with its `${…}` hidden from the YAML parser.
pub(super) struct Shield {
    /// As long as the original, byte for byte.
    pub(super) text: String,
    open: char,
    close: char,
}

impl Shield {
    /// Hides the braces of every `${…}` of `text`; `None` when there is nothing to hide, or when the
    /// file uses every candidate.
    pub(super) fn new(text: &str) -> Option<Self> {
        if !text.contains("${") {
            return None;
        }
        let mut free = CANDIDATES.chars().filter(|candidate| !text.contains(*candidate));
        let (open, close) = (free.next()?, free.next()?);
        let lines = text.split_inclusive('\n').map(|line| hide(line, open, close));
        Some(Self { text: lines.collect(), open, close })
    }

    /// A scalar as it was written.
    pub(super) fn restore(&self, scalar: &str) -> String {
        scalar.replace(self.open, "{").replace(self.close, "}")
    }
}

/// One line with its braces hidden. A `${` that is not closed on the line, or not before a `"`, stays; so
/// nothing is hidden across the end of a quoted scalar.
fn hide(line: &str, open: char, close: char) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("${") {
        let (before, candidate) = rest.split_at(at);
        let (length, is_closed) = extent(candidate);
        let (variable, after) = candidate.split_at(length);
        out.push_str(before);
        if is_closed {
            out.push_str(&hide_variable(variable, open, close));
        } else {
            out.push_str(variable);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The length in bytes of the `${…}` that `text` begins with, nested ones included, and whether it is
/// closed; one that is not reaches to what ended it.
fn extent(text: &str) -> (usize, bool) {
    let mut depth = 0_usize;
    let mut previous = ' ';
    for (at, letter) in text.char_indices() {
        match letter {
            '{' if previous == '$' => depth += 1,
            '}' if depth == 1 => return (at + 1, true),
            '}' => depth = depth.saturating_sub(1),
            '"' => return (at, false),
            _ => {}
        }
        previous = letter;
    }
    (text.len(), false)
}

fn hide_variable(variable: &str, open: char, close: char) -> String {
    let mut previous = ' ';
    let hidden = variable.chars().map(|letter| {
        let shown = match letter {
            '{' if previous == '$' => open,
            '}' => close,
            other => other,
        };
        previous = letter;
        shown
    });
    hidden.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_braces_of_variables_are_hidden_and_come_back() {
        let text = "a: { b: ${X:-${Y}}, c: {} } # ${open\nd: ${Z}";
        let shield = Shield::new(text).unwrap();
        assert_eq!(shield.text, "a: { b: $^X:-$^Y;;, c: {} } # ${open\nd: $^Z;");
        assert_eq!(shield.restore(&shield.text), text);
        assert!(Shield::new("plain: { a: b }").is_none());
    }
}
