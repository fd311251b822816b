//! How far ahead of the run an instant or a day surely lies.

use std::collections::HashMap;

use crate::check::program::{
    Action, BinaryOperator, Block, Comprehension, Expr, ExprKind, ForEach, RunField, Workflow,
};
use crate::check::walk;
use crate::primitive::Spec;
use crate::value::Value;

const DAY_MS: i64 = 86_400_000;
/// What a day may lie before the instant that it is taken of, zones and all.
const OF_A_DAY_MS: i64 = 2 * DAY_MS;
/// The longest that any calendar is closed, with room.
const CLOSED_MS: i64 = 10 * DAY_MS;
/// How old a history may be that a forecast is made of, a weekend and holidays counted: one that ended earlier goes nowhere near.
const HISTORY_MS: i64 = 4 * DAY_MS;
/// The horizon of a forecast that does not say.
const HORIZON: i64 = 20;
/// How many names are followed to what they stand for.
const DEEPEST: usize = 64;

/// The values of a workflow's steps, by block and slot.
pub(super) struct StepValues<'a>(HashMap<(*const Block, usize), &'a Expr>);

impl<'a> StepValues<'a> {
    /// Those of a workflow.
    pub(super) fn of(workflow: &'a Workflow) -> Self {
        let mut values = HashMap::new();
        walk::workflow_steps(workflow, &mut |site| {
            if let (Some(block), Some(slot), Action::Expression(expr)) =
                (site.blocks.last(), site.step.slot, &site.step.action)
            {
                values.insert((std::ptr::from_ref(*block), slot), expr);
            }
        });
        Self(values)
    }
}

/// Where an expression stands.
#[derive(Clone, Copy)]
pub(super) struct Around<'a, 'p> {
    pub(super) workflow: &'a Workflow,
    pub(super) values: &'p StepValues<'a>,
    /// The blocks around it, outermost first.
    pub(super) blocks: &'p [&'a Block],
    /// The loops around it, outermost first.
    pub(super) loops: &'p [&'a ForEach],
    /// The comprehensions around it.
    pub(super) comprehensions: &'p [&'a Comprehension],
}

