//! CSV text to records, piece by piece (RFC 4180).
//!
//! Not the `csv` crate: it takes a quote that is never closed, and text behind a closing quote, for data; it does not
//! say which fields were quoted, which tells an empty text from none; and its records have no limit.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memchr3};

/// How much is read at once.
const PIECE: usize = 256 * 1024;

/// The longest record, in bytes. A file without an end of line is no table, and must not fill the memory.
pub(crate) const LONGEST_RECORD: usize = 16 * 1024 * 1024;

/// The most fields of a record.
const MOST_FIELDS: usize = 100_000;

/// One record: its fields' texts one after the other, and where each ends.
#[derive(Debug, Default)]
pub(super) struct Record {
    text: Vec<u8>,
    ends: Vec<(usize, bool)>,
    /// The line on which it begins, from 1.
    pub(super) line: u64,
}

/// A field as it stands in the file, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    /// Its bytes.
    pub(super) bytes: &'a [u8],
    /// Whether it stood in quotes.
    pub(super) is_quoted: bool,
}

impl Record {
    /// How many fields it has.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it is an empty line.
    pub(super) fn is_blank(&self) -> bool {
        self.ends.as_slice() == [(0, false)]
    }

    /// The fields, in order.
    pub(super) fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        let mut start = 0;
        self.ends.iter().map(move |(end, is_quoted)| {
            let bytes = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            Cell { bytes, is_quoted: *is_quoted }
        })
    }

    /// The field with this number.
    pub(super) fn cell(&self, at: usize) -> Cell<'_> {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
        let (end, is_quoted) = self.ends.get(at).copied().unwrap_or((start, false));
        Cell { bytes: self.text.get(start..end).unwrap_or_default(), is_quoted }
    }
}

/// Why a text is no CSV, and on which line.
#[derive(Debug)]
pub(super) enum Broken {
    /// Reading failed.
    Io(io::Error),
    /// A quote opens on this line and never closes.
    Unclosed(u64),
    /// Behind a closing quote something else follows than the next field.
    AfterQuote(u64),
    /// The record that begins on this line is too long.
    TooLong(u64),
}

/// Where in a field the scanner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before its first byte.
    Start,
    /// Inside, without quotes.
    Plain,
    /// Inside, after an opening quote.
    Quoted,
    /// After a quote inside a quoted field: the closing one, or the first of two.
    Quote,
}

/// Reads records off a text.
#[derive(Debug)]
pub(super) struct Scanner<R> {
    input: R,
    delimiter: u8,
    buffer: Vec<u8>,
    at: usize,
    line: u64,
    /// The last byte was a carriage return, which a line feed may follow.
    after_return: bool,
    is_over: bool,
}

impl<R: Read> Scanner<R> {
    /// A scanner at the first line.
    pub(super) fn new(input: R, delimiter: u8) -> Self {
        Self { input, delimiter, buffer: Vec::new(), at: 0, line: 1, after_return: false, is_over: false }
    }

    /// Reads the next record; `false` at the end.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, Broken> {
        record.text.clear();
        record.ends.clear();
        record.line = self.line;
        let mut state = State::Start;
        let mut opened = self.line;
        loop {
            if self.at == self.buffer.len() && !self.fill().map_err(Broken::Io)? {
                return end(record, state, opened);
            }
            if std::mem::take(&mut self.after_return) && self.buffer.get(self.at) == Some(&b'\n') {
                self.at += 1;
                continue;
            }
            if record.text.len() > LONGEST_RECORD || record.ends.len() > MOST_FIELDS {
                return Err(Broken::TooLong(record.line));
            }
            state = match state {
                State::Start if self.buffer.get(self.at) == Some(&b'"') => {
                    self.at += 1;
                    opened = self.line;
                    State::Quoted
                }
                State::Start | State::Plain => {
                    let Some(end) = self.plain(record) else {
                        state = State::Plain;
                        continue;
                    };
                    if self.ends(end, record, false) {
                        return Ok(true);
                    }
                    State::Start
                }
                State::Quoted => self.quoted(record),
                State::Quote => {
                    let byte = self.buffer.get(self.at).copied().unwrap_or_default();
                    self.at += 1;
                    match byte {
                        b'"' => {
                            record.text.push(b'"');
                            State::Quoted
                        }
                        byte if byte == self.delimiter || byte == b'\n' || byte == b'\r' => {
                            if self.ends(byte, record, true) {
                                return Ok(true);
                            }
                            State::Start
                        }
                        _ => return Err(Broken::AfterQuote(self.line)),
                    }
                }
            };
        }
    }

    /// Takes an unquoted field's bytes up to what ends it, which is given; `None` when the piece ends first.
    fn plain(&mut self, record: &mut Record) -> Option<u8> {
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        let found = memchr3(self.delimiter, b'\n', b'\r', rest);
        let taken = found.unwrap_or(rest.len());
        record.text.extend_from_slice(rest.get(..taken).unwrap_or_default());
        let end = found.and_then(|at| rest.get(at)).copied();
        self.at += taken + usize::from(end.is_some());
        end
    }

    /// Takes a quoted field's bytes up to the next quote.
    fn quoted(&mut self, record: &mut Record) -> State {
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        let found = memchr(b'"', rest);
        let taken = rest.get(..found.unwrap_or(rest.len())).unwrap_or_default();
        record.text.extend_from_slice(taken);
        self.line += memchr_iter(b'\n', taken).count() as u64;
        self.at += taken.len() + usize::from(found.is_some());
        if found.is_some() { State::Quote } else { State::Quoted }
    }

    /// Ends a field; whether the record ends with it.
    fn ends(&mut self, by: u8, record: &mut Record, is_quoted: bool) -> bool {
        record.ends.push((record.text.len(), is_quoted));
        if by == self.delimiter {
            return false;
        }
        self.after_return = by == b'\r';
        self.line += 1;
        true
    }

    fn fill(&mut self) -> io::Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        self.buffer.resize(PIECE, 0);
        let got = loop {
            match self.input.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                got => break got?,
            }
        };
        self.buffer.truncate(got);
        self.at = 0;
        self.is_over = got == 0;
        Ok(got > 0)
    }
}

