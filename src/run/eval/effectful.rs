//! Evaluating what waits for the world: only the path from the root to the call is asynchronous.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::apply::{apply, aside, operands, raw};
use super::comprehension::{Next, Odometer};
use super::pure::{Env, decides};
use super::{Locals, eval};
use crate::check::program::BinaryOperator;
use crate::check::program::{Block, Comprehension, Expr, ExprKind, Function, FunctionBody, FunctionId, Step};
use crate::connection::preview::Change;
use crate::operation::{binary, truth};
use crate::primitive::{Context, Effect, Foreseen, RawArguments, Run, Spec, Stated};
use crate::run::event::{EventKind, StepPlace};
use crate::run::fault::{Fault, Ran};
use crate::run::frame::Frame;
use crate::run::preview::{Preview, Write, after_the_run, before_the_write};
use crate::run::scope::Held;
use crate::run::{asked, block, digest, external, outline, replay};
use crate::source::Span;
use crate::value::{Column, ErrorKind, MapValue, StepError, Type, Value};

/// How many levels an asynchronous one counts for: its futures take more stack than a function call.
const LEVELS: usize = 2;

/// Where an expression stands: the frame it sees, and the step whose name its inner steps are told under.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    /// The frame.
    pub(crate) frame: &'a Frame,
    /// The step's name.
    pub(crate) step: &'a Arc<str>,
    /// The whole step.
    pub(crate) span: Span,
}

impl<'a> Site<'a> {
    /// Where the expressions of a step stand.
    pub(crate) fn of(frame: &'a Frame, step: &'a Step) -> Self {
        Self { frame, step: &step.name, span: step.span }
    }

    /// What a pure expression sees from here.
    pub(crate) fn env(self) -> Env<'a> {
        let attempts = Some(&*self.frame.context.attempts);
        Env { world: &self.frame.run.world, scope: &self.frame.scope, attempts }
    }

    /// In a plan: notes what blocks of the step may write, of which it is not known whether they run.
    pub(crate) fn may_run<'b>(self, blocks: impl IntoIterator<Item = &'b Block>, why: &StepError) {
        if let Some(preview) = &self.frame.run.preview {
            preview.may_run(self, blocks, why);
        }
    }

    /// The value of an expression that stands here.
    pub(crate) async fn value(self, expr: &Expr) -> Ran<Value> {
        evaluate(expr, self, &mut Locals::at(self.frame.depth)).await
    }

    /// The value of a pure expression that stands here.
    pub(crate) fn pure_value(self, expr: &Expr) -> Ran<Value> {
        eval(expr, self.env(), &mut Locals::at(self.frame.depth))
    }
}

/// Evaluates an expression; a pure one at once, without a box.
async fn evaluate(expr: &Expr, site: Site<'_>, locals: &mut Locals) -> Ran<Value> {
    if expr.effect == Effect::Pure { eval(expr, site.env(), locals) } else { effectful(expr, site, locals).await }
}

fn effectful<'a>(expr: &'a Expr, site: Site<'a>, locals: &'a mut Locals) -> BoxFuture<'a, Ran<Value>> {
    Box::pin(async move {
        if locals.count() {
            site.env().look(expr.span)?;
        }
        locals.enter(LEVELS, expr.span)?;
        let value = dispatch(expr, site, locals).await;
        locals.leave(LEVELS);
        value
    })
}

async fn dispatch(expr: &Expr, site: Site<'_>, locals: &mut Locals) -> Ran<Value> {
    match &expr.kind {
        ExprKind::If(condition, then, otherwise) => {
            let holds = condition_holds(condition, site, locals).await?;
            let chosen = if holds { then } else { otherwise };
            site.frame.run.world.visit(chosen.span);
            evaluate(chosen, site, locals).await
        }
        ExprKind::Binary(operator, left, right) => {
            eval_binary(*operator, left, right, site, locals).await.map_err(|fault| located(fault, expr.span))
        }
        ExprKind::ListComprehension(item, comprehension) => list(item, comprehension, site, locals).await,
        ExprKind::MapComprehension(pair, comprehension) => map(pair, comprehension, site, locals).await,
        ExprKind::Function(id, arguments) => call(*id, arguments, expr.span, site, locals).await,
        ExprKind::Primitive(spec, arguments) if spec.effect != Effect::Pure => {
            let stated = match spec.stated {
                Stated::Argument(at) => arguments.get(at).and_then(Option::as_ref).map(|argument| &argument.ty),
                Stated::Nothing | Stated::Result(_) => None,
            };
            primitive(spec, arguments, (expr.span, stated), site, locals).await
        }
        ExprKind::Cast(of, _) => match &of.kind {
            ExprKind::Primitive(spec, arguments) if matches!(spec.stated, Stated::Result(_)) => {
                primitive(spec, arguments, (of.span, Some(&expr.ty)), site, locals).await
            }
            _ => composite(expr, site, locals).await,
        },
        _ => composite(expr, site, locals).await,
    }
}

