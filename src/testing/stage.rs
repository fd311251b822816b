//! A test's workflow: with the given steps in the place of its own, and its parameters set.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::world::refusal;
use crate::check::Program;
use crate::check::program::{
    Action, Block, Expr, ExprKind, ForEach, Function, FunctionBody, FunctionId, OnFailure, Step, Workflow,
    WorkflowParam,
};
use crate::check::test::{Given, Test};
use crate::check::walk;
use crate::plan::Plan;
use crate::primitive::{Effect, Form, RawArguments, Run, Spec, Stated};
use crate::source::Span;
use crate::value::{ErrorKind, Outcomes, Sequence, StepError, Type, Value};

/// What every secret that no test sets is.
const SECRET: &str = "the tests' secret";

/// Slots that an inner block looks at: how many blocks further out, and which.
type Looks = BTreeSet<(usize, usize)>;

/// The plan of a test's run.
pub(super) fn staged(program: &Arc<Program>, test: &Test) -> Plan {
    let functions = program.functions.iter().map(without_programs).collect();
    let mut stage = Stage { givens: by_place(test), through: Vec::new(), functions };
    let mut workflow = Workflow::clone(&test.workflow);
    workflow.params.iter_mut().for_each(|param| set(param, test));
    workflow.body = stage.block(&workflow.body).0;
    workflow.failed = workflow.failed.map(|block| stage.block(&block).0);
    workflow.finally = workflow.finally.map(|block| stage.block(&block).0);
    let program = Program { functions: stage.functions, ..Program::default() };
    let arguments = vec![None; workflow.params.len()];
    Plan { program: Arc::new(program), workflow: Arc::new(workflow), arguments }
}

/// What steps say that would have read.
pub(super) fn refusals(program: &Program, test: &Test) -> HashSet<String> {
    let connections = test.workflow.connections.iter().map(|used| refusal(&used.name).message);
    let external = |function: &&Arc<Function>| matches!(function.body, FunctionBody::External(_));
    connections.chain(program.functions.iter().filter(external).map(|function| not_run(&function.name))).collect()
}

fn not_run(function: &str) -> String {
    format!("a test does not run the program behind `{function}`")
}

/// A parameter takes what is set as its default: there it may look at `run.now`.
fn set(param: &mut WorkflowParam, test: &Test) {
    if let Some((_, value)) = test.set.iter().find(|(name, _)| *name == param.name) {
        param.default = Some(value.clone());
    } else if param.ty == Type::Secret && param.default.is_none() {
        let secret = ExprKind::Literal(Value::Secret(SECRET.into()));
        param.default = Some(Expr { kind: secret, ty: Type::Secret, span: param.span, effect: Effect::Pure });
    }
}

/// Programs of the user's own are part of the world.
fn without_programs(function: &Arc<Function>) -> Arc<Function> {
    if !matches!(function.body, FunctionBody::External(_)) {
        return function.clone();
    }
    let message = ExprKind::Literal(Value::text(not_run(&function.name)));
    let message = Expr { kind: message, ty: Type::Text, span: function.span, effect: Effect::Pure };
    let refused = Expr { ty: function.returns.clone(), ..call(&REFUSE, vec![message], function.span) };
    Arc::new(Function { body: FunctionBody::Expression(refused), ..Function::clone(function) })
}

/// The given steps, by the calls on the way to them; a call that is only on the way has none itself.
fn by_place(test: &Test) -> HashMap<&[Span], HashMap<Span, &Given>> {
    let mut places: HashMap<&[Span], HashMap<Span, &Given>> = HashMap::new();
    for given in &test.givens {
        for way in (1..=given.through.len()).filter_map(|n| given.through.get(..n)) {
            places.entry(way).or_default();
        }
        places.entry(&given.through).or_default().insert(given.step, given);
    }
    places
}

struct Stage<'t> {
    givens: HashMap<&'t [Span], HashMap<Span, &'t Given>>,
    /// The calls around what is being staged.
    through: Vec<Span>,
    /// The functions, and behind them those that hold given steps, one for each call.
    functions: Vec<Arc<Function>>,
}

