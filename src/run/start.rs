//! What happens before the first step: connections and parameters get their values.

use std::sync::Arc;

use indexmap::IndexMap;

use super::Services;
use super::eval::{Env, Locals, eval};
use super::fault::Fault;
use super::scope::Scope;
use crate::check::program::{Workflow, WorkflowParam};
use crate::operation::truth;
use crate::plan::{BindError, Plan};
use crate::value::{ErrorKind, StepError, Value};

/// Fills the connections' slots; fails for the first that the environment does not have.
pub(super) fn connect(workflow: &Workflow, scope: &Scope, services: &Services) -> Result<(), StepError> {
    for connection in &workflow.connections {
        let (name, kind, open) = (&connection.name, connection.kind, &services.connections);
        let is_there = match kind.family() {
            "sql" => open.sql.contains_key(name),
            "metrics" => open.metrics.contains_key(name),
            "files" => open.files.contains_key(name),
            _ => open.http.contains_key(name),
        };
        if !is_there {
            let message = format!("the environment has no {} connection `{name}`", kind.name());
            let help = format!("add `{name}` under `connections` of this environment in vmflow.yaml");
            return Err(StepError::new(ErrorKind::Configuration, message).help(help));
        }
        scope.set(connection.slot, Value::Connection(kind, name.clone()));
    }
    Ok(())
}

/// Fills the calendars' slots; they may look at parameters.
pub(super) fn calendars(workflow: &Workflow, env: Env<'_>) -> Result<(), Box<Fault>> {
    for calendar in &workflow.calendars {
        let value = eval(&calendar.value, env, &mut Locals::default())?;
        env.scope.set(calendar.slot, value);
    }
    Ok(())
}

/// Fills the parameters' slots, then looks at what they require. Every problem is told, not the first only.
pub(super) fn parameters(plan: &Plan, env: Env<'_>) -> Result<IndexMap<Arc<str>, Value>, Vec<BindError>> {
    let mut params = IndexMap::new();
    let mut refused = Vec::new();
    for (at, param) in plan.workflow.params.iter().enumerate() {
        let given = plan.arguments.get(at).cloned().flatten();
        match given.map_or_else(|| default(param, env), Ok) {
            Ok(value) => {
                env.scope.set(param.slot, value.clone());
                params.insert(param.name.clone(), value);
            }
            Err(fault) => refused.push(refusal(param, &fault)),
        }
    }
    for param in plan.workflow.params.iter().filter(|param| params.contains_key(&param.name)) {
        refused.extend(unmet(param, env, params.get(&param.name)));
    }
    if refused.is_empty() { Ok(params) } else { Err(refused) }
}

fn default(param: &WorkflowParam, env: Env<'_>) -> Result<Value, Box<Fault>> {
    match &param.default {
        Some(default) => eval(default, env, &mut Locals::default()),
        None if param.ty.is_optional() => Ok(Value::None),
        None => Err(Fault::new(StepError::new(ErrorKind::Missing, format!("needs a `{}`", param.ty)))),
    }
}

fn refusal(param: &WorkflowParam, fault: &Fault) -> BindError {
    BindError { param: param.name.clone(), message: fault.error.message.clone(), help: fault.error.help.clone() }
}

fn unmet(param: &WorkflowParam, env: Env<'_>, value: Option<&Value>) -> Option<BindError> {
    let require = param.require.as_ref()?;
    let holds = eval(require, env, &mut Locals::default()).and_then(|value| truth(&value).map_err(Fault::new));
    let message = match holds {
        Ok(true) => return None,
        Err(fault) => return Some(refusal(param, &fault)),
        Ok(false) => param.message.as_ref().map(|message| eval(message, env, &mut Locals::default())),
    };
    let message = match message {
        Some(Ok(message)) => message.to_string(),
        Some(Err(fault)) => fault.error.message,
        None => "what it requires does not hold".to_owned(),
    };
    let found = value.map_or(String::new(), |value| format!(", found `{value}`"));
    Some(BindError { param: param.name.clone(), message: format!("{message}{found}"), help: None })
}
