//! The comments of a file, which its tree leaves out, and what each stands at.

use super::scan::{Kind, Scan, Token};
use crate::source::{Source, Span};

/// A comment: from its `#` to the end of the line. `##` is no comment, it documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// Where it stands.
    pub span: Span,
    /// Whether its line holds nothing else.
    pub is_alone: bool,
    /// Where the token begins that it belongs to: the last one before it in its line, or, when it is alone, the
    /// first one below that does not document. Absent when nothing follows.
    pub anchor: Option<u32>,
}

/// The comments of a file, in order.
pub fn comments(source: &Source) -> Vec<Comment> {
    let scan = Scan::of(&source.text);
    let found = scan.comments.iter().map(|comment| {
        let documents = |token: &&Token| token.kind == Kind::Doc;
        let anchor = if comment.is_alone {
            scan.tokens.iter().skip(comment.index).find(|token| !documents(token))
        } else {
            comment.index.checked_sub(1).and_then(|before| scan.tokens.get(before))
        };
        Comment {
            span: source.span().slice(comment.span.start, comment.span.end),
            is_alone: comment.is_alone,
            anchor: anchor.and_then(|token| u32::try_from(token.start).ok()),
        }
    });
    found.collect()
}

/// The lines of a file that document what stands below them, from their `##` on, in order.
pub fn documenting(source: &Source) -> Vec<Span> {
    let scan = Scan::of(&source.text);
    let lines = scan.tokens.iter().filter(|token| token.kind == Kind::Doc);
    lines.map(|token| source.span().slice(token.start, token.end)).collect()
}

/// The comment that a file begins with, without its markers: it describes the file.
pub fn head(text: &str) -> String {
    let comment = text.trim_start_matches('\u{feff}').lines().take_while(|line| is_comment(line));
    comment.map(|line| line.trim_start_matches('#').trim()).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// `##` begins the documentation of an item.
fn is_comment(line: &str) -> bool {
    line.starts_with('#') && !line.starts_with("##")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    #[test]
    fn comments_belong_to_what_stands_before_or_below_them() {
        let text = "# one\n## doc\nworkflow w { # two\n  x = \"# none\" # three\r\n  # four\n}\n# five";
        let source = Source::new(SourceId(0), "a.flow", text);
        let found: Vec<(&str, bool, Option<&str>)> = comments(&source)
            .iter()
            .map(|comment| {
                let anchor = comment.anchor.map(|at| &text[at as usize..][..1]);
                (source.slice(comment.span), comment.is_alone, anchor)
            })
            .collect();
        let expected = [
            ("# one", true, Some("w")),
            ("# two", false, Some("{")),
            ("# three", false, Some("\"")),
            ("# four", true, Some("}")),
            ("# five", true, None),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_looks_like_a_comment_in_a_query_is_none() {
        let source = Source::new(SourceId(0), "a.flow", "x = sql\"\"\"\n  # no\n\"\"\" # yes\ny = \"\"\" # open");
        let found: Vec<&str> = comments(&source).iter().map(|comment| source.slice(comment.span)).collect();
        assert_eq!(found, ["# yes"]);
    }
}
