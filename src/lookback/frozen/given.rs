//! What a run had read, as `given` steps.

use std::collections::HashMap;
use std::fmt::Write;
use std::rc::Rc;

use indexmap::IndexMap;

use super::literal::literal;
use super::{Subject, hidden, places};
use crate::check::program::{Action, Block, FunctionBody, OnFailure, Step};
use crate::check::walk;
use crate::lookback::Where;
use crate::primitive::Effect;
use crate::value::{ErrorKind, Sequence, Value};

/// The most items of a list and rows of a table that are given.
const MOST: usize = 100;

/// The most different values of one step in a loop.
const MOST_DIFFERENT: usize = 100;

/// All that is to be given, in the order of the file.
pub(super) fn all(subject: &Subject<'_>) -> Result<Vec<String>, String> {
    let mut giver = Giver { subject, givens: Vec::new(), walked: HashMap::new() };
    giver.block(&subject.workflow.body, &Around::default())?;
    for (name, block) in [("failed", &subject.workflow.failed), ("finally", &subject.workflow.finally)] {
        let Some(block) = block else { continue };
        giver.block(block, &Around { path: format!("{name}."), ..Around::default() })?;
    }
    Ok(giver.givens)
}

/// What stands around a block.
#[derive(Debug, Clone, Default)]
struct Around {
    /// The names of the steps, as a run tells them, each with a dot behind it.
    path: String,
    /// Those of them that a test can say.
    named: String,
    /// The loops: where each stands, and what its items are called.
    loops: Vec<(String, String)>,
    is_transaction: bool,
    /// Whether it is inside a call that has no name, so that a test has no name for what it does.
    is_unnamed: bool,
}

struct Giver<'a> {
    subject: &'a Subject<'a>,
    givens: Vec<String>,
    /// What each loop walked, looked up over and over.
    walked: HashMap<String, Rc<Walked<'a>>>,
}

/// The items that a loop walked.
#[derive(Default)]
struct Walked<'a> {
    /// By what they are called.
    by_name: HashMap<&'a str, &'a Value>,
    /// How often each came.
    counts: HashMap<&'a Value, usize>,
    /// How often each value of each field of records came.
    fields: HashMap<(&'a str, &'a Value), usize>,
}

impl<'a> Walked<'a> {
    fn of(items: impl Iterator<Item = &'a crate::lookback::retrace::Walked>) -> Self {
        let mut walked = Self::default();
        for (place, item, _) in items {
            walked.by_name.entry(place.item.as_deref().unwrap_or_default()).or_insert(item);
            *walked.counts.entry(item).or_default() += 1;
            let fields = if let Value::Record(record) = item { Some(record.fields()) } else { None };
            for (name, value) in fields.into_iter().flatten() {
                *walked.fields.entry((&**name, value)).or_default() += 1;
            }
        }
        walked
    }

    /// The item that is, or is around, the one that is called so.
    fn around(&self, name: &str) -> Option<&'a Value> {
        let cuts = name.match_indices(" / ").filter_map(|(at, _)| name.get(..at));
        cuts.chain([name]).find_map(|name| self.by_name.get(name).copied())
    }
}

/// What one step gave somewhere.
enum Gave {
    Value(Value),
    Failure(ErrorKind, String),
}

impl<'a> Giver<'a> {
    fn block(&mut self, block: &'a Block, around: &Around) -> Result<(), String> {
        block.steps.iter().try_for_each(|step| self.step(step, around))
    }

    fn step(&mut self, step: &'a Step, around: &Around) -> Result<(), String> {
        if step.effect == Effect::Pure {
            return Ok(());
        }
        let own = if step.slot.is_some() { format!("{}.", step.name) } else { String::new() };
        let mut inside = Around {
            path: format!("{}{}.", around.path, step.name),
            named: format!("{}{own}", around.named),
            ..around.clone()
        };
        match &step.action {
            Action::Expression(expr) => {
                self.given(step, around)?;
                let called = walk::called(expr).and_then(|id| self.subject.program.functions.get(id.0));
                if let Some(FunctionBody::Block(block)) = called.map(|function| &function.body) {
                    // Arguments have no names in there.
                    self.block(
                        block,
                        &Around { is_unnamed: around.is_unnamed || step.slot.is_none(), ..inside.clone() },
                    )?;
                }
            }
            Action::ForEach(each) => {
                inside.loops.push((format!("{}{}", around.path, step.name), self.item_name(step)));
                self.block(&each.block, &inside)?;
            }
            Action::Transaction { block, .. } => {
                self.block(block, &Around { is_transaction: true, ..inside.clone() })?;
            }
            Action::When { arms, otherwise } => {
                arms.iter()
                    .map(|(_, block)| block)
                    .chain(otherwise)
                    .try_for_each(|block| self.block(block, &inside))?;
            }
            Action::Check { .. } => {}
        }
        if let OnFailure::Block(block) = &step.on_failure {
            self.block(block, &Around { loops: around.loops.clone(), ..inside })?;
        }
        Ok(())
    }

