//! PromQL and MetricsQL literals.
//!
//! A literal becomes a [`PromqlTemplate`]: pieces of text and holes (`$name`, `$name.field`). A
//! hole stands for a label's value, a duration, an instant or a number; its place decides how a
//! value is written there, so no value can change the meaning of the query.
//!
//! The dialect is what VictoriaMetrics 1.79 reads, found by asking that server; see
//! `functions.rs` for the functions. Two things it accepts are refused: windows such as `[5M]`
//! and `limit_offset(1, "a", m)`, because they crash it.

mod ast;
mod build;
mod check;
mod functions;
mod literal;
mod pattern;
mod scan;
mod selector;
mod subset;
mod syntax;
mod template;

pub use ast::{Binary, Call, Definition, Grouping, Length, MatchSign, Matcher, MatcherValue, Node, NodeKind, Window};
pub(crate) use literal::seconds;
pub use pattern::Pattern;
pub(crate) use selector::one_of;
pub use selector::{selector, valid_label_name, valid_metric_name};
pub(crate) use subset::check_matchers;
pub use subset::{Aggregate, Fold, Outside, SubsetExpr, compile, embedded_subset};
pub use template::{HolePosition, Piece, PromqlHole, PromqlTemplate};

use self::build::Kind;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceId, Span};

/// The longest query that a server takes, in bytes.
pub const LONGEST_QUERY: usize = 16_384;

/// Reads a literal. `text_span` is where `text` stands in its file; findings point into it. A
/// literal that does not parse has a template without holes.
pub fn parse(text: &str, text_span: Span) -> (PromqlTemplate, Vec<Diagnostic>) {
    let (query, mut findings) = read(text, text_span);
    let holes = query.map(|query| query.holes).unwrap_or_default();
    crate::diagnostic::sort(&mut findings);
    (PromqlTemplate::new(text, text_span, holes), findings)
}

/// Reads a finished query, without holes; the error is one sentence.
pub fn read_finished(text: &str) -> Result<Node, String> {
    let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap_or(u32::MAX));
    match read_as(text, span, Kind::Finished) {
        (Some(query), findings) if findings.is_empty() => Ok(query.node),
        (_, findings) => Err(findings.first().map_or_else(String::new, |finding| finding.message.clone())),
    }
}

/// Whether a literal is a selector and nothing more, as an export takes it.
pub fn is_selector(template: &PromqlTemplate) -> bool {
    read(&template.text, template.span).0.is_some_and(|query| query.node.matchers().is_some())
}

/// Text to tree; `None` when it does not parse, with a finding that says why.
fn read(text: &str, span: Span) -> (Option<build::Query>, Vec<Diagnostic>) {
    read_as(text, span, Kind::Template)
}

fn read_as(text: &str, span: Span, kind: Kind) -> (Option<build::Query>, Vec<Diagnostic>) {
    let built = scan::scan(text, span)
        .and_then(|()| syntax::pairs(text, span))
        .and_then(|pairs| build::Builder::new(text, span, kind).query(pairs));
    match built {
        Ok(mut query) => {
            let mut findings = std::mem::take(&mut query.findings);
            check::check(&query.node, text, span, &mut findings);
            (Some(query), findings)
        }
        Err(finding) => (None, vec![*finding]),
    }
}

#[cfg(test)]
mod tests;
