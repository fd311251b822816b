//! The grammar, and the two ways in.

use std::num::NonZeroUsize;
use std::sync::{Arc, Once};

use pest::Parser as _;
use pest::error::{Error, ErrorVariant, InputLocation};
use pest::iterators::Pairs;

use super::ast::{Expr, File};
use super::build::Reader;
use super::scan::Scan;
use super::{MAX_NESTING, MAX_SIZE, pieces};
use crate::diagnostic::{Diagnostic, codes};
use crate::parallel;
use crate::source::{Source, Span};

pub(super) use grammar::Rule;

/// What pest derives carries no documentation, so it has a module to itself.
#[allow(missing_docs, unreachable_pub)]
mod grammar {
    /// pest's parser of `grammar/flow.pest`.
    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/flow.pest"]
    pub(in crate::syntax) struct Grammar;
}

/// Parsing and building recurse with the nesting of the text, up to [`MAX_NESTING`]; in a debug build
/// that is more than a thread of an async runtime has to offer.
pub(super) const STACK: usize = 16 << 20;

/// Steps of the grammar per byte of a text, and for a start: a clean text needs about 8 a byte.
const CALLS_PER_BYTE: usize = 64;
const CALLS_AT_LEAST: usize = 1_000_000;

/// Runs `work` with [`STACK`].
pub(super) fn on_deep_stack<T: Send>(work: impl Fn() -> T + Sync) -> T {
    parallel::on_stack(STACK, work)
}

/// Whether a text can nest a few levels only, so that any stack will do: a thread costs more than reading such a text.
pub(super) fn is_shallow(text: &str) -> bool {
    const LONGEST: usize = 1 << 10;
    const MOST_LEVELS: usize = 12;
    let opens = |byte: &u8| matches!(byte, b'(' | b'[' | b'{' | b'<');
    text.len() <= LONGEST
        && text.bytes().filter(|byte| opens(byte)).count() + text.matches("if").count() + text.matches("when").count()
            <= MOST_LEVELS
}

/// See [`super::parse_all`].
pub(super) fn side_by_side(sources: &[Source]) -> Vec<(File, Vec<Diagnostic>)> {
    match sources {
        [source] => vec![long_file(source)],
        _ => parallel::map(sources, STACK, || (), |(), source| file(source)),
    }
}

/// See [`super::parse`].
pub(super) fn file(source: &Source) -> (File, Vec<Diagnostic>) {
    match scan(source) {
        Ok(scan) => whole(Reader::new(source, scan)),
        Err(finding) => (File::default(), vec![*finding]),
    }
}

/// The same, on several threads when it is long.
pub(super) fn long_file(source: &Source) -> (File, Vec<Diagnostic>) {
    match scan(source) {
        Ok(scan) => match pieces::file(source, &scan) {
            Some(file) => (file, Vec::new()),
            None => on_deep_stack(|| whole(Reader::new(source, scan.clone()))),
        },
        Err(finding) => (File::default(), vec![*finding]),
    }
}

fn whole(reader: Reader<'_>) -> (File, Vec<Diagnostic>) {
    let file = match apply(Rule::file, reader.letters().text()) {
        Ok(pairs) => reader.file(pairs),
        Err(trouble) => {
            reader.refused(Rule::one_item, &trouble);
            File::default()
        }
    };
    (file, reader.finish())
}

/// See [`super::parse_expression`].
pub(super) fn expression(source: &Source) -> (Option<Expr>, Vec<Diagnostic>) {
    let reader = match scan(source) {
        Ok(scan) => Reader::new(source, scan),
        Err(finding) => return (None, vec![*finding]),
    };
    let expr = match apply(Rule::one_expression, reader.letters().text()) {
        Ok(pairs) => reader.lone_expression(pairs),
        Err(trouble) => {
            reader.refused(Rule::one_expression, &trouble);
            None
        }
    };
    let findings = reader.finish();
    (expr.filter(|_| findings.is_empty()), findings)
}

/// Scans a text and checks the limits, which come before all else.
fn scan(source: &Source) -> Result<Arc<Scan>, Box<Diagnostic>> {
    let size = source.text.len();
    if size > MAX_SIZE {
        let message = format!("this file has {size} bytes, more than the {MAX_SIZE} that are read");
        let start = Span::new(source.id, 0, 0);
        return Err(Box::new(Diagnostic::new(&codes::VF001, start, message).help("split it, and `import` the parts")));
    }
    let scan = Scan::of(&source.text);
    match scan.too_deep {
        Some(token) => Err(Box::new(too_deep(source.span().slice(token.start, token.end)))),
        None => Ok(Arc::new(scan)),
    }
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(&codes::VF001, span, format!("this is nested more than {MAX_NESTING} levels deep"))
        .help("give the inner parts names of their own")
}

/// Why a rule did not apply.
pub(super) struct Trouble {
    /// The farthest letter that was reached.
    pub(super) at: usize,
    /// What was tried there; nothing when a limit was hit.
    pub(super) tried: Vec<Rule>,
    /// Whether pest ran out of stack or of steps.
    pub(super) limit: bool,
}

/// Applies a rule to letters.
pub(super) fn apply(rule: Rule, text: &str) -> Result<Pairs<'_, Rule>, Trouble> {
    static LIMIT: Once = Once::new();
    // The limit is one for the process, and read as each parse begins: set once, sized for the largest text.
    LIMIT.call_once(|| pest::set_call_limit(NonZeroUsize::new(CALLS_AT_LEAST + CALLS_PER_BYTE * MAX_SIZE)));
    grammar::Grammar::parse(rule, text).map_err(trouble)
}

fn trouble(error: Error<Rule>) -> Trouble {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    match error.variant {
        ErrorVariant::ParsingError { positives, .. } => Trouble { at, tried: positives, limit: false },
        ErrorVariant::CustomError { .. } => Trouble { at, tried: Vec::new(), limit: true },
    }
}
