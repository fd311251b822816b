//! Pairs to tree. Holes are numbered in order of appearance; one in an illegal place is a finding.

use std::sync::Arc;

use pest::iterators::{Pair, Pairs};

use super::ast::{
    Binary, Call, Definition, Grouping, Length, MatchSign, Matcher, MatcherValue, Matching, Node, NodeKind, Window,
};
use super::literal;
use super::selector::{is_label, valid_metric_name};
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

    fn misplaced(&mut self, (start, end): (usize, usize), what: &str, help: &str) {
        let finding = Diagnostic::new(&codes::VF502, self.span.slice(start, end), format!("a hole cannot be {what}"));
        self.findings.push(finding.help(help));
    }

    /// Says that the hole cannot be a metric's name, as it is in `$name[5m]` and `$name{a="b"}`; its filters, if any,
    /// begin at `filters`.
    fn misplaced_name(&mut self, hole: usize, (start, end): (usize, usize), filters: Option<&Pair<'_, Rule>>) {
        self.place_hole(hole, HolePosition::Nowhere);
        self.misplaced((start, end), "a metric's name", "compare the name like a label, inside `{…}`");
        let name = self.text.get(start..end).unwrap_or_default();
        let (to, replacement) = match filters {
            None => (end, format!("{{__name__={name}}}")),
            Some(filters) => {
                let comma = if filters.clone().into_inner().next().is_some() { ", " } else { "" };
                (place(filters).0 + 1, format!("{{__name__={name}{comma}"))
            }
        };
        let span = self.span.slice(start, to);
        if let Some(finding) = self.findings.pop() {
            self.findings.push(finding.fix(format!("write `{replacement}`"), span, replacement));
        }
    }

    fn node(&self, kind: NodeKind, (start, end): (usize, usize)) -> Built<Node> {
        let node = Node::new(kind, start, end);
        if node.depth > DEEPEST {
            return Err(self.error((start, end), format!("an expression of more than {DEEPEST} levels; use `WITH`")));
        }
        Ok(node)
    }

    fn expression(&mut self, pair: Pair<'_, Rule>) -> Built<Node> {
        let mut joiner = Joiner::default();
        for part in pair.into_inner() {
            if part.as_rule() == Rule::operator {
                let operator = self.operator(part);
                self.join(&mut joiner, Some(&operator))?;
                joiner.pending.push(Pending::Infix(operator));
            } else {
                let (node, sign) = self.operand(part)?;
                joiner.pending.extend(sign.map(Pending::Minus));
                joiner.values.push(node);
            }
        }
        self.join(&mut joiner, None)?;
        joiner.values.pop().ok_or_else(|| self.empty())
    }

    /// Applies the pending operators that bind before `next`; all of them at the end. Two stacks and no
    /// recursion, whatever the length.
    fn join(&self, joiner: &mut Joiner, next: Option<&Operator>) -> Built<()> {
        while let Some(last) = joiner.pending.pop_if(|last| next.is_none_or(|next| last.binds_before(next))) {
            let Some(right) = joiner.values.pop() else { return Ok(()) };
            let value = match last {
                Pending::Minus(start) => self.negate(right, start)?,
                Pending::Infix(operator) => {
                    let Some(left) = joiner.values.pop() else { return Ok(()) };
                    self.binary(operator, left, right)?
                }
            };
            joiner.values.push(value);
        }
        Ok(())
    }

    fn negate(&self, of: Node, start: usize) -> Built<Node> {
        let end = of.end;
        self.node(NodeKind::Negate(Box::new(of)), (start, end))
    }

    fn binary(&self, operator: Operator, left: Node, right: Node) -> Built<Node> {
        let at = (left.start, right.end);
        let Operator { name, at: operator_at, is_bool, matching, .. } = operator;
        let (left, right) = (Box::new(left), Box::new(right));
        self.node(NodeKind::Binary(Binary { operator: name, operator_at, is_bool, matching, left, right }), at)
    }

    fn operator(&mut self, pair: Pair<'_, Rule>) -> Operator {
        let at = place(&pair);
        let mut operator = Operator { name: "".into(), at, is_bool: false, matching: None, joining: None };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::operator_sign => {
                    operator.at = place(&part);
                    operator.name = part.as_str().to_ascii_lowercase().into();
                }
                Rule::bool_word => operator.is_bool = true,
                Rule::joining => {
                    operator.joining = Some(place(&part));
                    let joined = self.labels_in(part);
                    operator.matching.iter_mut().for_each(|matching| matching.joined.clone_from(&joined));
                }
                _ => {
                    let on = part.as_str().get(..2).is_some_and(|word| word.eq_ignore_ascii_case("on"));
                    operator.matching = Some(Matching { on, labels: self.labels_in(part), joined: Vec::new() });
                }
            }
        }
        self.check_operator(&operator);
        operator
    }

    fn check_operator(&mut self, operator: &Operator) {
        let (start, end) = operator.at;
        let place = self.span.slice(start, end);
        let name = &operator.name;
        if matches!(&**name, "default" | "if" | "ifnot") {
            self.foreign(operator.at, format!("`{name}`"), "join with `or`, `and` or `unless`");
        }
        if operator.is_bool && !is_comparison(name) {
            let message = format!("`bool` follows a comparison, not `{name}`");
            self.findings.push(Diagnostic::new(&codes::VF501, place, message).help("leave `bool` out"));
        }
        let Some((start, end)) = operator.joining else { return };
        let place = self.span.slice(start, end);
        if matches!(&**name, "and" | "or" | "unless" | "if" | "ifnot" | "default") {
            let message = format!("`{name}` compares whole sets, so it has no `group_left` or `group_right`");
            self.findings.push(Diagnostic::new(&codes::VF501, place, message).help("leave it out"));
        } else if operator.matching.is_none() {
            let finding = Diagnostic::new(&codes::VF501, place, "this needs `on (…)` or `ignoring (…)` before it");
            self.findings.push(finding.help("write `a * on (label) group_left b`"));
        }
    }

    /// An operand, and where its minus stands: `-a ^ b` is `-(a ^ b)`.
    fn operand(&mut self, pair: Pair<'_, Rule>) -> Built<(Node, Option<usize>)> {
        let (start, end) = place(&pair);
        let mut negative = false;
        let mut rolled = Rolled::default();
        let mut node = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::sign => negative ^= part.as_str() == "-",
                Rule::primary => node = Some(self.primary(part)?),
                Rule::window => rolled.window = Some(self.window(part)?),
                _ => self.shift(part, &mut rolled)?,
            }
        }
        let node = node.ok_or_else(|| self.error((start, end), "an expression is missing"))?;
        Ok((self.roll(node, rolled, end)?, negative.then_some(start)))
    }

    fn roll(&mut self, node: Node, rolled: Rolled, end: usize) -> Built<Node> {
        if rolled.is_empty() {
            return Ok(node);
        }
        if let (NodeKind::Hole(hole), Some(_)) = (&node.kind, &rolled.window) {
            self.misplaced_name(*hole, (node.start, node.end), None);
        }
        let start = node.start;
        let Rolled { window, offset, at } = rolled;
        self.node(NodeKind::Rolled { of: Box::new(node), window, offset, at }, (start, end))
    }

    fn window(&mut self, pair: Pair<'_, Rule>) -> Built<Window> {
        let at = place(&pair);
        let mut window = Window { range: None, step: None };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::length => window.range = Some(self.length(part)?),
                _ => window.step = Some(first(part, Rule::step).map(|step| self.length(step)).transpose()?),
            }
        }
        if window.range.is_none() {
            self.foreign(at, "a subquery without a range", "write how far back it goes: `[1h:1m]`");
        }
        Ok(window)
    }

    fn length(&mut self, pair: Pair<'_, Rule>) -> Built<Length> {
        let at = place(&pair);
        let Some(part) = pair.into_inner().next() else { return Err(self.error(at, "a duration is missing")) };
        match part.as_rule() {
            Rule::hole => Ok(Length::Hole(self.hole(&part, HolePosition::Duration { signed: false }))),
            Rule::duration | Rule::whole => {
                if let Err((what, help)) = literal::prometheus_duration(part.as_str()) {
                    self.foreign(at, what, help);
                }
                Ok(literal::duration(part.as_str()))
            }
            _ => {
                self.foreign(at, "a length without a unit", "add the unit: `5m`, `30s`");
                let seconds = literal::number(part.as_str()).map_err(|message| self.error(at, message))?;
                Ok(Length::Fixed { ms: seconds * 1e3, steps: 0.0 })
            }
        }
    }

    fn shift(&mut self, pair: Pair<'_, Rule>, rolled: &mut Rolled) -> Built<()> {
        let at = place(&pair);
        let Some(part) = pair.into_inner().next() else { return Ok(()) };
        let is_offset = part.as_rule() == Rule::offset;
        if (is_offset && rolled.offset.is_some()) || (!is_offset && rolled.at.is_some()) {
            return Err(self.error(at, if is_offset { "a second `offset`" } else { "a second `@`" }));
        }
        if is_offset {
            rolled.offset = Some(self.offset(part)?);
        } else {
            let (node, sign) = self.operand(part)?;
            if let NodeKind::Hole(hole) = node.kind {
                self.place_hole(hole, HolePosition::Instant);
            }
            let node = if let Some(start) = sign { self.negate(node, start)? } else { node };
            rolled.at = Some(Box::new(node));
        }
        Ok(())
    }

    fn offset(&mut self, pair: Pair<'_, Rule>) -> Built<Length> {
        let mut sign = 1.0;
        let mut length = Length::Fixed { ms: 0.0, steps: 0.0 };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::minus => sign = -1.0,
                Rule::length => length = self.length(part)?,
                _ => {}
            }
        }
        Ok(match length {
            Length::Fixed { ms, steps } => Length::Fixed { ms: sign * ms, steps: sign * steps },
            Length::Hole(hole) => {
                self.place_hole(hole, HolePosition::Duration { signed: sign > 0.0 });
                length
            }
        })
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

    fn named(&mut self, pair: Pair<'_, Rule>) -> Built<Node> {
        let at = place(&pair);
        let mut parts = pair.into_inner();
        let Some(name) = parts.next() else { return Err(self.error(at, "a name is missing")) };
        match parts.next() {
            Some(call) if call.as_rule() == Rule::call => self.call(&name, call, at),
            filters => {
                let (start, end) = place(&name);
                self.metric_name(&name);
                let value = MatcherValue::Text(name.as_str().into());
                let mut matchers =
                    vec![Matcher { label: "__name__".into(), sign: MatchSign::Equal, value, start, end }];
                matchers.extend(filters.map(|filters| self.filters(filters)).transpose()?.unwrap_or_default());
                self.node(NodeKind::Selector(matchers), at)
            }
        }
    }

    fn metric_name(&mut self, name: &Pair<'_, Rule>) {
        let text = name.as_str();
        if !valid_metric_name(text) {
            self.foreign(place(name), format!("the name `{text}`"), "names hold letters, digits, `_` and `:`");
        } else if NO_METRICS.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            self.foreign(place(name), format!("`{text}` as a name"), "write `{__name__=\"…\"}`");
        }
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

    /// The names in the parentheses somewhere inside `pair`.
    fn labels_in(&mut self, pair: Pair<'_, Rule>) -> Vec<Arc<str>> {
        let Some(labels) = first(pair, Rule::labels) else { return Vec::new() };
        labels.into_inner().map(|label| self.label(&label)).collect()
    }

    fn label(&mut self, pair: &Pair<'_, Rule>) -> Arc<str> {
        if pair.as_str().starts_with('$') {
            self.misplaced(place(pair), "a label's name", "write the name; a hole stands for a label's value");
        } else if !is_label(pair.as_str()) {
            let what = format!("the label `{}`", pair.as_str());
            self.foreign(place(pair), what, "labels hold letters, digits and `_`");
        }
        pair.as_str().into()
    }

    fn filters(&mut self, pair: Pair<'_, Rule>) -> Built<Vec<Matcher>> {
        pair.into_inner().map(|filter| self.filter(filter)).collect()
    }

    fn filter(&mut self, pair: Pair<'_, Rule>) -> Built<Matcher> {
        let (start, end) = place(&pair);
        let mut parts = pair.into_inner();
        let label = parts.next().map(|label| self.label(&label)).unwrap_or_default();
        let (Some(sign), Some(value)) = (parts.next(), parts.next()) else {
            let value = MatcherValue::Name(label.clone());
            return Ok(Matcher { label, sign: MatchSign::Equal, value, start, end });
        };
        let sign_at = place(&sign);
        let sign = match sign.as_str() {
            "=" => MatchSign::Equal,
            "!=" => MatchSign::NotEqual,
            "=~" => MatchSign::Matches,
            _ => MatchSign::NotMatches,
        };
        let (start, end) = place(&value);
        let value = self.filter_value(value, &label, (sign, sign_at))?;
        Ok(Matcher { label, sign, value, start, end })
    }

    fn filter_value(
        &mut self,
        pair: Pair<'_, Rule>,
        label: &Arc<str>,
        (sign, (start, end)): (MatchSign, (usize, usize)),
    ) -> Built<MatcherValue> {
        let sign_span = self.span.slice(start, end);
        let terms: Vec<_> = pair.into_inner().filter_map(|term| term.into_inner().next()).collect();
        let glued = terms.len() > 1;
        if let (true, Some(first), Some(last)) = (glued, terms.first(), terms.last()) {
            self.foreign((place(first).0, place(last).1), "`+` between texts", "write them as one text");
        }
        let mut text = String::new();
        let mut other = None;
        for term in terms {
            match term.as_rule() {
                Rule::string => {
                    text.push_str(&self.string(&term)?);
                    if !glued {
                        self.unquote_hole(&term);
                    }
                }
                Rule::hole => {
                    let mut position = HolePosition::LabelValue { label: label.clone(), sign, sign_span };
                    if glued {
                        let help = "put the whole value together before the query";
                        self.misplaced(place(&term), "part of a value", help);
                        position = HolePosition::Nowhere;
                    }
                    other = Some(MatcherValue::Hole(self.hole(&term, position)));
                }
                _ => other = Some(MatcherValue::Name(term.as_str().into())),
            }
        }
        Ok(other.unwrap_or_else(|| MatcherValue::Text(text.into())))
    }

    /// Offers to take the quotes away from a value that is a hole and nothing more: `"$name"`.
    fn unquote_hole(&mut self, pair: &Pair<'_, Rule>) {
        let text = pair.as_str();
        let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
        if self.holes.is_none() || hole_in_text(text) != Some((1, text.len().saturating_sub(1))) {
            return;
        }
        let (start, end) = place(pair);
        let span = self.span.slice(start, end);
        if let Some(finding) = self.findings.pop() {
            self.findings.push(finding.fix(format!("write `{inner}`"), span, inner));
        }
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

    fn hole(&mut self, pair: &Pair<'_, Rule>, position: HolePosition) -> usize {
        let (start, end) = place(pair);
        let path = pair.as_str().trim_start_matches('$').split('.').map(Arc::from).collect();
        let hole = PromqlHole { path, span: self.span.slice(start + 1, end), position };
        let Some(holes) = &mut self.holes else {
            let finding = self.error((start, end), format!("`{}` has no value here", pair.as_str()));
            self.findings.push(*finding);
            return 0;
        };
        holes.push(hole);
        holes.len() - 1
    }

    fn place_hole(&mut self, hole: usize, position: HolePosition) {
        if let Some(hole) = self.holes.as_mut().and_then(|holes| holes.get_mut(hole)) {
            hole.position = position;
        }
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

/// Words that PromQL does not take for a metric's name.
const NO_METRICS: [&str; 6] = ["bool", "on", "ignoring", "group_left", "group_right", "atan2"];

/// What stands between two operands.
struct Operator {
    name: Arc<str>,
    at: (usize, usize),
    is_bool: bool,
    matching: Option<Matching>,
    joining: Option<(usize, usize)>,
}

/// What waits for its right side.
enum Pending {
    /// A minus, which binds tighter than all but `^`, and where it stands.
    Minus(usize),
    Infix(Operator),
}

impl Pending {
    /// Whether this one, standing on the left, is applied before `next`.
    fn binds_before(&self, next: &Operator) -> bool {
        let other = precedence(&next.name);
        match self {
            Self::Minus(_) => other < precedence("^"),
            Self::Infix(operator) => {
                let mine = precedence(&operator.name);
                mine > other || (mine == other && &*operator.name != "^")
            }
        }
    }
}

#[derive(Default)]
struct Joiner {
    values: Vec<Node>,
    pending: Vec<Pending>,
}

/// Higher binds tighter.
fn precedence(operator: &str) -> u8 {
    match operator {
        "default" => 0,
        "if" | "ifnot" => 1,
        "or" => 2,
        "and" | "unless" => 3,
        "+" | "-" => 5,
        "*" | "/" | "%" | "atan2" => 6,
        "^" => 7,
        _ => 4,
    }
}

/// Whether the operator compares.
pub(super) fn is_comparison(operator: &str) -> bool {
    matches!(operator, "==" | "!=" | ">" | "<" | ">=" | "<=")
}

#[derive(Default)]
struct Rolled {
    window: Option<Window>,
    offset: Option<Length>,
    at: Option<Box<Node>>,
}

impl Rolled {
    fn is_empty(&self) -> bool {
        self.window.is_none() && self.offset.is_none() && self.at.is_none()
    }
}

fn first(pair: Pair<'_, Rule>, rule: Rule) -> Option<Pair<'_, Rule>> {
    pair.into_inner().find(|inner| inner.as_rule() == rule)
}

/// Where a text holds `$name`. `$1` and `${name}` belong to `label_replace`, a `$` at the end to patterns.
fn hole_in_text(text: &str) -> Option<(usize, usize)> {
    let mut starts = text.match_indices('$').map(|(at, _)| at);
    let name = |at: usize| {
        let rest = text.get(at + 1..)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        rest.chars().next().filter(|c| c.is_ascii_alphabetic() || *c == '_')?;
        Some((at, at + 1 + rest.find(|c| !is_name(c)).unwrap_or(rest.len())))
    };
    starts.find_map(name)
}
