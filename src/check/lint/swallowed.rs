//! Failures that look like emptiness, where emptiness decides what is written.
//!
//! What stands in for a failed read is followed through the steps below it: a list stays empty, a
//! count is zero, a look-up gives `none`. A condition that holds for that reason, and a write that depends
//! on it, are a finding. The statements are followed in the order of the file.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::comparison::answer;
use super::repeat::has_word;
use super::{Facts, literal};
use crate::check::program::{
    Action, BinaryOperator as Op, Block, Comprehension, Expr, ExprKind, FunctionBody, OnFailure, Step,
};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Effect;
use crate::source::Span;
use crate::value::{Type, Value};

/// How deep functions are looked into.
const DEEPEST: usize = 8;

/// VF605: `on failure use []` on a read whose emptiness decides a later write.
pub(super) fn decides_writes(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    let mut search = Search { facts, origins: Vec::new(), told: HashSet::new(), marks: Vec::new(), findings };
    for workflow in &facts.program.workflows {
        search.block(&workflow.body);
    }
    for function in &facts.program.functions {
        if let FunctionBody::Block(block) = &function.body {
            search.block(block);
        }
    }
}

/// What a value is when the read that it comes from has failed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stand {
    /// `none`.
    Nothing,
    /// `0`.
    Zero,
    /// `[]` or `{}`.
    Empty,
}

/// The value of a step in case of a failure.
#[derive(Debug, Clone, Copy)]
enum Mark {
    /// It is this, because of that origin.
    Is(Stand, usize),
    /// What it is was decided here, because of that origin.
    Decided(Span, usize),
}

/// A read that goes on after a failure.
struct Origin {
    name: Arc<str>,
    place: Span,
}

struct Search<'f, 'a> {
    facts: &'f Facts<'a>,
    origins: Vec<Origin>,
    /// The origins that nothing more is to be said of.
    told: HashSet<usize>,
    /// By block, outermost first, and slot.
    marks: Vec<HashMap<usize, Mark>>,
    findings: &'f mut Vec<Diagnostic>,
}

/// What is known of an expression's locals.
type Locals = HashMap<usize, (Stand, usize)>;

impl Search<'_, '_> {
    fn block(&mut self, block: &Block) {
        self.marks.push(HashMap::new());
        for step in &block.steps {
            self.step(step);
        }
        self.marks.pop();
    }

    fn step(&mut self, step: &Step) {
        if let Some(mark) = self.mark(step)
            && let (Some(slot), Some(marks)) = (step.slot, self.marks.last_mut())
        {
            marks.insert(slot, mark);
        }
        match &step.action {
            Action::Check { is_expect: false, condition, .. } => self.guarded(condition),
            Action::When { arms, otherwise } if step.effect == Effect::Write => self.when(arms, otherwise.as_ref()),
            Action::ForEach(each) if step.effect == Effect::Write => {
                let mark = self.mark_of(&each.over);
                self.tell(mark, each.over.span);
            }
            Action::Expression(expr) if step.effect == Effect::Write => self.write(expr),
            _ => {}
        }
        for inner in walk::inner_blocks(step) {
            self.block(inner);
        }
    }

    fn mark(&mut self, step: &Step) -> Option<Mark> {
        let Action::Expression(expr) = &step.action else { return None };
        match step.effect {
            Effect::Pure => self.mark_of(expr),
            Effect::Read => {
                let (stand, place) = self.stand_in(step, expr)?;
                self.origins.push(Origin { name: step.name.clone(), place });
                Some(Mark::Is(stand, self.origins.len() - 1))
            }
            Effect::Write => None,
        }
    }

    /// What a read gives when it failed, where that cannot be told from what it may give otherwise.
    fn stand_in(&self, step: &Step, expr: &Expr) -> Option<(Stand, Span)> {
        match &step.on_failure {
            OnFailure::Use(value) => {
                let stand = match &value.kind {
                    ExprKind::Literal(Value::None) if expr.ty.is_optional() => Stand::Nothing,
                    ExprKind::Literal(Value::Int(0)) => Stand::Zero,
                    ExprKind::List(items) if items.is_empty() => Stand::Empty,
                    ExprKind::Map(pairs) if pairs.is_empty() => Stand::Empty,
                    _ => return None,
                };
                Some((stand, value.span))
            }
            OnFailure::Skip if expr.ty.is_optional() => {
                let at = self.facts.text(step.span).rfind("skip")?;
                Some((Stand::Nothing, step.span.slice(at, at + "skip".len())))
            }
            _ => None,
        }
    }

