//! What a step is and what it looks at, told apart from where it stands: layout, comments, other steps and the names of
//! files do not count.

use std::collections::HashMap;

use crate::check::program::{
    Action, Block, Comprehension, Expr, ExprKind, ForEach, Fragment, FunctionBody, FunctionId, OnFailure, Parallel,
    Program, RunField, Step,
};
use crate::external::Code;
use crate::primitive::Effect;
use crate::query::promql;
use crate::value::{Fingerprint, SqlTemplate};

/// A step's code, and what its value follows from besides.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    /// Stands for the code, with all functions that it calls.
    pub(crate) code: String,
    /// The slots outside of the step that it looks at, by how many blocks out and which, in the order in which it does.
    pub(crate) slots: Vec<(usize, usize)>,
    /// The facts of the run that it looks at, likewise.
    pub(crate) facts: Vec<RunField>,
    /// Whether it makes writes that, made twice, would leave more than made once.
    pub(crate) doubles: bool,
}

impl Identity {
    /// That of what a step does, once: how often it is tried and what stands in for its failure do not count.
    pub(crate) fn of(step: &Step, program: &Program) -> Self {
        let mut teller = Teller { depth: Some(0), ..Teller::default() };
        teller.hash.text(env!("CARGO_PKG_VERSION"));
        teller.action(&step.action);
        teller.functions(program);
        Self { code: teller.hash.finish(), slots: teller.slots, facts: teller.facts, doubles: teller.doubles }
    }
}

#[derive(Default)]
struct Teller {
    hash: Fingerprint,
    slots: Vec<(usize, usize)>,
    facts: Vec<RunField>,
    doubles: bool,
    /// How many blocks the step stands out of here; `None` in functions, whose slots are all their own.
    depth: Option<usize>,
    /// The functions in the order in which they are met.
    called: HashMap<FunctionId, usize>,
    waiting: Vec<FunctionId>,
}

impl Teller {
    fn functions(&mut self, program: &Program) {
        self.depth = None;
        while let Some(id) = self.waiting.pop() {
            let Some(function) = program.functions.get(id.0) else { continue };
            self.word("function", self.called.get(&id).copied().unwrap_or_default());
            self.hash.text(&function.returns.to_string());
            match &function.body {
                FunctionBody::Expression(body) => self.expr(body),
                FunctionBody::Block(block) => self.block(block),
                FunctionBody::External(external) => {
                    self.doubles |= function.effect == Effect::Write;
                    self.hash.text(external.program.language.name());
                    self.hash.text(&external.program.entry);
                    match &external.program.code {
                        Code::File(file) => self.hash.text(&file.display().to_string()),
                        Code::Inline { text, .. } => self.hash.text(text),
                    }
                }
            }
        }
    }

    fn word(&mut self, word: &str, count: usize) {
        self.hash.text(word);
        self.hash.number(count as u64);
    }

    fn block(&mut self, block: &Block) {
        self.depth = self.depth.map(|depth| depth + 1);
        self.word("block", block.steps.len());
        for step in &block.steps {
            self.word("step", step.slot.map_or(0, |slot| slot + 1));
            let doubles = self.doubles;
            self.action(&step.action);
            // A key says that repeating it is safe.
            self.doubles = doubles || (self.doubles && step.policy.key.is_none());
            self.on_failure(&step.on_failure);
        }
        self.maybe(block.result.as_ref());
        self.depth = self.depth.map(|depth| depth.saturating_sub(1));
    }