/// What is computed from its operands, one of which waits for the world.
async fn composite(expr: &Expr, site: Site<'_>, locals: &mut Locals) -> Ran<Value> {
    let values = all(operands(expr), site, locals).await?;
    apply(expr, values, site.env().attempts).map_err(|error| Fault::at(error, expr.span))
}

fn located(mut fault: Box<Fault>, span: Span) -> Box<Fault> {
    fault.span.get_or_insert(span);
    fault
}

async fn all<'a>(exprs: Vec<&'a Expr>, site: Site<'a>, locals: &mut Locals) -> Ran<Vec<Value>> {
    let mut values = Vec::with_capacity(exprs.len());
    for expr in exprs {
        values.push(evaluate(expr, site, locals).await?);
    }
    Ok(values)
}

async fn condition_holds(condition: &Expr, site: Site<'_>, locals: &mut Locals) -> Ran<bool> {
    let value = evaluate(condition, site, locals).await?;
    truth(&value).map_err(|error| Fault::at(error, condition.span))
}

async fn eval_binary(
    operator: BinaryOperator,
    left: &Expr,
    right: &Expr,
    site: Site<'_>,
    locals: &mut Locals,
) -> Ran<Value> {
    let a = evaluate(left, site, locals).await?;
    if decides(operator, &a).map_err(|error| Fault::at(error, left.span))? {
        return Ok(a);
    }
    if operator == BinaryOperator::Coalesce {
        site.frame.run.world.visit(right.span);
    }
    let b = evaluate(right, site, locals).await?;
    binary(operator, a, b).map_err(Fault::new)
}

async fn list(item: &Expr, comprehension: &Comprehension, site: Site<'_>, locals: &mut Locals) -> Ran<Value> {
    let mut items = Column::default();
    let mut odometer = Odometer::new(comprehension);
    while advance(&mut odometer, comprehension, site, locals).await? {
        items.push(evaluate(item, site, locals).await?);
    }
    Ok(items.into_list())
}

async fn map(pair: &(Expr, Expr), comprehension: &Comprehension, site: Site<'_>, locals: &mut Locals) -> Ran<Value> {
    let mut pairs = MapValue::new();
    let mut odometer = Odometer::new(comprehension);
    while advance(&mut odometer, comprehension, site, locals).await? {
        let key = evaluate(&pair.0, site, locals).await?;
        pairs.insert(key, evaluate(&pair.1, site, locals).await?);
    }
    Ok(Value::Map(Arc::new(pairs)))
}

/// Moves to the next item that passes the filter; `false` at the end.
async fn advance<'a>(
    odometer: &mut Odometer<'a>,
    comprehension: &'a Comprehension,
    site: Site<'a>,
    locals: &mut Locals,
) -> Ran<bool> {
    loop {
        match odometer.next(locals) {
            Next::Open(over) => {
                let value = evaluate(over, site, locals).await?;
                odometer.open(&value).map_err(|error| Fault::at(error, over.span))?;
            }
            Next::Item => match &comprehension.filter {
                Some(filter) if !condition_holds(filter, site, locals).await? => {}
                _ => return Ok(true),
            },
            Next::End => return Ok(false),
        }
    }
}

async fn primitive(
    spec: &Spec,
    given: &[Option<Expr>],
    (span, stated): (Span, Option<&Type>),
    site: Site<'_>,
    locals: &mut Locals,
) -> Ran<Value> {
    let preview = site.frame.run.preview.as_ref();
    if let Some(preview) = preview.filter(|_| spec.effect == Effect::Write) {
        return foresee(preview, spec, (given, span), site, locals).await;
    }
    let values = all(given.iter().flatten().collect(), site, locals).await?;
    if let (Some(preview), Some(Value::Connection(_, name))) = (preview, values.first()) {
        unseen(preview, site, Some(name)).map_err(|error| Fault::at(error, span))?;
        preview.read(site, name);
        if let Some(fault) = replay::read(spec, (given, &values), (site, span)) {
            return Err(fault);
        }
    }
    if let Run::Effectful(_) = spec.run {
        site.frame.run.journal.ask(|| {
            let asked = asked::line(spec, given.iter().map(Option::is_some), &values);
            EventKind::Asked { step: place(site), asked }
        });
    }
    let arguments = raw(given, values);
    let answer = match spec.run {
        Run::Pure(run) => run(arguments),
        Run::Heavy(run) => aside(|| run(arguments, &site.frame.context.attempts)),
        Run::Effectful(run) => run(arguments, &Context { stated: stated.cloned(), ..heard(site) }).await,
    };
    answer.map_err(|error| Fault::at(error, span))
}

