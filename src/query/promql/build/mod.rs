//! Pairs to tree. Holes are numbered in order of appearance; one in an illegal place is a finding.

mod filters;
mod holes;
mod operators;
mod rolled;

use std::sync::Arc;

use pest::iterators::{Pair, Pairs};

use self::holes::hole_in_text;
pub(super) use self::operators::is_comparison;
use super::ast::{Call, Definition, Grouping, Length, Node, NodeKind};
use super::literal;
use super::syntax::Rule;
use super::template::{HolePosition, PromqlHole};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;

/// How deep a tree may be; a chain `a + b + c` counts one level for each operator.
const DEEPEST: usize = 200;

type Built<T> = Result<T, Box<Diagnostic>>;

pub(super) struct Builder<'a> {
    text: &'a str,
    span: Span,
    /// `None` when holes mean nothing: in a query that was finished.
    holes: Option<Vec<PromqlHole>>,
    foreign: Vec<Foreign>,
    findings: Vec<Diagnostic>,
}

/// The place of a pair.
fn place(pair: &Pair<'_, Rule>) -> (usize, usize) {
    (pair.as_span().start(), pair.as_span().end())
}

impl<'a> Builder<'a> {
    pub(super) fn new(text: &'a str, span: Span, kind: Kind) -> Self {
        let holes = (kind == Kind::Template).then(Vec::new);
        Self { text, span, holes, foreign: Vec::new(), findings: Vec::new() }
    }

    /// The whole query.
    pub(super) fn query(mut self, pair: Pair<'_, Rule>) -> Built<Query> {
        let expression = first(pair, Rule::expression).ok_or_else(|| self.empty())?;
        let node = self.expression(expression)?;
        let Self { holes, foreign, findings, .. } = self;
        Ok(Query { node, holes: holes.unwrap_or_default(), foreign, findings })
    }

    /// Notes what PromQL does not have.
    fn foreign(&mut self, (start, end): (usize, usize), what: impl Into<String>, help: &'static str) {
        self.foreign.push(Foreign { start, end, what: what.into(), help });
    }

    fn empty(&self) -> Box<Diagnostic> {
        self.error((0, self.text.len()), "the query is empty")
    }

