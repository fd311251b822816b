//! Walking the typed program: expressions, steps.

use super::program::{
    Action, Block, Comprehension, Expr, ExprKind, ForEach, Fragment, Function, FunctionBody, FunctionId, OnFailure,
    Parallel, Policy, Program, Step, Workflow,
};

/// Calls `look` for an expression and every expression inside it. Iterative: a chain may be long.
pub(crate) fn visit<'a>(expr: &'a Expr, look: &mut impl FnMut(&'a Expr)) {
    let mut waiting = vec![expr];
    while let Some(expr) = waiting.pop() {
        look(expr);
        push_children(expr, &mut waiting);
    }
}

/// The expressions right inside an expression.
pub(crate) fn children(expr: &Expr) -> Vec<&Expr> {
    let mut all = Vec::new();
    push_children(expr, &mut all);
    all
}

fn push_children<'a>(expr: &'a Expr, to: &mut Vec<&'a Expr>) {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Slot { .. } | ExprKind::Local(_) | ExprKind::Run(_) => {}
        ExprKind::Property { of, .. }
        | ExprKind::Field { of, .. }
        | ExprKind::Cast(of, _)
        | ExprKind::Widen(of)
        | ExprKind::Negate(of)
        | ExprKind::Not(of) => to.push(of),
        ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => to.extend([&**a, &**b]),
        ExprKind::AddBusinessDays(a, b, c) | ExprKind::If(a, b, c) => to.extend([&**a, &**b, &**c]),
        ExprKind::Interpolated(fragments) => to.extend(fragments.iter().filter_map(|fragment| match fragment {
            Fragment::Hole(expr, _) => Some(expr),
            Fragment::Text(_) => None,
        })),
        ExprKind::Sql(_, items)
        | ExprKind::Promql(_, items)
        | ExprKind::List(items)
        | ExprKind::Record(_, items)
        | ExprKind::Function(_, items) => to.extend(items),
        ExprKind::Map(pairs) => to.extend(pairs.iter().flat_map(|(key, value)| [key, value])),
        ExprKind::Table(_, rows) => to.extend(rows.iter().flatten()),
        ExprKind::Primitive(_, arguments) => to.extend(arguments.iter().flatten()),
        ExprKind::ListComprehension(item, comprehension) => {
            to.push(item);
            push_comprehension(comprehension, to);
        }
        ExprKind::MapComprehension(pair, comprehension) => {
            to.extend([&pair.0, &pair.1]);
            push_comprehension(comprehension, to);
        }
    }
}

fn push_comprehension<'a>(comprehension: &'a Comprehension, to: &mut Vec<&'a Expr>) {
    to.extend(comprehension.loops.iter().map(|l| &l.over));
    to.extend(comprehension.filter.as_deref());
}

/// A step, with the blocks and loops it stands in.
#[derive(Debug, Clone)]
pub(crate) struct Site<'a> {
    /// The step.
    pub(crate) step: &'a Step,
    /// The blocks around it, outermost first; the last is its own. A slot `up` levels out belongs to the block
    /// that many places before the last.
    pub(crate) blocks: Vec<&'a Block>,
    /// The loops around it, outermost first.
    pub(crate) loops: Vec<&'a ForEach>,
}

impl Site<'_> {
    /// Whether a slot belongs to the workflow's or function's outermost block, where parameters and connections are.
    pub(crate) fn is_outermost(&self, up: usize) -> bool {
        up + 1 == self.blocks.len()
    }
}

/// Calls `look` for every step of a block and of the blocks inside it.
pub(crate) fn steps<'a>(block: &'a Block, look: &mut impl FnMut(&Site<'a>)) {
    walk_block(block, &mut Vec::new(), &mut Vec::new(), look);
}

/// Calls `look` for every step of the workflow, `failed` and `finally` included, whose parent is the body.
pub(crate) fn workflow_steps<'a>(workflow: &'a Workflow, look: &mut impl FnMut(&Site<'a>)) {
    steps(&workflow.body, look);
    for handler in workflow.failed.iter().chain(&workflow.finally) {
        walk_block(handler, &mut vec![&workflow.body], &mut Vec::new(), look);
    }
}

fn walk_block<'a>(
    block: &'a Block,
    blocks: &mut Vec<&'a Block>,
    loops: &mut Vec<&'a ForEach>,
    look: &mut impl FnMut(&Site<'a>),
) {
    blocks.push(block);
    for step in &block.steps {
        look(&Site { step, blocks: blocks.clone(), loops: loops.clone() });
        let depth = loops.len();
        if let Action::ForEach(each) = &step.action {
            loops.push(each);
        }
        for inner in action_blocks(&step.action) {
            walk_block(inner, blocks, loops, look);
        }
        loops.truncate(depth);
        if let OnFailure::Block(block) = &step.on_failure {
            walk_block(block, blocks, loops, look);
        }
    }
    blocks.pop();
}

