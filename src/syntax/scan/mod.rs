//! One linear pass over the text before it is parsed: its tokens, the brackets and texts that never
//! close, habits of other languages that can be read past, and how deep it nests.
//!
//! What it complains of, no correct text contains. The grammar then reads a repaired text, so that one
//! missing bracket does not hide the rest.

mod brackets;
mod clock;
mod lexer;
mod nesting;
mod tokens;

use std::borrow::Cow;
use std::ops::Range;

pub(super) use lexer::TAGS;
pub(crate) use tokens::{Bracket, Kind, Token};
pub(super) use tokens::{Comment, Habit, HabitKind, Unclosed, UnclosedKind, requoted, three_quotes};

/// The tokens of a text, documentation among them, and where its comments stand.
pub(crate) fn tokens(text: &str) -> (Vec<Token>, Vec<Range<usize>>) {
    let scan = lexer::lex(text);
    (scan.tokens, scan.comments.into_iter().map(|comment| comment.span).collect())
}

/// What one pass over a text has found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The tokens, without white space and comments.
    pub(super) tokens: Vec<Token>,
    /// Brackets, texts and queries that are not closed, and closers that close nothing.
    pub(super) unclosed: Vec<Unclosed>,
    /// Habits of other languages.
    pub(super) habits: Vec<Habit>,
    /// Comments, those that document excepted.
    pub(super) comments: Vec<Comment>,
    /// The first token that stands too deep; nothing else is looked for then.
    pub(super) too_deep: Option<Token>,
}

impl Scan {
    /// Reads `text`.
    pub(super) fn of(text: &str) -> Self {
        let mut scan = lexer::lex(text);
        let query = scan.unclosed.iter().find(|found| found.kind == UnclosedKind::Query).map(|found| found.open.start);
        if let Some(start) = query {
            scan.forget_after(start);
        }
        scan.too_deep = nesting::too_deep(text, &scan.tokens, super::MAX_NESTING);
        if scan.too_deep.is_some() {
            return scan;
        }
        if scan.habits.iter().any(|habit| habit.kind == HabitKind::Semicolon) {
            scan.tell_commas(text);
        }
        let brackets = brackets::unclosed(text, &scan.tokens, query.is_some());
        scan.unclosed.extend(brackets);
        scan.unclosed.sort_by_key(|found| found.open.start);
        scan.keep_the_first(text.len());
        scan
    }

    /// Beyond so many faults a text is no flow: the last one that is told disturbs all that follows.
    fn keep_the_first(&mut self, end: usize) {
        if self.unclosed.len() > super::MAX_FINDINGS {
            self.unclosed.truncate(super::MAX_FINDINGS);
            if let Some(last) = self.unclosed.last_mut() {
                last.reach = end;
            }
        }
    }

    /// Tells the `;` that should be a comma, which gets a token, from the one behind a statement.
    fn tell_commas(&mut self, text: &str) {
        let mut open = Vec::new();
        let mut told = Vec::with_capacity(self.tokens.len());
        let mut tokens = std::mem::take(&mut self.tokens).into_iter().peekable();
        for habit in self.habits.iter_mut().filter(|habit| habit.kind == HabitKind::Semicolon) {
            while let Some(token) = tokens.next_if(|token| token.start < habit.span.start) {
                match token.kind {
                    Kind::Open(bracket) => open.push(bracket),
                    Kind::Close(_) => drop(open.pop()),
                    _ => {}
                }
                told.push(token);
            }
            let Some(next) = tokens.peek().filter(|next| !matches!(next.kind, Kind::Close(_))) else { continue };
            let is_entry = !next.first && text.get(next.end..).is_some_and(|rest| rest.trim_start().starts_with(':'));
            let is_comma = match open.last() {
                Some(Bracket::Paren | Bracket::Square) => true,
                Some(Bracket::Brace) => is_entry,
                _ => false,
            };
            if let Some(last) = told.last().filter(|_| is_comma) {
                habit.kind = HabitKind::SemicolonForComma;
                let Range { start, end } = habit.span;
                told.push(Token { kind: Kind::Symbol, start, end, first: false, ..*last });
            }
        }
        told.extend(tokens);
        self.tokens = told;
    }

    /// Behind a query that never ends, text was read as query and query as text.
    fn forget_after(&mut self, start: usize) {
        self.tokens.retain(|token| token.start < start);
        self.habits.retain(|habit| habit.span.start < start);
        self.comments.retain(|comment| comment.span.start < start);
        self.unclosed.retain(|found| found.open.start <= start);
    }

    /// The text to parse instead, of the same length: habits replaced by what the language has for them,
    /// brackets without a partner by spaces, or by what they should be. So what stands around them is still understood.
    pub(super) fn repaired(&self, text: &str) -> Option<String> {
        let habits = self
            .habits
            .iter()
            .map(|habit| (habit.span.clone(), habit.stand_in(text.get(habit.span.clone()).unwrap_or(""))));
        let lonely = self.unclosed.iter().filter(|found| found.is_bracket());
        let lonely = lonely.flat_map(|found| {
            let outer = found.outer.iter().map(|span| (span.clone(), Cow::Borrowed("")));
            std::iter::once((found.open.clone(), Cow::Borrowed(found.stand_in()))).chain(outer)
        });
        let mut edits: Vec<_> = habits.chain(lonely).collect();
        if edits.is_empty() {
            return None;
        }
        edits.sort_by_key(|(span, _)| span.start);
        let mut repaired = String::with_capacity(text.len());
        let mut at = 0;
        for (span, stand_in) in edits {
            repaired.push_str(text.get(at..span.start)?);
            repaired.push_str(&stand_in);
            repaired.extend(std::iter::repeat_n(' ', span.len().checked_sub(stand_in.len())?));
            at = span.end;
        }
        repaired.push_str(text.get(at..)?);
        Some(repaired)
    }

    /// The token at the byte `at`, or the first one after it.
    pub(super) fn index_at(&self, at: usize) -> usize {
        self.tokens.partition_point(|token| token.end <= at)
    }

    /// The token with this number.
    pub(super) fn token(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).copied()
    }

    /// Whether something that is not closed reaches into `range`, so that an error there at `at` is its consequence. What
    /// closes nothing does so to what stands behind it only.
    pub(super) fn disturbs(&self, range: &Range<usize>, at: usize) -> bool {
        let disturbs = |found: &Unclosed| {
            let is_behind = !found.is_stray() || found.open.start <= at;
            is_behind && found.open.start < range.end && range.start < found.reach.max(found.open.end)
        };
        self.unclosed.iter().any(disturbs)
    }
}
