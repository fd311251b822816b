//! What happened, as it is kept: values as JSON, secrets taken out.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::{Mask, hash_of};
use crate::lifecycle::Told;
use crate::primitive::Effect;
use crate::run::{End, ErrorReport, Recorded, RunEvent, Tried};
use crate::store::{Attempt, Begin, Entry, EventRow, Finished, StepRow, StepState};
use crate::value::{Value, to_kept, to_kept_text};

pub(super) enum Raw {
    Step(Box<Recorded>),
    Event(u64, Box<RunEvent>),
    Told(Box<Told>),
}

impl Raw {
    pub(super) fn entries(self, mask: &Mask, epoch: u32) -> Vec<Entry> {
        match self {
            Self::Event(seq, event) => {
                let body = mask(&serde_json::to_string(&event).unwrap_or_default());
                vec![Entry::Event(EventRow { seq, epoch, body })]
            }
            Self::Told(told) => serde_json::to_string(&told).map(|body| Entry::Told(mask(&body))).into_iter().collect(),
            Self::Step(step) => step_entries(*step, mask, epoch),
        }
    }
}

fn step_entries(step: Recorded, mask: &Mask, epoch: u32) -> Vec<Entry> {
    let started_at = step.started_at.timestamp_millis();
    let mut row = StepRow {
        key: step.key,
        path: step.place.path.join("."),
        item: step.place.item.map(|item| mask(&item)),
        kind: kind(step.effect).to_owned(),
        state: StepState::Done,
        code: step.code,
        input: step.input,
        output: None,
        withheld: None,
        error: None,
        attempts: step.attempts,
        tried: Vec::new(),
        started_at,
        duration_ms: (step.at.timestamp_millis() - started_at).max(0),
        epoch,
    };
    let value = match step.end {
        End::Announced => {
            row.state = StepState::Announced;
            return vec![Entry::Announced(row)];
        }
        End::Failed(error) => {
            row.state = StepState::Failed;
            row.error = masked_error(&error, mask);
            row.tried = attempts(&step.tried, &row, mask);
            return vec![Entry::Step(row)];
        }
        End::Well(value) => value,
    };
    row.tried = attempts(&step.tried, &row, mask);
    match kept(value.as_ref(), mask) {
        Ok((hash, json)) => {
            row.output = Some(hash.clone());
            vec![Entry::Output { hash, json }, Entry::Step(row)]
        }
        Err(why) => {
            row.withheld = step.effect.is_some().then(|| why.to_owned());
            vec![Entry::Step(row)]
        }
    }
}

fn masked_error(error: &ErrorReport, mask: &Mask) -> Option<Json> {
    serde_json::from_str(&mask(&json!(error).to_string())).ok()
}

/// All attempts of a step that made several: those that failed, and the last, which began when the wait before it was over.
fn attempts(tried: &[Tried], row: &StepRow, mask: &Mask) -> Vec<Attempt> {
    let Some(before) = tried.last() else { return Vec::new() };
    let failed = (1..).zip(tried).map(|(number, tried)| Attempt {
        number,
        started_at: tried.started_at.timestamp_millis(),
        ended_at: tried.ended_at.timestamp_millis(),
        error: masked_error(&tried.error, mask),
        wait_ms: Some(tried.wait_ms),
    });
    let ended_at = row.started_at + row.duration_ms;
    let wait_ms = i64::try_from(before.wait_ms).unwrap_or(i64::MAX);
    let started_at = before.ended_at.timestamp_millis().saturating_add(wait_ms).min(ended_at);
    let last = Attempt { number: row.attempts, started_at, ended_at, error: row.error.clone(), wait_ms: None };
    failed.chain([last]).collect()
}

const fn kind(effect: Option<Effect>) -> &'static str {
    match effect {
        Some(Effect::Pure) => "pure",
        Some(Effect::Read) => "read",
        Some(Effect::Write) => "write",
        None => "item",
    }
}

/// A value as it is kept, with what stands for it; or why it is not.
fn kept(value: Option<&Value>, mask: &Mask) -> Result<(String, String), &'static str> {
    let value = value.ok_or("its value is too large to be kept")?;
    let json = to_kept_text(value).ok_or("its value is of a kind that is not kept")?;
    if !is_free_of_secrets(&json, mask) {
        return Err("its value holds a secret");
    }
    Ok((hash_of(&json), json))
}

pub(super) fn masked_begin(begin: Begin, mask: &Mask) -> Begin {
    let mut program = begin.program;
    for text in program.files.iter_mut().chain(&mut program.programs) {
        let masked = mask(&text.text);
        program.is_whole &= masked == text.text;
        text.text = masked;
    }
    let (target, told) = (mask(&begin.target), begin.told.as_deref().map(|told| mask(told)));
    Begin { target, program, told, ..begin }
}

pub(super) fn masked_end(end: &Finished, mask: &Mask) -> Finished {
    let result = serde_json::from_str(&mask(&end.result.to_string())).unwrap_or_default();
    let told = end.told.as_deref().map(|told| mask(told));
    Finished { status: end.status, message: mask(&end.message), result, at: end.at, told }
}

/// Parameters as they are kept, and the names of those that are not: secrets, and what holds one.
pub(super) fn kept_params(params: &IndexMap<Arc<str>, Value>, mask: &Mask) -> Json {
    let (mut kept, mut withheld) = (Map::new(), Vec::new());
    for (name, value) in params {
        match to_kept(value).filter(|json| is_free_of_secrets(&json.to_string(), mask)) {
            Some(json) => drop(kept.insert(name.to_string(), json)),
            None => withheld.push(name.to_string()),
        }
    }
    json!({ "kept": kept, "withheld": withheld })
}

fn is_free_of_secrets(text: &str, mask: &Mask) -> bool {
    mask(text) == text
}
