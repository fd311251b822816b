//! Whole pages, and the index of everything.

use super::markdown::Markdown;
use super::{Module, Reference};

/// The line that every page begins with.
const MARK: &str = "<!-- Written by `vmflow doc --format markdown`; do not edit. -->\n\n";

const PRIMITIVES: &str = "# Primitives

Everything that is built in. What is written in the language itself is in the [standard library](stdlib.md).

A parameter with `=` may be left out, and so may one whose type ends in `?`. Arguments go by position first, then by
name: `round(x, digits: 2)`. `T` and `U` stand for any type, `N` for a type that can be added up (numbers, durations),
`O` for a type with an order. The effect says what a call does to the world: *pure* nothing, *read* looks at it,
*write* changes it and wants `do`. A write is tried again after a failure only when it is *idempotent*.
";

const LIBRARY: &str = "# Standard library

Modules in the language itself, beside the [primitives](primitives.md). The prelude is in every scope; the others are
imported: after `import std.status` its functions are called `status.…`. A `fn` computes, a `step` reads, an `action`
writes and wants `do`.
";

const FILES: &str = "# Workflows\n";

/// What somebody can ask for.
#[derive(Debug, Clone)]
pub enum Page {
    /// Every primitive and property.
    Primitives,
    /// The standard library.
    Library(Vec<Module>),
    /// Files.
    Files(Vec<Module>),
    /// Some things, by their names.
    Entries(Reference),
}

impl Page {
    /// What it holds.
    pub fn reference(self) -> Reference {
        match self {
            Self::Primitives => Reference::of_primitives(),
            Self::Library(modules) | Self::Files(modules) => Reference { modules, ..Reference::default() },
            Self::Entries(reference) => reference,
        }
    }

    /// The page as Markdown.
    pub fn markdown(&self) -> String {
        let mut page = Markdown::default();
        match self {
            Self::Primitives => {
                page.text(&[MARK, PRIMITIVES].concat());
                page.primitives(&Reference::of_primitives());
            }
            Self::Library(modules) => {
                page.text(&[MARK, LIBRARY].concat());
                page.modules(modules);
            }
            Self::Files(modules) => {
                page.text(&[MARK, FILES].concat());
                page.modules(modules);
            }
            Self::Entries(reference) => page.entries(reference),
        }
        page.finish()
    }
}

/// Everything by name, each with its first sentence.
pub fn index(library: &[Module]) -> String {
    let mut page = Markdown::default();
    page.text("# What there is\n");
    page.text("`vmflow doc NAME` says more, `vmflow doc FILE.flow` what a file defines.\n");
    page.index(&Reference { modules: library.to_vec(), ..Reference::of_primitives() });
    page.finish()
}
