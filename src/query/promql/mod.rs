//! PromQL and MetricsQL literals.
//!
//! A literal becomes a [`PromqlTemplate`]: pieces of text and holes (`$name`, `$name.field`). A
//! hole stands for a label's value, a duration, an instant or a number; its place decides how a
//! value is written there, so no value can change the meaning of the query.
//!
//! There are two [`Dialect`]s, each found by asking its server: what VictoriaMetrics 1.79 reads, which is
//! assumed where nothing says otherwise, and what Prometheus 2.42 reads, which `strict` adds rules for; see
//! `functions` for the functions of both. Two things that VictoriaMetrics accepts are refused: windows such
//! as `[5M]` and `limit_offset(1, "a", m)`, because they crash it.

mod ast;
mod build;
mod check;
mod dialect;
mod functions;
mod literal;
mod pattern;
mod scan;
mod selector;
mod strict;
mod subset;
mod syntax;
mod template;

pub use ast::{
    Binary, Call, Definition, Grouping, Length, MatchSign, Matcher, MatcherValue, Matching, Node, NodeKind, Window,
};
pub use dialect::{Dialect, Reader};
pub(crate) use functions::takes_share;
pub(crate) use literal::seconds;
pub use pattern::Pattern;
pub(crate) use scan::{mentioned, texts};
pub(crate) use selector::{escape_label, literal_selector, one_of};
pub use selector::{selector, valid_label_name, valid_metric_name};
pub(crate) use subset::check_matchers;
pub use subset::{Aggregate, Fold, Outside, SubsetExpr, compile, embedded_subset};
pub use template::{HolePosition, Piece, PromqlHole, PromqlTemplate};

use self::build::Kind;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceId, Span};

/// The longest query that a server takes, in bytes.
pub const LONGEST_QUERY: usize = 16_384;

/// Reads a literal for VictoriaMetrics, as [`parse_for`] does.
pub fn parse(text: &str, text_span: Span) -> (PromqlTemplate, Vec<Diagnostic>) {
    parse_for(text, text_span, Reader::VICTORIA_METRICS)
}

/// Reads a literal. `text_span` is where `text` stands in its file; findings point into it. A
/// literal that does not parse has a template without holes.
pub fn parse_for(text: &str, text_span: Span, reader: Reader<'_>) -> (PromqlTemplate, Vec<Diagnostic>) {
    let (query, mut findings) = read_as(text, text_span, Kind::Template, reader);
    let (holes, node) = query.map(|query| (query.holes, query.node)).unzip();
    crate::diagnostic::sort(&mut findings);
    (PromqlTemplate::new(text, text_span, holes.unwrap_or_default(), node), findings)
}

/// Reads a finished query, without holes; the error is one sentence.
pub fn read_finished(text: &str) -> Result<Node, String> {
    let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap_or(u32::MAX));
    match read_as(text, span, Kind::Finished, Reader::VICTORIA_METRICS) {
        (Some(query), findings) if findings.is_empty() => Ok(query.node),
        (_, findings) => Err(findings.first().map_or_else(String::new, |finding| finding.message.clone())),
    }
}

/// Text to tree; `None` when it does not parse, with a finding that says why.
fn read_as(text: &str, span: Span, kind: Kind, reader: Reader<'_>) -> (Option<build::Query>, Vec<Diagnostic>) {
    match built(text, span, kind) {
        Ok(mut query) => {
            let mut findings = std::mem::take(&mut query.findings);
            check::check(&query.node, text, span, reader, &mut findings);
            // One mistake, one finding: types are looked at once the words are right.
            if reader.is_strict() && findings.is_empty() {
                strict::check(&query, text, span, reader, &mut findings);
            }
            (Some(query), findings)
        }
        Err(finding) => (None, vec![*finding]),
    }
}

fn built(text: &str, span: Span, kind: Kind) -> Result<build::Query, Box<Diagnostic>> {
    scan::scan(text, span)
        .and_then(|()| syntax::pairs(text, span))
        .and_then(|pairs| build::Builder::new(text, span, kind).query(pairs))
}

#[cfg(test)]
mod tests;
