//! The parameters `since` and `until`: times as people say them, settled once against the run's now.

use std::sync::Arc;

use chrono_tz::Tz;
use indexmap::IndexMap;
use serde_json::Value as Json;

use super::moment::{self, End, Moment, Wrong};
use super::{BindError, GivenArgument};
use crate::check::program::{Workflow, WorkflowParam};
use crate::value::{Timestamp, Type};

/// Where a range begins.
pub const SINCE: &str = "since";

/// Where it ends. A parameter is called `until_`, for `until` is a word of the language.
pub const UNTIL: &str = "until";

/// The parameter that a name stands for outside of a workflow, where the language's own words are names like any other: that
/// of the name, or of the name with the `_` behind it that the language asks for.
pub fn named<'w>(workflow: &'w Workflow, name: &str) -> Option<&'w WorkflowParam> {
    let find = |name: &str| workflow.params.iter().find(|param| &*param.name == name);
    find(name).or_else(|| find(&format!("{name}_")))
}

/// What was given for `since` and `until`, settled: times in the form of the parameter's type, `timestamp`, `date` or
/// `text`, as they are at `now`, in `zone` unless they name one. A day that is wanted as an instant is its first, an instant
/// that is wanted as a day the day it falls on.
///
/// Parameters of other types are left alone; so is a text that is no time, unless its name is among `said`, the flags
/// by which it was given. What comes back is by the names of parameters. A `since` after its `until` is refused.
pub fn settle(
    workflow: &Workflow,
    given: &IndexMap<Arc<str>, GivenArgument>,
    said: &[&str],
    now: Timestamp,
    zone: Tz,
) -> Result<IndexMap<Arc<str>, GivenArgument>, Vec<BindError>> {
    let mut errors = Vec::new();
    let mut settled = IndexMap::new();
    let mut moments = Vec::new();
    for (name, end) in [(SINCE, End::Since), (UNTIL, End::Until)] {
        let Some(param) = named(workflow, name) else { continue };
        match given.get(&param.name).map(|given| one(param, given, said.contains(&name), (now, zone, end))) {
            Some(Ok(Some((moment, text)))) => {
                settled.insert(Arc::clone(&param.name), GivenArgument::Text(text));
                moments.push(moment);
            }
            Some(Err(wrong)) => errors.push(refusal(param, wrong)),
            Some(Ok(None)) | None => {}
        }
    }
    if let [since, until] = moments.as_slice()
        && since.instant() > until.instant()
    {
        let message = format!("`{}` is after `until`, `{}`", since.text(), until.text());
        let help = Some("a range runs from the earlier to the later".to_owned());
        errors.push(BindError { param: SINCE.into(), message, help });
    }
    if errors.is_empty() { Ok(settled) } else { Err(errors) }
}

fn refusal(param: &WorkflowParam, Wrong { message, help }: Wrong) -> BindError {
    BindError { param: Arc::clone(&param.name), message, help: Some(help) }
}

/// One of the two, and as the text that its type is written as. `None` where there is nothing to settle.
fn one(
    param: &WorkflowParam,
    given: &GivenArgument,
    is_said: bool,
    (now, zone, end): (Timestamp, Tz, End),
) -> Result<Option<(Moment, String)>, Wrong> {
    let (GivenArgument::Text(text) | GivenArgument::Json(Json::String(text))) = given else { return Ok(None) };
    let ty = param.ty.required();
    if !matches!(ty, Type::Timestamp | Type::Date | Type::Text) || (param.ty.is_optional() && text.trim() == "none") {
        return Ok(None);
    }
    let is_free = ty == Type::Text && !is_said;
    let moment = match moment::moment(text, now, zone, end) {
        Ok(Some(moment)) => moment,
        Ok(None) | Err(_) if is_free => return Ok(None),
        Ok(None) => return Err(moment::no_time(text)),
        Err(wrong) => return Err(wrong),
    };
    let text = match ty {
        Type::Timestamp => moment.instant().map(|at| Moment::At(at, zone).text()),
        Type::Date => moment.day().map(|day| day.to_string()),
        _ => Some(moment.text()),
    };
    Ok(text.map(|text| (moment, text)))
}
