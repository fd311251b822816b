//! Which step, item, output or part of a value a name means: `copied[2026-10-30].rows`, `totals.created`.

use std::collections::HashSet;
use std::sync::Arc;

use super::level::Level;
use crate::check::program::{Action, Block, Expr, ExprKind, ForEach, FunctionBody, Output, Program, Step, Workflow};
use crate::check::walk;
use crate::diagnostic::did_you_mean;
use crate::lookback::{Course, Where};
use crate::store::StepRow;

/// How many items are named to choose from.
const MOST: usize = 6;

/// A run on record that was gone through.
pub struct Past<'a> {
    /// The program that it was made from.
    pub program: &'a Program,
    /// Its workflow.
    pub workflow: &'a Workflow,
    /// What going through it gave.
    pub course: &'a Course,
    /// What is on record of its steps.
    pub rows: &'a [StepRow],
    /// The steps that took their values from what earlier runs had kept.
    pub cached: &'a HashSet<Where>,
    /// The parameters that are not on record.
    pub withheld: &'a HashSet<String>,
    /// How many attempts at the run there were.
    pub epoch: u32,
}

/// What a name means.
pub struct Named<'a> {
    pub(super) past: &'a Past<'a>,
    /// As it was written.
    pub(super) name: String,
    pub(super) found: Found<'a>,
    /// The expression of the part that is named, where a record is written out.
    pub(super) part: Option<&'a Expr>,
    /// The parts of the value that are named.
    pub(super) fields: Vec<String>,
}

pub(super) enum Found<'a> {
    Output(&'a Output),
    /// A parameter or a calendar, by its slot.
    Slot(usize),
    Step(&'a Step, Arc<Level<'a>>),
    Item(Arc<Level<'a>>),
}

/// Why a name means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

/// A name, and what stands in brackets behind it.
type Part = (String, Option<String>);

/// Finds what a name means in a run.
pub fn find<'a>(past: &'a Past<'a>, name: &str) -> Result<Named<'a>, Refusal> {
    let parts = split(name)?;
    let ((first, item), rest) = parts.split_first().ok_or_else(|| Refusal("name a step or an output".to_owned()))?;
    let workflow = past.workflow;
    let named = |found, part, fields| Named { past, name: name.to_owned(), found, part, fields };
    let output = workflow.outputs.iter().find(|output| *output.name == **first);
    if let Some(output) = output {
        let fields = fields(item.as_ref(), rest);
        return Ok(named(Found::Output(output), part(&output.value, &fields), fields));
    }
    let slots = workflow.params.iter().map(|param| (&param.name, param.slot));
    let slots = slots.chain(workflow.calendars.iter().map(|calendar| (&calendar.name, calendar.slot)));
    if let Some((_, slot)) = slots.into_iter().find(|(known, _)| ***known == **first) {
        return Ok(named(Found::Slot(slot), None, fields(item.as_ref(), rest)));
    }
    let body = Level::body(workflow);
    let handler = match &**first {
        "failed" => workflow.failed.as_ref(),
        "finally" => workflow.finally.as_ref(),
        _ => None,
    };
    let (level, parts) = match handler {
        Some(block) => (body.inside(first, block), rest),
        None => (body, &parts[..]),
    };
    let (found, part, fields) = Finder { past }.step(&level, parts)?;
    Ok(named(found, part, fields))
}

/// Cuts a name at its dots, those in brackets left alone.
fn split(name: &str) -> Result<Vec<Part>, Refusal> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        let mut inside = None;
        if let Some(after) = rest.strip_prefix('[') {
            let end = closing(after).ok_or_else(|| Refusal(format!("`{name}` has a `[` without its `]`")))?;
            inside = after.get(..end).map(str::to_owned);
            rest = after.get(end + 1..).unwrap_or_default();
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
        match parts.last_mut() {
            // `rows[0][1]`: a part without a name.
            _ if !word.is_empty() => parts.push((word.to_owned(), inside)),
            Some(_) => parts.extend(inside.map(|inside| (inside, None))),
            None => return Err(Refusal(format!("`{name}` does not begin with a name"))),
        }
    }
    Ok(parts)
}

