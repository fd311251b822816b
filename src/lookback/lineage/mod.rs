//! Where a value came from: the steps that led to it, back to what was read and the parameters.

mod find;
mod level;
mod narrow;
mod rows;
mod scope;
mod tell;

pub use find::{Named, Past, Refusal, find};

use crate::run::{Called, Noted, StepStatus};
use crate::source::Span;
use crate::value::Value;

/// Something that has a value, and what led to it.
#[derive(Debug, Clone)]
pub struct Lineage {
    /// What it is called: `copied[2026-10-30].rows`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Where it is written.
    pub span: Span,
    /// Its value.
    pub value: Option<Value>,
    /// Why it has none.
    pub absent: Option<String>,
    /// How it got its value.
    pub how: How,
    /// What it asked of the world, or wrote.
    pub calls: Vec<Noted<Called>>,
    /// What led to it, in the order of the file.
    pub from: Vec<Lineage>,
    /// Which items of the value led to what is asked for, where it is not all of them.
    pub rows: Option<Rows>,
    /// Of a loop, how many items are not among `from`.
    pub more_items: usize,
    /// Whether what led to it is told elsewhere in the same lineage.
    pub is_told: bool,
}

/// Some of the items of a list or a table, or of the entries of a map.
#[derive(Debug, Clone)]
pub struct Rows {
    /// How many there are in all.
    pub of: usize,
    /// How many of them led to what is asked for; `None` where nobody can say which.
    pub count: Option<usize>,
    /// The first of those, each with its place from 0.
    pub first: Vec<(usize, Value)>,
}

/// What something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An output of the workflow.
    Output,
    /// A parameter.
    Param,
    /// A calendar.
    Calendar,
    /// A fact of the run, such as `run.now`.
    Fact,
    /// A step that computes.
    Pure,
    /// A step that reads.
    Read,
    /// A step that writes.
    Write,
    /// A loop.
    Loop,
    /// An item of a loop.
    Item,
}

impl Kind {
    /// The word for people and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Param => "parameter",
            Self::Calendar => "calendar",
            Self::Fact => "fact",
            Self::Pure => "computed",
            Self::Read => "read",
            Self::Write => "written",
            Self::Loop => "loop",
            Self::Item => "item",
        }
    }
}

/// How something got its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct How {
    /// How a step ended.
    pub status: Option<StepStatus>,
    /// Of what is on record: how many attempts it made, and how long it took in milliseconds.
    pub took: Option<(u32, i64)>,
    /// The attempt at the run, from 1, that did it, when a later one took it from the record.
    pub recalled: Option<u32>,
    /// Whether the step took it from what an earlier run kept.
    pub is_cached: bool,
}

/// What led to something that has a name, back to `depth` steps before it: to all of it, or to those of its rows that have
/// these texts in these fields. Fails when there is none such.
pub fn of(named: &Named<'_>, depth: usize, having: &[(String, String)]) -> Result<Lineage, Refusal> {
    tell::Teller::of(named).tell(named, depth, having)
}
