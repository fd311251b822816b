//! What is looked at before the grammar: length, brackets, quotes, characters. One pass.

use super::LONGEST_QUERY;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;

/// How deep brackets may nest.
const DEEPEST: usize = 64;

/// Refuses what would make the grammar slow, deep, or its messages vague.
pub(super) fn scan(text: &str, span: Span) -> Result<(), Box<Diagnostic>> {
    if text.len() > LONGEST_QUERY {
        let message = format!("a query has at most {LONGEST_QUERY} bytes; this one has {}", text.len());
        return Err(Box::new(Diagnostic::new(&codes::VF501, span, message)));
    }
    if text.trim().is_empty() {
        let finding = Diagnostic::new(&codes::VF501, span, "the query is empty");
        return Err(Box::new(finding.help("write an expression, such as `last_over_time(name[1d])`")));
    }
    Scanner { text, span, open: Vec::new() }.run()
}

/// The first names of the holes, found without reading the query: what stands behind a `$` outside of quotes and
/// comments.
pub(crate) fn mentioned(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' | '\'' | '`' => skip_quoted(&mut chars, c),
            '#' => drop(chars.find(|(_, c)| *c == '\n')),
            '\\' => drop(chars.next()),
            '$' => {
                let rest = text.get(at + 1..).unwrap_or_default();
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                names.extend(rest.get(..end).filter(|name| !name.is_empty()));
            }
            _ => {}
        }
    }
    names
}

/// Where the quoted texts stand in a query, quotes included.
pub(crate) fn texts(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' | '\'' | '`' => {
                skip_quoted(&mut chars, c);
                found.push(at..chars.offset());
            }
            '#' => drop(chars.find(|(_, c)| *c == '\n')),
            '\\' => drop(chars.next()),
            _ => {}
        }
    }
    found
}

/// Goes behind the quote that closes a text; to the end when none does.
fn skip_quoted(chars: &mut std::str::CharIndices<'_>, quote: char) {
    while let Some((_, c)) = chars.next() {
        match c {
            c if c == quote => return,
            '\\' if quote != '`' => drop(chars.next()),
            _ => {}
        }
    }
}

struct Scanner<'a> {
    text: &'a str,
    span: Span,
    open: Vec<(usize, char)>,
}

impl Scanner<'_> {
    fn run(mut self) -> Result<(), Box<Diagnostic>> {
        let mut chars = self.text.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' | '\'' | '`' => self.skip_string(&mut chars, at, c)?,
                '#' => {
                    chars.find(|(_, c)| *c == '\n');
                }
                '\\' => {
                    chars.next();
                }
                '(' | '[' | '{' => self.open(at, c)?,
                ')' | ']' | '}' => self.close(at, c)?,
                _ => self.refuse(at, c)?,
            }
        }
        match self.open.pop() {
            Some((at, c)) => {
                let closer = match c {
                    '(' => ')',
                    '[' => ']',
                    _ => '}',
                };
                let finding = self.finding(at, c, format!("`{c}` is never closed"));
                Err(finding.at("opened here").help(format!("close it with `{closer}`")).into())
            }
            None => Ok(()),
        }
    }

    fn finding(&self, at: usize, c: char, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&codes::VF501, self.span.slice(at, at + c.len_utf8()), message)
    }

    fn skip_string(
        &self,
        chars: &mut std::str::CharIndices<'_>,
        at: usize,
        quote: char,
    ) -> Result<(), Box<Diagnostic>> {
        while let Some((_, c)) = chars.next() {
            if c == quote {
                return Ok(());
            }
            if c == '\\' && quote != '`' {
                chars.next();
            }
        }
        Err(self
            .finding(at, quote, format!("the text that begins with {quote} is never closed"))
            .help(format!("close it with {quote}"))
            .into())
    }

    fn open(&mut self, at: usize, c: char) -> Result<(), Box<Diagnostic>> {
        if self.open.len() >= DEEPEST {
            return Err(self.finding(at, c, format!("brackets nest more than {DEEPEST} deep")).into());
        }
        self.open.push((at, c));
        Ok(())
    }

    fn close(&mut self, at: usize, c: char) -> Result<(), Box<Diagnostic>> {
        let Some((start, opener)) = self.open.pop() else {
            return Err(self.stray(at, c).into());
        };
        let wanted = match opener {
            '(' => ')',
            '[' => ']',
            _ => '}',
        };
        if c == wanted {
            return Ok(());
        }
        let finding = self.finding(at, c, format!("`{wanted}` is wanted before `{c}`"));
        Err(finding.label(self.span.slice(start, start + 1), format!("to close this `{opener}`")).into())
    }

    fn stray(&self, at: usize, c: char) -> Diagnostic {
        let finding = self.finding(at, c, format!("`{c}` closes nothing"));
        let finding = finding.help("remove it, or look for an opening bracket that is missing before it");
        // In the middle of a query the opening one is as likely to be missing.
        let is_last = self.text.get(at..).is_some_and(|rest| rest.chars().all(|c| c == ')' || c.is_whitespace()));
        let place = self.span.slice(at, at + c.len_utf8());
        if is_last { finding.fix(format!("remove `{c}`"), place, "") } else { finding }
    }

    /// Characters that stand nowhere in a query, with the word that was probably meant.
    fn refuse(&self, at: usize, c: char) -> Result<(), Box<Diagnostic>> {
        let next = self.text.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
        let help = match (c, next) {
            ('!', Some('=' | '~')) => return Ok(()),
            ('$', Some(next)) if next.is_ascii_alphabetic() || next == '_' => return Ok(()),
            ('$', _) => "a hole is `$name` or `$name.field`",
            ('&', _) => "write `and`",
            ('|', _) => "write `or`",
            ('!', _) => "write `unless`, or `!=` and `!~` inside `{…}`",
            (';', _) => "leave it out: a query is one expression",
            (c, _) if !c.is_ascii() => "names outside of quotes are of letters, digits, `_`, `:` and `.`",
            ('?' | '\0'..='\u{8}', _) => "leave it out",
            _ => return Ok(()),
        };
        Err(self.finding(at, c, format!("`{}` means nothing here", c.escape_default())).help(help).into())
    }
}
