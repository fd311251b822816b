//! What a condition says about `none`.
//!
//! A fact is the path of an expression that is known to have a value: `done`, `copied_at[d]`,
//! `s.labels.auid`. Facts follow names, fields and look-ups by name or literal.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::syntax::ast::{BinaryOperator, Expr, ExprKind, Literal, Statement, StatementKind, UnaryOperator};

/// An expression that is known not to be `none`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Fact {
    /// The expression, as [`path`] writes it.
    pub(super) path: String,
    /// The name that the path begins with.
    pub(super) root: Arc<str>,
    /// The `require` that says so, by its block and its statement there; a condition around says it for nothing.
    pub(super) guard: Option<(usize, usize)>,
}

/// What holds when `condition` is `truth`.
pub(super) fn facts(condition: &Expr, truth: bool) -> Vec<Fact> {
    match &condition.kind {
        ExprKind::Unary(operator, inner) if operator.node == UnaryOperator::Not => facts(inner, !truth),
        ExprKind::Binary(left, operator, right) => match (operator.node, truth) {
            (BinaryOperator::And, true) | (BinaryOperator::Or, false) => {
                let mut both = facts(left, truth);
                both.extend(facts(right, truth));
                both
            }
            (BinaryOperator::NotEqual, true) | (BinaryOperator::Equal, false) => compared_with_none(left, right),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn compared_with_none(left: &Expr, right: &Expr) -> Vec<Fact> {
    let mut found = Vec::new();
    match (&left.kind, &right.kind) {
        (_, ExprKind::Literal(Literal::None)) => known(left, &mut found),
        (ExprKind::Literal(Literal::None), _) => known(right, &mut found),
        _ => {}
    }
    found
}

/// `a?.b` has a value only when `a` has one.
fn known(expr: &Expr, found: &mut Vec<Fact>) {
    if let (Some(path), Some(root)) = (path(expr), root(expr)) {
        found.push(Fact { path, root, guard: None });
    }
    if let ExprKind::Field { of, optional: true, .. } = &expr.kind {
        known(of, found);
    }
}

/// The path of an expression, the same for `m.k` and `m["k"]`; `None` for what is no path.
pub(super) fn path(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.to_string()),
        ExprKind::Field { of, name, .. } => Some(format!("{}[{:?}]", path(of)?, name.node)),
        ExprKind::Index(of, key) => match &key.kind {
            ExprKind::Literal(Literal::Text(text)) => Some(format!("{}[{text:?}]", path(of)?)),
            ExprKind::Literal(literal) => Some(format!("{}[{literal:?}]", path(of)?)),
            _ => Some(format!("{}[{}]", path(of)?, path(key)?)),
        },
        _ => None,
    }
}

/// The name that a path begins with.
fn root(expr: &Expr) -> Option<Arc<str>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Field { of, .. } | ExprKind::Index(of, _) => root(of),
        _ => None,
    }
}

/// What the `require`s of a block say, by the name that it is about.
#[derive(Debug, Default)]
pub(super) struct Guards {
    by_root: HashMap<Arc<str>, Vec<(usize, Fact)>>,
}

impl Guards {
    /// Reads the `require`s of a block that stands at `level`.
    pub(super) fn of(statements: &[&Statement], level: usize) -> Self {
        let mut guards = Self::default();
        let mut told = HashSet::new();
        for (at, statement) in statements.iter().enumerate() {
            let StatementKind::Check { is_expect: false, condition, .. } = &statement.kind else { continue };
            for fact in facts(condition, true) {
                // Said once is enough: the first holds for all that stands below.
                if told.insert(fact.path.clone()) {
                    let fact = Fact { guard: Some((level, at)), ..fact };
                    guards.by_root.entry(fact.root.clone()).or_default().push((at, fact));
                }
            }
        }
        guards
    }

    /// What is known at the statement `at`, which mentions `names`.
    pub(super) fn above<'a>(&'a self, at: usize, names: &'a BTreeSet<Arc<str>>) -> impl Iterator<Item = Fact> + 'a {
        let is_few = self.by_root.len() <= names.len();
        let all = self.by_root.iter().filter(move |(root, _)| is_few && names.contains(*root)).map(|(_, facts)| facts);
        let looked_up = names.iter().filter(move |_| !is_few).filter_map(|name| self.by_root.get(name));
        all.chain(looked_up).flatten().filter(move |(guard, _)| *guard < at).map(|(_, fact)| fact.clone())
    }
}