/// Fails when a run would read here what a plan does not write. A run that is gone through once more has its reads on record.
fn unseen(preview: &Preview, site: Site<'_>, connection: Option<&str>) -> Result<(), StepError> {
    let writer = if replay::of(site.frame).is_some() { None } else { preview.unseen(site.frame, connection) };
    writer.map_or(Ok(()), |step| Err(before_the_write(&step)))
}

fn place(site: Site<'_>) -> StepPlace {
    StepPlace { path: site.frame.path(site.step), item: site.frame.item() }
}

/// What a primitive may reach from here, its words told under this step.
fn heard(site: Site<'_>) -> Context {
    let run = site.frame.run.clone();
    let step = place(site);
    let say = move |line: &str| run.journal.emit(EventKind::Logged { step: step.clone(), line: line.to_owned() });
    Context { say: Arc::new(say), ..(*site.frame.context).clone() }
}

/// Looks at a write instead of making it. What is not known of its arguments does not keep the rest from being told.
async fn foresee(
    preview: &Preview,
    spec: &Spec,
    (given, span): (&[Option<Expr>], Span),
    site: Site<'_>,
    locals: &mut Locals,
) -> Ran<Value> {
    let (mut values, mut unknown) = (Vec::with_capacity(given.len()), None);
    for argument in given {
        values.push(match argument {
            Some(argument) => match Held::of(evaluate(argument, site, locals).await)? {
                Held::Value(value) => Some(value),
                Held::Unknown(why) => {
                    unknown.get_or_insert(why);
                    None
                }
            },
            None => None,
        });
    }
    if let Some(replay) = replay::of(site.frame) {
        return Err(replay::note(replay, spec, (given, &values), site, span));
    }
    let (connection, target) = outline::addressed(spec, &values);
    let (change, digest) = match (unknown, spec.preview) {
        (None, Some(look)) => {
            let digest = digest::of(&values);
            match look(RawArguments::new(values), &site.frame.context).await.map_err(|error| Fault::at(error, span))? {
                Foreseen::Nothing(value) => return Ok(value),
                Foreseen::Change(change) => (change, Some(digest)),
            }
        }
        (Some(why), _) => (Change::unknown(why.message), None),
        (None, None) => (Change::unknown("nobody can tell before it is done"), None),
    };
    let action = spec.name.to_owned();
    let target = target.or_else(|| change.target.clone());
    preview.write(site, Write { action, connection, target, transaction: None, change, digest, only_if: None });
    Err(Fault::at(after_the_run(&site.frame.path(site.step).join(".")), span))
}

/// Programs are not asked what they would do: what is told is that they would run.
fn foresee_program(preview: &Preview, function: &Function, site: Site<'_>) -> Ran<Value> {
    let write = Write {
        action: "external".to_owned(),
        connection: None,
        target: Some(outline::program_name(function)),
        transaction: None,
        change: Change::unknown("what a program writes is not known before it has run"),
        digest: None,
        only_if: None,
    };
    preview.write(site, write);
    Err(Fault::new(after_the_run(&site.frame.path(site.step).join("."))))
}

async fn call(id: FunctionId, arguments: &[Expr], span: Span, site: Site<'_>, locals: &mut Locals) -> Ran<Value> {
    let function = site.frame.run.world.program.functions.get(id.0).cloned();
    let unknown = || Fault::at(StepError::new(ErrorKind::Internal, "the function does not exist"), span);
    let function: Arc<Function> = function.ok_or_else(unknown)?;
    let result = match &function.body {
        FunctionBody::Expression(body) => {
            let values = all(arguments.iter().collect(), site, locals).await?;
            let mut inner = locals.of_call(values);
            let value = evaluate(body, site, &mut inner).await;
            locals.after_call(&inner);
            value
        }
        FunctionBody::Block(body) => {
            let mut held = Vec::with_capacity(arguments.len());
            for argument in arguments {
                held.push(Held::of(evaluate(argument, site, locals).await)?);
            }
            let frame = site.frame.of_call(site, body.slots, held, locals.depth());
            block::run(body, &frame).await
        }
        FunctionBody::External(external) => {
            let preview = site.frame.run.preview.as_ref().filter(|_| replay::of(site.frame).is_none());
            match (preview, function.effect) {
                (Some(preview), Effect::Write) => return foresee_program(preview, &function, site),
                (Some(preview), Effect::Read) => unseen(preview, site, None).map_err(Fault::new)?,
                _ => {}
            }
            let values = all(arguments.iter().collect(), site, locals).await?;
            if let Some(fault) = replay::program(&function, &values, site) {
                return Err(fault);
            }
            external::call(&external.program, &function, &values, site).await
        }
    };
    result.map_err(|fault| located(fault, span))
}
