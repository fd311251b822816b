//! The values of a block's slots, as they were when it ran.

use std::sync::Arc;

use super::find::Past;
use super::level::{Level, What};
use crate::check::program::{Block, Workflow};
use crate::run::{Env, Locals, Scope, eval};
use crate::value::Value;

/// The slots of a block, and of those around it. What is not known stays empty: what looks at it has no value.
pub(super) fn of(level: &Level<'_>, past: &Past<'_>) -> Arc<Scope> {
    let outer = level.outer.as_deref().map(|outer| of(outer, past));
    let scope = Scope::new(level.block.slots, outer);
    match &level.what {
        What::Body(workflow) => of_body(workflow, &scope, past),
        What::Item(each) => {
            let place = (level.path.join("."), level.item.clone());
            let item = past.course.item(&place);
            let parts = match item {
                Some(Value::Record(pair)) if each.is_map => vec![pair.get("key").cloned(), pair.get("value").cloned()],
                item => vec![item],
            };
            fill(&scope, parts);
        }
        What::Call(arguments, from) => {
            let around = of(from, past);
            let env = Env::new(&past.course.world, &around);
            fill(&scope, arguments.iter().map(|argument| eval(argument, env, &mut Locals::default()).ok()).collect());
        }
        What::Plain => {}
    }
    of_steps(level.block, level, &scope, past);
    Arc::new(scope)
}

fn of_body(workflow: &Workflow, scope: &Scope, past: &Past<'_>) {
    // Something else stands for a secret, with which nothing may be compared.
    for param in workflow.params.iter().filter(|param| !past.withheld.contains(&*param.name)) {
        if let Some(value) = past.course.outcome.params.get(&param.name) {
            scope.set(param.slot, value.clone());
        }
    }
    for calendar in &workflow.calendars {
        if let Ok(value) = eval(&calendar.value, Env::new(&past.course.world, scope), &mut Locals::default()) {
            scope.set(calendar.slot, value);
        }
    }
}

fn of_steps(block: &Block, level: &Level<'_>, scope: &Scope, past: &Past<'_>) {
    for step in &block.steps {
        let value = past.course.stand(&level.place(&step.name)).and_then(|stand| stand.value.clone());
        if let (Some(slot), Some(value)) = (step.slot, value) {
            scope.set(slot, value);
        }
    }
}

fn fill(scope: &Scope, values: Vec<Option<Value>>) {
    for (index, value) in values.into_iter().enumerate() {
        if let Some(value) = value {
            scope.set(index, value);
        }
    }
}
