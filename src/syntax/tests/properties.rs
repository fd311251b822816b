//! What holds for any text.

use proptest::prelude::*;

use super::{SAMPLE, source};
use crate::syntax::parser::{file, long_file};
use crate::syntax::{parse, pieces, scan};

/// Everything that must hold for any text.
fn sound(text: &str) {
    let source = source(text);
    let (_, findings) = parse(&source);
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

/// The sample's workflow, so often in its body that it is read in pieces; `mend` may break it.
fn long(mend: impl Fn(&mut String)) -> String {
    let (head, rest) = SAMPLE.split_at(SAMPLE.find("\nworkflow ").unwrap() + 1);
    let (first, rest) = rest.split_at(rest.find('\n').unwrap() + 1);
    let (body, tail) = rest.split_at(rest.find("\n}\n").unwrap() + 1);
    let mut bodies = String::new();
    while bodies.len() < 40 << 10 {
        bodies.push_str("  ## Documentation,\n  # a comment in it,\n  ## of two lines.\n  output o = 1 # behind\n");
        bodies.push_str(body);
    }
    mend(&mut bodies);
    format!("{head}{first}{bodies}{tail}\n## At the end.\nfn last(x: int) -> int = x\n")
}

#[test]
fn a_long_workflow_in_pieces_is_the_workflow() {
    let text = long(|_| ());
    let source = source(&text);
    let (whole, findings) = file(&source);
    assert!(findings.is_empty(), "{findings:?}");
    let in_pieces = pieces::file(&source, &scan::Scan::of(&text).into());
    assert!(std::thread::available_parallelism().unwrap().get() == 1 || in_pieces.is_some());
    assert_eq!(format!("{:?}", in_pieces.unwrap_or_else(|| file(&source).0)), format!("{whole:?}"));
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_mutilated_long_workflow_reads_as_one(from in 0_usize..40_000, len in 0_usize..80, to in 0_usize..40_000, kind in 0..3) {
        let text = long(|bodies| {
            let range = cut(bodies, from, len);
            let piece = bodies[range.clone()].to_owned();
            match kind {
                0 => bodies.replace_range(range, ""),
                1 => bodies.insert_str(cut(bodies, to, 0).start, &piece),
                _ => { let over = cut(bodies, to, len); bodies.replace_range(over, &piece); }
            }
        });
        let source = source(&text);
        prop_assert_eq!(format!("{:?}", long_file(&source)), format!("{:?}", file(&source)));
    }
}
