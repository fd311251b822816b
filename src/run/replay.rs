//! A run gone through once more from what is on record of it: nothing is read, and nothing written.
//!
//! All that is computed is computed again. Where a step reaches for the world, what it would ask is noted, and what is on
//! record of it stands in for the answer. A step of which nothing is on record has no value, as one that writes has none in
//! a plan ([`super::scope::Held::Unknown`]): whoever looks at it has none either, and all else goes on.

use futures_util::future::BoxFuture;

use super::eval::Site;
use super::event::StepPlace;
use super::fault::{Fault, Ran};
use super::frame::Frame;
use super::preview::Noted;
use super::record::Entry;
use super::tally::Tally;
use crate::check::program::{Expr, Function};
use crate::primitive::{Effect, Spec};
use crate::source::Span;
use crate::value::{ErrorKind, StepError, Value};

/// Answers for the world.
pub trait Replay: Send + Sync {
    /// What is on record of a step.
    fn answer(&self, asked: Asked) -> BoxFuture<'_, Answer>;
    /// Takes note of what a step asks of the world, or would write.
    fn called(&self, call: Noted<Called>);
    /// Takes note of an item that a loop walks, and of the value behind it when the loop walks a map.
    fn walked(&self, item: StepPlace, first: &Value, second: Option<&Value>);
}

/// A step that reaches for the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Tells it from all others of the run.
    pub key: String,
    /// Where it stands, for people.
    pub place: StepPlace,
    /// What it does to the world.
    pub effect: Effect,
    /// Stands for its code.
    pub code: String,
    /// Stands for all that it looks at.
    pub input: String,
}

/// What is on record of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Its value.
    Value(Value),
    /// It failed.
    Failed(StepError),
    /// Nothing that could stand in for it, and why.
    NotKnown(String),
}

/// A call that reaches for the world.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// What is called: `sql.query`, or the name of a program of the user's own.
    pub action: String,
    /// What it does to the world.
    pub effect: Effect,
    /// The transaction that it belongs to: the path of its step.
    pub transaction: Option<Vec<String>>,
    /// The arguments that were given, by the names of the parameters; `None` for one that is not known.
    pub arguments: Vec<(String, Option<Value>)>,
    /// Where it stands.
    pub span: Span,
}

/// What a step has that is not on record.
fn not_known(why: impl Into<String>) -> Box<Fault> {
    Fault::new(StepError::new(ErrorKind::Unknown, why))
}

/// Who answers for the world, if it is not the world itself.
pub(super) fn of(frame: &Frame) -> Option<&dyn Replay> {
    frame.run.records.as_ref()?.replay()
}

/// What a step gave, once its own work was gone through for what it asks: then the record answers. Boxed, because the frames
/// of steps inside steps are many, and here they grow for none of those that really run.
pub(super) fn answered<'a>(
    replay: &'a dyn Replay,
    entry: &'a Entry<'_>,
    tally: &'a Tally,
    own: Ran<Value>,
) -> BoxFuture<'a, Ran<Value>> {
    Box::pin(async move {
        // A transaction is on record as one step, not by the steps inside it.
        if entry.frame.transaction().is_some() || !own.as_ref().is_err_and(|fault| fault.is_unknown()) {
            return own;
        }
        let value = match replay.answer(entry.asked()).await {
            Answer::Value(value) => value,
            Answer::Failed(error) => return Err(Fault::new(error)),
            Answer::NotKnown(why) => return Err(not_known(why)),
        };
        tally.take_from_record();
        Ok(value)
    })
}

/// What a read would ask is noted, where the run is only gone through.
pub(super) fn read(
    spec: &Spec,
    (given, values): (&[Option<Expr>], &[Value]),
    (site, span): (Site<'_>, Span),
) -> Option<Box<Fault>> {
    let replay = of(site.frame)?;
    let mut values = values.iter().cloned();
    let values: Vec<Option<Value>> =
        given.iter().map(|argument| argument.as_ref().and_then(|_| values.next())).collect();
    Some(note(replay, spec, (given, &values), site, span))
}

/// What a program of the user's own would be given is noted, likewise.
pub(super) fn program(function: &Function, values: &[Value], site: Site<'_>) -> Option<Box<Fault>> {
    Some(note_program(of(site.frame)?, function, values, site))
}

/// Notes a call of a primitive, without the arguments that were left out. It has no value of its own.
pub(super) fn note(
    replay: &dyn Replay,
    spec: &Spec,
    (given, values): (&[Option<Expr>], &[Option<Value>]),
    site: Site<'_>,
    span: Span,
) -> Box<Fault> {
    let named = spec.params.iter().zip(given).zip(values).filter(|((_, given), _)| given.is_some());
    let named = named.map(|((param, _), value)| (param.name.to_owned(), value.clone())).collect();
    note_call(replay, (spec.name.to_owned(), spec.effect), named, site, span)
}

/// Notes a call of a program of the user's own, likewise.
fn note_program(replay: &dyn Replay, function: &Function, values: &[Value], site: Site<'_>) -> Box<Fault> {
    let named = function.params.iter().zip(values).map(|(param, value)| (param.name.to_string(), Some(value.clone())));
    note_call(replay, (function.name.to_string(), function.effect), named.collect(), site, site.span)
}

fn note_call(
    replay: &dyn Replay,
    (action, effect): (String, Effect),
    arguments: Vec<(String, Option<Value>)>,
    site: Site<'_>,
    span: Span,
) -> Box<Fault> {
    let frame = site.frame;
    replay.called(Noted {
        rank: frame.rank(site.span),
        step: frame.path(site.step),
        item: frame.item(),
        what: Called { action, effect, transaction: frame.transaction(), arguments, span },
    });
    not_known(format!("what `{}` gave inside a step is not on record by itself", frame.path(site.step).join(".")))
}