    /// A `require` that fails for an empty value lets no write below it happen.
    fn guarded(&mut self, condition: &Expr) {
        if let Some((false, origin)) = self.when_empty(condition, &Locals::new(), 0) {
            self.told.insert(origin);
        }
    }

    fn when(&mut self, arms: &[(Expr, Block)], otherwise: Option<&Block>) {
        let mut passed = None;
        for (condition, block) in arms {
            if writes(block) {
                self.tell(passed, condition.span);
            }
            match self.when_empty(condition, &Locals::new(), 0) {
                Some((true, origin)) if writes(block) => {
                    self.tell(Some(Mark::Decided(condition.span, origin)), condition.span);
                }
                Some((false, origin)) => passed = passed.or(Some(Mark::Decided(condition.span, origin))),
                _ => {}
            }
        }
        if let (Some(block), Some((condition, _))) = (otherwise, arms.last())
            && writes(block)
        {
            self.tell(passed, condition.span);
        }
    }

    fn write(&mut self, expr: &Expr) {
        let mark = self.mark_of(expr);
        self.tell(mark, super::callee(self.facts, expr));
        let mut spared = None;
        walk::visit(expr, &mut |expr| {
            if let ExprKind::Sql(template, holes) = &expr.kind
                && has_word(template, "delete")
                && has_word(template, "not")
            {
                spared = spared
                    .or_else(|| holes.iter().find_map(|hole| Some((self.stands(hole, &Locals::new())?.1, hole.span))));
            }
        });
        if let Some((origin, span)) = spared {
            self.tell(Some(Mark::Decided(span, origin)), span);
        }
    }

    /// What a pure expression is in case of a failure.
    fn mark_of(&self, expr: &Expr) -> Option<Mark> {
        let mut decided = None;
        walk::visit(expr, &mut |expr| decided = decided.or_else(|| self.decision(expr)));
        let decided = decided.map(|(span, origin)| Mark::Decided(span, origin));
        decided.or_else(|| self.stands(expr, &Locals::new()).map(|(stand, origin)| Mark::Is(stand, origin)))
    }

    /// Where an expression takes the other way because something is empty.
    fn decision(&self, expr: &Expr) -> Option<(Span, usize)> {
        match &expr.kind {
            ExprKind::Slot { up, index } => match self.mark_at(*up, *index)? {
                Mark::Decided(span, origin) => Some((span, origin)),
                Mark::Is(..) => None,
            },
            ExprKind::If(condition, ..) => {
                let (_, origin) = self.when_empty(condition, &Locals::new(), 0)?;
                Some((condition.span, origin))
            }
            ExprKind::Binary(Op::Coalesce, left, right) if literal(right).is_none() => {
                match self.stands(left, &Locals::new())? {
                    (Stand::Nothing, origin) => Some((expr.span, origin)),
                    _ => None,
                }
            }
            ExprKind::ListComprehension(_, within) | ExprKind::MapComprehension(_, within) => self.let_through(within),
            _ => None,
        }
    }

    /// A filter that holds for every item because something is empty.
    fn let_through(&self, within: &Comprehension) -> Option<(Span, usize)> {
        let filter = within.filter.as_deref()?;
        match self.when_empty(filter, &Locals::new(), 0)? {
            (true, origin) => Some((filter.span, origin)),
            (false, _) => None,
        }
    }

    fn mark_at(&self, up: usize, index: usize) -> Option<Mark> {
        let level = self.marks.len().checked_sub(up + 1)?;
        self.marks.get(level)?.get(&index).copied()
    }

