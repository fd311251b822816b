//! YAML with places: [`read`] turns a source into [`Node`]s whose spans are bytes of it.
//!
//! `serde-saphyr` parses, with budgets against alias bombs and deep nesting. Duplicate keys and
//! merges (`<<: *anchor`) are handled here, since only here both places are known.

mod build;
mod errors;
mod node;
mod raw;
mod shield;

use std::sync::Arc;

use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy, Options, Spanned};

use crate::diagnostic::{Diagnostic, codes};
use crate::source::Source;

pub(crate) use node::{Content, Entry, Field, Mapping, Node, Shape, field, fields};

use raw::Raw;
use shield::Shield;

/// The longest configuration that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// The deepest nesting; each level costs several stack frames while parsing.
const DEEPEST: usize = 40;

/// The most values that a configuration may hold once its aliases are written out.
const MOST_NODES: usize = 50_000;

/// Reads the one document of `source`; what is broken is said in the findings, and the node is then
/// what could be read.
pub(crate) fn read(source: &Source) -> (Node, Vec<Diagnostic>) {
    let nothing = Node::nothing(Arc::from(""), source.span());
    if source.text.len() > LONGEST {
        let message = format!("{} bytes are too many for a configuration", source.text.len());
        let finding = Diagnostic::new(&codes::VF701, source.span().before(), message).help("at most 1 MiB is read");
        return (nothing, vec![finding]);
    }
    // The parser skips a byte order mark and counts from behind it.
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let mark = source.text.len() - text.len();
    let shield = Shield::new(text);
    let parsed = serde_saphyr::from_str_with_options::<Spanned<Raw>>(
        shield.as_ref().map_or(text, |shield| shield.text.as_str()),
        options(),
    );
    match parsed {
        Ok(raw) => build::build(raw, source, mark, shield.as_ref()),
        Err(error) => (nothing, vec![errors::finding(&error, source, mark)]),
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DEEPEST, max_nodes: MOST_NODES },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MOST_NODES },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        with_snippet: false,
    }
}
