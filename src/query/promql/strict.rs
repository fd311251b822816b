//! What PromQL asks beyond MetricsQL: every expression has a type, and what takes one says which.
//!
//! Looked at once words, functions and numbers of arguments are right, so that one mistake is one finding.

use super::ast::{Binary, Call, MatchSign, Matcher, MatcherValue, Node, NodeKind, Window};
use super::build::{Query, is_comparison};
use super::dialect::{Dialect, Reader};
use super::functions::{self, Parameter};
use super::pattern::Pattern;
use super::selector::is_label;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;

/// Adds a finding for each thing that Prometheus would refuse.
pub(super) fn check(query: &Query, text: &str, span: Span, reader: Reader<'_>, findings: &mut Vec<Diagnostic>) {
    for foreign in &query.foreign {
        let message = reader.other(&foreign.what);
        let place = span.slice(foreign.start, foreign.end);
        findings.push(Diagnostic::new(&codes::VF501, place, message).help(foreign.help));
    }
    if findings.is_empty() {
        let mut strict = Strict { text, span, reader, findings };
        let found = strict.type_of(&query.node);
        strict.whole(&query.node, found);
    }
}

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One number, the same for all series.
    Number,
    /// A value for each series.
    Series,
    /// A range of points for each series.
    Range,
    /// A quoted text.
    Text,
}

impl Kind {
    const fn words(self) -> &'static str {
        match self {
            Self::Number => "one number",
            Self::Series => "series",
            Self::Range => "a range of points",
            Self::Text => "a quoted text",
        }
    }
}

impl From<Parameter> for Kind {
    fn from(parameter: Parameter) -> Self {
        match parameter {
            Parameter::Number => Self::Number,
            Parameter::Vector => Self::Series,
            Parameter::Range => Self::Range,
            Parameter::Text => Self::Text,
        }
    }
}

struct Strict<'a, 'f> {
    text: &'a str,
    span: Span,
    reader: Reader<'f>,
    findings: &'f mut Vec<Diagnostic>,
}

impl Strict<'_, '_> {
    fn report(&mut self, (start, end): (usize, usize), message: impl Into<String>, help: &str) {
        let finding = Diagnostic::new(&codes::VF501, self.span.slice(start, end), message).help(help);
        self.findings.push(finding.note(format!("{} reads PromQL", self.reader.name)));
    }

    /// The type of a node, or `None` when a finding says why it has none.
    fn type_of(&mut self, node: &Node) -> Option<Kind> {
        match &node.kind {
            NodeKind::Number(_) | NodeKind::Hole(_) => Some(Kind::Number),
            NodeKind::Text(_) => Some(Kind::Text),
            NodeKind::Selector(matchers) => self.selector(node, matchers),
            NodeKind::Call(call) => self.call(call),
            NodeKind::Binary(binary) => self.binary(binary),
            NodeKind::Negate(of) => {
                let found = self.type_of(of)?;
                let message = || format!("a sign stands before numbers and series, not {}", found.words());
                let fits = matches!(found, Kind::Number | Kind::Series);
                fits.then_some(found).or_else(|| {
                    self.report((node.start, node.end), message(), "leave the sign out");
                    None
                })
            }
            NodeKind::Rolled { of, window, offset, at } => {
                self.rolled(node, of, window.as_ref(), offset.is_some(), at.as_deref())
            }
            NodeKind::List(items) => items.first().and_then(|item| self.type_of(item)),
            NodeKind::With(..) => None,
        }
    }

    /// What an instant can give: a value for each series, or one number.
    fn whole(&mut self, node: &Node, found: Option<Kind>) {
        if found == Some(Kind::Text) {
            self.report((node.start, node.end), "a text is no result", "write an expression of numbers");
        }
    }

    fn selector(&mut self, node: &Node, matchers: &[Matcher]) -> Option<Kind> {
        let is_named = !self.text.get(node.start..).is_some_and(|text| text.starts_with('{'));
        if is_named && let Some(second) = matchers.iter().skip(1).find(|matcher| &*matcher.label == "__name__") {
            self.report((second.start, second.end), "the name is given twice", "keep one of the two");
            return None;
        }
        if !matchers.iter().any(refuses_absence) {
            let message = "a selector needs a matcher that an absent label does not pass";
            self.report((node.start, node.end), message, "state the name, or one label that has a value");
            return None;
        }
        Some(Kind::Series)
    }

    fn call(&mut self, call: &Call) -> Option<Kind> {
        let function = functions::find(&call.name)?;
        let parameters = functions::parameters(function.signature(Dialect::PromQl)?, call.arguments.len()).ok()?;
        // Where two are in each other's place, the first says so.
        let mut given = parameters.into_iter().zip(&call.arguments);
        let is_right = given.all(|(parameter, argument)| self.wants(function.0, parameter.into(), argument))
            && self.label_names(function.0, call);
        is_right.then_some(if function.is_number() { Kind::Number } else { Kind::Series })
    }

    fn wants(&mut self, name: &str, wanted: Kind, argument: &Node) -> bool {
        let Some(found) = self.type_of(argument) else { return false };
        if found == wanted {
            return true;
        }
        let help = match (wanted, found) {
            (Kind::Range, Kind::Series) if argument.bare().matchers().is_some() => {
                "say how far it looks back, directly behind the selector: `m[5m]`"
            }
            (Kind::Range, Kind::Series) => "make a subquery of it: `(…)[1h:5m]`",
            (Kind::Series, Kind::Range) => "fold the range first, as in `last_over_time(m[1d])`",
            (Kind::Series, Kind::Number) => "wrap the number: `vector(…)`",
            (Kind::Number, Kind::Series) => {
                "wrap it in `scalar(…)` if it is one series; the order of arguments may be wrong"
            }
            _ => "look at the order of the arguments",
        };
        let message = format!("`{name}` wants {} here, not {}", wanted.words(), found.words());
        self.report((argument.start, argument.end), message, help);
        false
    }

