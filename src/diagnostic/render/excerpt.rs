//! The text of a source as it is drawn, and the windows of it that miette asks for.
//!
//! miette's own `SourceCode` for strings walks from the first byte for every label and counts
//! columns in bytes; this one looks lines up and counts characters.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::{is_hostile, one_line};
use crate::source::{Source, Span};

/// A source as it is drawn: as long as the original, byte for byte, plus a line end at the end, so that the end
/// of the file can be pointed at.
pub(super) struct Excerpt {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

impl Excerpt {
    /// Prepares `source`, blanking the bytes of `secrets`.
    pub(super) fn new(source: &Source, secrets: &[Span]) -> Self {
        let mut text = tame(&source.text);
        for secret in secrets {
            blank(&mut text, secret.start as usize, secret.end as usize);
        }
        text.push('\n');
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let mut line_starts: Vec<usize> = std::iter::once(0).chain(ends).collect();
        // Behind the last line end nothing begins.
        line_starts.pop();
        Self { name: one_line(&source.name), text, line_starts }
    }

    /// The number of the line, from 0, in which byte `offset` stands.
    fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    fn line_start(&self, line: usize) -> usize {
        self.line_starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// The bytes to underline for `span`: without the white space at its end, and no more than `most` lines.
    pub(super) fn shown(&self, span: Span, most: usize) -> (usize, usize) {
        let last = self.text.len().saturating_sub(1);
        let start = self.boundary((span.start as usize).min(last));
        let end = self.boundary((span.end as usize).clamp(start, last));
        let end = start + self.text.get(start..end).map_or(0, |text| text.trim_end().len());
        if self.line(end) - self.line(start) < most {
            return (start, end - start);
        }
        let rest = self.text.get(start..).unwrap_or_default();
        (start, rest.find('\n').map_or(0, |length| rest.get(..length).unwrap_or_default().trim_end().len()))
    }

    /// The nearest start of a character at or before `offset`.
    fn boundary(&self, offset: usize) -> usize {
        (0..=offset).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }

    /// The length in bytes of the longest of the lines that the bytes from `start` touch.
    pub(super) fn longest_line(&self, start: usize, length: usize) -> usize {
        let lines = self.line(start)..=self.line(start + length);
        lines.map(|line| self.line_start(line + 1) - self.line_start(line)).max().unwrap_or(0)
    }
}

impl SourceCode for Excerpt {
    /// Whole lines, whatever part of them is asked for; the column is that of the span, in characters.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let first = self.line(span.offset()).saturating_sub(before);
        let last = self.line(span.offset() + span.len()) + after;
        let (start, end) = (self.line_start(first), self.line_start(last + 1));
        let data = self.text.as_bytes().get(start..end).ok_or(MietteError::OutOfBounds)?;
        let line_start = self.line_start(self.line(span.offset()));
        let column = self.text.get(line_start..span.offset()).map_or(0, |before| before.chars().count());
        let read = (start, end - start).into();
        let lines = last + 1 - first;
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), data, read, first, column, lines)))
    }
}

/// Puts as many `?` for each character that steers a terminal as it has bytes; tabs and line ends stay.
fn tame(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_end = letter == '\n' || letter == '\r' && letters.peek() == Some(&'\n');
        if is_hostile(letter) && letter != '\t' && !is_end {
            out.extend(std::iter::repeat_n('?', letter.len_utf8()));
        } else {
            out.push(letter);
        }
    }
    out
}

/// Puts a star for each byte of a range, line ends excepted.
fn blank(text: &mut String, start: usize, end: usize) {
    let Some(secret) = text.get(start..end) else { return };
    let blanked: String = secret
        .chars()
        .map(|letter| if letter.is_whitespace() { letter.to_string() } else { "*".repeat(letter.len_utf8()) })
        .collect();
    text.replace_range(start..end, &blanked);
}
