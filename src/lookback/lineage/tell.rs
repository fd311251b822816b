//! The tree from a value back to what it came from.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::find::{Found, Named, Past, Refusal};
use super::level::{Level, Slot, What};
use super::rows::{Uses, Want, uses};
use super::{How, Kind, Lineage, narrow, scope};
use crate::check::program::{Action, Block, Expr, ExprKind, FunctionBody, OnFailure, Output, RunField, Step, Workflow};
use crate::check::walk;
use crate::lookback::part::part as part_of;
use crate::lookback::{Where, count, error_of};
use crate::primitive::Effect;
use crate::run::{Env, StepStatus};
use crate::source::Span;
use crate::store::{StepRow, StepState};

/// How a step of a transaction is on record.
const IN_TRANSACTION: &str = "a transaction is on record as a whole, not by its steps";

/// Where it is told how a step of which nothing is said otherwise came to no value.
const FOLLOWS: &str = "it follows from what is not on record, or did not run";

/// Tells lineages of one run.
pub(super) struct Teller<'a> {
    past: &'a Past<'a>,
    rows: HashMap<Where, &'a StepRow>,
    /// The items of loops that failed.
    failed: HashMap<Where, &'a StepRow>,
    /// The items of loops that are on record.
    items: HashSet<Where>,
    told: HashSet<(String, Want)>,
    /// The field of the row that is asked for, until what led to it is looked for.
    field: Option<String>,
}

impl<'a> Teller<'a> {
    pub(super) fn of(named: &Named<'a>) -> Self {
        let (items, steps): (Vec<&StepRow>, Vec<&StepRow>) = named.past.rows.iter().partition(|row| row.kind == "item");
        let by_place = |row: &'a StepRow| ((row.path.clone(), row.item.clone()), row);
        let ended = items.iter().map(|row| (row.path.clone(), row.item.clone())).collect();
        let failed = items.into_iter().filter(|row| row.state == StepState::Failed).map(by_place).collect();
        Self {
            past: named.past,
            rows: steps.into_iter().map(by_place).collect(),
            failed,
            items: ended,
            told: HashSet::new(),
            field: None,
        }
    }

    /// What led to what is named.
    pub(super) fn tell(
        &mut self,
        named: &Named<'a>,
        depth: usize,
        having: &[(String, String)],
    ) -> Result<Lineage, Refusal> {
        let (want, fields) = self.wanted(named, having)?;
        self.field = fields.first().filter(|_| want != Want::Whole).cloned();
        let mut lineage = match &named.found {
            Found::Output(output) => self.output(output, named.part, &want, depth),
            Found::Slot(index) => {
                let workflow = named.past.workflow;
                self.of_body(workflow, *index, depth).unwrap_or_else(|| empty(&named.name, workflow.span))
            }
            Found::Step(step, level) => self.step(step, level, named.part, &want, depth),
            Found::Item(level) => {
                let mut item = self.ran_item(level, depth);
                item.from.extend(self.over(level, depth));
                item
            }
        };
        if !fields.is_empty() {
            let whole = lineage.value.take();
            let is_there = whole.is_some();
            lineage.value = whole.and_then(|value| fields.iter().try_fold(value, |value, name| part_of(&value, name)));
            if is_there && lineage.value.is_none() {
                lineage.absent = Some(format!("it has no part `{}`", fields.join(".")));
            }
        }
        if having.is_empty() {
            lineage.name.clone_from(&named.name);
        }
        Ok(lineage)
    }