    /// The arguments that name labels, where they are literals.
    fn label_names(&mut self, name: &str, call: &Call) -> bool {
        let at: &[usize] = match name {
            "label_replace" => &[1],
            "label_join" => &[1, 3, 4, 5, 6, 7, 8, 9],
            "count_values" => &[0],
            _ => return true,
        };
        let named = at.iter().filter_map(|at| call.arguments.get(*at));
        let wrong = named.clone().find(|argument| matches!(&argument.bare().kind, NodeKind::Text(t) if !is_label(t)));
        if let Some(wrong) = wrong {
            let help = "labels hold letters, digits and `_`, and begin with no digit";
            self.report((wrong.start, wrong.end), format!("`{name}` wants a label's name here"), help);
        }
        wrong.is_none()
    }

    fn binary(&mut self, binary: &Binary) -> Option<Kind> {
        let operator = &*binary.operator;
        let (left, right) = (self.operand(operator, &binary.left), self.operand(operator, &binary.right));
        let (left, right) = (left?, right?);
        let is_set = matches!(operator, "and" | "or" | "unless");
        let numbers = (left == Kind::Number, right == Kind::Number);
        let at = binary.operator_at;
        if is_set && (numbers.0 || numbers.1) {
            let message = format!("`{operator}` joins series, and one side is a number");
            self.report(at, message, "wrap the number: `vector(…)`");
            return None;
        }
        if numbers == (true, true) && is_comparison(operator) && !binary.is_bool {
            let message = format!("`{operator}` between numbers has no series to keep");
            self.report(at, message, &format!("write `{operator} bool`, which gives 0 or 1"));
            return None;
        }
        if let Some(matching) = &binary.matching {
            if (numbers.0 || numbers.1) && !matching.labels.is_empty() {
                let message = "labels are matched between series, and one side is a number";
                self.report(at, message, "leave `on` or `ignoring` out");
                return None;
            }
            if let Some(both) = matching.joined.iter().find(|label| matching.on && matching.labels.contains(label)) {
                let message = format!("`{both}` stands in `on (…)` and in the group's labels at once");
                self.report(at, message, "leave it out of the group's labels: both sides have it");
                return None;
            }
        }
        Some(if numbers == (true, true) { Kind::Number } else { Kind::Series })
    }

    fn operand(&mut self, operator: &str, node: &Node) -> Option<Kind> {
        let found = self.type_of(node)?;
        if matches!(found, Kind::Number | Kind::Series) {
            return Some(found);
        }
        let help = match found {
            Kind::Range => "fold the range first, as in `last_over_time(m[1d])`",
            _ => "compare a label inside `{…}`",
        };
        self.report((node.start, node.end), format!("`{operator}` takes no side that is {}", found.words()), help);
        None
    }

    fn rolled(
        &mut self,
        node: &Node,
        of: &Node,
        window: Option<&Window>,
        is_shifted: bool,
        at: Option<&Node>,
    ) -> Option<Kind> {
        if let Some(at) = at.filter(|at| !is_instant(at)) {
            let help = "write a number of seconds since 1970, `start()` or `end()`";
            self.report((at.start, at.end), "`@` takes no expression", help);
            return None;
        }
        let is_selector = of.matchers().is_some();
        let found = self.type_of(of)?;
        match window {
            Some(Window { step: Some(_), .. }) if found == Kind::Series => Some(Kind::Range),
            Some(Window { step: Some(_), .. }) => {
                let message = format!("a subquery is of series, not of {}", found.words());
                self.report((of.start, of.end), message, "leave the window out");
                None
            }
            Some(_) if is_selector => Some(Kind::Range),
            Some(_) => {
                let help = "add a step, which makes it a subquery: `(…)[1h:5m]`";
                self.report((node.start, node.end), "a window stands behind a selector", help);
                None
            }
            None if is_selector => Some(found),
            None => {
                let what = if is_shifted { "`offset`" } else { "`@`" };
                let message = format!("{what} stands behind a selector, a window or a subquery");
                self.report((node.start, node.end), message, "put it directly behind the selector");
                None
            }
        }
    }
}

/// Whether a matcher fails on series that lack the label, as at least one of a selector must.
fn refuses_absence(matcher: &Matcher) -> bool {
    let MatcherValue::Text(text) = &matcher.value else { return true };
    match matcher.sign {
        MatchSign::Equal => !text.is_empty(),
        MatchSign::NotEqual => text.is_empty(),
        MatchSign::Matches => !Pattern::new(text).is_ok_and(|pattern| pattern.matches("")),
        MatchSign::NotMatches => Pattern::new(text).is_ok_and(|pattern| pattern.matches("")),
    }
}

/// `@ 5`, `@ -5`, `@ start()`, `@ $x`.
fn is_instant(at: &Node) -> bool {
    match &at.kind {
        NodeKind::Number(seconds) => seconds.is_finite(),
        NodeKind::Negate(of) => matches!(of.kind, NodeKind::Number(_)) && is_instant(of),
        NodeKind::Hole(_) => true,
        NodeKind::Call(call) => {
            let name = call.name.to_ascii_lowercase();
            matches!(name.as_str(), "start" | "end") && call.arguments.is_empty()
        }
        _ => false,
    }
}
