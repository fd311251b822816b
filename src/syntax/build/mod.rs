//! Pairs to syntax tree.
//!
//! Every function gives nothing for a pair whose shape the grammar does not produce, and for one that
//! it has reported; what is impossible about a literal is reported while the tree goes on with a value
//! of the same kind, so that one fault makes one finding.

mod expressions;
mod items;
mod literals;
mod quantities;
mod statements;
mod times;
mod types;

pub(super) use quantities::unit_meant;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::Arc;

use pest::iterators::Pair;

use super::MAX_FINDINGS;
use super::ast::{Name, Tagged};
use super::letters::Letters;
use super::parser::Rule;
use super::scan::{Scan, Unclosed};
use crate::diagnostic::{Diagnostic, codes, sort};
use crate::source::{Source, Span, Spanned};

/// One text being read, with what was found so far. Findings sit in cells because the closures of the
/// Pratt parser share the reader.
pub(super) struct Reader<'s> {
    source: &'s Source,
    /// The text as [`Scan::repaired`] leaves it, which has the same length.
    text: Cow<'s, str>,
    scan: Arc<Scan>,
    /// What the grammar reads.
    letters: Letters,
    findings: RefCell<Vec<Diagnostic>>,
    /// Whether anything did not parse.
    bad: Cell<bool>,
    /// How many blocks lack the bracket that opens them, and so leave one that closes nothing.
    unopened: Cell<usize>,
    /// What did not parse and was told: a bracket that closes nothing there may lack its partner in it.
    explained: RefCell<Vec<Range<usize>>>,
    /// Whether a chain was reported as too long; once is enough.
    chained: Cell<bool>,
    /// The tagged literals so far.
    tagged: RefCell<Vec<Tagged>>,
}

impl<'s> Reader<'s> {
    /// Reads a text that was scanned.
    pub(super) fn new(source: &'s Source, scan: Arc<Scan>) -> Self {
        let text = scan.repaired(&source.text).map_or(Cow::Borrowed(&*source.text), Cow::Owned);
        let letters = Letters::of(&text, &scan.tokens, text.len());
        Self::with(source, text, scan, letters)
    }

    /// Reads a piece of a text; nothing of the text may need repair.
    pub(super) fn of_piece(source: &'s Source, scan: Arc<Scan>, letters: Letters) -> Self {
        Self::with(source, Cow::Borrowed(&*source.text), scan, letters)
    }

    fn with(source: &'s Source, text: Cow<'s, str>, scan: Arc<Scan>, letters: Letters) -> Self {
        Self {
            source,
            text,
            scan,
            letters,
            findings: RefCell::default(),
            bad: Cell::new(false),
            unopened: Cell::new(0),
            explained: RefCell::default(),
            chained: Cell::new(false),
            tagged: RefCell::default(),
        }
    }

    /// What the grammar reads.
    pub(super) fn letters(&self) -> &Letters {
        &self.letters
    }

    /// The text as written, habits and all.
    pub(super) fn source_text(&self) -> &str {
        &self.source.text
    }

    /// What the scan found.
    pub(super) fn scan(&self) -> &Arc<Scan> {
        &self.scan
    }

    /// The span of these bytes.
    pub(super) fn span_of(&self, range: Range<usize>) -> Span {
        self.source.span().slice(range.start, range.end)
    }

    /// Adds a finding.
    pub(super) fn report(&self, finding: Diagnostic) {
        let mut findings = self.findings.borrow_mut();
        if findings.len() < MAX_FINDINGS {
            findings.push(finding);
        }
    }

    /// Whether enough was found to stop explaining.
    pub(super) fn is_full(&self) -> bool {
        self.findings.borrow().len() >= MAX_FINDINGS
    }

    /// Notes that something did not parse.
    pub(super) fn note_bad(&self) {
        self.bad.set(true);
    }

    /// Notes that a block lacks its `{`.
    pub(super) fn note_unopened(&self) {
        self.unopened.set(self.unopened.get() + 1);
    }

