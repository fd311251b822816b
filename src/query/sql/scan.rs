//! The words of a SQL text. One pass, no recursion, linear: whatever is opened is either closed or
//! reported once.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword or a bare name.
    Word,
    /// A name in double quotes or backticks.
    QuotedName,
    /// A text in single quotes or between dollar tags.
    Text,
    /// A number.
    Number,
    /// `:name.field`; the token starts at the colon.
    Hole,
    /// `$1`, `$name`, `{x}`, `${x}`, `#{x}`, `{{ x }}`, `%(x)s`: a placeholder of some other tool.
    ForeignHole,
    /// One character of punctuation, or `::`.
    Punct,
}

/// A piece of a SQL text, by bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: TokenKind,
    /// First byte.
    pub(super) start: usize,
    /// One past the last byte.
    pub(super) end: usize,
}

impl Token {
    /// The token's text.
    pub(super) fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether it is this bare word, in any case.
    pub(super) fn is(&self, text: &str, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text(text).eq_ignore_ascii_case(word)
    }

    /// Whether it is this punctuation.
    pub(super) fn is_punct(&self, text: &str, punct: &str) -> bool {
        self.kind == TokenKind::Punct && self.text(text) == punct
    }

    /// Whether it is any of these bare words.
    pub(super) fn is_any(&self, text: &str, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(text, word))
    }
}

/// What is opened and never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unclosed {
    /// `"text"`, `"quoted name"`, `"comment"`.
    pub(super) what: &'static str,
    /// What would close it.
    pub(super) closer: &'static str,
    /// First byte of the opener.
    pub(super) start: usize,
    /// One past the opener.
    pub(super) end: usize,
}

/// The tokens of a text without comments, and what was left open.
pub(super) fn scan(text: &str) -> (Vec<Token>, Option<Unclosed>) {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, tokens: Vec::new(), unclosed: None };
    while scanner.at < scanner.bytes.len() {
        scanner.step();
    }
    (scanner.tokens, scanner.unclosed)
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    tokens: Vec<Token>,
    unclosed: Option<Unclosed>,
}

const fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

