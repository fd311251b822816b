//! One linear pass over the text before it is parsed: its tokens, the brackets and texts that never
//! close, habits of other languages that can be read past, and how deep it nests.
//!
//! The grammar decides what is right. This pass explains what is wrong: its findings count only
//! where the grammar refuses the text, except for the habits, which no correct text contains.

mod brackets;
mod lexer;
mod nesting;
mod tokens;

use std::ops::Range;

pub(super) use lexer::TAGS;
pub(super) use tokens::{Bracket, Habit, HabitKind, Kind, Token, Unclosed, UnclosedKind, requoted};

/// What one pass over a text has found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The tokens, without white space and comments.
    pub(super) tokens: Vec<Token>,
    /// Brackets, texts and queries that are not closed, and closers that close nothing.
    pub(super) unclosed: Vec<Unclosed>,
    /// Habits of other languages.
    pub(super) habits: Vec<Habit>,
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
        let brackets = brackets::unclosed(text, &scan.tokens, query.is_some());
        scan.unclosed.extend(brackets);
        scan.unclosed.sort_by_key(|found| found.open.start);
        scan
    }

    /// Behind a query that never ends, text was read as query and query as text.
    fn forget_after(&mut self, start: usize) {
        self.tokens.retain(|token| token.start < start);
        self.habits.retain(|habit| habit.span.start < start);
        self.unclosed.retain(|found| found.open.start <= start);
    }

    /// The text with what habits wrote replaced, at the same length, by what the language has for it.
    pub(super) fn repaired(&self, text: &str) -> Option<String> {
        if self.habits.is_empty() {
            return None;
        }
        let mut repaired = String::with_capacity(text.len());
        let mut at = 0;
        for habit in &self.habits {
            repaired.push_str(text.get(at..habit.span.start)?);
            let stand_in = habit.stand_in(text.get(habit.span.clone())?);
            repaired.push_str(&stand_in);
            repaired.extend(std::iter::repeat_n(' ', habit.span.len().checked_sub(stand_in.len())?));
            at = habit.span.end;
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

    /// The unclosed brackets and texts whose reach meets `range`.
    pub(super) fn unclosed_in(&self, range: &Range<usize>) -> impl Iterator<Item = usize> {
        let (start, end) = (range.start, range.end);
        let meets = move |found: &Unclosed| found.open.start < end && start < found.reach.max(found.open.end);
        self.unclosed.iter().enumerate().filter(move |(_, found)| meets(found)).map(|(index, _)| index)
    }
}