    /// Notes that what did not parse here is told.
    pub(super) fn note_explained(&self, reach: Range<usize>) {
        self.explained.borrow_mut().push(reach);
    }

    /// All findings, in the order of the text.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let mut findings = self.findings.take();
        let parses = findings.is_empty() && !self.bad.get() && self.scan.unclosed.iter().all(Unclosed::is_stray);
        let explained = self.explained_strays();
        let rest = self.scan.unclosed.iter().filter(|unclosed| !explained.contains(&unclosed.open.start));
        findings.extend(rest.map(|unclosed| super::recover::not_closed(&self, unclosed, parses)));
        findings.extend(self.scan.habits.iter().take(MAX_FINDINGS).map(|habit| super::slips::habit(&self, habit)));
        if findings.is_empty() && self.bad.get() {
            findings.push(Diagnostic::new(&codes::VF001, self.source.span().before(), "this text does not parse"));
        }
        sort(&mut findings);
        // Of two that say the same, the one that can be fixed.
        findings.dedup_by(|later, first| {
            let is_same = (later.span(), later.code, &later.message) == (first.span(), first.code, &first.message);
            if is_same && first.fix.is_none() {
                std::mem::swap(later, first);
            }
            is_same
        });
        super::slips::semicolons_in_the_middle(self.source, &mut findings);
        findings
    }

    /// The brackets that close nothing because something else is wrong, which was told.
    fn explained_strays(&self) -> Vec<usize> {
        let reaches = self.explained.borrow();
        let strays = || self.scan.unclosed.iter().filter(|unclosed| unclosed.is_stray()).map(|stray| stray.open.start);
        let is_within = |stray: &usize| reaches.iter().any(|reach| reach.contains(stray));
        strays().take(self.unopened.get()).chain(strays().filter(is_within)).collect()
    }

    /// Where a pair stands.
    pub(super) fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        self.span_of(self.range(pair))
    }

    /// The bytes of a pair, counted over the whole text.
    pub(super) fn range(&self, pair: &Pair<'_, Rule>) -> Range<usize> {
        let span = pair.as_span();
        self.letters.bytes(span.start()..span.end())
    }

    /// The characters of a pair.
    pub(super) fn written(&self, pair: &Pair<'_, Rule>) -> &str {
        self.text.get(self.range(pair)).unwrap_or("")
    }

    fn name(&self, pair: &Pair<'_, Rule>) -> Name {
        let (span, written) = (self.span(pair), self.written(pair));
        if let Some(word) = literals::foreign_literal(written) {
            let message = format!("`{written}` cannot be a name: elsewhere it means `{word}`");
            self.report(Diagnostic::new(&codes::VF001, span, message).help("choose another name"));
        }
        Spanned::new(Arc::from(written), span)
    }

    /// The `##` lines of a pair, without their markers.
    fn doc(&self, pair: &Pair<'_, Rule>) -> String {
        let line = |doc: Pair<'_, Rule>| {
            let text = self.written(&doc).trim_start_matches('#').trim_end();
            text.strip_prefix(' ').unwrap_or(text).to_owned()
        };
        children(pair, Rule::doc).map(line).collect::<Vec<_>>().join("\n")
    }
}

/// The first child by this rule.
fn child<'i>(pair: &Pair<'i, Rule>, rule: Rule) -> Option<Pair<'i, Rule>> {
    pair.clone().into_inner().find(|inner| inner.as_rule() == rule)
}

/// The children by this rule.
fn children<'i>(pair: &Pair<'i, Rule>, rule: Rule) -> impl Iterator<Item = Pair<'i, Rule>> {
    pair.clone().into_inner().filter(move |inner| inner.as_rule() == rule)
}

/// The child that follows the first one by the rule `mark`.
fn after<'i>(pair: &Pair<'i, Rule>, mark: Rule) -> Option<Pair<'i, Rule>> {
    pair.clone().into_inner().skip_while(|inner| inner.as_rule() != mark).nth(1)
}