/// Where the bracket ends that was opened before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '[' => open += 1,
            ']' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

fn fields(item: Option<&String>, rest: &[Part]) -> Vec<String> {
    let rest = rest.iter().flat_map(|(name, item)| std::iter::once(name).chain(item));
    item.into_iter().chain(rest).cloned().collect()
}

/// The expression of a field, where the record is written out.
fn part<'a>(expr: &'a Expr, fields: &[String]) -> Option<&'a Expr> {
    let ExprKind::Record(shape, items) = &expr.kind else { return None };
    let at = shape.iter().position(|name| fields.first().is_some_and(|field| **name == **field))?;
    items.get(at)
}

type Met<'a> = (Found<'a>, Option<&'a Expr>, Vec<String>);

struct Finder<'a> {
    past: &'a Past<'a>,
}

impl<'a> Finder<'a> {
    fn step(&self, level: &Arc<Level<'a>>, parts: &[Part]) -> Result<Met<'a>, Refusal> {
        let Some((first, _)) = parts.first() else {
            return Err(Refusal(format!("name a step of `{}`", level.path.join("."))));
        };
        let Some((step, item, rest)) = meet(level.block, parts) else { return Err(self.unknown(level, first)) };
        if let Action::ForEach(each) = &step.action
            && (item.is_some() || rest.first().is_some_and(|(next, _)| has(&each.block, next)))
        {
            return self.in_loop(step, each, level, item.map(String::as_str), rest);
        }
        if let (None, Some((next, _))) = (item, rest.first())
            && let Some(inner) = self.inner(step, level).into_iter().find(|inner| has(inner.block, next))
        {
            return self.step(&inner, rest);
        }
        let fields = fields(item, rest);
        let part = match &step.action {
            Action::Expression(expr) => part(expr, &fields),
            _ => None,
        };
        Ok((Found::Step(step, level.clone()), part, fields))
    }

    fn in_loop(
        &self,
        step: &'a Step,
        each: &'a ForEach,
        level: &Arc<Level<'a>>,
        item: Option<&str>,
        rest: &[Part],
    ) -> Result<Met<'a>, Refusal> {
        let place = level.place(&step.name);
        let items: Vec<&str> = self.past.course.items(&place).collect();
        let chosen = match (item, items.as_slice()) {
            (Some(item), _) => choose(&items, level.item.as_deref(), item),
            (None, [only]) => Some(*only),
            (None, _) => None,
        };
        let Some(chosen) = chosen else { return Err(which(&place.0, item, &items)) };
        let inner = level.of_item(&step.name, each, chosen);
        if rest.is_empty() { Ok((Found::Item(inner), None, Vec::new())) } else { self.step(&inner, rest) }
    }

    /// The blocks inside a step that is no loop.
    fn inner(&self, step: &'a Step, level: &Arc<Level<'a>>) -> Vec<Arc<Level<'a>>> {
        let name = &*step.name;
        let mut all: Vec<Arc<Level<'a>>> =
            walk::inner_blocks(step).into_iter().map(|block| level.inside(name, block)).collect();
        if let Action::Expression(expr) = &step.action {
            walk::visit(expr, &mut |expr| {
                let ExprKind::Function(id, arguments) = &expr.kind else { return };
                let body = self.past.program.functions.get(id.0).map(|function| &function.body);
                if let Some(FunctionBody::Block(block)) = body {
                    all.push(level.of_call(name, block, arguments));
                }
            });
        }
        all
    }

    fn unknown(&self, level: &Level<'a>, name: &str) -> Refusal {
        let steps = level.block.steps.iter().map(|step| &*step.name);
        let workflow = self.past.workflow;
        let hint = if level.path.is_empty() {
            let others = workflow.outputs.iter().map(|output| &*output.name);
            did_you_mean(name, steps.chain(others).chain(workflow.params.iter().map(|param| &*param.name)))
        } else {
            did_you_mean(name, steps)
        };
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        let place = if level.path.is_empty() {
            format!("the workflow `{}`", workflow.name)
        } else {
            format!("`{}`", level.path.join("."))
        };
        Refusal(format!("{place} has no step or output `{name}`{hint}"))
    }
}

