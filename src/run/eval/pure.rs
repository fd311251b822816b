//! Evaluating what needs no waiting.

use super::Locals;
use super::apply::{apply, aside, operands, unary};
use super::columns::Columnwise;
use super::comprehension::{Next, Odometer};
use super::locals::LONG;
use crate::check::program::BinaryOperator;
use crate::check::program::{Comprehension, Expr, ExprKind, FunctionBody, FunctionId};
use crate::operation::{binary, truth};
use crate::primitive::Attempts;
use crate::run::fault::{Fault, Ran};
use crate::run::scope::{Held, Scope};
use crate::run::world::World;
use crate::source::Span;
use crate::value::{Column, ErrorKind, MapValue, Sequence, Shape, StepError, Table, Value};

/// What a pure expression sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Env<'a> {
    /// Functions and facts.
    pub(crate) world: &'a World,
    /// The innermost scope.
    pub(crate) scope: &'a Scope,
    /// What tells long computations that they must end.
    pub(crate) attempts: Option<&'a Attempts>,
}

impl<'a> Env<'a> {
    /// What is seen outside of steps, where nothing long is computed.
    pub(crate) fn new(world: &'a World, scope: &'a Scope) -> Self {
        Self { world, scope, attempts: None }
    }

    /// Fails when the computation must end: nothing else could stop it.
    #[cold]
    pub(super) fn look(self, span: Span) -> Ran<()> {
        match self.attempts.and_then(Attempts::must_end) {
            Some(error) => Err(Fault::at(error, span)),
            None => Ok(()),
        }
    }
}

/// Evaluates a pure expression.
pub(crate) fn eval(expr: &Expr, env: Env<'_>, locals: &mut Locals) -> Ran<Value> {
    if locals.count() {
        env.look(expr.span)?;
    }
    locals.enter(1, expr.span)?;
    let value = dispatch(expr, env, locals);
    locals.leave(1);
    value
}

fn dispatch(expr: &Expr, env: Env<'_>, locals: &mut Locals) -> Ran<Value> {
    let located = |error| Fault::at(error, expr.span);
    match &expr.kind {
        ExprKind::Literal(value) => Ok(value.clone()),
        ExprKind::Slot { up, index } => read_slot(env.scope, *up, *index).map_err(located),
        ExprKind::Local(index) => locals.get(*index).map_err(located),
        ExprKind::Run(field) => env.world.fact(*field).map_err(located),
        ExprKind::Field { of, name, .. } => match of_local(of, name, locals) {
            Some(value) => Ok(value),
            None => unary(expr, eval(of, env, locals)?).map_err(located),
        },
        ExprKind::Property { of, .. }
        | ExprKind::Cast(of, _)
        | ExprKind::Widen(of)
        | ExprKind::Negate(of)
        | ExprKind::Not(of) => unary(expr, eval(of, env, locals)?).map_err(located),
        ExprKind::If(condition, then, otherwise) => choose(condition, then, otherwise, env, locals),
        ExprKind::Binary(operator, left, right) => eval_binary(*operator, left, right, expr.span, env, locals),
        ExprKind::ListComprehension(item, comprehension) => list(item, comprehension, env, locals),
        ExprKind::MapComprehension(pair, comprehension) => map(pair, comprehension, env, locals),
        ExprKind::Function(id, arguments) => call(*id, arguments, expr.span, env, locals),
        _ => {
            let values: Ran<Vec<Value>> = operands(expr).into_iter().map(|e| eval(e, env, locals)).collect();
            apply(expr, values?, env.attempts).map_err(located)
        }
    }
}

/// The field of a local that has it; anything else goes the long way, on which errors are told.
fn of_local(of: &Expr, name: &str, locals: &Locals) -> Option<Value> {
    match &of.kind {
        ExprKind::Local(index) => locals.field(*index, name),
        _ => None,
    }
}

/// A slot's value. Only `failed`, `finally` and outputs can meet an empty one.
pub(super) fn read_slot(scope: &Scope, up: usize, index: usize) -> Result<Value, StepError> {
    match scope.held(up, index) {
        Some(Held::Value(value)) => Ok(value.clone()),
        Some(Held::Unknown(why)) => Err(why.clone()),
        None => {
            Err(StepError::new(ErrorKind::Missing, "this value does not exist: the step that gives it did not finish"))
        }
    }
}

fn choose(condition: &Expr, then: &Expr, otherwise: &Expr, env: Env<'_>, locals: &mut Locals) -> Ran<Value> {
    let holds = eval(condition, env, locals)?;
    let chosen = if truth(&holds).map_err(|e| Fault::at(e, condition.span))? { then } else { otherwise };
    env.world.visit(chosen.span);
    eval(chosen, env, locals)
}

/// Whether the left side decides, and so is the value.
pub(super) fn decides(operator: BinaryOperator, left: &Value) -> Result<bool, StepError> {
    Ok(match operator {
        BinaryOperator::Or => truth(left)?,
        BinaryOperator::And => !truth(left)?,
        BinaryOperator::Coalesce => !left.is_none(),
        _ => false,
    })
}

fn eval_binary(
    operator: BinaryOperator,
    left: &Expr,
    right: &Expr,
    span: Span,
    env: Env<'_>,
    locals: &mut Locals,
) -> Ran<Value> {
    let a = eval(left, env, locals)?;
    if decides(operator, &a).map_err(|error| Fault::at(error, left.span))? {
        return Ok(a);
    }
    if operator == BinaryOperator::Coalesce {
        env.world.visit(right.span);
    }
    let b = eval(right, env, locals)?;
    binary(operator, a, b).map_err(|error| Fault::at(error, span))
}

