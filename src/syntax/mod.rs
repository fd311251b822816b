//! Text to syntax tree.
//!
//! [`parse`] reads a file, [`parse_expression`] a text that is one expression. Both are pure, take
//! any text, and give what they understood along with findings `VF001` to `VF003`:
//!
//! 1. `scan`, one linear pass: tokens, brackets and texts that never close, habits of other
//!    languages, nesting;
//! 2. `letters`: the tokens as the grammar reads them;
//! 3. the grammar, `grammar/flow.pest`, by pest;
//! 4. `build`: pairs to [`ast`], with literals made values;
//! 5. `recover`: each statement that did not parse is parsed again alone for its error, which
//!    `slips` and `words` put in people's terms.
//!
//! Limits, each with a finding of its own: [`MAX_SIZE`], [`MAX_NESTING`], [`MAX_DEPTH`],
//! [`MAX_FINDINGS`]. They bound the time and the stack of everything that walks the tree later.

pub mod ast;
mod build;
mod comments;
mod extents;
mod letters;
mod parser;
mod pieces;
mod recover;
mod scan;
mod slips;
#[cfg(test)]
mod tests;
mod words;

pub use comments::{Comment, comments, documenting, head};
pub use extents::Extents;
pub(crate) use scan::{Bracket, Kind, Token, tokens};

use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// The largest text that is parsed, in bytes.
pub const MAX_SIZE: usize = 16 << 20;

/// How deep brackets, conditions and types may nest in a text.
pub const MAX_NESTING: usize = 128;

/// How deep a tree may be: nesting, and chains such as `a + b + c` or `a.b.c`, which lean to the left.
/// A recursive walk over what [`parse`] gives needs no more levels than this, times a few per level.
pub const MAX_DEPTH: usize = 1000;

/// After so many findings the rest of a text is not explained.
pub const MAX_FINDINGS: usize = 100;

/// Parses a file. Items and statements that do not parse are left out of the tree, each with a finding;
/// without errors among the findings the tree is the whole file.
pub fn parse(source: &Source) -> (ast::File, Vec<Diagnostic>) {
    if parser::is_shallow(&source.text) {
        return parser::file(source);
    }
    parser::long_file(source)
}

/// Parses files, several at a time. What it gives is in their order.
pub fn parse_all(sources: &[Source]) -> Vec<(ast::File, Vec<Diagnostic>)> {
    parser::side_by_side(sources)
}

/// Whether a text can be a name: a letter or `_`, then letters, digits and `_`, and no word of the language.
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    let begins = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    begins && chars.all(|c| c.is_ascii_alphanumeric() || c == '_') && !slips::RESERVED.contains(&text)
}

/// A name that looks like a text which may be none, such as a file's.
pub fn name_like(text: &str) -> String {
    let name: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if is_name(&name) { name } else { format!("the_{name}") }
}

/// Parses a text that is one expression, such as the value of `-p name=value`. Gives no expression
/// exactly when there is a finding that says why.
pub fn parse_expression(source: &Source) -> (Option<ast::Expr>, Vec<Diagnostic>) {
    parser::on_deep_stack(|| parser::expression(source))
}