    /// What a loop calls its item: `day` in `for each day in days`, `day` of `for each day, rows in by_day`.
    fn item_name(&self, step: &Step) -> String {
        let text = self.subject.sources.slice(step.span);
        let after = text.split_once("for each ").map_or("", |(_, after)| after);
        after.trim_start().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
    }

    fn given(&mut self, step: &Step, around: &Around) -> Result<(), String> {
        let path = format!("{}{}", around.path, step.name);
        if around.is_transaction {
            let reads = self
                .subject
                .course
                .seen
                .calls
                .iter()
                .any(|call| call.what.effect == Effect::Read && call.step.join(".") == path);
            return if reads {
                Err(format!("`{path}` reads in a transaction, and what it read is not on record by itself"))
            } else {
                Ok(())
            };
        }
        let mut all: Vec<(Where, Gave)> = Vec::new();
        let mut at: Vec<Where> = places(self.subject.course, &path).collect();
        at.sort();
        for place in at {
            let gave = self.gave(&place)?;
            all.push((place, gave));
        }
        let is_unnamed = step.slot.is_none() || around.is_unnamed;
        if all.is_empty() || (is_unnamed && step.effect == Effect::Write) {
            return Ok(());
        }
        if is_unnamed {
            return Err(format!("`{path}` reads and has no name to be given by; bind what it reads to one"));
        }
        let name = format!("{}{}", around.named, step.name);
        let (comments, value) = self.value(&path, &all, around)?;
        for comment in comments {
            self.givens.push(format!("# {comment}\n"));
        }
        self.givens.push(format!("given {name} = {value}\n"));
        Ok(())
    }

    fn gave(&self, place: &Where) -> Result<Gave, String> {
        let course = self.subject.course;
        if let Some(why) = course.not_known(place) {
            let item = place.1.as_ref().map(|item| format!(" ({item})")).unwrap_or_default();
            return Err(format!("what `{}`{item} gave is not on record: {why}", place.0));
        }
        let stand = course.stand(place);
        if let Some(error) = stand.and_then(|stand| stand.error.as_ref()) {
            let kind = ErrorKind::find(&error.kind).unwrap_or(ErrorKind::Query);
            let message = if self.subject.mask.is_some() { "masked".to_owned() } else { error.message.clone() };
            return Ok(Gave::Failure(kind, message));
        }
        let value = stand.and_then(|stand| stand.value.as_ref());
        value
            .map(|value| Gave::Value(hidden(self.subject, value)))
            .ok_or_else(|| format!("what `{}` gave is not on record", place.0))
    }

    /// The value that is given, with comments on it.
    fn value(&mut self, path: &str, all: &[(Where, Gave)], around: &Around) -> Result<(Vec<String>, String), String> {
        let mut comments = Vec::new();
        let failures = all.iter().filter(|(_, gave)| matches!(gave, Gave::Failure(..))).count();
        if let (true, Some((_, Gave::Failure(kind, message)))) = (failures == all.len(), all.first()) {
            return Ok((comments, failure(*kind, message)));
        }
        let mut texts: IndexMap<String, Vec<&Where>> = IndexMap::new();
        let mut last = String::new();
        for (place, gave) in all {
            let text = match gave {
                Gave::Value(value) => {
                    let (short, count) = shortened(value);
                    comments
                        .extend(count.map(|count| format!("the run had {count}, of which these are the first {MOST}")));
                    last = literal(&short).map_err(|why| format!("`{path}` gave {why}"))?;
                    last.clone()
                }
                Gave::Failure(..) => continue,
            };
            texts.entry(text).or_default().push(place);
        }
        let mut written: Vec<(String, Vec<&Where>)> = texts.into_iter().collect();
        for (place, gave) in all {
            let Gave::Failure(_, message) = gave else { continue };
            let item = place.1.as_deref().unwrap_or_default();
            comments.push(format!("for {item} it failed: {}", crate::value::cut(message, 100)));
            // A given step gives a value or fails; what has no value fails, too.
            written.push((format!("[{last}][1]"), vec![place]));
        }
        comments.dedup();
        if written.len() > MOST_DIFFERENT {
            let (count, most) = (written.len(), MOST_DIFFERENT);
            return Err(format!(
                "`{path}` gave {count} different values in a loop; a test is written of {most} at most"
            ));
        }
        // What stands for most of the items stands last, for all others.
        written.sort_by_key(|(_, places)| places.len());
        let Some((rest, chosen)) = written.split_last() else { return Err(format!("`{path}` gave nothing")) };
        let mut text = String::new();
        for (value, places) in chosen {
            let conditions = places.iter().map(|place| self.condition(place, around)).collect::<Result<Vec<_>, _>>()?;
            let _ = write!(text, "if {} then {value} else ", any_of(conditions));
        }
        Ok((comments, format!("{text}{}", rest.0)))
    }