const fn continues_name(byte: u8) -> bool {
    starts_name(byte) || byte.is_ascii_digit()
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: TokenKind, end: usize) {
        self.tokens.push(Token { kind, start: self.at, end });
        self.at = end;
    }

    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            (byte, _) if byte.is_ascii_whitespace() => self.at += 1,
            (b'-', b'-') => self.at = self.find(b"\n", self.at + 2).map_or(self.bytes.len(), |at| at + 1),
            (b'/', b'*') => self.block_comment(),
            (b'\'', _) => self.quoted_text(0, false),
            (b'e' | b'E', b'\'') => self.quoted_text(1, true),
            (b'"', _) => self.quoted_name(b'"', "\""),
            (b'`', _) => self.quoted_name(b'`', "another backtick"),
            (b'$' | b'#', b'{') => self.braces(1),
            (b'$', _) => self.dollar(),
            (b':', b':') => self.push(TokenKind::Punct, self.at + 2),
            (b':', next) if next.is_ascii_alphabetic() || next == b'_' => self.hole(),
            (b'{', b'{') => self.template(b'}'),
            (b'{', b'%') => self.template(b'%'),
            (b'{', _) => self.braces(0),
            (b'%', b'(') => self.python_hole(),
            (byte, _) if byte.is_ascii_digit() => self.number(),
            (byte, _) if starts_name(byte) => self.word(),
            _ => self.push(TokenKind::Punct, self.at + 1),
        }
    }

    fn find(&self, needle: &[u8], from: usize) -> Option<usize> {
        let rest = self.bytes.get(from..)?;
        rest.windows(needle.len()).position(|window| window == needle).map(|at| from + at)
    }

    fn while_in(&self, from: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| belongs(**byte)).count()
    }

    fn leave_open(&mut self, what: &'static str, closer: &'static str, width: usize) {
        self.unclosed = Some(Unclosed { what, closer, start: self.at, end: self.at + width });
        self.at = self.bytes.len();
    }

    fn block_comment(&mut self) {
        let (mut depth, mut at) = (1_usize, self.at + 2);
        while depth > 0 {
            match (self.bytes.get(at), self.bytes.get(at + 1)) {
                (Some(b'/'), Some(b'*')) => (depth, at) = (depth + 1, at + 2),
                (Some(b'*'), Some(b'/')) => (depth, at) = (depth - 1, at + 2),
                (Some(_), _) => at += 1,
                (None, _) => return self.leave_open("comment", "*/", 2),
            }
        }
        self.at = at;
    }

    /// `prefix` bytes stand before the quote; `escapes` when a backslash takes the next character.
    fn quoted_text(&mut self, prefix: usize, escapes: bool) {
        let mut at = self.at + prefix + 1;
        loop {
            match (self.bytes.get(at), self.bytes.get(at + 1)) {
                (Some(b'\\'), Some(_)) if escapes => at += 2,
                (Some(b'\''), Some(b'\'')) => at += 2,
                (Some(b'\''), _) => return self.push(TokenKind::Text, at + 1),
                (Some(_), _) => at += 1,
                (None, _) => return self.leave_open("text", "'", prefix + 1),
            }
        }
    }

    fn quoted_name(&mut self, quote: u8, closer: &'static str) {
        let mut at = self.at + 1;
        loop {
            match (self.bytes.get(at), self.bytes.get(at + 1)) {
                (Some(byte), Some(next)) if *byte == quote && *next == quote => at += 2,
                (Some(byte), _) if *byte == quote => return self.push(TokenKind::QuotedName, at + 1),
                (Some(_), _) => at += 1,
                (None, _) => return self.leave_open("quoted name", closer, 1),
            }
        }
    }

    /// `$$…$$`, `$tag$…$tag$`, or a placeholder written as elsewhere.
    fn dollar(&mut self) {
        let tag_end = self.while_in(self.at + 1, continues_name);
        let is_tag = self.bytes.get(tag_end) == Some(&b'$') && !self.peek(1).is_ascii_digit();
        if !is_tag {
            let kind = if tag_end > self.at + 1 { TokenKind::ForeignHole } else { TokenKind::Punct };
            return self.push(kind, tag_end);
        }
        let Some(tag) = self.bytes.get(self.at..=tag_end) else { return self.push(TokenKind::Punct, tag_end) };
        match self.find(tag, tag_end + 1) {
            Some(close) => self.push(TokenKind::Text, close + tag.len()),
            None => self.leave_open("dollar-quoted text", "the same dollar tag", tag.len()),
        }
    }

    fn hole(&mut self) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let mut end = self.while_in(self.at + 1, plain);
        while self.bytes.get(end) == Some(&b'.')
            && self.bytes.get(end + 1).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        {
            end = self.while_in(end + 1, plain);
        }
        self.push(TokenKind::Hole, end);
    }

    /// `prefix` bytes stand before the brace.
    fn braces(&mut self, prefix: usize) {
        let inner = self.at + prefix + 1;
        let end = self.while_in(inner, |byte| continues_name(byte) || byte == b'.');
        let closed = end > inner && self.bytes.get(end) == Some(&b'}');
        if closed { self.push(TokenKind::ForeignHole, end + 1) } else { self.push(TokenKind::Punct, self.at + 1) }
    }

    /// `{{ … }}`, `{% … %}`, on one line.
    fn template(&mut self, closer: u8) {
        let end = self.while_in(self.at + 2, |byte| ![closer, b'{', b'\n'].contains(&byte));
        let closed = self.bytes.get(end) == Some(&closer) && self.bytes.get(end + 1) == Some(&b'}');
        if closed { self.push(TokenKind::ForeignHole, end + 2) } else { self.push(TokenKind::Punct, self.at + 1) }
    }

    fn python_hole(&mut self) {
        let end = self.while_in(self.at + 2, continues_name);
        let closed = end > self.at + 2 && self.bytes.get(end..end + 2) == Some(b")s");
        if closed { self.push(TokenKind::ForeignHole, end + 2) } else { self.push(TokenKind::Punct, self.at + 1) }
    }

    fn number(&mut self) {
        let end = self.while_in(self.at, |byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_');
        self.push(TokenKind::Number, end);
    }

    fn word(&mut self) {
        let end = self.while_in(self.at, |byte| continues_name(byte) || byte == b'$');
        debug_assert!(self.text.is_char_boundary(end));
        self.push(TokenKind::Word, end);
    }
}
