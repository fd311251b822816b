//! What the scan finds: tokens, things that are not closed, habits of other languages.

use std::borrow::Cow;
use std::ops::Range;

/// A token and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// First byte.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
    /// The line it begins on, from 0.
    pub(crate) line: u32,
    /// How far the first token of its line is indented, in bytes.
    pub(crate) indent: u32,
    /// Whether it is the first token of its line.
    pub(crate) first: bool,
}

impl Token {
    /// Its characters.
    pub(crate) fn text<'s>(&self, text: &'s str) -> &'s str {
        text.get(self.start..self.end).unwrap_or("")
    }

    /// Its bytes.
    pub(crate) const fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// A comment and what stands around it.
#[derive(Debug, Clone)]
pub(crate) struct Comment {
    /// From its `#` to the end of the line.
    pub(crate) span: Range<usize>,
    /// How many tokens stand before it.
    pub(crate) index: usize,
    /// Whether its line holds nothing else.
    pub(crate) is_alone: bool,
}

/// The kinds of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword.
    Word,
    /// Whatever begins with a digit: numbers, dates, durations.
    Number,
    /// `"…"`, or a part of an `f"…"` outside of its holes.
    Text,
    /// `sql"""…"""`, also without a tag.
    Query,
    /// An opening bracket.
    Open(Bracket),
    /// A closing bracket.
    Close(Bracket),
    /// `##` and what follows it.
    Doc,
    /// Anything else.
    Symbol,
}

/// The kinds of bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bracket {
    /// `(`.
    Paren,
    /// `[`.
    Square,
    /// `{`.
    Brace,
    /// `{` in an `f"…"`.
    Hole,
}

impl Bracket {
    /// What opens it.
    pub(crate) const fn opener(self) -> &'static str {
        match self {
            Self::Paren => "(",
            Self::Square => "[",
            Self::Brace | Self::Hole => "{",
        }
    }

    /// What closes it.
    pub(crate) const fn closer(self) -> &'static str {
        match self {
            Self::Paren => ")",
            Self::Square => "]",
            Self::Brace | Self::Hole => "}",
        }
    }
}

/// Something that is opened and not closed, or closed and not opened.
#[derive(Debug)]
pub(crate) struct Unclosed {
    /// What it is.
    pub(crate) kind: UnclosedKind,
    /// The opener, or the closer that closes nothing.
    pub(crate) open: Range<usize>,
    /// How far it disturbs what follows: errors that begin before here are its consequence.
    pub(crate) reach: usize,
    /// Outer openers that are not closed either, when the text ends too early; the opener of a wrong closer.
    pub(crate) outer: Vec<Range<usize>>,
}

impl Unclosed {
    /// What to read in its place: a bracket that has a partner, or nothing.
    pub(crate) const fn stand_in(&self) -> &'static str {
        match self.kind {
            UnclosedKind::Opens(meant) => meant.opener(),
            _ => "",
        }
    }

    /// Whether it closes nothing.
    pub(crate) const fn is_stray(&self) -> bool {
        matches!(self.kind, UnclosedKind::Stray)
    }

    /// Whether it is a bracket without a partner, outside of texts.
    pub(crate) const fn is_bracket(&self) -> bool {
        matches!(
            self.kind,
            UnclosedKind::Stray
                | UnclosedKind::Wrong(_)
                | UnclosedKind::Opens(_)
                | UnclosedKind::Bracket(Bracket::Paren | Bracket::Square | Bracket::Brace)
        )
    }
}

/// The kinds of unclosed thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnclosedKind {
    /// `(`, `[` or `{`.
    Bracket(Bracket),
    /// `"`.
    Text,
    /// `"""`.
    Query,
    /// `)`, `]` or `}` with nothing to close.
    Stray,
    /// A closer of another kind than its opener, which is the one of `outer`.
    Wrong(Bracket),
    /// A closer where this bracket should open.
    Opens(Bracket),
}

/// A habit of another language that the parser can read past.
#[derive(Debug)]
pub(crate) struct Habit {
    /// Which one.
    pub(crate) kind: HabitKind,
    /// What was written.
    pub(crate) span: Range<usize>,
}

/// The habits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HabitKind {
    /// `// comment`.
    SlashComment,
    /// `/* comment */`.
    BlockComment,
    /// `-- comment`.
    DashComment,
    /// `;` behind a statement.
    Semicolon,
    /// `;` between the parts of a list, a record or a call.
    SemicolonForComma,
    /// `'text'`, `“text”`.
    Quotes,
    /// `'''text'''`, also behind a tag.
    ThreeQuotes,
    /// `(a // b)`: as a comment it would swallow the bracket.
    Division,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// A no-break space, pasted from a document.
    Space,
}

impl Habit {
    /// What to parse instead; no longer than what was written. `&&` is read as `or`, which has its
    /// types and its length: the error stands either way, and what follows gets checked.
    pub(crate) fn stand_in(&self, written: &str) -> Cow<'static, str> {
        match self.kind {
            HabitKind::And | HabitKind::Or => Cow::Borrowed("or"),
            HabitKind::SemicolonForComma => Cow::Borrowed(","),
            HabitKind::Quotes => Cow::Owned(requoted(written)),
            HabitKind::ThreeQuotes => Cow::Owned(three_quotes(written)),
            HabitKind::Division => Cow::Borrowed("/"),
            _ => Cow::Borrowed(""),
        }
    }
}

/// A text in other quotes, in the language's own.
pub(crate) fn requoted(written: &str) -> String {
    let mut inner = written.chars();
    inner.next();
    inner.next_back();
    format!("\"{}\"", inner.as_str().replace('"', "'"))
}

/// A text between three of the other quotes, between three of the language's own.
pub(crate) fn three_quotes(written: &str) -> String {
    format!("\"\"\"{}\"\"\"", written.trim_start_matches('\'').trim_end_matches('\''))
}
