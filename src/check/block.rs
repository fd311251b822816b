//! Statements: the steps of a block, their order, and what each gives.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::Checker;
use super::after::After;
use super::expression::strongest;
use super::fit::{fit, fit_action, fit_result};
use super::mismatch::Want;
use super::narrow::Guards;
use super::order::{Graph, draw};
use super::program::{Action, Block, Expr, ExprKind, OnFailure, Policy, Step};
use super::scope::{BlockScope, ConnectionKey, Role, Scope};
use super::uses::{Uses, name_of};
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Effect;
use crate::source::Span;
use crate::syntax::ast::{self, Name, Statement, StatementKind, TypeExpr};
use crate::value::Type;

/// A checked block and the type of its `yield`, [`Type::None`] without one.
pub(super) struct Checked {
    pub(super) block: Block,
    pub(super) yields: Type,
}

/// A step with what is needed to order it among the others.
struct Placed {
    step: Step,
    written: Vec<ConnectionKey>,
    is_require: bool,
    /// The `require`s above it whose word it takes that something is not `none`.
    relies_on: Vec<usize>,
    /// The steps that it names in `after:`.
    after: Vec<After>,
}

impl Checker<'_> {
    /// Checks a block in a scope of its own; `prepare` binds the names it starts with.
    pub(super) fn inner_block(
        &mut self,
        scope: &mut Scope,
        block: &ast::Block,
        wanted: Option<&Type>,
        prepare: impl FnOnce(&mut Self, &mut Scope),
    ) -> Checked {
        scope.blocks.push(BlockScope::default());
        prepare(self, scope);
        let mut checked = self.statements(scope, &block.statements, wanted);
        checked.block.slots = self.close_block(scope, &checked.block.steps);
        checked
    }

    /// Leaves a block and warns of results that nobody used; gives the number of its slots.
    pub(super) fn close_block(&mut self, scope: &mut Scope, steps: &[Step]) -> usize {
        let Some(block) = scope.blocks.pop() else { return 0 };
        self.homes.keep(&block, steps.iter().map(|step| step.span));
        let pure_slots: HashSet<usize> =
            steps.iter().filter(|step| step.effect < Effect::Write).filter_map(|step| step.slot).collect();
        for (name, binding) in &block.names {
            if binding.role == Role::Step
                && !binding.is_used
                && pure_slots.contains(&binding.slot)
                && !name.starts_with('_')
            {
                let finding = Diagnostic::new(&codes::VF103, binding.span, format!("nothing uses `{name}`"))
                    .help("remove the step, or use its value in another step or an output");
                self.warn(finding);
            }
        }
        block.names.len()
    }

    /// Checks statements in the innermost scope, in the order of their data.
    ///
    /// `wanted` is the type that its `yield` should have, where somebody says.
    pub(super) fn statements<'s>(
        &mut self,
        scope: &mut Scope,
        statements: impl IntoIterator<Item = &'s Statement>,
        wanted: Option<&Type>,
    ) -> Checked {
        let statements: Vec<&Statement> = statements.into_iter().collect();
        self.bind_names(scope, &statements);
        let uses: Vec<BTreeSet<Arc<str>>> = statements.iter().copied().map(Uses::of_statement).collect();
        let guards = Guards::of(&statements, scope.blocks.len().saturating_sub(1));
        let mut placed: Vec<Option<Placed>> = statements.iter().map(|_| None).collect();
        let mut result = None;
        for at in self.data_order(&statements, &uses) {
            let (Some(statement), Some(names)) = (statements.get(at), uses.get(at)) else { continue };
            if let StatementKind::Yield(value) = &statement.kind {
                self.check_yield(statement, at + 1 == statements.len());
                result = Some((value, names));
            } else if let Some(slot) = placed.get_mut(at) {
                let depth = scope.narrowed.len();
                scope.narrowed.extend(guards.above(at, names));
                *slot = Some(self.statement(scope, statement));
                scope.narrowed.truncate(depth);
            }
        }
        // After the steps, whose types it needs, whatever their order in the file.
        let result = result.map(|(value, names)| {
            let depth = scope.narrowed.len();
            scope.narrowed.extend(guards.above(statements.len(), names));
            let checked = self.expr(scope, value, wanted);
            scope.narrowed.truncate(depth);
            checked
        });
        let yields = result.as_ref().map_or(Type::None, |expr| expr.ty.clone());
        let steps = self.in_order(placed.into_iter().flatten().collect());
        let slots = scope.blocks.last().map_or(0, |block| block.names.len());
        Checked { block: Block { slots, steps, result }, yields }
    }

    fn check_yield(&mut self, statement: &Statement, is_last: bool) {
        if !is_last {
            let finding = Diagnostic::new(&codes::VF001, statement.span, "`yield` is the last statement of its block")
                .help("move it to the end of the block");
            self.report(finding);
        }
    }

    fn bind_names(&mut self, scope: &mut Scope, statements: &[&Statement]) {
        for statement in statements {
            if let StatementKind::Step { name: Some(name), .. } = &statement.kind {
                self.refuse_shadow(scope, name);
                let is_known = scope.blocks.last().is_some_and(|block| block.names.contains_key(&name.node));
                if !is_known {
                    scope.bind(&name.node, name.span, Type::Error, Role::Step);
                }
            }
        }
    }

    /// The order in which types can be known; cycles are told once and cut.
    fn data_order(&mut self, statements: &[&Statement], uses: &[BTreeSet<Arc<str>>]) -> Vec<usize> {
        let mut places: HashMap<Arc<str>, usize> = HashMap::new();
        for (at, statement) in statements.iter().enumerate() {
            if let Some(name) = name_of(statement) {
                places.entry(name).or_insert(at);
            }
        }
        let edges = uses.iter().enumerate().flat_map(|(at, names)| {
            let mut places_used: Vec<usize> = names.iter().filter_map(|name| places.get(name).copied()).collect();
            places_used.sort_unstable();
            places_used.into_iter().map(move |to| (at, to))
        });
        let graph = Graph::new(statements.len(), edges.collect::<Vec<_>>());
        for cycle in graph.cycles() {
            let members: Vec<&Statement> = cycle.iter().filter_map(|at| statements.get(*at)).copied().collect();
            self.report_cycle(&members, "these steps wait for each other");
        }
        graph.order()
    }

    fn report_cycle(&mut self, members: &[&Statement], message: &str) {
        let names: Vec<Name> = members
            .iter()
            .filter_map(|statement| match &statement.kind {
                StatementKind::Step { name: Some(name), .. } => Some(name.clone()),
                _ => None,
            })
            .collect();
        let Some(first) = names.first() else { return };
        let message = if names.len() == 1 { format!("`{}` waits for itself", first.node) } else { message.to_owned() };
        let mut finding = Diagnostic::new(&codes::VF105, first.span, message);
        for (name, next) in names.iter().zip(names.iter().cycle().skip(1)) {
            let text = format!("`{}` uses `{}`", name.node, next.node);
            finding = if name.span == first.span { finding.at(text) } else { finding.label(name.span, text) };
        }
        let path: Vec<&str> = names.iter().map(|name| &*name.node).collect();
        let help = if path.len() == 1 {
            "a name keeps its value, and this is the first: take what it is made of from another name"
        } else {
            "one of them must do without the other"
        };
        self.report(finding.note(draw(&path)).help(help));
    }

    fn statement(&mut self, scope: &mut Scope, statement: &Statement) -> Placed {
        let outer = std::mem::take(&mut scope.footprint);
        if let Some(block) = scope.blocks.last_mut() {
            block.touched.clear();
            block.relied_on.clear();
            block.after.clear();
        }
        let mut step = match &statement.kind {
            StatementKind::Step { name, ty, action } => self.step(scope, statement, name.as_ref(), ty.as_ref(), action),
            StatementKind::Check { is_expect, condition, message } => {
                self.guard(scope, statement, *is_expect, condition, message.as_ref())
            }
            StatementKind::Yield(_) => {
                Self::step_of(statement, "yield", Action::When { arms: Vec::new(), otherwise: None })
            }
        };
        let is_write = step.effect == Effect::Write;
        let is_transaction = matches!(step.action, Action::Transaction { .. });
        // A transaction happens wholly or not at all, so an attempt that failed may be made again.
        step.idempotent = is_transaction || !scope.footprint.is_unsafe_to_repeat;
        step.upstream = scope.blocks.last().map(|block| block.touched.iter().copied().collect()).unwrap_or_default();
        let footprint = std::mem::replace(&mut scope.footprint, outer);
        let written = if is_write { footprint.written.iter().copied().collect() } else { Vec::new() };
        scope.footprint.absorb(footprint);
        let is_require = matches!(statement.kind, StatementKind::Check { is_expect: false, .. });
        let relies_on = scope.blocks.last().map(|block| block.relied_on.iter().copied().collect()).unwrap_or_default();
        let after = scope.blocks.last().map(|block| block.after.clone()).unwrap_or_default();
        Placed { step, written, is_require, relies_on, after }
    }

    fn step_of(statement: &Statement, name: &str, action: Action) -> Step {
        let effect = action_effect(&action);
        Step {
            name: name.into(),
            is_shown: true,
            slot: None,
            action,
            policy: Policy::default(),
            on_failure: OnFailure::Fail,
            effect,
            idempotent: true,
            ty: Type::None,
            span: statement.span,
            upstream: Vec::new(),
            after: Vec::new(),
        }
    }

    fn step(
        &mut self,
        scope: &mut Scope,
        statement: &Statement,
        name: Option<&Name>,
        ty: Option<&TypeExpr>,
        action: &ast::Action,
    ) -> Step {
        let stated = ty.map(|ty| self.read_type(scope.module, ty));
        let continues = continues(statement);
        let outer = std::mem::replace(&mut scope.step, name.map(|name| name.node.clone()));
        let (checked, gives) = self.action(scope, action, stated.as_ref(), continues);
        scope.step = outer;
        let label = name.map_or_else(|| self.label(action), |name| name.node.clone());
        let mut step = Self::step_of(statement, &label, checked);
        step.ty = self.clauses(scope, statement, &mut step, &gives);
        if let Some(stated) = stated {
            let place = super::expression::broken(value_span(action));
            let want = Want { what: "the step", declared: ty.map(|ty| ty.span) };
            self.expect(&Expr { ty: step.ty, ..place }, &stated, want);
            step.ty = stated;
        }
        fit_action(&mut step.action, &step.ty);
        match &mut step.on_failure {
            OnFailure::Block(block) => fit_result(block, &step.ty),
            OnFailure::Use(value) => fit(value, &step.ty),
            OnFailure::Fail | OnFailure::Skip => {}
        }
        if let Some(name) = name {
            step.slot = scope
                .blocks
                .last()
                .and_then(|block| block.names.get(&name.node))
                .filter(|b| b.span == name.span)
                .map(|b| b.slot);
            if step.slot.is_some() {
                scope.set_type(&name.node, step.ty.clone());
            }
        }
        step
    }

    fn action(
        &mut self,
        scope: &mut Scope,
        action: &ast::Action,
        wanted: Option<&Type>,
        continues: bool,
    ) -> (Action, Type) {
        match action {
            ast::Action::Expression(expr) => {
                scope.action = Some(expr.span);
                scope.stated = wanted.map(|_| expr.span);
                let checked = self.expr(scope, expr, wanted);
                (scope.action, scope.stated) = (None, None);
                let checked = match wanted {
                    // What nobody knows before the run is held against the stated type when it arrives.
                    Some(wanted) if checked.ty == Type::Any => {
                        let (span, effect) = (checked.span, checked.effect);
                        Expr { kind: ExprKind::Cast(Box::new(checked), None), ty: wanted.clone(), span, effect }
                    }
                    _ => checked,
                };
                let ty = checked.ty.clone();
                (Action::Expression(checked), ty)
            }
            ast::Action::Do(span, expr) => {
                let is_call = called(expr);
                scope.do_span = Some(*span).filter(|_| is_call);
                let checked = self.expr(scope, expr, wanted);
                scope.do_span = None;
                if !is_call {
                    let finding = Diagnostic::new(&codes::VF601, *span, "`do` stands before a call that writes")
                        .label(expr.span, "this is no call")
                        .help("leave `do` out");
                    self.report(finding);
                }
                let ty = checked.ty.clone();
                (Action::Expression(checked), ty)
            }
            ast::Action::Transaction { do_span, connection, block } => {
                self.transaction(scope, *do_span, (connection, block), wanted)
            }
            ast::Action::ForEach(each) => self.for_each(scope, each, wanted, continues),
            ast::Action::When(when) => self.when(scope, when, wanted),
        }
    }

    fn guard(
        &mut self,
        scope: &mut Scope,
        statement: &Statement,
        is_expect: bool,
        condition: &ast::Expr,
        message: Option<&ast::Expr>,
    ) -> Step {
        let text = self.text(condition.span);
        let condition = self.expr_of(scope, condition, &Type::Bool, if is_expect { "`expect`" } else { "`require`" });
        let message = message.map(|message| self.expr_of(scope, message, &Type::Text, "`else`"));
        if let Some(clause) = statement.clauses.first() {
            let finding = Diagnostic::new(&codes::VF001, clause.span, "`require` and `expect` take no clauses");
            self.report(finding.help("put the clause on the step that this looks at"));
        }
        let name = if is_expect { "expect" } else { "require" };
        let mut step = Self::step_of(statement, name, Action::Check { is_expect, condition, message, text });
        step.is_shown = false;
        step
    }

    /// What stands in the file, on one line.
    pub(super) fn text(&self, span: Span) -> Arc<str> {
        self.source_text(span).split_whitespace().collect::<Vec<_>>().join(" ").into()
    }

    /// What stands in the file.
    pub(super) fn source_text(&self, span: Span) -> &str {
        self.modules.slice(span)
    }

    /// What a step without a name is called.
    fn label(&self, action: &ast::Action) -> Arc<str> {
        match action {
            ast::Action::Do(_, expr) => match &expr.kind {
                ast::ExprKind::Call { callee, .. } => format!("do {}", self.text(callee.span)).into(),
                _ => "do".into(),
            },
            ast::Action::Expression(_) => "expression".into(),
            ast::Action::Transaction { .. } => "transaction".into(),
            ast::Action::ForEach(each) => format!("for each {}", each.pattern.first.node).into(),
            ast::Action::When(_) => "when".into(),
        }
    }

    /// Turns slots into steps and adds what order the file's writes and requirements ask for.
    fn in_order(&mut self, placed: Vec<Placed>) -> Vec<Step> {
        let by_slot: HashMap<usize, usize> =
            placed.iter().enumerate().filter_map(|(at, one)| Some((one.step.slot?, at))).collect();
        let data: Vec<Vec<usize>> = placed
            .iter()
            .enumerate()
            .map(|(at, one)| {
                one.step.upstream.iter().filter_map(|slot| by_slot.get(slot).copied()).filter(|up| *up != at).collect()
            })
            .collect();
        let mut order = order_edges(&placed);
        order.extend(placed.iter().enumerate().flat_map(|(at, one)| one.relies_on.iter().map(move |up| (at, *up))));
        let after = self.check_after(&placed, &by_slot, &data, &order);
        let stated: Vec<(usize, usize)> = edges_of(&data).chain(after.iter().copied()).collect();
        let cycles = Graph::new(placed.len(), stated.iter().chain(&order).copied()).cycles();
        let has_stated_cycle = !Graph::new(placed.len(), stated).cycles().is_empty();
        if let (Some(cycle), false) = (cycles.first(), has_stated_cycle) {
            self.report_order(cycle, &placed);
        }
        let mut steps: Vec<Step> = placed.into_iter().map(|one| one.step).collect();
        for (step, upstream) in steps.iter_mut().zip(data) {
            step.upstream = upstream;
        }
        for (at, up) in after {
            if let Some(step) = steps.get_mut(at) {
                step.after.push(up);
            }
            order.push((at, up));
        }
        for (at, up) in order {
            if let Some(step) = steps.get_mut(at) {
                step.upstream.push(up);
            }
        }
        for step in &mut steps {
            step.upstream.sort_unstable();
            step.upstream.dedup();
        }
        steps
    }

    /// The edges of `after:`; warns of those that say nothing new.
    fn check_after(
        &mut self,
        placed: &[Placed],
        by_slot: &HashMap<usize, usize>,
        data: &[Vec<usize>],
        order: &[(usize, usize)],
    ) -> Vec<(usize, usize)> {
        if placed.iter().all(|one| one.after.is_empty()) {
            return Vec::new();
        }
        let place = |after: &After| by_slot.get(&after.slot).map(|at| (*at, after.span));
        let after: Vec<Vec<(usize, Span)>> =
            placed.iter().map(|one| one.after.iter().filter_map(place).collect()).collect();
        let mut edges = data.to_vec();
        for (at, up) in order {
            edges.get_mut(*at).into_iter().for_each(|ups| ups.push(*up));
        }
        let steps: Vec<&Step> = placed.iter().map(|one| &one.step).collect();
        self.needless_after(&steps, &edges, &after);
        after.iter().enumerate().flat_map(|(at, ups)| ups.iter().map(move |(up, _)| (at, *up))).collect()
    }

    /// Data says one order, the file another: a `require` or a write stands before what it needs.
    fn report_order(&mut self, cycle: &[usize], placed: &[Placed]) {
        let members: Vec<&Step> = cycle.iter().filter_map(|at| placed.get(*at)).map(|one| &one.step).collect();
        let (Some(first), Some(second)) = (members.first(), members.get(1)) else { return };
        let names: Vec<&str> = members.iter().map(|step| &*step.name).collect();
        let finding = Diagnostic::new(
            &codes::VF105,
            first.span,
            format!("`{}` stands before `{}`, and needs it", first.name, second.name),
        )
        .label(second.span, "stands below, and waits for it")
        .note("a `require` guards what stands below it, and writes through one connection keep their order")
        .note(draw(&names))
        .help("move it below what it needs");
        self.report(finding);
    }
}