    /// Which rows of what is named are meant, and the parts of those.
    fn wanted<'n>(&self, named: &'n Named<'a>, having: &[(String, String)]) -> Result<(Want, &'n [String]), Refusal> {
        let value = match &named.found {
            Found::Output(output) => self.past.course.outcome.outputs.get(&output.name),
            Found::Step(step, level) => {
                self.past.course.stand(&level.place(&step.name)).and_then(|stand| stand.value.as_ref())
            }
            Found::Slot(_) | Found::Item(_) => None,
        };
        let fields = named.fields.as_slice();
        if !having.is_empty() {
            let none = || Refusal(format!("`{}` has no rows on record", named.name));
            let value = value.filter(|_| fields.is_empty() && named.part.is_none()).ok_or_else(none)?;
            let places = narrow::having(value, having);
            let places = places.map_err(|name| Refusal(format!("no row of `{}` has a field `{name}`", named.name)))?;
            let asked: Vec<String> = having.iter().map(|(name, text)| format!("`{name}={text}`")).collect();
            let none = || Refusal(format!("no row of `{}` has {}", named.name, asked.join(" and ")));
            return if places.is_empty() { Err(none()) } else { Ok((Want::Items(places), fields)) };
        }
        let place = fields.first().filter(|_| named.part.is_none());
        let place = place.zip(value).and_then(|(name, value)| narrow::place(value, name));
        Ok(match place {
            Some(place) => (Want::item(place), fields.get(1..).unwrap_or_default()),
            None => (Want::Whole, fields),
        })
    }

    fn output(&mut self, output: &'a Output, part: Option<&'a Expr>, want: &Want, depth: usize) -> Lineage {
        let level = Level::body(self.past.workflow);
        let value = self.past.course.outcome.outputs.get(&output.name).cloned();
        let absent = value.is_none().then(|| "a step that it needs has no value".to_owned());
        let from = self.all(&[part.unwrap_or(&output.value)], want, &level, &output.name, depth);
        let span = output.value.span;
        narrow::to(Lineage { kind: Kind::Output, value, absent, from, ..empty(&output.name, span) }, want)
    }

    /// What some expressions of a step look at, each once, in the order of the file: what led to as much of their value as is
    /// wanted.
    fn all(
        &mut self,
        exprs: &[&'a Expr],
        want: &Want,
        level: &Arc<Level<'a>>,
        step: &str,
        depth: usize,
    ) -> Vec<Lineage> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        let field = self.field.take();
        let scope = scope::of(level, self.past);
        let env = Env::new(&self.past.course.world, &scope);
        let mut looks: Vec<(&'a Expr, Want)> = Vec::new();
        for expr in exprs {
            let used = uses(expr, want, field.as_deref(), env);
            walk::visit(expr, &mut |expr| looks.extend(look(expr, &used)));
        }
        looks.sort_by_key(|(expr, _)| expr.span.start);
        let mut seen = HashSet::new();
        let mut from = Vec::new();
        for (look, want) in looks {
            let is_new = match &look.kind {
                ExprKind::Slot { up, index } => seen.insert(format!("{up} {index}")),
                ExprKind::Run(field) => seen.insert(format!("{field:?}")),
                _ => true,
            };
            if is_new {
                from.extend(self.one(look, &want, level, step, depth));
            }
        }
        let mut names = HashSet::new();
        from.retain(|lineage| names.insert(lineage.name.clone()));
        from
    }

    fn one(&mut self, look: &'a Expr, want: &Want, level: &Arc<Level<'a>>, step: &str, depth: usize) -> Vec<Lineage> {
        match &look.kind {
            ExprKind::Slot { up, index } => self.slot(level.slot(*up, *index), want, depth),
            ExprKind::Run(field) => vec![self.fact(*field, look.span)],
            ExprKind::Function(id, arguments) => {
                let body = self.past.program.functions.get(id.0).map(|function| &function.body);
                let Some(FunctionBody::Block(block)) = body else { return Vec::new() };
                let inner = level.of_call(step, block, arguments);
                self.result(block, want, &inner, depth + 1)
            }
            _ => Vec::new(),
        }
    }

    /// What a block yields.
    fn result(&mut self, block: &'a Block, want: &Want, inner: &Arc<Level<'a>>, depth: usize) -> Vec<Lineage> {
        block.result.as_ref().map(|result| self.all(&[result], want, inner, "yield", depth)).unwrap_or_default()
    }

    fn slot(&mut self, slot: Option<Slot<'a>>, want: &Want, depth: usize) -> Vec<Lineage> {
        match slot {
            Some(Slot::Step(step, level)) => vec![self.step(step, &level, None, want, depth)],
            Some(Slot::Body(workflow, index)) => self.of_body(workflow, index, depth).into_iter().collect(),
            Some(Slot::Item(level)) => vec![self.item(&level, depth)],
            Some(Slot::Argument(expr, level)) => self.all(&[expr], want, &level, "", depth + 1),
            None => Vec::new(),
        }
    }

    /// A parameter or a calendar; a connection has no value.
    fn of_body(&mut self, workflow: &'a Workflow, index: usize, depth: usize) -> Option<Lineage> {
        if let Some(param) = workflow.params.iter().find(|param| param.slot == index) {
            let value = self.past.course.outcome.params.get(&param.name).cloned();
            let value = value.filter(|_| !self.past.withheld.contains(&*param.name));
            let absent = value.is_none().then(|| "it is not on record, because it is or holds a secret".to_owned());
            return Some(Lineage { kind: Kind::Param, value, absent, ..empty(&param.name, param.span) });
        }
        let calendar = workflow.calendars.iter().find(|calendar| calendar.slot == index)?;
        let span = calendar.value.span;
        let is_told = !self.told.insert((calendar.name.to_string(), Want::Whole));
        let level = Level::body(workflow);
        let from = if is_told {
            Vec::new()
        } else {
            self.all(&[&calendar.value], &Want::Whole, &level, &calendar.name, depth)
        };
        Some(Lineage { kind: Kind::Calendar, from, is_told, ..empty(&calendar.name, span) })
    }

    fn fact(&self, field: RunField, span: Span) -> Lineage {
        let (name, value) = (field.name(), self.past.course.facts.iter().find(|(known, _)| *known == field));
        let value = value.map(|(_, value)| value.clone());
        Lineage { kind: Kind::Fact, value, ..empty(&format!("run.{name}"), span) }
    }

    /// An item of a loop: it is one of what the loop walks.
    fn item(&mut self, level: &Arc<Level<'a>>, depth: usize) -> Lineage {
        let name = level.shown.join(".");
        let place = (level.path.join("."), level.item.clone());
        let value = self.past.course.item(&place);
        let What::Item(each) = &level.what else {
            return empty(&name, self.past.workflow.span);
        };
        let is_told = !self.told.insert((name.clone(), Want::Whole));
        let from = if is_told { Vec::new() } else { self.over(level, depth) };
        Lineage { kind: Kind::Item, value, from, is_told, ..empty(&name, each.over.span) }
    }

    /// The row that an item is, of what its loop walks.
    fn over(&mut self, level: &Arc<Level<'a>>, depth: usize) -> Vec<Lineage> {
        let (What::Item(each), Some(outer)) = (&level.what, &level.outer) else { return Vec::new() };
        let place = (level.path.join("."), level.item.clone());
        let want = self.place_of(&place, level).map_or(Want::Unknown, Want::item);
        let name = level.path.last().map_or("", String::as_str);
        self.all(&[&each.over], &want, outer, name, depth)
    }

    /// Which of the items that a loop walked one is.
    fn place_of(&self, place: &Where, level: &Level<'_>) -> Option<usize> {
        let of = (place.0.clone(), level.outer.as_ref().and_then(|outer| outer.item.clone()));
        self.past.course.items(&of).position(|item| Some(item) == place.1.as_deref())
    }

    fn step(
        &mut self,
        step: &'a Step,
        level: &Arc<Level<'a>>,
        part: Option<&'a Expr>,
        want: &Want,
        depth: usize,
    ) -> Lineage {
        let place = level.place(&step.name);
        let name = level.name_of(&step.name);
        let mut lineage = narrow::to(self.bare(step, &place, &name), want);
        if !self.told.insert((name, want.clone())) {
            lineage.is_told = true;
            return lineage;
        }
        lineage.calls = self.past.course.calls(&place).cloned().collect();
        if matches!(step.action, Action::ForEach(_)) && step.effect != Effect::Pure {
            self.broke_off(&mut lineage, &place);
        }
        match &step.action {
            Action::ForEach(_) if depth == 0 => {}
            Action::ForEach(each) => {
                let mut items: Vec<String> = self.past.course.items(&place).map(ToString::to_string).collect();
                let value = self.past.course.stand(&place).and_then(|stand| stand.value.as_ref());
                // An item that failed has no place in the value.
                let is_whole = value.and_then(count) == Some(items.len());
                let over = match want {
                    Want::Items(places) if is_whole => {
                        let mut at = 0..;
                        items.retain(|_| at.next().is_some_and(|at| places.contains(&at)));
                        want
                    }
                    Want::Whole => want,
                    _ => &Want::Unknown,
                };
                lineage.from = self.all(&[&each.over], over, level, &step.name, depth);
                // One stands for all; one that failed says more than one that did not.
                let is_failed = |item: &&String| self.failed.contains_key(&(place.0.clone(), Some((*item).clone())));
                if let Some(item) = items.iter().find(is_failed).or_else(|| items.first()) {
                    let inner = level.of_item(&step.name, each, item);
                    lineage.from.push(self.ran_item(&inner, depth));
                    lineage.more_items = items.len() - 1;
                }
            }
            action => {
                let from = self.through(action, step, level, (part, want), depth);
                lineage.from = from;
            }
        }
        if lineage.how.status == Some(StepStatus::Recovered) {
            lineage.from.extend(self.instead(step, level, depth));
        }
        lineage
    }

    /// What one item of a loop came to: what led to its `yield`.
    fn ran_item(&mut self, level: &Arc<Level<'a>>, depth: usize) -> Lineage {
        let mut lineage = Lineage { is_told: false, ..self.item(level, 0) };
        let block = level.block;
        lineage.from = self.result(block, &Want::Whole, level, depth);
        // An item does not follow from itself.
        lineage.from.retain(|one| one.name != lineage.name);
        if let Some(row) = self.failed.get(&(level.path.join("."), level.item.clone())) {
            lineage.absent = Some(format!("failed: {}", error_of(row.error.as_ref()).message));
            let failed = block.steps.iter().filter(|step| {
                self.past
                    .course
                    .stand(&level.place(&step.name))
                    .is_some_and(|stand| stand.status == Some(StepStatus::Failed))
            });
            for step in failed.collect::<Vec<_>>() {
                let inner = self.step(step, level, None, &Want::Whole, depth.saturating_sub(1));
                lineage.from.push(inner);
            }
        }
        lineage
    }

    fn through(
        &mut self,
        action: &'a Action,
        step: &'a Step,
        level: &Arc<Level<'a>>,
        (part, want): (Option<&'a Expr>, &Want),
        depth: usize,
    ) -> Vec<Lineage> {
        let name = &*step.name;
        match action {
            // What a store or a program gave follows from all that it was asked with.
            Action::Expression(expr) if step.effect != Effect::Pure => {
                self.all(&[part.unwrap_or(expr)], &Want::Whole, level, name, depth)
            }
            Action::Expression(expr) => self.all(&[part.unwrap_or(expr)], want, level, name, depth),
            Action::Transaction { block, .. } => self.result(block, want, &level.inside(name, block), depth),
            Action::When { arms, otherwise } => {
                let conditions: Vec<&Expr> = arms.iter().map(|(condition, _)| condition).collect();
                let mut from = self.all(&conditions, &Want::Whole, level, name, depth);
                for block in arms.iter().map(|(_, block)| block).chain(otherwise) {
                    // Of the arms that did not run, the steps have no value.
                    let taken = self.result(block, want, &level.inside(name, block), depth);
                    from.extend(taken.into_iter().filter(|one| one.value.is_some()));
                }
                from
            }
            Action::Check { condition, .. } => self.all(&[condition], &Want::Whole, level, name, depth),
            Action::ForEach(_) => Vec::new(),
        }
    }

    /// What stood in for a failure.
    fn instead(&mut self, step: &'a Step, level: &Arc<Level<'a>>, depth: usize) -> Vec<Lineage> {
        match &step.on_failure {
            OnFailure::Use(value) => self.all(&[value], &Want::Whole, level, &step.name, depth),
            OnFailure::Block(block) => self.result(block, &Want::Whole, &level.inside(&step.name, block), depth),
            OnFailure::Fail | OnFailure::Skip => Vec::new(),
        }
    }

    /// A loop of which not every item is on record did not come to its end, whatever follows from what is.
    fn broke_off(&self, lineage: &mut Lineage, place: &Where) {
        let all: Vec<&str> = self.past.course.items(place).collect();
        let is_on_record = |item: &&&str| self.items.contains(&(place.0.clone(), Some((**item).to_owned())));
        let done = all.iter().filter(is_on_record).count();
        if done < all.len() && lineage.value.take().is_some() {
            lineage.absent = Some(format!("{done} of its {} items are on record", all.len()));
        }
    }

    fn is_in_transaction(&self, place: &Where) -> bool {
        self.past
            .course
            .calls(place)
            .any(|call| call.what.transaction.as_ref().is_some_and(|path| path.join(".") != place.0))
    }

    fn bare(&self, step: &Step, place: &Where, name: &str) -> Lineage {
        let stand = self.past.course.stand(place);
        let value = stand.and_then(|stand| stand.value.clone());
        let status = stand.and_then(|stand| stand.status);
        let failed = stand.and_then(|stand| stand.error.as_ref()).map(|error| error.message.clone());
        let absent = value.is_none().then(|| match (failed, self.past.course.not_known(place)) {
            (Some(error), _) => format!("failed: {error}"),
            (None, Some(why)) => why.to_owned(),
            (None, None) if self.is_in_transaction(place) => IN_TRANSACTION.to_owned(),
            (None, None) => FOLLOWS.to_owned(),
        });
        let row = self.rows.get(place);
        let how = How {
            status,
            took: row.map(|row| (row.attempts, row.duration_ms)).filter(|_| step.effect != Effect::Pure),
            recalled: row.map(|row| row.epoch).filter(|epoch| *epoch < self.past.epoch && step.effect != Effect::Pure),
            is_cached: self.past.cached.contains(place),
        };
        let kind = match (&step.action, step.effect) {
            (Action::ForEach(_), _) => Kind::Loop,
            (_, Effect::Pure) => Kind::Pure,
            (_, Effect::Read) => Kind::Read,
            (_, Effect::Write) => Kind::Write,
        };
        Lineage { kind, value, absent, how, ..empty(name, step.span) }
    }
}

/// What is looked at here, and how much of it.
fn look<'a>(expr: &'a Expr, used: &Uses) -> Option<(&'a Expr, Want)> {
    match expr.kind {
        ExprKind::Slot { up, index } => Some((expr, used.get(&(up, index))?.clone())),
        ExprKind::Run(_) => Some((expr, Want::Whole)),
        // What its block looks at is told there.
        ExprKind::Function(..) => Some((expr, Want::Whole)),
        _ => None,
    }
}

fn empty(name: &str, span: Span) -> Lineage {
    Lineage {
        name: name.to_owned(),
        kind: Kind::Pure,
        span,
        value: None,
        absent: None,
        how: How::default(),
        calls: Vec::new(),
        from: Vec::new(),
        rows: None,
        more_items: 0,
        is_told: false,
    }
}
