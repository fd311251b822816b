//! Arguments for a workflow's parameters, from texts and JSON.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::{Plan, literal};
use crate::check::program::{Program, Workflow, WorkflowParam};
use crate::diagnostic::did_you_mean;
use crate::value::Value;

/// What somebody gave for a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum GivenArgument {
    /// A text, from the command line: `-p lookback=60d`.
    Text(String),
    /// A value of a configuration or parameter file.
    Json(Json),
}

/// Why an argument was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindError {
    /// The parameter.
    pub param: Arc<str>,
    /// What is wrong with it.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter `{}`: {}", self.param, self.message)
    }
}

impl std::error::Error for BindError {}

/// Binds what was given to the workflow's parameters; every problem is told at once.
pub fn bind(
    program: Arc<Program>,
    workflow: Arc<Workflow>,
    given: &IndexMap<Arc<str>, GivenArgument>,
) -> Result<Plan, Vec<BindError>> {
    let mut errors = unknown(&workflow, given);
    let mut arguments = Vec::with_capacity(workflow.params.len());
    for param in &workflow.params {
        match argument(param, given.get(&param.name)) {
            Ok(value) => arguments.push(value),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(Plan { program, workflow, arguments }) } else { Err(errors) }
}

/// [`bind`], for parameters most of which have their values already: a run that goes on keeps what it was given.
pub fn bind_again(
    program: Arc<Program>,
    workflow: Arc<Workflow>,
    kept: &IndexMap<Arc<str>, Value>,
    given: &IndexMap<Arc<str>, GivenArgument>,
) -> Result<Plan, Vec<BindError>> {
    let mut errors = unknown(&workflow, given);
    let mut arguments = Vec::with_capacity(workflow.params.len());
    for param in &workflow.params {
        match kept.get(&param.name) {
            Some(value) => arguments.push(Some(value.clone())),
            None => match argument(param, given.get(&param.name)) {
                Ok(value) => arguments.push(value),
                Err(error) => errors.push(error),
            },
        }
    }
    if errors.is_empty() { Ok(Plan { program, workflow, arguments }) } else { Err(errors) }
}

/// Why a value does not fit a parameter, if it does not.
pub fn misfit(param: &WorkflowParam, given: &GivenArgument) -> Option<BindError> {
    argument(param, Some(given)).err()
}

fn unknown(workflow: &Workflow, given: &IndexMap<Arc<str>, GivenArgument>) -> Vec<BindError> {
    let names = || workflow.params.iter().map(|param| &*param.name);
    let is_unknown = |name: &&Arc<str>| !names().any(|known| *known == ***name);
    let refuse = |name: &Arc<str>| BindError {
        param: name.clone(),
        message: format!("the workflow `{}` has no such parameter", workflow.name),
        help: did_you_mean(name, names()),
    };
    given.keys().filter(is_unknown).map(refuse).collect()
}

fn argument(param: &WorkflowParam, given: Option<&GivenArgument>) -> Result<Option<Value>, BindError> {
    let value = match given {
        Some(GivenArgument::Text(text)) => literal::from_text(text, &param.ty),
        Some(GivenArgument::Json(json)) => literal::from_json(json, &param.ty),
        None if param.default.is_some() || param.ty.is_optional() => return Ok(None),
        None => return Err(missing(param)),
    };
    let is_typed = matches!(given, Some(GivenArgument::Text(_)));
    let refuse =
        |message| BindError { param: param.name.clone(), message, help: literal::example(&param.ty, is_typed) };
    value.map(Some).map_err(refuse)
}

fn missing(param: &WorkflowParam) -> BindError {
    let shape = literal::shell_shape(&param.ty).unwrap_or_else(|| "…".to_owned());
    BindError {
        param: param.name.clone(),
        message: format!("missing; it wants a `{}`", param.ty),
        help: Some(format!("give it with `-p {}={shape}`", param.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::build::{lit, span, workflow};
    use crate::value::Type;

    fn flow() -> Arc<Workflow> {
        let param = |name: &str, ty, default| WorkflowParam {
            name: name.into(),
            doc: String::new(),
            ty,
            slot: 0,
            default,
            require: None,
            message: None,
            span: span(),
        };
        let mut flow = workflow(1, Vec::new());
        flow.params = vec![
            param("job", Type::Text, None),
            param("lookback", Type::Period, Some(lit(1))),
            param("day", Type::Date.optional(), None),
            param("cutoff", Type::Time, None),
        ];
        Arc::new(flow)
    }

    fn bound(given: &[(&str, GivenArgument)]) -> Result<Plan, Vec<String>> {
        let given = given.iter().map(|(name, argument)| (Arc::from(*name), argument.clone())).collect();
        let say = |e: &BindError| format!("{e} ({})", e.help.as_deref().unwrap_or("no help"));
        bind(Arc::default(), flow(), &given).map_err(|errors| errors.iter().map(say).collect())
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let given = [("lokback", GivenArgument::Text("30d".into())), ("lookback", GivenArgument::Text("30".into()))];
        assert_eq!(
            bound(&given).unwrap_err(),
            [
                "parameter `lokback`: the workflow `trial` has no such parameter (did you mean `lookback`?)",
                "parameter `job`: missing; it wants a `text` (give it with `-p job=…`)",
                "parameter `lookback`: `30` is not a `period` (write it like `30d`)",
                "parameter `cutoff`: missing; it wants a `time` (give it with `-p cutoff=06:00`)",
            ]
        );
    }

    #[test]
    fn only_what_a_shell_reads_has_its_quotes() {
        let param = |ty| WorkflowParam {
            name: "p".into(),
            doc: String::new(),
            ty,
            slot: 0,
            default: None,
            require: None,
            message: None,
            span: span(),
        };
        let help = |ty, given| misfit(&param(ty), &given).unwrap().help.unwrap();
        let texts = Type::list(Type::Text);
        assert_eq!(help(texts.clone(), GivenArgument::Json("a".into())), "write it like `[a, …]`");
        assert_eq!(help(texts, GivenArgument::Text("a".into())), "write it like `'[a, …]'`");
        assert_eq!(
            help(Type::list(Type::list(Type::Int)), GivenArgument::Text("a".into())),
            "write it like `'[[3, …], …]'`"
        );
    }

    #[test]
    fn texts_and_json_bind_and_defaults_stay_open() {
        let json = |text: &str| GivenArgument::Json(Json::String(text.to_owned()));
        let plan = bound(&[("job", GivenArgument::Text("apex".into())), ("cutoff", json("06:00"))]).unwrap();
        let shown: Vec<_> = plan.arguments.iter().map(|value| value.as_ref().map(ToString::to_string)).collect();
        assert_eq!(shown, [Some("apex".to_owned()), None, None, Some("06:00:00".to_owned())]);
    }
}