    fn error(&self, (start, end): (usize, usize), message: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::new(&codes::VF501, self.span.slice(start, end), message))
    }

    fn node(&self, kind: NodeKind, (start, end): (usize, usize)) -> Built<Node> {
        let node = Node::new(kind, start, end);
        if node.depth > DEEPEST {
            return Err(self.error((start, end), format!("an expression of more than {DEEPEST} levels; use `WITH`")));
        }
        Ok(node)
    }

    fn primary(&mut self, pair: Pair<'_, Rule>) -> Built<Node> {
        let at = place(&pair);
        let mut parts = pair.into_inner();
        let Some(part) = parts.next() else { return Err(self.error(at, "an expression is missing")) };
        match part.as_rule() {
            Rule::hole => self.number_hole(&part, parts.next()),
            Rule::with => self.with(part),
            Rule::number => self.number(&part),
            Rule::string => {
                let text = self.string(&part)?;
                self.node(NodeKind::Text(text), at)
            }
            Rule::list => {
                let items = self.expressions(part.into_inner())?;
                if items.len() != 1 {
                    self.foreign(at, "a union in parentheses", "join the expressions with `or`");
                }
                self.node(NodeKind::List(items), at)
            }
            Rule::named => self.named(part),
            _ => {
                let matchers = self.filters(part)?;
                self.node(NodeKind::Selector(matchers), at)
            }
        }
    }

    fn number_hole(&mut self, hole: &Pair<'_, Rule>, filters: Option<Pair<'_, Rule>>) -> Built<Node> {
        let at = place(hole);
        let index = self.hole(hole, HolePosition::Number);
        if let Some(filters) = filters {
            self.misplaced_name(index, at, Some(&filters));
            self.filters(filters)?;
        }
        self.node(NodeKind::Hole(index), at)
    }

    fn number(&mut self, pair: &Pair<'_, Rule>) -> Built<Node> {
        let at = place(pair);
        let inner = pair.clone().into_inner().next();
        let rule = inner.as_ref().map(Pair::as_rule);
        if let Some((what, help)) = literal::foreign_number(pair.as_str(), rule == Some(Rule::duration)) {
            self.foreign(at, what, help);
        }
        let value = if rule == Some(Rule::duration) {
            match literal::duration(pair.as_str()) {
                Length::Fixed { ms, steps: 0.0 } => Ok(ms / 1e3),
                _ => Ok(f64::NAN),
            }
        } else {
            literal::number(pair.as_str())
        };
        self.node(NodeKind::Number(value.map_err(|message| self.error(at, message))?), at)
    }

    fn expressions(&mut self, pairs: Pairs<'_, Rule>) -> Built<Vec<Node>> {
        let mut all = Vec::with_capacity(pairs.len());
        for pair in pairs {
            if pair.as_rule() == Rule::surplus {
                self.foreign(place(&pair), "a comma at the end", "leave it out");
            } else {
                all.push(self.expression(pair)?);
            }
        }
        Ok(all)
    }

    fn string(&mut self, pair: &Pair<'_, Rule>) -> Built<Arc<str>> {
        let (start, end) = place(pair);
        if self.holes.is_some()
            && let Some((from, to)) = hole_in_text(pair.as_str())
        {
            self.misplaced(
                (start + from, start + to),
                "inside a quoted text",
                "write it without quotes, as the whole value: `label=$name`; a `$` before a letter is written `[$]` in a pattern",
            );
        }
        literal::unquote(pair.as_str()).map_err(|message| self.error((start, end), message))
    }

    fn call(&mut self, name: &Pair<'_, Rule>, pair: Pair<'_, Rule>, at: (usize, usize)) -> Built<Node> {
        let mut call = Call {
            name: name.as_str().into(),
            name_end: place(name).1,
            arguments: Vec::new(),
            grouping: None,
            limit: None,
            keep: None,
        };
        for part in pair.into_inner() {
            let part_at = place(&part);
            match part.as_rule() {
                Rule::arguments => call.arguments = self.expressions(part.into_inner())?,
                Rule::grouping if call.grouping.is_some() => return Err(self.error(part_at, "a second grouping")),
                Rule::grouping => call.grouping = Some(self.grouping(part)),
                Rule::limit => {
                    self.foreign(part_at, "`limit`", "write `topk(n, …)`");
                    call.limit = Some(part_at);
                }
                _ => {
                    self.foreign(part_at, "`keep_metric_names`", "leave it out; `label_replace` sets a name");
                    call.keep = Some(part_at);
                }
            }
        }
        self.node(NodeKind::Call(call), at)
    }

    fn grouping(&mut self, pair: Pair<'_, Rule>) -> Grouping {
        let (start, end) = place(&pair);
        let without = pair.as_str().get(..7).is_some_and(|word| word.eq_ignore_ascii_case("without"));
        Grouping { without, labels: self.labels_in(pair), start, end }
    }

    fn with(&mut self, pair: Pair<'_, Rule>) -> Built<Node> {
        let at = place(&pair);
        let mut definitions = Vec::new();
        let mut body = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::definition => definitions.push(self.definition(part)?),
                Rule::expression => body = Some(self.expression(part)?),
                _ => {}
            }
        }
        self.foreign((at.0, at.0 + "WITH".len()), "`WITH`", "write out what it names, or make steps of it");
        let body = body.ok_or_else(|| self.error(at, "`WITH (…)` needs an expression after it"))?;
        self.node(NodeKind::With(definitions, Box::new(body)), at)
    }

    fn definition(&mut self, pair: Pair<'_, Rule>) -> Built<Definition> {
        let at = place(&pair);
        let (mut name, mut name_at, mut parameters, mut value) = (Arc::from(""), at, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => {
                    name_at = place(&part);
                    name = part.as_str().into();
                }
                Rule::parameters => parameters = Some(part.into_inner().map(|p| p.as_str().into()).collect()),
                _ => value = Some(self.expression(part)?),
            }
        }
        let value = value.ok_or_else(|| self.error(at, "a definition without a value"))?;
        Ok(Definition { name, name_at, parameters, value })
    }
}

/// Whether holes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A literal of a file.
    Template,
    /// A query ready to be sent, whose texts may hold anything.
    Finished,
}

/// What was read.
pub(super) struct Query {
    pub(super) node: Node,
    pub(super) holes: Vec<PromqlHole>,
    /// What of it is MetricsQL only and leaves no trace in the tree.
    pub(super) foreign: Vec<Foreign>,
    pub(super) findings: Vec<Diagnostic>,
}

/// Something that MetricsQL has and PromQL has not.
pub(super) struct Foreign {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) what: String,
    pub(super) help: &'static str,
}

fn first(pair: Pair<'_, Rule>, rule: Rule) -> Option<Pair<'_, Rule>> {
    pair.into_inner().find(|inner| inner.as_rule() == rule)
}
