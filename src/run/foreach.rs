//! `for each …`: one item after the other or several at once, never more under way than asked for.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio_util::task::AbortOnDropHandle;

use super::block;
use super::eval::{Site, Walk};
use super::event::{EventKind, StepPlace};
use super::fault::{Fault, Ran};
use super::frame::Frame;
use super::order::Order;
use super::record;
use super::replay;
use super::scope::Held;
use super::tally::Tally;
use crate::check::program::{Expr, ForEach, Parallel};
use crate::primitive::Effect;
use crate::value::{ErrorKind, Fingerprint, Outcomes, StepError, Timestamp, Value};

/// The longest text that stands for an item in messages.
const LONGEST_LABEL: usize = 80;

/// How many fields of a record stand for it in messages.
const LABEL_FIELDS: usize = 3;

/// Runs the loop; gives a list, or outcomes when it continues after failures.
pub(crate) async fn run(each: &Arc<ForEach>, site: Site<'_>, effect: Effect, tally: &Tally) -> Ran<Value> {
    let over = match Held::of(site.value(&each.over).await)? {
        Held::Value(over) => over,
        Held::Unknown(why) => {
            site.may_run([&each.block], &why);
            return Err(Fault::at(why, each.over.span));
        }
    };
    let walk = Walk::over(&over, each.is_map).map_err(|error| Fault::at(error, each.over.span))?;
    let width = width(&each.parallel, site).await?;
    tally.walk(walk.len());
    let mut course = Course {
        each,
        site,
        tally,
        width,
        order: Arc::new(Order::of(&each.block.steps)),
        results: vec![None; walk.len()],
        failed: Vec::new(),
        failure: None,
        unknown: None,
        is_told: site.frame.item().is_none(),
        is_recorded: effect != Effect::Pure && site.frame.run.records.is_some(),
        seen: HashMap::new(),
    };
    course.walk(&walk).await;
    course.finish()
}

/// How many items at once. Inside a transaction there is one session, so one.
async fn width(parallel: &Parallel, site: Site<'_>) -> Ran<usize> {
    let width = match parallel {
        Parallel::No => 1,
        Parallel::Count(count) => {
            let Held::Value(value) = Held::of(site.value(count).await)? else { return Ok(1) };
            let wrong = || {
                StepError::new(ErrorKind::Data, format!("`in parallel` wants an int of at least 1, found `{value}`"))
            };
            let n = if let Value::Int(n) = &value { usize::try_from(*n).ok().filter(|n| *n > 0) } else { None };
            n.ok_or_else(|| Fault::at(wrong(), count.span))?
        }
        Parallel::Pool(connections) => smallest_pool(connections, site).await?,
    };
    Ok(if site.frame.is_in_transaction() { 1 } else { width })
}

async fn smallest_pool(connections: &[Expr], site: Site<'_>) -> Ran<usize> {
    let mut smallest: Option<usize> = None;
    for connection in connections {
        let Value::Connection(kind, name) = site.value(connection).await? else { continue };
        let context = &site.frame.context;
        let pool = match kind.family() {
            "sql" => context.sql(&name).map(|sql| sql.pool_size()),
            "metrics" => context.metrics(&name).map(|metrics| metrics.pool_size()),
            // An HTTP source has no pool of its own to run empty.
            _ => continue,
        };
        let pool = pool.map_err(|error| Fault::at(error, connection.span))?;
        smallest = Some(smallest.map_or(pool, |smallest| smallest.min(pool)));
    }
    Ok(smallest.unwrap_or(1).max(1))
}

/// An item that ended.
struct Ended {
    at: usize,
    label: Arc<str>,
    key: Option<Arc<str>>,
    started: Timestamp,
    item: Value,
    result: Ran<Value>,
}

struct Course<'a> {
    each: &'a Arc<ForEach>,
    site: Site<'a>,
    tally: &'a Tally,
    width: usize,
    order: Arc<Order>,
    results: Vec<Option<Value>>,
    failed: Vec<(usize, Arc<str>, Value, StepError)>,
    failure: Option<Box<Fault>>,
    /// In a plan: why the values of the loop are not known yet, if one is not.
    unknown: Option<Box<Fault>>,
    is_told: bool,
    is_recorded: bool,
    /// How often each item came so far.
    seen: HashMap<String, u32>,
}