    /// What an expression surely is in case of a failure.
    fn stands(&self, expr: &Expr, locals: &Locals) -> Option<(Stand, usize)> {
        match &expr.kind {
            ExprKind::Slot { up, index } => match self.mark_at(*up, *index)? {
                Mark::Is(stand, origin) => Some((stand, origin)),
                Mark::Decided(..) => None,
            },
            ExprKind::Local(index) => locals.get(index).copied(),
            ExprKind::Cast(of, _) | ExprKind::Widen(of) => self.stands(of, locals),
            ExprKind::Property { of, property, .. } => match (self.stands(of, locals)?, property.name) {
                ((Stand::Empty, origin), "count") => Some((Stand::Zero, origin)),
                ((Stand::Empty, origin), "keys" | "values") => Some((Stand::Empty, origin)),
                _ => None,
            },
            ExprKind::Index(of, _) if matches!(of.ty, Type::Map(..)) => match self.stands(of, locals)? {
                (Stand::Empty, origin) => Some((Stand::Nothing, origin)),
                _ => None,
            },
            ExprKind::ListComprehension(_, within) | ExprKind::MapComprehension(_, within) => {
                let empty = |expr: &Expr| self.stands(expr, locals).filter(|(stand, _)| *stand == Stand::Empty);
                within.loops.iter().find_map(|one| empty(&one.over))
            }
            ExprKind::Primitive(spec, arguments) => {
                let (stand, origin) = self.stands(arguments.first()?.as_ref()?, locals)?;
                match spec.verb() {
                    "unique" | "sort" | "take" | "skip" | "group" | "without" => Some((stand, origin)),
                    "count" => Some((Stand::Zero, origin)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether a condition holds in case of a failure, as far as that alone decides.
    fn when_empty(&self, condition: &Expr, locals: &Locals, depth: usize) -> Option<(bool, usize)> {
        let within = |expr: &Expr| self.when_empty(expr, locals, depth);
        match &condition.kind {
            ExprKind::Not(of) => within(of).map(|(truth, origin)| (!truth, origin)),
            ExprKind::Binary(op @ (Op::And | Op::Or), left, right) => {
                let both = [within(left), within(right)];
                let of = |truth: bool| both.into_iter().flatten().find(|(found, _)| *found == truth);
                if *op == Op::And { of(false).or_else(|| of(true)) } else { of(true) }
            }
            ExprKind::Binary(Op::In, _, right) => self.holds_nothing(right, locals).map(|origin| (false, origin)),
            ExprKind::Binary(Op::NotIn, _, right) => self.holds_nothing(right, locals).map(|origin| (true, origin)),
            ExprKind::Binary(op, left, right) => self.compared(*op, left, right, locals),
            ExprKind::Function(id, arguments) if depth < DEEPEST => {
                let function = self.facts.program.functions.get(id.0)?;
                let FunctionBody::Expression(body) = &function.body else { return None };
                let given = arguments.iter().map(|argument| self.stands(argument, locals)).enumerate();
                let given: Locals = given.filter_map(|(at, stand)| Some((at, stand?))).collect();
                if given.is_empty() { None } else { self.when_empty(body, &given, depth + 1) }
            }
            _ => None,
        }
    }

    fn holds_nothing(&self, expr: &Expr, locals: &Locals) -> Option<usize> {
        self.stands(expr, locals).filter(|(stand, _)| *stand == Stand::Empty).map(|(_, origin)| origin)
    }

    /// A comparison of what stands in with `none`, a number, `[]`.
    fn compared(&self, op: Op, left: &Expr, right: &Expr, locals: &Locals) -> Option<(bool, usize)> {
        let (stand, origin) = self.stands(left, locals)?;
        let order = match (stand, &right.kind) {
            (Stand::Nothing, ExprKind::Literal(Value::None)) => std::cmp::Ordering::Equal,
            (Stand::Zero, ExprKind::Literal(number @ Value::Int(_))) => Value::Int(0).cmp(number),
            (Stand::Empty, ExprKind::List(items)) if items.is_empty() => std::cmp::Ordering::Equal,
            _ => return None,
        };
        answer(op, order).map(|truth| (truth, origin))
    }

    fn tell(&mut self, mark: Option<Mark>, write: Span) {
        let Some(Mark::Decided(decided, at)) = mark else { return };
        if !self.told.insert(at) {
            return;
        }
        let Some(origin) = self.origins.get(at) else { return };
        let message = format!("when `{}` cannot be read it looks empty, and that decides what is written", origin.name);
        let finding =
            Diagnostic::new(&codes::VF605, origin.place, message).label(decided, "goes another way when it is empty");
        let finding = if write == decided { finding } else { finding.label(write, "and this writes") };
        self.findings.push(finding.help("leave `on failure` out, so that the run fails before it writes"));
    }
}

fn writes(block: &Block) -> bool {
    block.steps.iter().any(|step| step.effect == Effect::Write)
}