/// Calls `look` for the expressions that a step itself evaluates, those of inner blocks left out.
pub(crate) fn step_expressions<'a>(step: &'a Step, look: &mut impl FnMut(&'a Expr)) {
    match &step.action {
        Action::Expression(expr) | Action::Transaction { connection: expr, .. } => look(expr),
        Action::ForEach(each) => {
            look(&each.over);
            match &each.parallel {
                Parallel::No => {}
                Parallel::Pool(connections) => connections.iter().for_each(&mut *look),
                Parallel::Count(count) => look(count),
            }
        }
        Action::When { arms, .. } => arms.iter().for_each(|(condition, _)| look(condition)),
        Action::Check { condition, message, .. } => {
            look(condition);
            message.iter().for_each(&mut *look);
        }
    }
    policy_expressions(&step.policy).for_each(&mut *look);
    if let OnFailure::Use(value) = &step.on_failure {
        look(value);
    }
}

fn policy_expressions(policy: &Policy) -> impl Iterator<Item = &Expr> {
    [&policy.timeout, &policy.retry, &policy.backoff, &policy.rate, &policy.key, &policy.cache].into_iter().flatten()
}

/// The function that an expression calls for its result, also one whose result is looked into or decoded.
pub(crate) fn called(expr: &Expr) -> Option<FunctionId> {
    match &expr.kind {
        ExprKind::Function(id, _) => Some(*id),
        ExprKind::Property { of, .. }
        | ExprKind::Field { of, .. }
        | ExprKind::Index(of, _)
        | ExprKind::Cast(of, _)
        | ExprKind::Widen(of) => called(of),
        _ => None,
    }
}

/// [`called`], to call another.
pub(crate) fn called_mut(expr: &mut Expr) -> Option<&mut FunctionId> {
    match &mut expr.kind {
        ExprKind::Function(id, _) => Some(id),
        ExprKind::Property { of, .. }
        | ExprKind::Field { of, .. }
        | ExprKind::Index(of, _)
        | ExprKind::Cast(of, _)
        | ExprKind::Widen(of) => called_mut(of),
        _ => None,
    }
}

/// The blocks inside a step.
pub(crate) fn inner_blocks(step: &Step) -> Vec<&Block> {
    let mut blocks = action_blocks(&step.action);
    if let OnFailure::Block(block) = &step.on_failure {
        blocks.push(block);
    }
    blocks
}

fn action_blocks(action: &Action) -> Vec<&Block> {
    match action {
        Action::Expression(_) | Action::Check { .. } => Vec::new(),
        Action::Transaction { block, .. } => vec![block],
        Action::ForEach(each) => vec![&each.block],
        Action::When { arms, otherwise } => arms.iter().map(|(_, block)| block).chain(otherwise).collect(),
    }
}

/// Calls `look` for every expression in a program, those inside others included.
pub(crate) fn expressions<'a>(program: &'a Program, look: &mut impl FnMut(&'a Expr)) {
    for workflow in &program.workflows {
        workflow_expressions(workflow, look);
    }
    for function in &program.functions {
        function_expressions(function, look);
    }
}

/// Calls `look` for every expression in a workflow, those inside others included.
pub(crate) fn workflow_expressions<'a>(workflow: &'a Workflow, look: &mut impl FnMut(&'a Expr)) {
    let params = workflow.params.iter().flat_map(|param| [&param.default, &param.require, &param.message]);
    let calendars = workflow.calendars.iter().map(|calendar| &calendar.value);
    let outputs = workflow.outputs.iter().map(|output| &output.value);
    let alone = params.flatten().chain(calendars).chain(policy_expressions(&workflow.defaults)).chain(outputs);
    alone.for_each(|expr| visit(expr, look));
    for block in [Some(&workflow.body), workflow.failed.as_ref(), workflow.finally.as_ref()].into_iter().flatten() {
        block_expressions(block, look);
    }
}

/// Calls `look` for every expression in a function, those inside others included.
pub(crate) fn function_expressions<'a>(function: &'a Function, look: &mut impl FnMut(&'a Expr)) {
    function.params.iter().filter_map(|param| param.default.as_ref()).for_each(|expr| visit(expr, look));
    match &function.body {
        FunctionBody::Expression(expr) => visit(expr, look),
        FunctionBody::Block(block) => block_expressions(block, look),
        FunctionBody::External(_) => {}
    }
}

/// Calls `look` for every expression in a block and in the blocks inside it, those inside others included.
pub(crate) fn block_expressions<'a>(block: &'a Block, look: &mut impl FnMut(&'a Expr)) {
    for step in &block.steps {
        step_expressions(step, &mut |expr| visit(expr, look));
        for inner in inner_blocks(step) {
            block_expressions(inner, look);
        }
    }
    block.result.iter().for_each(|result| visit(result, look));
}

/// Calls `look` for every step in a program.
pub(crate) fn program_steps<'a>(program: &'a Program, look: &mut impl FnMut(&Site<'a>)) {
    program.workflows.iter().for_each(|workflow| workflow_steps(workflow, look));
    for function in &program.functions {
        if let FunctionBody::Block(block) = &function.body {
            steps(block, look);
        }
    }
}
