//! The walk's pen: it takes one token after another, with the comments around each.

use super::document::{Commas, Doc, Item, List, Style};
use super::lexemes::{Lexeme, lexemes};
use crate::syntax::ast::File;

/// Takes the tokens of a text in their order.
pub(super) struct Writer<'s> {
    source: &'s str,
    lexemes: Vec<Lexeme<'s>>,
    /// The number of the next token.
    at: usize,
}

/// A list with this between its elements, without spaces inside its brackets.
pub(super) const fn tight(commas: Commas) -> Style {
    Style { padded: false, commas }
}

/// Braces: with spaces inside.
pub(super) const BRACES: Style = Style { padded: true, commas: Commas::Trailing };

impl<'s> Writer<'s> {
    /// At the start of a text.
    pub(super) fn new(source: &'s str) -> Self {
        let mut writer = Self { source, lexemes: lexemes(source), at: 0 };
        writer.drop_blank();
        writer
    }

    /// A whole file.
    pub(super) fn file(mut self, file: &File) -> Doc<'s> {
        let mut parts = Vec::new();
        for item in &file.items {
            parts.push(Doc::HardLine);
            parts.push(self.begin(|writer| writer.item(item)));
        }
        parts.push(Doc::HardLine);
        parts.extend(self.above());
        Doc::concat(parts)
    }

    // ---- looking ahead -------------------------------------------------------------------------------

    fn lexeme(&self, at: usize) -> Option<&Lexeme<'s>> {
        self.lexemes.get(at)
    }

    /// The characters of the next token.
    pub(super) fn peek(&self) -> &'s str {
        self.lexeme(self.at).map_or("", |lexeme| lexeme.text)
    }

    /// The next token.
    pub(super) fn next(&self) -> Option<&Lexeme<'s>> {
        self.lexeme(self.at)
    }

    /// The byte behind the token with this number.
    pub(super) fn end_of(&self, number: usize) -> usize {
        self.lexeme(number).map_or(0, Lexeme::end)
    }

    /// The number of the last token that ends at a byte or before it. The end of the text is none, though it ends there, too.
    pub(super) fn last_until(&self, end: u32) -> usize {
        let ends_before = |lexeme: &Lexeme<'_>| lexeme.kind.is_some() && lexeme.end() <= end as usize;
        self.lexemes.partition_point(ends_before).saturating_sub(1)
    }

    /// Whether a comment stands before the next token.
    pub(super) fn is_commented(&self) -> bool {
        self.behind_comment() || self.next().is_some_and(|next| !next.leading.is_empty())
    }

    /// Whether a comment stands behind the last token, on its line.
    fn behind_comment(&self) -> bool {
        self.at.checked_sub(1).and_then(|at| self.lexeme(at)).is_some_and(|lexeme| lexeme.trailing.is_some())
    }

    /// Whether the line ends behind the next token.
    pub(super) fn ends_line(&self) -> bool {
        self.next().is_some_and(|next| next.ends_line)
    }

    // ---- taking --------------------------------------------------------------------------------------

    /// The next token with its comments.
    pub(super) fn token(&mut self) -> Doc<'s> {
        self.through(self.at)
    }

    /// A token and a space.
    pub(super) fn word(&mut self) -> Doc<'s> {
        Doc::concat([self.token(), Doc::Space])
    }

    /// Several tokens, with nothing between them.
    pub(super) fn tokens(&mut self, count: usize) -> Doc<'s> {
        let tokens: Vec<_> = (0..count).map(|_| self.token()).collect();
        Doc::concat(tokens)
    }

    /// All tokens up to the one with the number `last`, as written.
    pub(super) fn through(&mut self, last: usize) -> Doc<'s> {
        self.until(self.end_of(last))
    }

    /// All text up to the byte `end`, as written.
    pub(super) fn until(&mut self, end: usize) -> Doc<'s> {
        self.take(end, Doc::verbatim)
    }

    /// All text up to the byte `end`, printed as `print` says, with the comments around it.
    pub(super) fn take(&mut self, end: usize, print: impl FnOnce(&'s str) -> Doc<'s>) -> Doc<'s> {
        let mut parts = self.leading();
        let (text, trailing) = self.pass(end);
        parts.push(print(text));
        parts.extend(trailing.map(Doc::Trailing));
        Doc::concat(parts)
    }

    /// Passes all tokens up to the byte `end`: their text, and the comment behind them. A token across `end` is
    /// cut in two: to the scanner `>=` is one, also where it ends a type and begins a value.
    pub(super) fn pass(&mut self, end: usize) -> (&'s str, Option<&'s str>) {
        let (source, start) = (self.source, self.next().map_or(0, |lexeme| lexeme.start));
        let mut trailing = None;
        while let Some(lexeme) = self.lexemes.get_mut(self.at).filter(|lexeme| lexeme.start < end) {
            if lexeme.end() > end {
                lexeme.text = source.get(end..lexeme.end()).unwrap_or("");
                lexeme.start = end;
                break;
            }
            trailing = lexeme.trailing;
            self.at += 1;
        }
        (source.get(start..end).unwrap_or(""), trailing)
    }

    /// The comments above the next token.
    fn leading(&mut self) -> Vec<Doc<'s>> {
        let comments = self.lexemes.get_mut(self.at).map(|next| std::mem::take(&mut next.leading));
        comments.into_iter().flatten().map(|comment| Doc::Leading(comment.text)).collect()
    }

    /// The comments above a token that begins a line, with the empty lines between them.
    pub(super) fn above(&mut self) -> Vec<Doc<'s>> {
        let Some(next) = self.lexemes.get_mut(self.at) else { return Vec::new() };
        let blank = |is_there: bool| is_there.then_some(Doc::Blank);
        let comments = std::mem::take(&mut next.leading).into_iter();
        let above = comments.flat_map(|comment| blank(comment.blank).into_iter().chain([Doc::Leading(comment.text)]));
        above.chain(blank(next.blank)).collect()
    }

    /// Something that begins a line when its surroundings break. What stands above is no part of it, and does not
    /// keep it from one line.
    pub(super) fn begin(&mut self, write: impl FnOnce(&mut Self) -> Doc<'s>) -> Doc<'s> {
        let mut parts = self.above();
        parts.push(write(self));
        Doc::concat(parts)
    }

    /// Forgets an empty line before what comes next.
    fn drop_blank(&mut self) {
        if let Some(next) = self.lexemes.get_mut(self.at) {
            match next.leading.first_mut() {
                Some(comment) => comment.blank = false,
                None => next.blank = false,
            }
        }
    }

    /// The next character, a bar of a table: the comments behind it.
    pub(super) fn bar(&mut self) -> Option<&'s str> {
        self.pass(self.next().map_or(0, |next| next.start + 1)).1
    }

    // ---- brackets ------------------------------------------------------------------------------------

    /// An opening bracket, or what stands before it as well.
    pub(super) fn open(&mut self) -> Doc<'s> {
        let open = self.token();
        self.drop_blank();
        open
    }

    /// The comments before a closing bracket, and the bracket.
    pub(super) fn close(&mut self) -> (Vec<Doc<'s>>, Doc<'s>) {
        if let Some(next) = self.lexemes.get_mut(self.at) {
            next.blank = false;
        }
        let dangling = self.above();
        (dangling, self.until(self.next().map_or(0, |next| next.start + 1)))
    }

    /// Brackets with the elements that `write` writes, one for each of `parts`. `breaks` is for lists that were
    /// written over several lines. Comments before a comma go behind it.
    pub(super) fn list<P>(
        &mut self,
        parts: &[P],
        style: Style,
        breaks: bool,
        mut write: impl FnMut(&mut Self, &P) -> Doc<'s>,
    ) -> List<'s> {
        let open = self.open();
        let mut items = Vec::new();
        let mut comments = Vec::new();
        for part in parts {
            let mut doc = self.begin(|writer| write(writer, part));
            if !comments.is_empty() {
                comments.push(doc);
                doc = Doc::concat(std::mem::take(&mut comments));
            }
            let trailing = if self.peek() == "," { self.comma(&mut comments) } else { None };
            items.push(Item { doc, trailing });
        }
        let (dangling, close) = self.close();
        comments.extend(dangling);
        List::new(open, items, close, style, breaks).dangling(comments)
    }

    /// Passes a comma: gives the comment behind it, and adds others to those of the next element.
    fn comma(&mut self, comments: &mut Vec<Doc<'s>>) -> Option<Doc<'s>> {
        let has_comment = self.behind_comment();
        comments.extend(self.leading());
        let trailing = self.next().and_then(|next| next.trailing);
        self.at += 1;
        match trailing {
            Some(comment) if has_comment || !comments.is_empty() => {
                comments.push(Doc::Leading(comment));
                None
            }
            trailing => trailing.map(Doc::Trailing),
        }
    }
}