/// The last record may lack its end of line.
fn end(record: &mut Record, state: State, opened: u64) -> Result<bool, Broken> {
    match state {
        State::Quoted => Err(Broken::Unclosed(opened)),
        State::Start if record.ends.is_empty() => Ok(false),
        State::Start | State::Plain | State::Quote => {
            record.ends.push((record.text.len(), state == State::Quote));
            Ok(true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives a few bytes at a time, so that every place is once the end of a piece.
    struct Slowly<'a>(&'a [u8], usize);

    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(buffer.len());
            let (now, rest) = self.0.split_at(length);
            buffer[..length].copy_from_slice(now);
            self.0 = rest;
            Ok(length)
        }
    }

    fn records(text: &str, step: usize) -> Result<Vec<(u64, Vec<String>)>, Broken> {
        let mut scanner = Scanner::new(Slowly(text.as_bytes(), step), b',');
        let (mut record, mut all) = (Record::default(), Vec::new());
        while scanner.next(&mut record)? {
            let shown = |cell: Cell<'_>| {
                let text = String::from_utf8_lossy(cell.bytes).into_owned();
                if cell.is_quoted { format!("<{text}>") } else { text }
            };
            all.push((record.line, record.cells().map(shown).collect()));
            for (at, cell) in record.cells().enumerate() {
                assert_eq!(record.cell(at), cell);
            }
        }
        Ok(all)
    }

    #[test]
    fn records_are_read_as_the_rules_say() {
        type Records<'a> = &'a [(u64, &'a [&'a str])];
        let cases: &[(&str, Records<'_>)] = &[
            ("", &[]),
            ("a", &[(1, &["a"])]),
            ("a,b\n1,2\n", &[(1, &["a", "b"]), (2, &["1", "2"])]),
            ("a,b\r\n1,\r\n", &[(1, &["a", "b"]), (2, &["1", ""])]),
            ("a\rb\r", &[(1, &["a"]), (2, &["b"])]),
            ("a\n\nb", &[(1, &["a"]), (2, &[""]), (3, &["b"])]),
            ("\"a,\nb\",c\nd", &[(1, &["<a,\nb>", "c"]), (3, &["d"])]),
            ("\"a \"\"b\"\"\",\"\"\n", &[(1, &["<a \"b\">", "<>"])]),
            ("5\" pipe,x", &[(1, &["5\" pipe", "x"])]),
            (",", &[(1, &["", ""])]),
            ("\"\"", &[(1, &["<>"])]),
        ];
        for (text, wanted) in cases {
            for step in [1, 2, 1000] {
                let found = records(text, step).unwrap();
                let found: Vec<(u64, Vec<&str>)> =
                    found.iter().map(|(line, cells)| (*line, cells.iter().map(String::as_str).collect())).collect();
                let wanted: Vec<(u64, Vec<&str>)> =
                    wanted.iter().map(|(line, cells)| (*line, cells.to_vec())).collect();
                assert_eq!(found, wanted, "{text:?} by {step}");
            }
        }
    }

    #[test]
    fn what_is_broken_is_told_with_its_line() {
        assert!(matches!(records("a\n\"b\nc", 1), Err(Broken::Unclosed(2))));
        assert!(matches!(records("\"", 9), Err(Broken::Unclosed(1))));
        assert!(matches!(records("a\n\"b\nc\"d,e", 1), Err(Broken::AfterQuote(3))));
        let endless = "x".repeat(LONGEST_RECORD + PIECE + 1);
        assert!(matches!(records(&format!("a\n{endless}"), PIECE), Err(Broken::TooLong(2))));
        assert!(matches!(records(&",".repeat(MOST_FIELDS + 2), PIECE), Err(Broken::TooLong(1))));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "[a,\"\r\n]{0,40}", step in 1..9_usize) {
            let outcome = |step| records(&text, step).map_err(|broken| format!("{broken:?}"));
            prop_assert_eq!(outcome(step), outcome(1000));
        }
    }
}