impl<'a> Around<'a, '_> {
    /// How many milliseconds after `run.now` the latest value of `expr` lies at the least; `None` when nobody can say.
    pub(super) fn ahead(self, expr: &'a Expr) -> Option<i64> {
        self.latest(expr, DEEPEST)
    }

    fn latest(self, expr: &'a Expr, fuel: usize) -> Option<i64> {
        let fuel = fuel.checked_sub(1)?;
        match &expr.kind {
            ExprKind::Run(RunField::Now) => Some(0),
            ExprKind::Binary(BinaryOperator::Add, left, right) => {
                Some(self.latest(left, fuel)?.saturating_add(self.length(right, fuel)?))
            }
            ExprKind::Binary(BinaryOperator::Subtract, left, right) => {
                Some(self.latest(left, fuel)?.saturating_sub(self.length(right, fuel)?))
            }
            ExprKind::AddBusinessDays(date, _, days) => {
                let days = self.length(days, fuel).filter(|days| *days >= 0)?;
                Some(self.latest(date, fuel)?.saturating_add(days))
            }
            ExprKind::Primitive(spec, arguments) => self.call(spec, arguments, fuel),
            ExprKind::Local(local) => {
                let over = self.comprehensions.iter().flat_map(|it| &it.loops).find(|it| it.first == *local);
                self.last_item(&over?.over, fuel)
            }
            ExprKind::Slot { up, index } => self.slot(*up, *index, fuel),
            ExprKind::Field { of, name, .. } => self.field(of, name, fuel),
            _ => None,
        }
    }

    /// A field of what a comprehension walks: of the days of a forecast, or of records made before.
    fn field(self, of: &'a Expr, name: &str, fuel: usize) -> Option<i64> {
        let ExprKind::Local(local) = &of.kind else { return None };
        let over = self.comprehensions.iter().flat_map(|it| &it.loops).find(|it| it.first == *local)?;
        let (over, inside) = self.followed(&over.over, fuel)?;
        match &over.kind {
            ExprKind::Field { of: model, name: rows, .. } if &**rows == "predictions" && name == "day" => {
                inside.forecast(model, fuel)
            }
            ExprKind::ListComprehension(item, comprehension) => {
                let ExprKind::Record(shape, fields) = &item.kind else { return None };
                let (_, field) = shape.iter().zip(fields).find(|(own, _)| &***own == name)?;
                Around { comprehensions: &[comprehension], ..inside }.latest(field, fuel.checked_sub(1)?)
            }
            _ => None,
        }
    }

    /// The last day that a model forecasts, if its history reaches up to the run.
    fn forecast(self, model: &'a Expr, fuel: usize) -> Option<i64> {
        let (model, inside) = self.followed(model, fuel)?;
        let ExprKind::Primitive(spec, arguments) = &model.kind else { return None };
        let at = spec.params.iter().position(|param| param.name == "horizon" && spec.name.starts_with("forecast."))?;
        let horizon = match arguments.get(at)? {
            Some(horizon) => inside.length(horizon, fuel)?,
            None => business_days(HORIZON)?,
        };
        Some(horizon - HISTORY_MS)
    }

    /// What a name stands for, and where that stands.
    fn followed(self, expr: &'a Expr, fuel: usize) -> Option<(&'a Expr, Self)> {
        let ExprKind::Slot { up, index } = &expr.kind else { return Some((expr, self)) };
        let (step, inside) = self.step(*up, *index)?;
        inside.followed(step, fuel.checked_sub(1)?)
    }

    fn call(self, spec: &Spec, arguments: &'a [Option<Expr>], fuel: usize) -> Option<i64> {
        let (argument, slack) = match spec.name {
            "dates.midnight" | "dates.date_of" => (arguments.first()?, OF_A_DAY_MS),
            "dates.end_of" => (arguments.first()?, DAY_MS),
            "calendars.business_date" => (arguments.first()?, CLOSED_MS),
            _ => return None,
        };
        Some(self.latest(argument.as_ref()?, fuel)? - slack)
    }

    /// The last of the days or instants in a range or of a list made from one.
    fn last_item(self, over: &'a Expr, fuel: usize) -> Option<i64> {
        let fuel = fuel.checked_sub(1)?;
        match &over.kind {
            ExprKind::Binary(BinaryOperator::Through, _, end) => self.latest(end, fuel),
            ExprKind::Binary(BinaryOperator::Until, _, end) => Some(self.latest(end, fuel)? - DAY_MS),
            ExprKind::Primitive(spec, arguments) if spec.name == "calendar.days" => {
                let range = arguments.get(1)?.as_ref()?;
                let closed = if ends_open(range) { 0 } else { CLOSED_MS };
                Some(self.last_item(range, fuel)? - closed)
            }
            ExprKind::Slot { up, index } => {
                let (step, inside) = self.step(*up, *index)?;
                inside.last_item(step, fuel)
            }
            _ => None,
        }
    }

    fn slot(self, up: usize, index: usize, fuel: usize) -> Option<i64> {
        if let Some((step, inside)) = self.step(up, index) {
            return inside.latest(step, fuel);
        }
        let (block, inside) = self.outward(up)?;
        // A loop's block belongs to the loop that has it; slot 0 is the item.
        let each = self.loops.iter().find(|each| std::ptr::eq(&raw const each.block, block))?;
        let outside = inside.outward(1)?.1;
        if index == 0 && !each.is_map { outside.last_item(&each.over, fuel) } else { None }
    }

    /// The block so many levels out, and the same place as seen from there.
    fn outward(self, up: usize) -> Option<(&'a Block, Self)> {
        let level = self.blocks.len().checked_sub(1 + up)?;
        let block = *self.blocks.get(level)?;
        Some((block, Around { blocks: self.blocks.get(..=level)?, comprehensions: &[], ..self }))
    }

    /// The expression of the step whose value a slot holds, and where it stands.
    fn step(self, up: usize, index: usize) -> Option<(&'a Expr, Self)> {
        let (block, inside) = self.outward(up)?;
        Some((self.values.0.get(&(std::ptr::from_ref(block), index))?, inside))
    }

    /// A stretch of time in milliseconds at the least: a literal, or a parameter's default.
    fn length(self, expr: &'a Expr, fuel: usize) -> Option<i64> {
        let fuel = fuel.checked_sub(1)?;
        match &expr.kind {
            ExprKind::Literal(Value::Duration(ms)) => Some(*ms),
            ExprKind::Literal(Value::Period(period)) if period.months == 0 => Some(i64::from(period.days) * DAY_MS),
            ExprKind::Literal(Value::Period(period)) => {
                Some((i64::from(period.months) * 28 + i64::from(period.days)) * DAY_MS)
            }
            ExprKind::Literal(Value::BusinessDays(days)) => business_days(*days),
            ExprKind::Slot { up, index } => match self.step(*up, *index) {
                Some((step, inside)) => inside.length(step, fuel),
                None if up + 1 == self.blocks.len() => {
                    let param = self.workflow.params.iter().find(|param| param.slot == *index)?;
                    self.length(param.default.as_ref()?, fuel)
                }
                None => None,
            },
            _ => None,
        }
    }
}

/// How long business days are at the least: no calendar is open more than five days of a week.
fn business_days(days: i64) -> Option<i64> {
    (days + 2 * (days / 5)).checked_mul(DAY_MS)
}

/// Whether a range of days surely ends on an open one.
fn ends_open(range: &Expr) -> bool {
    match &range.kind {
        ExprKind::Binary(BinaryOperator::Through, _, end) => matches!(end.kind, ExprKind::AddBusinessDays(..)),
        _ => false,
    }
}