    /// What tells the items of a place from others: names that have these values.
    fn condition(&mut self, place: &Where, around: &Around) -> Result<Vec<(String, String)>, String> {
        let mut parts = Vec::new();
        for (path, name) in &around.loops {
            let walked = self.walked(path);
            let item = place.1.as_deref().and_then(|item| walked.around(item));
            let Some(item) = item else { return Err(format!("the items of `{path}` are not known")) };
            if walked.counts.get(item).is_some_and(|count| *count > 1) && around.loops.len() == 1 {
                return Err(format!("`{path}` walked the same item twice, and a test cannot tell one from the other"));
            }
            let (name, value) = telling(name, item, &walked);
            let value =
                literal(&hidden(self.subject, &value)).map_err(|why| format!("an item of `{path}` is {why}"))?;
            parts.push((name, value));
        }
        Ok(parts)
    }

    fn walked(&mut self, path: &str) -> Rc<Walked<'a>> {
        let course = self.subject.course;
        self.walked.entry(path.to_owned()).or_insert_with(|| Rc::new(Walked::of(course.walked(path)))).clone()
    }
}

/// That one of these holds. Of one name all values stand in a list: a chain of a thousand `or`s would nest too deep.
fn any_of(conditions: Vec<Vec<(String, String)>>) -> String {
    if let [first, _, ..] = conditions.as_slice()
        && let [(name, _)] = first.as_slice()
        && conditions.iter().all(|parts| matches!(parts.as_slice(), [(other, _)] if other == name))
    {
        let values: Vec<&str> = conditions.iter().flatten().map(|(_, value)| value.as_str()).collect();
        return format!("{name} in [{}]", values.join(", "));
    }
    let all = |parts: Vec<(String, String)>| {
        let text = parts.iter().map(|(name, value)| format!("{name} == {value}")).collect::<Vec<_>>().join(" and ");
        if parts.len() > 1 { format!("({text})") } else { text }
    };
    conditions.into_iter().map(all).collect::<Vec<_>>().join(" or ")
}

/// What tells an item from the others: itself, or of a record the first field of which each has another.
fn telling(name: &str, item: &Value, walked: &Walked<'_>) -> (String, Value) {
    let Value::Record(record) = item else { return (name.to_owned(), item.clone()) };
    let is_own = |(own, value): &(&std::sync::Arc<str>, &Value)| {
        let is_plain = !matches!(value, Value::Float(_) | Value::None) && Sequence::of(value).is_none();
        is_plain && walked.fields.get(&(&***own, *value)) == Some(&1)
    };
    match record.fields().find(is_own) {
        Some((own, value)) => (format!("{name}.{own}"), value.clone()),
        None => (name.to_owned(), item.clone()),
    }
}

/// The first items of a long list or table, and how many it had.
fn shortened(value: &Value) -> (Value, Option<String>) {
    let rows: Vec<usize> = (0..MOST).collect();
    match (value, Sequence::of(value)) {
        (Value::Table(table), _) if table.rows > MOST => {
            let short = Value::Table(std::sync::Arc::new(table.pick(&rows)));
            (short, Some(format!("{} rows", table.rows)))
        }
        (_, Some(items)) if items.len() > MOST => {
            let short = Value::list(items.iter().take(MOST).collect());
            (short, Some(format!("{} items", items.len())))
        }
        (Value::Series(series), _) if series.points.len() > MOST => {
            let (points, count) = shortened(&Value::Points(series.points.clone()));
            let points = match points {
                Value::List(items) => super::points(&items),
                _ => series.points.clone(),
            };
            let short = crate::value::Series { points, ..(**series).clone() };
            (Value::Series(std::sync::Arc::new(short)), count)
        }
        (Value::List(items), _) => {
            let (items, counts): (Vec<Value>, Vec<Option<String>>) = items.iter().map(shortened).unzip();
            (Value::list(items), counts.into_iter().flatten().next().map(|count| format!("series of {count}")))
        }
        _ => (value.clone(), None),
    }
}

fn failure(kind: ErrorKind, message: &str) -> String {
    let kind = match kind {
        // Nothing makes these by hand.
        ErrorKind::Cancelled | ErrorKind::Unknown | ErrorKind::Internal => ErrorKind::Query,
        other => other,
    };
    format!("failure errors.{}({})", kind.name(), super::literal::quoted(message))
}
