//! What holds for any text.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{SAMPLE, source};
use crate::syntax::parse;

/// Everything that must hold for any text.
fn sound(text: &str) {
    let source = source(text);
    let start = Instant::now();
    let (_, findings) = parse(&source);
    assert!(start.elapsed() < Duration::from_secs(5), "slow: {text}");
    for finding in &findings {
        let spans = finding.labels.iter().map(|label| label.span);
        let edits = finding.fix.iter().flat_map(|fix| fix.edits.iter().map(|edit| edit.span));
        for span in spans.chain(edits) {
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{finding:?} in {text:?}");
        }
    }
}

/// Cuts at the nearest boundaries of characters.
fn cut(text: &str, from: usize, len: usize) -> std::ops::Range<usize> {
    let clamp = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = clamp(from % (text.len() + 1));
    start..clamp(start + len)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in ".{0,200}") {
        sound(&text);
    }

    #[test]
    fn any_row_of_tokens_is_read(parts in prop::collection::vec(prop::sample::select(vec![
        "workflow", "a", "{", "}", "(", ")", "[", "]", "=", ":", ",", "\n", " ", "\"", "f\"", "sql\"\"\"", "\"\"\"", "#", "##", "for each",
        "in", "when", "else", "if", "then", "not", "-", "1", "2025-01-01", "é", "'", ";", "//", "|", "table", "<", ">", "?", ".", "\\", "with",
    ]), 0..60)) {
        sound(&parts.concat());
        sound(&parts.join(" "));
    }

    #[test]
    fn any_mutilation_is_read(from in 0_usize..3000, len in 0_usize..80, to in 0_usize..3000, kind in 0..3) {
        let range = cut(SAMPLE, from, len);
        let piece = SAMPLE[range.clone()].to_owned();
        let mut text = SAMPLE.to_owned();
        match kind {
            0 => text.replace_range(range, ""),
            1 => text.insert_str(cut(SAMPLE, to, 0).start, &piece),
            _ => text.replace_range(cut(SAMPLE, to, len), &piece),
        }
        sound(&text);
    }
}