/// The step that the first parts name, what stands in brackets behind it, and the parts behind that. The names of steps
/// without a name of their own have dots in them: `do db.upsert`.
fn meet<'a, 'p>(block: &'a Block, parts: &'p [Part]) -> Option<(&'a Step, Option<&'p String>, &'p [Part])> {
    (1..=parts.len()).find_map(|many| {
        let (own, rest) = parts.split_at_checked(many)?;
        let name = own.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(".");
        let step = block.steps.iter().find(|step| *step.name == *name)?;
        Some((step, own.last()?.1.as_ref(), rest))
    })
}

fn has(block: &Block, name: &str) -> bool {
    block.steps.iter().any(|step| *step.name == *name)
}

/// The item that is meant: by its text, by a part of it that only one has, or by its number from 0.
fn choose<'i>(items: &[&'i str], outer: Option<&str>, wanted: &str) -> Option<&'i str> {
    let own = |item: &'i str| match outer {
        Some(outer) => item.strip_prefix(outer).and_then(|rest| rest.strip_prefix(" / ")).unwrap_or(item),
        None => item,
    };
    if let Some(exact) = items.iter().find(|item| own(item) == wanted) {
        return Some(exact);
    }
    let mut having = items.iter().filter(|item| own(item).contains(wanted));
    match (having.next(), having.next()) {
        (Some(only), None) => Some(only),
        _ => wanted.parse::<usize>().ok().and_then(|at| items.get(at).copied()),
    }
}

fn which(name: &str, item: Option<&str>, items: &[&str]) -> Refusal {
    let known: Vec<String> = items.iter().take(MOST).map(|item| format!("`{name}[{item}]`")).collect();
    let more = if items.len() > MOST { format!(" and {} more", items.len() - MOST) } else { String::new() };
    Refusal(match (item, items) {
        (_, []) => format!("the loop `{name}` walked no items in this run"),
        (Some(item), _) => {
            format!("no item of `{name}` is `{item}`, or several are; there are {}{more}", known.join(", "))
        }
        (None, _) => format!("`{name}` is a loop; name an item of it: {}{more}", known.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_dots_outside_of_brackets() {
        let part = |name: &str, item: Option<&str>| (name.to_owned(), item.map(str::to_owned));
        assert_eq!(split("total"), Ok(vec![part("total", None)]));
        assert_eq!(
            split("copied[a: 1.5].rows.n"),
            Ok(vec![part("copied", Some("a: 1.5")), part("rows", None), part("n", None)])
        );
        assert_eq!(split("rows[0][1].x"), Ok(vec![part("rows", Some("0")), part("1", None), part("x", None)]));
        assert_eq!(split("a[b[c]].d"), Ok(vec![part("a", Some("b[c]")), part("d", None)]));
        assert!(split("copied[1").is_err() && split("[1]").is_err() && split(".").is_err());
    }

    #[test]
    fn items_are_chosen_by_text_part_or_number() {
        let items = ["x / 2026-10-15", "x / 2026-10-16", "x / 2026-11-16"];
        assert_eq!(choose(&items, Some("x"), "2026-10-15"), Some(items[0]));
        assert_eq!(choose(&items, Some("x"), "-11-"), Some(items[2]));
        assert_eq!(choose(&items, Some("x"), "10-1"), None);
        assert_eq!(choose(&["a", "b"], None, "1"), Some("b"));
    }
}