fn list(item: &Expr, comprehension: &Comprehension, env: Env<'_>, locals: &mut Locals) -> Ran<Value> {
    if let ExprKind::Record(shape, fields) = &item.kind {
        return records(shape, fields, comprehension, env, locals);
    }
    let mut items = Column::default();
    let columnwise = Columnwise::of(comprehension, std::slice::from_ref(item));
    walk(comprehension, env, locals, |next, locals| {
        match (next, &columnwise) {
            (Walked::Item, _) => items.push(eval(item, env, locals)?),
            (Walked::All(all), Some(ways)) => {
                return Ok(ways.add(all, env, locals, [&mut items].into_iter()).is_some());
            }
            (Walked::All(_), None) => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(items.into_list())
}

/// Records go into columns field by field; none is made on the way.
fn records(
    shape: &Shape,
    fields: &[Expr],
    comprehension: &Comprehension,
    env: Env<'_>,
    locals: &mut Locals,
) -> Ran<Value> {
    let mut table = Table::new(shape.clone());
    let mut row = Vec::with_capacity(fields.len());
    let columnwise = Columnwise::of(comprehension, fields);
    walk(comprehension, env, locals, |next, locals| {
        match (next, &columnwise) {
            (Walked::Item, _) => {
                for field in fields {
                    row.push(eval(field, env, locals)?);
                }
                table.push(row.drain(..));
            }
            (Walked::All(all), Some(ways)) => {
                let Some(made) = ways.add(all, env, locals, table.columns.iter_mut()) else { return Ok(false) };
                table.rows += made;
            }
            (Walked::All(_), None) => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(Column::from(table).into_list())
}

fn map(pair: &(Expr, Expr), comprehension: &Comprehension, env: Env<'_>, locals: &mut Locals) -> Ran<Value> {
    let mut pairs = MapValue::new();
    walk(comprehension, env, locals, |next, locals| {
        if let Walked::All(_) = next {
            return Ok(false);
        }
        let key = eval(&pair.0, env, locals)?;
        pairs.insert(key, eval(&pair.1, env, locals)?);
        Ok(true)
    })?;
    Ok(Value::Map(pairs.into()))
}

/// What a walk came to.
enum Walked<'w> {
    /// All items of the innermost loop, which may be taken at once.
    All(&'w Sequence),
    /// An item, which the locals hold.
    Item,
}

/// Walks; `take` says whether it took what the walk came to. A long walk goes on aside.
fn walk(
    comprehension: &Comprehension,
    env: Env<'_>,
    locals: &mut Locals,
    mut take: impl FnMut(Walked<'_>, &mut Locals) -> Ran<bool>,
) -> Ran<()> {
    let mut odometer = Odometer::new(comprehension);
    while !locals.is_long() {
        if !step(&mut odometer, comprehension, env, locals, &mut take)? {
            return Ok(());
        }
    }
    aside(|| {
        while step(&mut odometer, comprehension, env, locals, &mut take)? {}
        Ok(())
    })
}

/// A step of a walk; `false` at its end.
fn step<'c>(
    odometer: &mut Odometer<'c>,
    comprehension: &'c Comprehension,
    env: Env<'_>,
    locals: &mut Locals,
    take: &mut impl FnMut(Walked<'_>, &mut Locals) -> Ran<bool>,
) -> Ran<bool> {
    match odometer.next(locals) {
        Next::Open(over) => {
            let value = eval(over, env, locals)?;
            let all = Sequence::of(&value).filter(|_| odometer.is_innermost());
            if !all.is_some_and(|all| take_all(&all, locals, take)) {
                odometer.open(&value).map_err(|error| Fault::at(error, over.span))?;
            }
        }
        Next::Item => {
            if passes(comprehension, env, locals)? {
                take(Walked::Item, locals)?;
            }
        }
        Next::End => return Ok(false),
    }
    Ok(true)
}

/// Offers all items; many are taken aside.
fn take_all(all: &Sequence, locals: &mut Locals, take: &mut impl FnMut(Walked<'_>, &mut Locals) -> Ran<bool>) -> bool {
    let mut take = || take(Walked::All(all), locals).is_ok_and(|is_taken| is_taken);
    if all.len() >= LONG as usize { aside(take) } else { take() }
}

fn passes(comprehension: &Comprehension, env: Env<'_>, locals: &mut Locals) -> Ran<bool> {
    let Some(filter) = &comprehension.filter else { return Ok(true) };
    let value = eval(filter, env, locals)?;
    truth(&value).map_err(|error| Fault::at(error, filter.span))
}

fn call(id: FunctionId, arguments: &[Expr], span: Span, env: Env<'_>, locals: &mut Locals) -> Ran<Value> {
    let defect = |message: &str| Fault::at(StepError::new(ErrorKind::Internal, message), span);
    let function = env.world.program.functions.get(id.0).ok_or_else(|| defect("the function does not exist"))?;
    let FunctionBody::Expression(body) = &function.body else {
        return Err(defect("a `step` or `action` was called as if it were pure"));
    };
    let values: Ran<Vec<Value>> = arguments.iter().map(|argument| eval(argument, env, locals)).collect();
    let mut inner = locals.of_call(values?);
    let value = eval(body, env, &mut inner);
    locals.after_call(&inner);
    value
}
