//! Tokens, each with the comments around it.

use crate::syntax::{Bracket, Kind, Token, tokens};

/// A token, or the end of the text, which is empty.
#[derive(Debug)]
pub(super) struct Lexeme<'s> {
    /// Its characters.
    pub(super) text: &'s str,
    /// Its first byte.
    pub(super) start: usize,
    /// What kind of token; nothing at the end.
    pub(super) kind: Option<Kind>,
    /// The comments on lines of their own above it, documentation among them.
    pub(super) leading: Vec<Comment<'s>>,
    /// The comment behind it on its line.
    pub(super) trailing: Option<&'s str>,
    /// Whether an empty line stands directly above it.
    pub(super) blank: bool,
    /// Whether its line ends with it, or with its comment.
    pub(super) ends_line: bool,
    /// The number of the bracket that closes this one.
    pub(super) partner: Option<usize>,
}

/// A comment on a line of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comment<'s> {
    /// From its `#`, without spaces at the end.
    pub(super) text: &'s str,
    /// Whether an empty line stands directly above it.
    pub(super) blank: bool,
}

impl Lexeme<'_> {
    /// One past its last byte.
    pub(super) const fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The tokens of a text and its end.
pub(super) fn lexemes(text: &str) -> Vec<Lexeme<'_>> {
    let (tokens, comments) = tokens(text);
    let mut pieces: Vec<Piece> = comments.into_iter().map(|range| Piece::comment(range.start, range.end)).collect();
    pieces.extend(tokens.iter().map(Piece::of));
    pieces.push(Piece { start: text.len(), end: text.len(), kind: None, comment: None });
    pieces.sort_by_key(|piece| (piece.start, piece.end));

    let mut found: Vec<Lexeme<'_>> = Vec::new();
    let mut leading = Vec::new();
    let mut at = 0;
    for piece in pieces {
        let lines = text.get(at..piece.start).unwrap_or("").bytes().filter(|byte| *byte == b'\n').count();
        let written = text.get(piece.start..piece.end).unwrap_or("");
        at = piece.end;
        if lines > 0
            && leading.is_empty()
            && let Some(last) = found.last_mut()
        {
            last.ends_line = true;
        }
        let Some(kind) = piece.comment else {
            let leading = std::mem::take(&mut leading);
            found.push(Lexeme {
                text: written,
                start: piece.start,
                kind: piece.kind,
                leading,
                trailing: None,
                blank: lines > 1,
                ends_line: false,
                partner: None,
            });
            continue;
        };
        let written = written.trim_end_matches([' ', '\t', '\r']);
        match found.last_mut() {
            Some(last) if kind == Words::Comment && lines == 0 && leading.is_empty() => last.trailing = Some(written),
            _ => leading.push(Comment { text: written, blank: lines > 1 }),
        }
    }
    pair(&mut found);
    found
}

/// A token, a comment, or the end.
struct Piece {
    start: usize,
    end: usize,
    kind: Option<Kind>,
    comment: Option<Words>,
}

/// The kinds of comment. Documentation belongs to what follows, even behind something on the same line.
#[derive(PartialEq, Eq)]
enum Words {
    Comment,
    Documentation,
}

impl Piece {
    const fn comment(start: usize, end: usize) -> Self {
        Self { start, end, kind: None, comment: Some(Words::Comment) }
    }

    fn of(token: &Token) -> Self {
        let comment = (token.kind == Kind::Doc).then_some(Words::Documentation);
        Self { start: token.start, end: token.end, kind: Some(token.kind), comment }
    }
}

fn pair(lexemes: &mut [Lexeme<'_>]) {
    let mut open = Vec::new();
    for at in 0..lexemes.len() {
        match lexemes.get(at).and_then(|lexeme| lexeme.kind) {
            Some(Kind::Open(_)) => open.push(at),
            Some(Kind::Close(_)) => {
                if let Some(opener) = open.pop().and_then(|opener: usize| lexemes.get_mut(opener)) {
                    opener.partner = Some(at);
                }
            }
            _ => {}
        }
    }
}

/// Whether a kind is an opening parenthesis.
pub(super) fn is_paren(kind: Option<Kind>) -> bool {
    kind == Some(Kind::Open(Bracket::Paren))
}
