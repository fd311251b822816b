//! Operators between operands, by their precedence.

use std::sync::Arc;

use pest::iterators::Pair;

use super::{Builder, Built, place};
use crate::diagnostic::{Diagnostic, codes};
use crate::query::promql::ast::{Binary, Matching, Node, NodeKind};
use crate::query::promql::syntax::Rule;

impl Builder<'_> {
    pub(super) fn expression(&mut self, pair: Pair<'_, Rule>) -> Built<Node> {
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
    pub(super) fn join(&self, joiner: &mut Joiner, next: Option<&Operator>) -> Built<()> {
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

    pub(super) fn negate(&self, of: Node, start: usize) -> Built<Node> {
        let end = of.end;
        self.node(NodeKind::Negate(Box::new(of)), (start, end))
    }

    pub(super) fn binary(&self, operator: Operator, left: Node, right: Node) -> Built<Node> {
        let at = (left.start, right.end);
        let Operator { name, at: operator_at, is_bool, matching, .. } = operator;
        let (left, right) = (Box::new(left), Box::new(right));
        self.node(NodeKind::Binary(Binary { operator: name, operator_at, is_bool, matching, left, right }), at)
    }

    pub(super) fn operator(&mut self, pair: Pair<'_, Rule>) -> Operator {
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

    pub(super) fn check_operator(&mut self, operator: &Operator) {
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
}

/// What stands between two operands.
pub(super) struct Operator {
    name: Arc<str>,
    at: (usize, usize),
    is_bool: bool,
    matching: Option<Matching>,
    joining: Option<(usize, usize)>,
}

/// What waits for its right side.
pub(super) enum Pending {
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
pub(super) struct Joiner {
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
pub(in crate::query::promql) fn is_comparison(operator: &str) -> bool {
    matches!(operator, "==" | "!=" | ">" | "<" | ">=" | "<=")
}
