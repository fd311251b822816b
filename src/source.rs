//! Source text and positions in it. A [`Span`] is a byte range of one [`Source`]; lines and
//! columns are worked out only when somebody looks.

use std::borrow::Cow;
use std::sync::Arc;

/// Which source a span points into: an index into [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// A byte range, `start..end`, of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The source the range lies in.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end` of `source`.
    pub const fn new(source: SourceId, start: u32, end: u32) -> Self {
        Self { source, start, end }
    }

    /// The smallest span that covers both; `other` must lie in the same source.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span just before this one.
    #[must_use]
    pub const fn before(self) -> Self {
        Self { source: self.source, start: self.start, end: self.start }
    }

    /// The empty span just after this one.
    #[must_use]
    pub const fn after(self) -> Self {
        Self { source: self.source, start: self.end, end: self.end }
    }

    /// The part of this span from byte `from` to byte `to`, counted from its start.
    #[must_use]
    pub fn slice(self, from: usize, to: usize) -> Self {
        let at = |offset: usize| self.start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX)).min(self.end);
        Self { source: self.source, start: at(from), end: at(to) }
    }

    /// Length in bytes.
    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether the span covers nothing.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A line and a column, both counted from 1; columns count characters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Byte offset, from 0.
    pub offset: usize,
}

/// One text that was read: a `.flow` file, a module of the standard library, a `vmflow.yaml`.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its place in [`Sources`].
    pub id: SourceId,
    /// The name shown to people: a path as given, or `<stdlib>/status.flow`.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
    line_starts: Arc<[usize]>,
}

impl Source {
    /// Indexes the lines of `text`.
    pub fn new(id: SourceId, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect();
        Self { id, name: name.into(), text, line_starts }
    }

    /// Where the byte `offset` stands.
    pub fn position(&self, offset: u32) -> Position {
        let offset = (offset as usize).min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        Position { line, column: column + 1, offset }
    }

    /// The line in which the byte `offset` stands, without its end.
    pub fn line(&self, offset: u32) -> Span {
        let line = self.line_starts.partition_point(|start| *start <= offset as usize);
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        let end = if self.text.get(start..end).is_some_and(|line| line.ends_with('\r')) { end - 1 } else { end };
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.id, byte(start), byte(end))
    }

    /// What to remove so that `span` is gone and no empty line stays: its lines when they hold nothing else (but a
    /// comment behind it), else it and the white space before it.
    pub fn removal(&self, span: Span) -> Span {
        let (first, last) = (self.line(span.start), self.line(span.end));
        let before = self.slice(Span { end: span.start, ..first });
        let behind = self.slice(Span { start: span.end, ..last }).trim_start();
        if before.trim().is_empty() && (behind.is_empty() || behind.starts_with('#')) {
            let rest = self.text.get(last.end as usize..).unwrap_or_default();
            let line_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
            return Span { start: first.start, end: last.end + u32::try_from(line_end).unwrap_or(0), ..span };
        }
        let gap = before.len() - before.trim_end().len();
        Span { start: span.start - u32::try_from(gap).unwrap_or(0), ..span }
    }

    /// Whether it is a part of vmflow and no file of anybody's.
    pub fn is_built_in(&self) -> bool {
        self.name.starts_with("<stdlib>/")
    }

    /// The text of `span`; empty when the span does not fit this source.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The span of the whole text.
    pub fn span(&self) -> Span {
        Span::new(self.id, 0, u32::try_from(self.text.len()).unwrap_or(u32::MAX))
    }
}

/// Every source of one check or run, by id.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    all: Vec<Source>,
}

impl Sources {
    /// Takes a text in and gives it an id.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Source {
        let id = SourceId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        let source = Source::new(id, name, text);
        self.all.push(source.clone());
        source
    }

    /// The source with this id.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.all.get(id.0 as usize)
    }

    /// The text under a span; empty when it is unknown.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.source).map_or("", |source| source.slice(span))
    }

    /// All sources, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.all.iter()
    }
}

/// Something with the place it was written at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    /// The thing.
    pub node: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Puts a place to a thing.
    pub const fn new(node: T, span: Span) -> Self {
        Self { node, span }
    }
}

/// A text with line ends of one byte.
pub fn plain_lines(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` without the first `what`.
    fn without(text: &str, what: &str) -> String {
        let source = Source::new(SourceId(0), "a.flow", text);
        let start = text.find(what).unwrap();
        let removal = source.removal(source.span().slice(start, start + what.len()));
        let (start, end) = (removal.start as usize, removal.end as usize);
        format!("{}{}", &text[..start], &text[end..])
    }

    #[test]
    fn what_is_removed_takes_its_line_along_when_it_is_alone() {
        assert_eq!(without("a\n  b\nc", "b"), "a\nc");
        assert_eq!(without("a\r\n  b  # why\r\nc", "b"), "a\r\nc");
        assert_eq!(without("a\nb1\nb2", "b1\nb2"), "a\n");
        assert_eq!(without("a  b c", "b"), "a c");
        assert_eq!(without("a  # b", "# b"), "a");
        assert_eq!(without("b c", "b"), " c");
    }
}
