//! How a step went in a run that is drawn: a word, a mark, a colour.

use std::collections::HashMap;

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Well.
    Done,
    /// Items of a loop failed.
    Partial,
    /// It failed, and something stood in for it.
    Recovered,
    /// Badly.
    Failed,
    /// It was stopped.
    Cancelled,
    /// It was begun, and nobody knows how it ended.
    Unknown,
    /// The run did not come to it.
    Skipped,
}

impl Outcome {
    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Recovered => "recovered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }

    /// The class of a node of Mermaid's.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Done => ":::done",
            Self::Partial => ":::partial",
            Self::Recovered => ":::recovered",
            Self::Failed => ":::failed",
            Self::Cancelled => ":::cancelled",
            Self::Unknown => ":::unknown",
            Self::Skipped => ":::skipped",
        }
    }

    /// A mark that needs no colour, and the terminal's colour for it.
    const fn symbol(self) -> (&'static str, u8) {
        match self {
            Self::Done => ("✓", 32),
            Self::Partial | Self::Recovered => ("!", 33),
            Self::Failed | Self::Cancelled => ("✗", 31),
            Self::Unknown => ("?", 36),
            Self::Skipped => ("-", 2),
        }
    }

    /// What boxes are filled with, and their lines.
    pub(super) const fn colors(self) -> (&'static str, &'static str) {
        match self {
            Self::Done => ("#e8f5e9", "#2e7d32"),
            Self::Partial | Self::Recovered => ("#fff8e1", "#f9a825"),
            Self::Failed | Self::Cancelled => ("#ffebee", "#c62828"),
            Self::Unknown => ("#e0f7fa", "#00838f"),
            Self::Skipped => ("#f5f5f5", "#9e9e9e"),
        }
    }
}

/// How a step went, with words for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// How.
    pub outcome: Outcome,
    /// The same for people: `12 ms`, `21 of 23 items, 455 ms`.
    pub words: String,
    /// How long it took, in milliseconds, all times together.
    pub duration_ms: Option<u64>,
    /// How often it ran, or how many items its loop walked, and how many of those failed.
    pub counts: Option<(u64, u64)>,
}

impl Mark {
    pub(super) fn symbol(&self, has_color: bool) -> String {
        let (symbol, color) = self.outcome.symbol();
        if has_color { format!("\u{1b}[{color}m{symbol}\u{1b}[0m") } else { symbol.to_owned() }
    }
}

/// The marks of steps, by their names after those of the steps around them, joined with dots.
pub type Marks = HashMap<String, Mark>;
