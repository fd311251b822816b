//! The words of a comment that allows findings: `# vmflow: allow VF103, VF104 because …`.

use std::ops::Range;

use crate::diagnostic::closest;

/// A comment that is meant for vmflow. Ranges count from the comment's `#`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Marker<'s> {
    /// `vmflow: allow …`.
    Allow {
        /// The codes, as written.
        codes: Vec<Word<'s>>,
        /// What follows them.
        reason: Reason,
    },
    /// Nearly that: the words to replace by it.
    Misspelt(Range<usize>),
}

/// Why something is allowed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// `because …`.
    Given,
    /// Nothing.
    Missing,
    /// Words without `because`, from here.
    Unmarked(usize),
}

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word<'s> {
    pub(super) text: &'s str,
    pub(super) range: Range<usize>,
}

/// Reads a comment; prose gives nothing.
pub(super) fn read(comment: &str) -> Option<Marker<'_>> {
    let words = words(comment);
    match words.as_slice() {
        [name, verb, rest @ ..] if name.text == "vmflow:" && verb.text == "allow" => Some(allow(rest)),
        words => misspelt(words).map(Marker::Misspelt),
    }
}

/// What stands in the place of `vmflow: allow` in a line of documentation, which allows nothing: its `##` included.
pub(super) fn documented(line: &str) -> Option<Range<usize>> {
    let words = words(line);
    match words.as_slice() {
        [name, verb, code, ..] if name.text == "vmflow:" && verb.text == "allow" && looks_like_a_code(code.text) => {
            Some(0..verb.range.end)
        }
        words => misspelt(words).map(|words| 0..words.end),
    }
}

/// A name and a verb before a code, the colon of the name wherever it is: `vmflow:allow VF103`, `vmflow : allow VF103`.
fn misspelt(words: &[Word<'_>]) -> Option<Range<usize>> {
    let code = words.iter().take(4).position(|word| looks_like_a_code(word.text))?;
    let (before, _) = words.split_at_checked(code)?;
    let (name, behind) = before.split_first()?;
    let (called, glued) = name.text.split_once(':').unwrap_or((name.text, ""));
    let verbs = behind.iter().filter(|word| word.text != ":").count() + usize::from(!glued.is_empty());
    let end = before.last()?.range.end;
    (verbs == 1 && is_near(called, "vmflow")).then_some(name.range.start..end)
}

fn allow<'s>(words: &[Word<'s>]) -> Marker<'s> {
    let because = words.iter().position(|word| word.text == "because");
    let codes = because.unwrap_or_else(|| words.iter().take_while(|word| looks_like_a_code(word.text)).count());
    let (codes, behind) = words.split_at_checked(codes).unwrap_or_default();
    let reason = match (because, behind) {
        (Some(_), [_, _, ..]) => Reason::Given,
        (None, [first, ..]) => Reason::Unmarked(first.range.start),
        _ => Reason::Missing,
    };
    Marker::Allow { codes: codes.to_vec(), reason }
}

/// The words of a comment, at white space and commas.
fn words(comment: &str) -> Vec<Word<'_>> {
    let is_gap = |letter: char| letter.is_whitespace() || letter == ',' || letter == '#';
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(rest) = comment.get(at..) {
        let Some(skip) = rest.find(|letter| !is_gap(letter)) else { break };
        let start = at + skip;
        let word = comment.get(start..).unwrap_or_default();
        at = start + word.find(is_gap).unwrap_or(word.len());
        words.push(Word { text: comment.get(start..at).unwrap_or_default(), range: start..at });
    }
    words
}

fn looks_like_a_code(word: &str) -> bool {
    let digits = word.get(..2).filter(|start| start.eq_ignore_ascii_case("VF")).and_then(|_| word.get(2..));
    digits.is_some_and(|digits| digits.starts_with(|digit: char| digit.is_ascii_digit()))
}

fn is_near(word: &str, wanted: &str) -> bool {
    word == wanted || closest(word, [wanted]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(comment: &str) -> (Vec<&str>, Reason) {
        match read(comment) {
            Some(Marker::Allow { codes, reason }) => (codes.into_iter().map(|code| code.text).collect(), reason),
            other => panic!("{comment}: {other:?}"),
        }
    }

    #[test]
    fn codes_and_reason_are_told_apart() {
        assert_eq!(allowed("# vmflow: allow VF103 because it logs"), (vec!["VF103"], Reason::Given));
        assert_eq!(
            allowed("#vmflow: allow VF103,VF104,  vf1 because x"),
            (vec!["VF103", "VF104", "vf1"], Reason::Given)
        );
        assert_eq!(allowed("# vmflow: allow"), (vec![], Reason::Missing));
        assert_eq!(allowed("# vmflow: allow VF103 because"), (vec!["VF103"], Reason::Missing));
        assert_eq!(allowed("# vmflow: allow VF103 it logs"), (vec!["VF103"], Reason::Unmarked(22)));
        assert_eq!(allowed("# vmflow: allow unused because x"), (vec!["unused"], Reason::Given));
    }

    #[test]
    fn documentation_allows_nothing() {
        assert_eq!(documented("## vmflow: allow VF104 because x"), Some(0..16));
        assert_eq!(documented("## vmflow:alow VF104"), Some(0..14));
        for prose in ["## vmflow: allow", "## vmflow: allow what is wrong", "## VF104 is allowed", "## the limit"] {
            assert_eq!(documented(prose), None, "{prose}");
        }
    }

    #[test]
    fn a_misspelt_marker_is_seen_and_prose_is_not() {
        for misspelt in ["vmflow: alow", "vmflow: ignore", "vmflow allow", "vmflw: allow", "VMFlow: Allow"] {
            let comment = format!("# {misspelt} VF103 because x");
            assert_eq!(read(&comment), Some(Marker::Misspelt(2..2 + misspelt.len())), "{comment}");
        }
        for misspelt in ["vmflow:allow", "vmflow : allow", "vmflow:alow"] {
            let comment = format!("#{misspelt} VF103 because x");
            assert_eq!(read(&comment), Some(Marker::Misspelt(1..1 + misspelt.len())), "{comment}");
        }
        for prose in [
            "#",
            "# vmflow",
            "# vmflow tells of VF103",
            "# vmflow: VF103",
            "# vmflow allows several",
            "# vmflow: see the docs",
            "# allow VF103",
            "# see x VF103",
        ] {
            assert_eq!(read(prose), None, "{prose}");
        }
    }
}