    fn on_failure(&mut self, on_failure: &OnFailure) {
        match on_failure {
            OnFailure::Fail => self.word("fail", 0),
            OnFailure::Skip => self.word("skip", 0),
            OnFailure::Use(value) => {
                self.word("use", 1);
                self.expr(value);
            }
            OnFailure::Block(block) => self.block(block),
        }
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::Expression(expr) => self.expr(expr),
            Action::Transaction { connection, block } => {
                self.word("transaction", 1);
                self.expr(connection);
                self.block(block);
            }
            Action::ForEach(each) => self.for_each(each),
            Action::When { arms, otherwise } => {
                self.word("when", arms.len());
                for (condition, block) in arms {
                    self.expr(condition);
                    self.block(block);
                }
                self.word("else", usize::from(otherwise.is_some()));
                if let Some(block) = otherwise {
                    self.block(block);
                }
            }
            Action::Check { is_expect, condition, message, .. } => {
                self.word(if *is_expect { "expect" } else { "require" }, 1);
                self.expr(condition);
                self.maybe(message.as_ref());
            }
        }
    }

    fn for_each(&mut self, each: &ForEach) {
        self.word("for each", usize::from(each.continues));
        self.expr(&each.over);
        match &each.parallel {
            Parallel::No => {}
            Parallel::Pool(connections) => self.all(connections),
            Parallel::Count(count) => self.expr(count),
        }
        self.block(&each.block);
    }

    fn maybe(&mut self, expr: Option<&Expr>) {
        self.word("maybe", usize::from(expr.is_some()));
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    fn all<'a>(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) {
        let exprs: Vec<&Expr> = exprs.into_iter().collect();
        self.word("all", exprs.len());
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Literal(value) => self.hash.value(value),
            ExprKind::Slot { up, index } => self.slot(*up, *index),
            ExprKind::Local(at) => self.word("local", *at),
            ExprKind::Run(field) => {
                self.hash.text(&format!("run.{field:?}"));
                if !self.facts.contains(field) {
                    self.facts.push(*field);
                }
            }
            ExprKind::Interpolated(fragments) => fragments.iter().for_each(|fragment| match fragment {
                Fragment::Text(text) => self.hash.text(text),
                Fragment::Hole(hole, format) => {
                    self.hash.text(format.as_deref().unwrap_or_default());
                    self.expr(hole);
                }
            }),
            ExprKind::Sql(template, holes) => {
                self.sql(template);
                self.all(holes);
            }
            ExprKind::Promql(template, holes) => {
                template.pieces.iter().for_each(|piece| match piece {
                    promql::Piece::Text(text) => self.hash.text(text),
                    promql::Piece::Hole(at) => self.word("hole", *at),
                });
                self.all(holes);
            }
            _ => self.compound(expr),
        }
    }

    fn compound(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Property { of, property, optional } => {
                self.word(property.name, usize::from(*optional));
                self.expr(of);
            }
            ExprKind::Field { of, name, optional } => {
                self.word(name, 2 + usize::from(*optional));
                self.expr(of);
            }
            ExprKind::Cast(of, _) | ExprKind::Widen(of) => {
                self.hash.text(&expr.ty.to_string());
                self.expr(of);
            }
            ExprKind::Index(a, b) => self.named("index", [&**a, &**b]),
            ExprKind::Negate(of) => self.named("negate", [&**of]),
            ExprKind::Not(of) => self.named("not", [&**of]),
            ExprKind::Binary(operator, a, b) => self.named(&format!("{operator:?}"), [&**a, &**b]),
            ExprKind::AddBusinessDays(a, b, c) => self.named("bdays", [&**a, &**b, &**c]),
            ExprKind::If(a, b, c) => self.named("if", [&**a, &**b, &**c]),
            ExprKind::List(items) => self.named("list", items),
            ExprKind::Record(shape, items) => {
                shape.iter().for_each(|name| self.hash.text(name));
                self.named("record", items);
            }
            ExprKind::Map(pairs) => self.named("map", pairs.iter().flat_map(|(key, value)| [key, value])),
            ExprKind::Table(shape, rows) => {
                shape.iter().for_each(|name| self.hash.text(name));
                self.named("table", rows.iter().flatten());
            }
            ExprKind::ListComprehension(item, comprehension) => {
                self.named("each", [&**item]);
                self.comprehension(comprehension);
            }
            ExprKind::MapComprehension(pair, comprehension) => {
                self.named("each", [&pair.0, &pair.1]);
                self.comprehension(comprehension);
            }
            ExprKind::Primitive(spec, arguments) => {
                self.doubles |= spec.effect == Effect::Write && !spec.idempotent;
                self.hash.text(spec.name);
                self.hash.text(&expr.ty.to_string());
                for argument in arguments {
                    self.maybe(argument.as_ref());
                }
            }
            ExprKind::Function(id, arguments) => {
                let next = self.called.len();
                let number = *self.called.entry(*id).or_insert(next);
                if number == next {
                    self.waiting.push(*id);
                }
                self.word("call", number);
                self.all(arguments);
            }
            _ => {}
        }
    }

    fn named<'a>(&mut self, word: &str, exprs: impl IntoIterator<Item = &'a Expr>) {
        self.hash.text(word);
        self.all(exprs);
    }

    fn comprehension(&mut self, comprehension: &Comprehension) {
        for one in &comprehension.loops {
            self.word("in", one.first);
            self.word("and", one.second.map_or(0, |second| second + 1));
            self.expr(&one.over);
        }
        self.maybe(comprehension.filter.as_deref());
    }

    /// A slot outside counts by when it is first looked at: which number it has depends on the other steps of the file.
    fn slot(&mut self, up: usize, index: usize) {
        match self.depth.and_then(|depth| up.checked_sub(depth)) {
            Some(up) => {
                let known = self.slots.iter().position(|slot| *slot == (up, index));
                let at = known.unwrap_or_else(|| {
                    self.slots.push((up, index));
                    self.slots.len() - 1
                });
                self.word("outside", at);
            }
            None => {
                self.word("inside", up);
                self.hash.number(index as u64);
            }
        }
    }

    fn sql(&mut self, template: &SqlTemplate) {
        template.pieces.iter().for_each(|piece| match piece {
            crate::value::Piece::Text(text) => self.hash.text(text),
            crate::value::Piece::Hole(at) => self.word("hole", *at),
        });
    }
}
