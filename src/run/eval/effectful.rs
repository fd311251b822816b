//! Evaluating what waits for the world: only the path from the root to the call is asynchronous.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::apply::{apply, operands, raw};
use super::comprehension::{Next, Odometer};
use super::operators::binary;
use super::pure::{Env, decides};
use super::{Locals, eval, truth};
use crate::check::program::BinaryOperator;
use crate::check::program::{Comprehension, Expr, ExprKind, Function, FunctionBody, FunctionId};
use crate::primitive::{Context, Effect, Run, Spec, Stated};
use crate::run::block;
use crate::run::event::{EventKind, StepPlace};
use crate::run::external;
use crate::run::fault::{Fault, Ran};
use crate::run::frame::Frame;
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
}

impl<'a> Site<'a> {
    /// What a pure expression sees from here.
    pub(crate) fn env(self) -> Env<'a> {
        Env { world: &self.frame.run.world, scope: &self.frame.scope }
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
            evaluate(if holds { then } else { otherwise }, site, locals).await
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
    apply(expr, values).map_err(|error| Fault::at(error, expr.span))
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
    let values = all(given.iter().flatten().collect(), site, locals).await?;
    let arguments = raw(given, values);
    let answer = match spec.run {
        Run::Pure(run) => run(arguments),
        Run::Effectful(run) => run(arguments, &Context { stated: stated.cloned(), ..heard(site) }).await,
    };
    answer.map_err(|error| Fault::at(error, span))
}

/// What a primitive may reach from here, its words told under this step.
fn heard(site: Site<'_>) -> Context {
    let run = site.frame.run.clone();
    let step = StepPlace { path: site.frame.path(site.step), item: site.frame.item() };
    let say = move |line: &str| run.journal.emit(EventKind::Logged { step: step.clone(), line: line.to_owned() });
    Context { say: Arc::new(say), ..(*site.frame.context).clone() }
}

async fn call(id: FunctionId, arguments: &[Expr], span: Span, site: Site<'_>, locals: &mut Locals) -> Ran<Value> {
    let values = all(arguments.iter().collect(), site, locals).await?;
    let function = site.frame.run.world.program.functions.get(id.0).cloned();
    let unknown = || Fault::at(StepError::new(ErrorKind::Internal, "the function does not exist"), span);
    let function: Arc<Function> = function.ok_or_else(unknown)?;
    let result = match &function.body {
        FunctionBody::Expression(body) => evaluate(body, site, &mut locals.of_call(values)).await,
        FunctionBody::Block(body) => {
            let frame = site.frame.of_call(site.step, body.slots, values, locals.depth());
            block::run(body, &frame).await
        }
        FunctionBody::External(external) => external::call(&external.program, &function, &values, site).await,
    };
    result.map_err(|fault| located(fault, span))
}
