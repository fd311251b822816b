//! The arguments of a run: what the command line gives for the parameters, and what the job does.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use chrono_tz::Tz;
use indexmap::IndexMap;
use serde_json::Value as Json;

use super::arguments::{self, ParameterFlag, Wanted};
use super::prepare::refused_text;
use super::project::text_of;
use crate::check::program::Workflow;
use crate::config::{Job, JobParam};
use crate::diagnostic::closest;
use crate::plan::{GivenArgument, SINCE, UNTIL, named, settle};
use crate::value::{Timestamp, Type};

/// Arguments by the names of parameters.
pub(super) type Arguments = IndexMap<Arc<str>, GivenArgument>;

/// What was given for the parameters.
pub(super) struct Given {
    /// On the command line.
    pub(super) given: Arguments,
    /// The same before what the job gives.
    pub(super) all: Arguments,
}

/// What is given for the parameters of `workflow`, times of `since` and `until` settled against `now`. The error is a line
/// for people, or several.
pub(super) fn arguments(
    command: &Wanted,
    job: Option<&Job>,
    workflow: &Workflow,
    now: Timestamp,
) -> Result<Given, String> {
    if let Some(name) = given_twice(command) {
        return Err(format!("the parameter `{name}` is given twice"));
    }
    let mut given = by_name(command, workflow)?;
    for flag in &command.flags {
        let (name, argument) = by_flag(flag, workflow)?;
        given.insert(name, argument);
    }
    let mut all = with_those_of(job, &given);
    let said: Vec<&str> = times(command).map(|(name, _)| name).collect();
    let zone = job.and_then(|job| job.schedule.as_ref()).map_or(Tz::UTC, |schedule| schedule.timezone);
    let settled = settle(workflow, &all, &said, now, zone).map_err(|errors| refused_text(&errors))?;
    for (name, argument) in settled {
        // A saved plan holds the time as it was settled.
        if let Some(own) = given.get_mut(&name) {
            *own = argument.clone();
        }
        all.insert(name, argument);
    }
    Ok(Given { given, all })
}

/// `--since` and `--until`.
fn times(command: &Wanted) -> impl Iterator<Item = (&'static str, &String)> {
    [(SINCE, &command.since), (UNTIL, &command.until)]
        .into_iter()
        .filter_map(|(name, time)| Some((name, time.as_ref()?)))
}

/// A parameter that two flags give, or a flag and `-p`.
fn given_twice(command: &Wanted) -> Option<String> {
    let plain = |name: &str| name.trim().trim_end_matches('_').replace('-', "_");
    let mut seen: HashSet<String> =
        command.params.iter().filter_map(|pair| Some(plain(pair.split_once('=')?.0))).collect();
    let flags = command.flags.iter().map(|flag| plain(&flag.name));
    flags.chain(times(command).map(|(name, _)| name.to_owned())).find(|name| !seen.insert(name.clone()))
}

/// What names parameters by itself: `--since` and `-p` before `--params` before what a saved plan holds.
fn by_name(command: &Wanted, workflow: &Workflow) -> Result<Arguments, String> {
    let mut given = command.saved.clone();
    if let Some(file) = &command.params_file {
        given.extend(params_file(file)?);
    }
    given.extend(pairs(&command.params)?);
    for (name, time) in times(command) {
        let param = named(workflow, name).ok_or_else(|| no_range(name, workflow))?;
        given.insert(Arc::clone(&param.name), GivenArgument::Text(time.clone()));
    }
    Ok(given)
}

/// `-p name=value`, each.
pub(super) fn pairs(params: &[String]) -> Result<Arguments, String> {
    let pair = |pair: &String| {
        let split = pair.split_once('=').ok_or_else(|| format!("`-p {pair}`: write `-p name=value`"))?;
        Ok((Arc::from(split.0.trim()), GivenArgument::Text(split.1.to_owned())))
    };
    params.iter().map(pair).collect()
}

fn params_file(file: &Path) -> Result<Arguments, String> {
    let text = text_of(file)?;
    let json: serde_json::Map<String, Json> =
        serde_json::from_str(&text).map_err(|error| format!("`{}` holds no JSON object: {error}", file.display()))?;
    Ok(json.into_iter().map(|(name, value)| (name.into(), GivenArgument::Json(value))).collect())
}

/// A flag that is named as a parameter is, with `-` or `_`; alone it makes a `bool` true.
fn by_flag(flag: &ParameterFlag, workflow: &Workflow) -> Result<(Arc<str>, GivenArgument), String> {
    let name = flag.name.replace('-', "_");
    let Some(param) = named(workflow, &name) else {
        return Err(unknown(&flag.name, &name, workflow));
    };
    let argument = match &flag.value {
        Some(value) => GivenArgument::Text(value.clone()),
        None if param.ty.required() == Type::Bool => GivenArgument::Json(Json::Bool(true)),
        None => return Err(format!("`--{}` wants a value, a `{}`", flag.name, param.ty)),
    };
    Ok((Arc::clone(&param.name), argument))
}

fn no_range(name: &str, workflow: &Workflow) -> String {
    let declared = if name == UNTIL { "until_" } else { name };
    format!(
        "the workflow `{}` has no parameter for `--{name}`; it would be declared as `param {declared}: timestamp`",
        workflow.name
    )
}

fn unknown(written: &str, name: &str, workflow: &Workflow) -> String {
    let grammar = arguments::command();
    let own = grammar.find_subcommand("run").into_iter().flat_map(clap::Command::get_arguments);
    let flags: Vec<&str> = own.chain(grammar.get_arguments()).filter_map(clap::Arg::get_long).collect();
    let params = || workflow.params.iter().map(|param| &*param.name);
    let near = closest(name, params()).or_else(|| closest(written, flags));
    let help = match near {
        Some(near) => format!("did you mean `--{near}`?"),
        None if workflow.params.is_empty() => "it has none".to_owned(),
        None => format!("it has {}", params().map(|param| format!("`--{param}`")).collect::<Vec<_>>().join(", ")),
    };
    format!("`--{written}` is no option, and the workflow `{}` has no such parameter; {help}", workflow.name)
}

/// The arguments of a job, and those given for its run in their place.
pub(super) fn with_those_of(job: Option<&Job>, given: &Arguments) -> Arguments {
    let mut all = Arguments::new();
    all.extend(job.iter().flat_map(|job| &job.params).map(|(name, param)| (name.clone(), of_job(param))));
    all.extend(given.clone());
    all
}

/// What a job gives for a parameter.
pub(super) fn of_job(param: &JobParam) -> GivenArgument {
    match (&param.value, param.substituted) {
        (Json::String(text), true) => GivenArgument::Text(text.clone()),
        (value, _) => GivenArgument::Json(value.clone()),
    }
}
