//! Text to tokens. Never fails: what it does not know is a symbol.

use super::tokens::{Bracket, Comment, Habit, HabitKind, Kind, Token, Unclosed, UnclosedKind};
use super::{Scan, clock};

/// The words that may stand before `"""`.
pub(crate) const TAGS: [&str; 5] = ["sql", "promql", "regex", "python", "shell"];

/// Symbols of more than one character, longest first where one begins another.
const LONG_SYMBOLS: [&str; 12] = ["->", "=>", "==", "!=", "<=", ">=", "??", "?.", "&&", "||", "**", ":="];

/// About how many bytes of a text make a token, with the space before it.
const BYTES_PER_TOKEN: usize = 4;

/// Reads `text` into tokens, texts that are not closed, and habits. Brackets are for later.
pub(super) fn lex(text: &str) -> Scan {
    let mut lexer = Lexer {
        text,
        at: 0,
        line: 0,
        indent: 0,
        fresh: true,
        line_start: 0,
        texts: Vec::new(),
        swallowed: None,
        no_comment_end: false,
        scan: Scan { tokens: Vec::with_capacity(text.len() / BYTES_PER_TOKEN), ..Scan::default() },
    };
    while let Some(next) = lexer.peek() {
        if lexer.texts.last().is_some_and(|text| text.hole.is_none()) {
            lexer.interpolated();
        } else {
            lexer.token(next);
        }
    }
    if !lexer.texts.is_empty() {
        lexer.give_up_text();
    }
    lexer.scan
}

/// An `f"…"` that is being read.
struct OpenText {
    /// Where its quote stands.
    start: usize,
    /// The hole that is open, with the number of brackets open in it.
    hole: Option<(usize, usize)>,
}

