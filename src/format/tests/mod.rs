//! What the formatter makes of texts.

mod random;

use std::sync::LazyLock;

use regex::Regex;

use super::{format, same};
use crate::source::{Source, SourceId};
use crate::syntax::parse;

fn source(text: &str) -> Source {
    Source::new(SourceId(0), "test.flow", text)
}

/// The text in canonical form.
fn formatted(text: &str) -> String {
    match format(&source(text)) {
        Ok(text) => text,
        Err(trouble) => panic!("{trouble:?}\n{text}"),
    }
}

/// The tree without places, and without the white space in its texts, which queries may change.
fn tree(text: &str) -> String {
    static PLACES: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"Span \{ source: SourceId\(\d+\), start: \d+, end: \d+ \}|\\[nrt]|\s").unwrap());
    let (file, findings) = parse(&source(text));
    assert!(findings.is_empty(), "{findings:?}\n{text}");
    PLACES.replace_all(&format!("{file:?}"), "").into_owned()
}

/// Everything that must hold for a text without errors.
fn sound(text: &str) {
    let once = formatted(text);
    assert_eq!(formatted(&once), once, "not stable:\n{text}");
    assert_eq!(tree(text), tree(&once), "another tree:\n{text}\n{once}");
    assert_eq!(same::compare(text, &once), Ok(()));
    let ragged = |line: &str| line.ends_with([' ', '\t', '\r']) || line.starts_with('\t');
    let outside = !once.contains("\"\"\"");
    assert!(once.lines().all(|line| !ragged(line) || !outside), "{once}");
    assert!(once.is_empty() || once.ends_with('\n') && !once.ends_with("\n\n"), "{once:?}");
    assert!(!once.contains("\n\n\n") || !outside, "{once}");
}