impl Stage<'_> {
    /// The block as it runs in the test, and what its given steps look at further out.
    fn block(&mut self, block: &Block) -> (Block, Looks) {
        let by_slot: HashMap<usize, usize> =
            block.steps.iter().enumerate().filter_map(|(at, step)| Some((step.slot?, at))).collect();
        let mut further = Looks::new();
        let steps = block.steps.iter().map(|step| {
            let (mut step, looks) = self.step(step);
            for (up, slot) in looks {
                match (up.checked_sub(1), by_slot.get(&slot)) {
                    (None, Some(before)) => step.upstream.push(*before),
                    (None, None) => {}
                    (Some(up), _) => drop(further.insert((up, slot))),
                }
            }
            step.upstream.sort_unstable();
            step.upstream.dedup();
            step
        });
        let steps = steps.collect();
        (Block { steps, slots: block.slots, result: block.result.clone() }, further)
    }

    /// A step, and the slots that it looks at beside those that it waits for anyway. A given one keeps its limits and its
    /// `on failure`: they act as they would.
    fn step(&mut self, step: &Step) -> (Step, Looks) {
        let mut looks = Looks::new();
        let given = self.givens.get(&*self.through).and_then(|here| here.get(&step.span)).copied();
        let action = match given {
            Some(given) => replaced(step, given, &mut looks),
            None => self.action(step, &mut looks),
        };
        let on_failure = match &step.on_failure {
            OnFailure::Block(block) => OnFailure::Block(self.inner(block, &mut looks)),
            other => other.clone(),
        };
        (Step { action, on_failure, ..step.clone() }, looks)
    }

    /// What a step does that is not given itself.
    fn action(&mut self, step: &Step, looks: &mut Looks) -> Action {
        match &step.action {
            Action::Transaction { connection, block } => {
                Action::Transaction { connection: connection.clone(), block: self.inner(block, looks) }
            }
            Action::ForEach(each) => {
                Action::ForEach(Arc::new(ForEach { block: self.inner(&each.block, looks), ..ForEach::clone(each) }))
            }
            Action::When { arms, otherwise } => Action::When {
                arms: arms.iter().map(|(condition, block)| (condition.clone(), self.inner(block, looks))).collect(),
                otherwise: otherwise.as_ref().map(|block| self.inner(block, looks)),
            },
            Action::Expression(expr) => Action::Expression(self.call_inside(expr, step.span)),
            action @ Action::Check { .. } => action.clone(),
        }
    }

    /// A block inside a step, which waits for what the block looks at.
    fn inner(&mut self, block: &Block, looks: &mut Looks) -> Block {
        let (block, further) = self.block(block);
        looks.extend(further);
        block
    }

    /// The call of a function in which steps are given: a function of its own.
    fn call_inside(&mut self, expr: &Expr, step: Span) -> Expr {
        let mut expr = expr.clone();
        self.through.push(step);
        if self.givens.contains_key(&*self.through)
            && let Some(id) = walk::called_mut(&mut expr)
            && let Some(function) = self.functions.get(id.0).cloned()
            && let FunctionBody::Block(block) = &function.body
        {
            let body = FunctionBody::Block(self.block(block).0);
            *id = FunctionId(self.functions.len());
            self.functions.push(Arc::new(Function { body, ..Function::clone(&function) }));
        }
        self.through.pop();
        expr
    }
}

/// What gives a value, or fails.
fn replaced(step: &Step, given: &Given, looks: &mut Looks) -> Action {
    walk::visit(&given.value, &mut |expr| {
        if let ExprKind::Slot { up, index } = expr.kind {
            looks.insert((up, index));
        }
    });
    let (value, span) = (given.value.clone(), given.value.span);
    let direct = match &step.action {
        Action::Expression(expr) if calls_world(expr) => Some(expr),
        _ => None,
    };
    Action::Expression(match direct {
        _ if given.fails && direct.is_some() => call(&FAIL_OUTSIDE, vec![value], span),
        _ if given.fails => call(&FAIL, vec![value], span),
        // The answer is given; what it answers is recorded all the same.
        Some(write) if write.effect == Effect::Write => call(&ANSWER, vec![write.clone(), value], span),
        _ if matches!(step.ty, Type::Outcomes(..)) => call(&OUTCOMES, vec![value], span),
        _ => value,
    })
}

/// Whether an expression calls a store by itself, not only through functions.
fn calls_world(expr: &Expr) -> bool {
    let mut found = false;
    walk::visit(expr, &mut |expr| {
        found |= matches!(&expr.kind, ExprKind::Primitive(spec, _) if spec.effect > Effect::Pure);
    });
    found
}

fn call(spec: &'static Spec, arguments: Vec<Expr>, span: Span) -> Expr {
    let effect = arguments.iter().map(|argument| argument.effect).max().unwrap_or(Effect::Pure).max(spec.effect);
    let kind = ExprKind::Primitive(spec, arguments.into_iter().map(Some).collect());
    Expr { kind, ty: Type::Any, span, effect }
}

/// What stands in a staged step; none of it has a name in a file.
const fn inner(name: &'static str, effect: Effect, run: fn(RawArguments) -> Result<Value, StepError>) -> Spec {
    Spec {
        name,
        form: Form::Prelude,
        summary: "",
        effect,
        idempotent: true,
        stated: Stated::Nothing,
        widens: false,
        params: &[],
        returns: || Type::Any,
        examples: &[],
        infer: |_| None,
        run: Run::Pure(run),
        columns: None,
        preview: None,
    }
}

/// Fails like a step that only computes, or whose inner steps do the work.
static FAIL: Spec = inner("tests.fail", Effect::Pure, fail);
/// Fails like a step that calls a store: it is tried again as that would be.
static FAIL_OUTSIDE: Spec = inner("tests.fail_outside", Effect::Read, fail);
/// Gives its second argument for the answer of its first.
static ANSWER: Spec = inner("tests.answer", Effect::Write, answer);
/// Makes a list the outcomes of a loop in which everything went well.
static OUTCOMES: Spec = inner("tests.outcomes", Effect::Pure, outcomes);
/// Fails for want of a given value.
static REFUSE: Spec = inner("tests.refuse", Effect::Read, refuse);

fn defect(what: &str) -> StepError {
    StepError::new(ErrorKind::Internal, format!("a test gives a step {what}"))
}

fn fail(mut arguments: RawArguments) -> Result<Value, StepError> {
    match arguments.take() {
        Some(Value::Error(error)) => Err((*error).clone()),
        _ => Err(defect("a failure that is none")),
    }
}

fn answer(mut arguments: RawArguments) -> Result<Value, StepError> {
    arguments.take();
    arguments.take().ok_or_else(|| defect("no answer"))
}

fn outcomes(mut arguments: RawArguments) -> Result<Value, StepError> {
    let given = arguments.take().unwrap_or(Value::None);
    let items = Sequence::of(&given).ok_or_else(|| defect("outcomes that are no list"))?;
    let ok = Arc::new(items.iter().collect());
    Ok(Value::Outcomes(Arc::new(Outcomes { ok, failed: Arc::default() })))
}

fn refuse(mut arguments: RawArguments) -> Result<Value, StepError> {
    let message = arguments.take().map(|message| message.to_string()).unwrap_or_default();
    Err(StepError::new(ErrorKind::Missing, message))
}
