//! Text to the same text as everybody writes it.
//!
//! [`format()`] parses a file and prints it anew. White space is decided here, by the rules in
//! `docs/language.md`; everything else stays as written and in its order:
//!
//! 1. `lexemes`: the tokens, each with the comments around it;
//! 2. `writer`, with `items`, `statements`, `expressions`, `types`, `tables` and `queries`: the tree is
//!    walked for the structure, and each step of the walk takes the next token. So no token or comment is
//!    lost or passes another, whatever the walk does. What comes out is a `document` of possible breaks;
//! 3. `printer`: which breaks are taken, in one pass;
//! 4. `same`: the result is read again and compared; a difference is a [`Trouble::Bug`], and nothing is lost.
//!
//! Formatting again changes nothing because every choice depends on three things only, which the output
//! shows as the input did: which brackets are followed by a new line, where comments stand, and widths.

mod document;
mod expressions;
mod items;
mod lexemes;
mod printer;
mod queries;
mod same;
mod statements;
mod tables;
#[cfg(test)]
mod tests;
mod types;
mod writer;

use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::syntax;

/// Lines are broken to stay within so many columns.
const WIDTH: usize = 120;

/// A level of indentation, in columns.
const STEP: usize = 2;

/// Why a text is left as it is.
#[derive(Debug)]
pub enum Trouble {
    /// It does not parse.
    Syntax(Vec<Diagnostic>),
    /// The result would have so many bytes, more than are read.
    TooLarge(usize),
    /// The result would not say the same; in a few words, where.
    Bug(String),
}

/// The text of `source` in canonical form.
pub fn format(source: &Source) -> Result<String, Trouble> {
    // The tree and the document are large, and gone before the next is made.
    let text = printer::print(&document(source)?);
    if text.len() > syntax::MAX_SIZE {
        return Err(Trouble::TooLarge(text.len()));
    }
    same::compare(&source.text, &text).map_err(Trouble::Bug)?;
    Ok(text)
}

fn document(source: &Source) -> Result<document::Doc<'_>, Trouble> {
    let (file, findings) = syntax::parse(source);
    if findings.iter().any(Diagnostic::is_error) {
        return Err(Trouble::Syntax(findings));
    }
    Ok(writer::Writer::new(&source.text).file(&file))
}