/// Lists of what each step uses, as edges.
fn edges_of(uses: &[Vec<usize>]) -> impl Iterator<Item = (usize, usize)> {
    uses.iter().enumerate().flat_map(|(at, ups)| ups.iter().map(move |up| (at, *up)))
}

/// Writes through one connection keep their order; requirements hold before the writes below them.
fn order_edges(placed: &[Placed]) -> Vec<(usize, usize)> {
    let mut edges = Vec::new();
    let mut last_write: HashMap<ConnectionKey, usize> = HashMap::new();
    let mut last_require = None;
    for (at, one) in placed.iter().enumerate() {
        if one.is_require {
            edges.extend(last_require.map(|before| (at, before)));
            last_require = Some(at);
        }
        if one.step.effect == Effect::Write {
            edges.extend(last_require.map(|before| (at, before)));
        }
        for key in &one.written {
            edges.extend(last_write.insert(*key, at).map(|before| (at, before)));
        }
    }
    edges
}

/// Whether an expression is a call, also one whose result is looked into or decoded.
fn called(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ast::ExprKind::Call { .. } => true,
        ast::ExprKind::Field { of, .. } | ast::ExprKind::Index(of, _) | ast::ExprKind::Cast(of, _) => called(of),
        _ => false,
    }
}

fn continues(statement: &Statement) -> bool {
    statement.clauses.iter().any(|clause| matches!(clause.kind, ast::ClauseKind::OnFailureContinue))
}

fn value_span(action: &ast::Action) -> Span {
    match action {
        ast::Action::Expression(expr) | ast::Action::Do(_, expr) => expr.span,
        ast::Action::Transaction { block, .. } => block.span,
        ast::Action::ForEach(each) => each.block.span,
        ast::Action::When(when) => when.then.span,
    }
}

/// The strongest effect in a block.
pub(super) fn block_effect(block: &Block) -> Effect {
    let steps = block.steps.iter().map(|step| step.effect).max().unwrap_or(Effect::Pure);
    steps.max(strongest(&block.result))
}

fn action_effect(action: &Action) -> Effect {
    match action {
        Action::Expression(expr) => expr.effect,
        Action::Transaction { .. } => Effect::Write,
        Action::ForEach(each) => each.over.effect.max(block_effect(&each.block)),
        Action::When { arms, otherwise } => {
            let arms = arms.iter().map(|(condition, block)| condition.effect.max(block_effect(block)));
            arms.chain(otherwise.iter().map(block_effect)).max().unwrap_or(Effect::Pure)
        }
        Action::Check { condition, message, .. } => condition.effect.max(strongest(message)),
    }
}
