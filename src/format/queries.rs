//! SQL and PromQL of several lines: they move with their statement.
//!
//! Only the indentation that all lines share is changed, and spaces at their ends are dropped. A query in which
//! a text goes on over a line stays as it is, for its lines belong to the text; so do Python, shell and regular
//! expressions, where white space has a meaning.

use super::document::{Body, Doc};
use crate::syntax::ast::Tag;

/// The quotes around a query.
const QUOTES: &str = "\"\"\"";

/// A tagged literal as it is printed.
pub(super) fn query(text: &str, tag: Tag) -> Doc<'_> {
    match tag {
        Tag::Sql | Tag::Promql => body(text, tag).map_or_else(|| Doc::verbatim(text), Doc::Body),
        Tag::Regex | Tag::Python | Tag::Shell => Doc::verbatim(text),
    }
}

/// The lines of a query; nothing if it has one only, or if they have to stay.
fn body(text: &str, tag: Tag) -> Option<Body<'_>> {
    let inner = text.strip_suffix(QUOTES)?;
    let (open, rest) = inner.split_once('\n')?;
    if splits_text(inner.split_once(QUOTES)?.1, tag) {
        return None;
    }
    let mut lines: Vec<&str> = rest.split('\n').map(trimmed).collect();
    let closes_alone = lines.pop_if(|last| last.is_empty()).is_some();
    let shared = shared_indentation(&lines);
    let lines = lines.into_iter().map(|line| line.get(shared..).unwrap_or("")).collect();
    Some(Body { open: trimmed(open), lines, closes_alone })
}

/// Whether two literals are one query, printed in two places.
pub(super) fn differ_in_indentation(before: &str, after: &str) -> bool {
    let tag = if before.starts_with("sql") { Tag::Sql } else { Tag::Promql };
    let tagged = before.starts_with("sql\"") || before.starts_with("promql\"");
    match (body(before, tag), body(after, tag)) {
        (Some(before), Some(after)) => tagged && before == after,
        _ => false,
    }
}

fn trimmed(line: &str) -> &str {
    line.trim_end_matches([' ', '\t', '\r'])
}

/// How many bytes of indentation the lines share, empty ones aside.
fn shared_indentation(lines: &[&str]) -> usize {
    let mut indentations = lines.iter().filter(|line| !line.is_empty()).map(|line| {
        let text = line.trim_start_matches([' ', '\t']);
        line.get(..line.len() - text.len()).unwrap_or("")
    });
    let Some(first) = indentations.next() else { return 0 };
    indentations.fold(first.len(), |shared, next| {
        first.bytes().zip(next.bytes()).take(shared).take_while(|(a, b)| a == b).count()
    })
}

/// Whether a text in quotes may go on over the end of a line. When in doubt it does: what a backslash, a dollar
/// sign or two dashes mean in SQL depends on the database.
fn splits_text(query: &str, tag: Tag) -> bool {
    let mut rest = query;
    while let Some(at) = rest.find(['\'', '"', '`', '\\', '#', '$', '-', '/']) {
        let found = rest.get(at..).unwrap_or("");
        let len = match (tag, found.as_bytes()) {
            (Tag::Promql, [b'#', ..]) | (Tag::Sql, [b'-', b'-', b' ' | b'-' | b'\n', ..]) => found.find('\n'),
            (Tag::Sql, [b'/', b'*', ..]) => block_comment(found),
            (Tag::Sql, [b'$', ..]) => (!is_dollar_quote(found)).then_some(1),
            (_, [b'#' | b'-' | b'/' | b'$', ..]) => Some(1),
            (_, [quote @ (b'\'' | b'"' | b'`'), ..]) => quoted(found, char::from(*quote), tag),
            _ => None,
        };
        let Some(len) = len else { return true };
        rest = found.get(len..).unwrap_or("");
    }
    false
}

/// The length of a comment that has no other inside, which would nest in some databases.
fn block_comment(found: &str) -> Option<usize> {
    let inner = found.split_once("*/")?.0.get(2..)?;
    (!inner.contains("/*")).then_some(inner.len() + 4)
}

/// The length of a text in quotes that ends on its line.
fn quoted(found: &str, quote: char, tag: Tag) -> Option<usize> {
    let mut chars = found.char_indices().skip(1);
    while let Some((at, next)) = chars.next() {
        match next {
            _ if next == quote => return Some(at + 1),
            '\n' => return None,
            '\\' if tag == Tag::Promql && quote != '`' => {
                chars.next().filter(|(_, escaped)| *escaped != '\n')?;
            }
            '\\' if tag == Tag::Sql => return None,
            _ => {}
        }
    }
    None
}

/// `$$` or `$tag$`, where a text begins in PostgreSQL.
fn is_dollar_quote(found: &str) -> bool {
    let tag = found.get(1..).unwrap_or("");
    tag.trim_start_matches(|next: char| next.is_alphanumeric() || next == '_').starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_over_two_lines_is_found() {
        let splits = |query: &str| splits_text(query, Tag::Sql);
        assert!(!splits("select 'a', \"b\", 'it''s', $1 -- it's\nfrom t /* it's\n */ where a - b / c # d > 0"));
        for query in
            ["select 'a\nb'", "select \"a\nb\"", "select $$a\nb$$", "select $x$a\nb$x$", "select E'\\'' , '\n'"]
        {
            assert!(splits(query), "{query}");
        }
        assert!(splits("a --'b\n'") && splits("/* /* */ ' */ '\n'") && splits("a #>> '{a\n}'"));
        assert!(!splits_text("rate(x{a=~\"b\\\\.c\"}[5m]) # it's\n/ on (a) y", Tag::Promql));
        assert!(splits_text("x{a=`b\nc`}", Tag::Promql));
    }
}