impl Course<'_> {
    async fn walk(&mut self, walk: &Walk) {
        let mut running = FuturesUnordered::new();
        let mut next = 0;
        loop {
            while self.failure.is_none() && running.len() < self.width {
                let Some((first, second)) = walk.get(next) else { break };
                if self.site.frame.halt.is_cancelled() {
                    self.failure = Some(Fault::cancelled());
                    break;
                }
                running.push(self.start(next, first, second));
                next += 1;
            }
            let Some(ended) = running.next().await else { break };
            self.take(ended);
            // A loop without a single wait would otherwise never let go of its thread.
            tokio::task::coop::consume_budget().await;
        }
    }

    /// Items that run at once have tasks of their own, and so use all cores.
    fn start(&mut self, at: usize, first: Value, second: Option<Value>) -> BoxFuture<'static, Ended> {
        let label = label(&first, at);
        let key = self.is_recorded.then(|| self.key(&first, second.as_ref()));
        let (slots, numbered) = (self.each.block.slots, (at, label.clone()));
        let frame = match &key {
            Some(key) => self.site.frame.of_recorded_item(self.site, slots, numbered, key.clone()),
            None => self.site.frame.of_item(self.site, slots, at, label.clone()),
        };
        let started = frame.run.journal.now();
        let item = first.clone();
        if let Some(replay) = replay::of(&frame) {
            let place = StepPlace { path: self.site.frame.path(self.site.step), item: frame.item() };
            replay.walked(place, &first, second.as_ref());
        }
        frame.scope.set(0, first);
        if let Some(value) = second {
            frame.scope.set(1, value);
        }
        let work = run_item(self.each.clone(), self.order.clone(), frame);
        if self.width == 1 {
            return Box::pin(async move { Ended { at, label, key, started, item, result: work.await } });
        }
        let task = AbortOnDropHandle::new(tokio::spawn(work));
        Box::pin(async move {
            let result = task.await.unwrap_or_else(|_| Err(block::panicked()));
            Ended { at, label, key, started, item, result }
        })
    }

    /// What tells an item from the others, wherever in the list it stands.
    fn key(&mut self, first: &Value, second: Option<&Value>) -> Arc<str> {
        let mut all = Fingerprint::default();
        all.value(first);
        if let Some(second) = second {
            all.value(second);
        }
        let key: String = all.finish().chars().take(12).collect();
        let count = self.seen.entry(key.clone()).or_default();
        *count += 1;
        if *count == 1 { key.into() } else { format!("{key}.{count}").into() }
    }

    fn take(&mut self, ended: Ended) {
        let Ended { at, label, key, started, item, result } = ended;
        if let Some(key) = key {
            let error = result.as_ref().err().map(|fault| &fault.error);
            record::item_ended(self.site, &key, &label, error, started);
        }
        match result {
            Ok(value) => {
                self.tally.item(true);
                if let Some(result) = self.results.get_mut(at) {
                    *result = Some(value);
                }
            }
            Err(fault) if fault.is_cancelled() => {
                self.failure.get_or_insert(fault.of_item(&label));
            }
            Err(fault) if fault.is_unknown() => {
                self.tally.item(true);
                self.unknown.get_or_insert(fault);
            }
            Err(fault) => {
                self.tally.item(false);
                if self.each.continues {
                    self.failed.push((at, label, item, fault.error));
                } else {
                    self.failure.get_or_insert(fault.of_item(&label));
                }
            }
        }
        self.tell_progress();
    }

    fn tell_progress(&self) {
        let Some(items) = self.tally.items().filter(|_| self.is_told) else { return };
        let done = items.ok + items.failed;
        let percent = |done: u64| done * 100 / items.total.max(1);
        if done > 0 && percent(done) != percent(done - 1) {
            let frame = self.site.frame;
            let step = StepPlace { path: frame.path(self.site.step), item: None };
            frame.run.journal.emit(EventKind::LoopProgress { step, done, total: items.total, failed: items.failed });
        }
    }

    fn finish(mut self) -> Ran<Value> {
        self.failed.sort_by_key(|(at, ..)| *at);
        for (_, label, _, error) in &self.failed {
            let Site { frame, step, .. } = self.site;
            frame.run.journal.item_failed(frame, step, label.to_string(), error.clone());
        }
        let (failure, unknown) = (self.failure.take(), self.unknown.take());
        let (tally, done) = (self.tally, self.done());
        match failure {
            None if unknown.is_some() => Err(unknown.unwrap_or_else(Fault::cancelled)),
            Some(fault) => {
                tally.keep_done(done);
                Err(fault)
            }
            None => Ok(done),
        }
    }

    /// The items that went well, and with them those that failed when the loop goes on after failures.
    fn done(self) -> Value {
        let ok: Vec<Value> = self.results.into_iter().flatten().collect();
        if !self.each.continues {
            return Value::list(ok);
        }
        let failed = self
            .failed
            .into_iter()
            .map(|(_, _, item, error)| Value::record([("item", item), ("error", Value::Error(Arc::new(error)))]));
        Value::Outcomes(Arc::new(Outcomes { ok: Arc::new(ok), failed: Arc::new(failed.collect()) }))
    }
}

async fn run_item(each: Arc<ForEach>, order: Arc<Order>, frame: Frame) -> Ran<Value> {
    block::run_in_order(&each.block, &order, &frame).await
}

/// A short text that stands for an item: itself, a record's first plain fields, or its number from 1.
fn label(item: &Value, at: usize) -> Arc<str> {
    let text = match item {
        Value::List(_)
        | Value::Points(_)
        | Value::Table(_)
        | Value::Column(_)
        | Value::Map(_)
        | Value::Outcomes(_)
        | Value::Json(_) => None,
        Value::Record(record) => {
            let plain = record.fields().filter(|(_, value)| is_plain(value)).take(LABEL_FIELDS);
            let fields: Vec<String> = plain.map(|(name, value)| format!("{name}: {value}")).collect();
            (!fields.is_empty()).then(|| fields.join(", "))
        }
        other => Some(other.to_string()),
    };
    match text {
        Some(text) if text.chars().count() <= LONGEST_LABEL => text.into(),
        Some(text) => text.chars().take(LONGEST_LABEL - 1).chain(['…']).collect::<String>().into(),
        None => format!("item {}", at + 1).into(),
    }
}

fn is_plain(value: &Value) -> bool {
    matches!(
        value,
        Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Decimal(_)
            | Value::Text(_)
            | Value::Date(_)
            | Value::Time(_)
            | Value::Timestamp(_)
    )
}