struct Lexer<'s> {
    text: &'s str,
    at: usize,
    line: u32,
    line_start: usize,
    indent: u32,
    fresh: bool,
    texts: Vec<OpenText>,
    /// A query that ends right where another seems to begin: `sql""" … sql"""`.
    swallowed: Option<usize>,
    /// No `*/` stands anywhere behind here.
    no_comment_end: bool,
    scan: Scan,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn token(&mut self, next: char) {
        match next {
            '\n' => self.newline(),
            ' ' => self.at += self.rest().bytes().take_while(|byte| *byte == b' ').count(),
            '\t'..='\r' | '\u{FEFF}' => self.at += next.len_utf8(),
            '\u{A0}' | '\u{2007}' | '\u{202F}' => self.habit(HabitKind::Space, next.len_utf8()),
            '#' => self.comment(),
            '"' => self.quote(self.at),
            '\'' | '“' | '”' | '‘' | '’' => self.foreign_quote(next),
            '(' | '[' | '{' => self.open(next),
            ')' | ']' | '}' => self.close(next),
            ':' if self.texts.last().is_some_and(|text| text.hole.is_some_and(|(_, depth)| depth == 0)) => {
                self.format();
            }
            _ if next.is_ascii_digit() => self.number(),
            _ if is_word(next) => self.word(),
            _ => self.symbol(next),
        }
    }

    fn newline(&mut self) {
        if !self.texts.is_empty() {
            self.give_up_text();
        }
        self.at += 1;
        self.line += 1;
        self.line_start = self.at;
        self.fresh = true;
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        if self.fresh {
            self.indent = u32::try_from(start.saturating_sub(self.line_start)).unwrap_or(u32::MAX);
        }
        let token = Token { kind, start, end, line: self.line, indent: self.indent, first: self.fresh };
        self.scan.tokens.push(token);
        self.fresh = false;
        // No other token goes on behind the end of its line.
        if kind == Kind::Query {
            let inside = self.text.get(start..end).unwrap_or("");
            self.line += u32::try_from(inside.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(0);
        }
        self.at = end;
    }

    fn habit(&mut self, kind: HabitKind, len: usize) {
        self.scan.habits.push(Habit { kind, span: self.at..self.at + len });
        self.at += len;
    }

    fn line_len(&self) -> usize {
        let line = self.rest().split('\n').next().unwrap_or("");
        line.trim_end_matches('\r').len()
    }

    fn comment(&mut self) {
        let len = self.line_len();
        if self.rest().starts_with("##") && !self.rest().starts_with("###") {
            self.push(Kind::Doc, self.at, self.at + len);
        } else {
            let index = self.scan.tokens.len();
            self.scan.comments.push(Comment { span: self.at..self.at + len, index, is_alone: self.fresh });
            self.at += len;
        }
    }

    fn word(&mut self) {
        let (start, rest) = (self.at, self.rest());
        let len = rest.find(|next| !is_word(next)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(len);
        if word == "f" && after.starts_with('"') {
            self.push(Kind::Text, start, start + 2);
            self.texts.push(OpenText { start, hole: None });
        } else if after.starts_with("\"\"\"") && TAGS.contains(&word) {
            self.at += len;
            self.quote(start);
        } else if let Some(quoted) = foreign_query(after).filter(|_| TAGS.contains(&word)) {
            self.at += len;
            self.foreign_query(start, quoted);
        } else {
            self.push(Kind::Word, start, start + len);
        }
    }

    /// Digits and what belongs to them: `1_000`, `1.5e-3`, `2025-01-31T06:00[Europe/London]`, `1h30m`.
    fn number(&mut self) {
        let bytes = self.rest().as_bytes();
        let digit_at = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let in_text = !self.texts.is_empty();
        let mut len = clock::moment(bytes);
        while let Some(byte) = bytes.get(len) {
            let is_exponent = matches!(byte, b'+' | b'-') && clock::is_power(bytes.get(..len)) && digit_at(len + 1);
            if is_exponent {
                len += 2;
                continue;
            }
            let joined = digit_at(len + 1) && (*byte == b'.' || (*byte == b':' && !in_text));
            if !(byte.is_ascii_alphanumeric() || *byte == b'_' || joined) {
                break;
            }
            len += 1;
        }
        self.push(Kind::Number, self.at, self.at + len);
    }

    /// A text or a query; `start` is where its tag stands, if it has one, else the quote itself.
    fn quote(&mut self, start: usize) {
        if self.rest().starts_with("\"\"\"") {
            return self.query(start);
        }
        match text_len(self.rest()) {
            Some(len) => self.push(Kind::Text, start, self.at + len),
            None if !self.texts.is_empty() => self.give_up_text(),
            None => self.give_up(UnclosedKind::Text, start),
        }
    }

    fn query(&mut self, start: usize) {
        let body = self.at + 3;
        let inner = self.text.get(body..).unwrap_or("");
        let Some(found) = inner.find("\"\"\"") else {
            let open = self.swallowed.unwrap_or(start);
            self.scan.unclosed.push(Unclosed {
                kind: UnclosedKind::Query,
                open: open..open + self.text.get(open..).and_then(|rest| rest.find('"')).map_or(1, |tag| tag + 3),
                reach: self.text.len(),
                outer: Vec::new(),
            });
            self.at = self.text.len();
            return;
        };
        // Quotes just before the closing three belong to the text.
        let quotes = inner.get(found..).unwrap_or("").bytes().take_while(|byte| *byte == b'"').count();
        let before = inner.get(..found).unwrap_or("");
        let looks_open = before.contains('\n') && TAGS.iter().any(|tag| before.ends_with(tag));
        if looks_open && self.swallowed.is_none() {
            self.swallowed = Some(start);
        }
        self.push(Kind::Query, start, body + found + quotes);
    }

    /// The part of an `f"…"` outside of its holes.
    fn interpolated(&mut self) {
        let start = self.at;
        let mut chars = self.rest().char_indices().peekable();
        while let Some((offset, next)) = chars.next() {
            match next {
                '\n' => return self.give_up_text(),
                '"' => {
                    self.texts.pop();
                    return self.push(Kind::Text, start, start + offset + 1);
                }
                '{' if chars.peek().is_some_and(|(_, after)| *after == '{') => {
                    chars.next();
                }
                '{' => return self.open_hole(start, start + offset),
                '\\' if chars.peek().is_some_and(|(_, after)| *after != '\n') => {
                    chars.next();
                }
                _ => {}
            }
        }
        self.at = self.text.len();
    }

    fn open_hole(&mut self, from: usize, at: usize) {
        if from < at {
            self.push(Kind::Text, from, at);
        }
        self.push(Kind::Open(Bracket::Hole), at, at + 1);
        if let Some(text) = self.texts.last_mut() {
            text.hole = Some((at, 0));
        }
    }

    /// `:%d/%m/%Y` in a hole, up to its `}`.
    fn format(&mut self) {
        let end = self.rest().find(['}', '"', '\n']);
        match end {
            Some(len) if self.rest().get(len..).is_some_and(|rest| rest.starts_with('}')) => {
                self.push(Kind::Symbol, self.at, self.at + len);
            }
            _ => self.give_up_text(),
        }
    }

    fn open(&mut self, next: char) {
        if let Some((_, depth)) = self.texts.last_mut().and_then(|text| text.hole.as_mut()) {
            *depth += 1;
        }
        let bracket = match next {
            '(' => Bracket::Paren,
            '[' => Bracket::Square,
            _ => Bracket::Brace,
        };
        self.push(Kind::Open(bracket), self.at, self.at + 1);
    }

    fn close(&mut self, next: char) {
        let mut bracket = match next {
            ')' => Bracket::Paren,
            ']' => Bracket::Square,
            _ => Bracket::Brace,
        };
        if let Some(text) = self.texts.last_mut() {
            match text.hole {
                Some((_, 0)) if next == '}' => {
                    text.hole = None;
                    bracket = Bracket::Hole;
                }
                Some((_, ref mut depth)) => *depth = depth.saturating_sub(1),
                None => {}
            }
        }
        self.push(Kind::Close(bracket), self.at, self.at + 1);
    }

    /// `'…'` on one line is a text; a lone quote is just a symbol.
    fn foreign_quote(&mut self, next: char) {
        if let Some(quoted) = foreign_query(self.rest()) {
            return self.foreign_query(self.at, quoted);
        }
        let line = self.rest().get(..self.line_len()).unwrap_or("");
        let closers: &[char] = if next == '\'' { &['\''] } else { &['”', '“', '’', '‘', '"'] };
        let inner = line.get(next.len_utf8()..).unwrap_or("");
        let Some((offset, closer)) = inner.char_indices().find(|(_, inner)| closers.contains(inner)) else {
            return self.push(Kind::Symbol, self.at, self.at + next.len_utf8());
        };
        let len = next.len_utf8() + offset + closer.len_utf8();
        self.scan.habits.push(Habit { kind: HabitKind::Quotes, span: self.at..self.at + len });
        self.push(Kind::Text, self.at, self.at + len);
    }

    /// `'''…'''` of a certain length; `start` is where its tag stands, if it has one.
    fn foreign_query(&mut self, start: usize, len: usize) {
        let span = self.at..self.at + len;
        let end = span.end;
        self.scan.habits.push(Habit { kind: HabitKind::ThreeQuotes, span });
        self.push(Kind::Query, start, end);
    }

    fn symbol(&mut self, next: char) {
        if self.rest().starts_with("//") && self.divides() {
            self.scan.habits.push(Habit { kind: HabitKind::Division, span: self.at..self.at + 2 });
            self.push(Kind::Symbol, self.at, self.at + 1);
            self.at += 1;
            return;
        }
        let comment = self.foreign_comment();
        if let Some((kind, len)) = comment {
            return self.habit(kind, len);
        }
        if next == ';' {
            return self.habit(HabitKind::Semicolon, 1);
        }
        let long = LONG_SYMBOLS.iter().find(|symbol| self.rest().starts_with(**symbol));
        let len = long.map_or(next.len_utf8(), |symbol| symbol.len());
        self.boolean_habit(len);
        self.push(Kind::Symbol, self.at, self.at + len);
    }

    /// Whether `// 2)` stands behind a value, and its own value is followed by a bracket that closes what was opened before:
    /// no comment does. Nothing further is looked at, as a line may hold many.
    fn divides(&self) -> bool {
        let before = self.text.get(self.line_start..self.at).unwrap_or("").trim_end_matches(' ');
        let behind = self.rest().get(2..).unwrap_or("").trim_start_matches(' ');
        let after = behind.trim_start_matches(|c| is_word(c) || c == '.');
        before.ends_with(|c| is_word(c) || matches!(c, ')' | ']'))
            && after.len() < behind.len()
            && after.trim_start_matches(' ').starts_with([')', ']', '}'])
    }

    /// `//`, `/* */` and `-- ` begin comments elsewhere; here they never stand in a correct text.
    fn foreign_comment(&mut self) -> Option<(HabitKind, usize)> {
        let rest = self.rest();
        if rest.starts_with("//") {
            return Some((HabitKind::SlashComment, self.line_len()));
        }
        if rest.starts_with("/*") {
            let end = if self.no_comment_end { None } else { rest.find("*/") };
            let len = end.map_or_else(|| self.line_len(), |end| end + 2);
            self.no_comment_end = end.is_none();
            return Some((HabitKind::BlockComment, len));
        }
        let dashes = rest.starts_with("-- ") || (self.fresh && rest.starts_with("--"));
        dashes.then(|| (HabitKind::DashComment, self.line_len()))
    }

    /// `&&` and `||` with spaces around can be read past; a row of a pipe table is left alone.
    fn boolean_habit(&mut self, len: usize) {
        let span = self.at..self.at + len;
        let kind = match self.text.get(span.clone()) {
            Some("&&") => HabitKind::And,
            Some("||") => HabitKind::Or,
            _ => return,
        };
        let in_row = !self.fresh && self.text.as_bytes().get(self.line_start + self.indent as usize) == Some(&b'|');
        let spaced = self.text.get(..span.start).is_some_and(|before| before.ends_with([' ', '\n']))
            && self.text.get(span.end..).is_some_and(|after| after.starts_with([' ', '\n', '\r']));
        if spaced && !in_row {
            self.scan.habits.push(Habit { kind, span });
        }
    }

    /// The text being read ends with its line, unclosed.
    fn give_up_text(&mut self) {
        let Some(first) = self.texts.first() else { return };
        let (start, hole) = (first.start, first.hole);
        self.texts.clear();
        if let Some((hole, _)) = hole {
            self.scan.tokens.truncate(self.scan.tokens.partition_point(|token| token.start < hole));
            return self.give_up(UnclosedKind::Bracket(Bracket::Hole), hole);
        }
        self.give_up(UnclosedKind::Text, start);
    }

    fn give_up(&mut self, kind: UnclosedKind, start: usize) {
        let opener = if self.text.get(start..).is_some_and(|rest| rest.starts_with("f\"")) { 2 } else { 1 };
        let line = (self.at + self.line_len()).max(start + opener).min(self.text.len());
        self.scan.unclosed.push(Unclosed { kind, open: start..start + opener, reach: line, outer: Vec::new() });
        let end = line - usize::from(self.swallows_block(line));
        if self.at < end {
            self.push(Kind::Text, self.at, end);
        }
    }

    /// Whether the line ends with the `{` of a block, which the text on it has swallowed: `test "a of w {`.
    fn swallows_block(&self, line: usize) -> bool {
        let on_line = || self.scan.tokens.iter().rev().take_while(|token| token.line == self.line);
        let has_block = on_line().any(|token| matches!(token.text(self.text), "test" | "when" | "for"));
        let is_open = on_line().any(|token| token.kind == Kind::Open(Bracket::Brace));
        has_block && !is_open && self.text.get(self.at..line).is_some_and(|rest| rest.ends_with(" {"))
    }
}

fn is_word(next: char) -> bool {
    next.is_alphanumeric() || next == '_'
}

/// The length of the `'''…'''` that `rest` begins with, where what it holds can stand between three quotes.
fn foreign_query(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix("'''")?;
    let end = inner.find("'''")?;
    let can_stand = !inner.get(..end)?.contains("\"\"\"") && !inner.starts_with('\'');
    can_stand.then_some(end + 6)
}

/// The length of the text that `rest` begins with, quotes included; absent when its line ends first.
fn text_len(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    while let Some((offset, next)) = chars.next() {
        match next {
            '"' => return Some(offset + 1),
            '\n' => return None,
            '\\' => match chars.next() {
                Some((_, '\n')) | None => return None,
                Some(_) => {}
            },
            _ => {}
        }
    }
    None
}
