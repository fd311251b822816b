//! `given step = …`: which step, and whether the value fits where it stands.

use std::collections::HashMap;
use std::sync::Arc;

use super::place::{Lost, Place, find};
use super::{BlockScope, Given};
use crate::check::Checker;
use crate::check::modules::ModuleId;
use crate::check::order::{Graph, draw};
use crate::check::program::{Block, Expr, ExprKind, Step, Workflow};
use crate::check::scope::Scope;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{self, Name, TestItem};
use crate::value::{Field, RecordType, Type};

/// How many names a note lists.
const MOST_NAMES: usize = 20;

/// The scope of the last given value. Tests give one step after the other of the same block, and a large body is not
/// copied for each of them.
type Last = Option<(Vec<Arc<BlockScope>>, Scope)>;

/// What given values wait for that their steps did not, block by block.
type Waits<'a> = HashMap<*const Block, (&'a Block, Vec<Wait>)>;

/// A step that waits for another, both by their places in the block, and the path that was given.
struct Wait {
    step: usize,
    before: usize,
    given: Span,
}

impl Checker<'_> {
    pub(super) fn givens(&mut self, module: ModuleId, test: &ast::Test, workflow: &Workflow) -> Vec<Given> {
        let mut givens: Vec<Given> = Vec::new();
        let mut written: HashMap<Arc<str>, Span> = HashMap::new();
        let (mut last, mut waits) = (None, Waits::new());
        let functions = &self.program.functions.clone();
        for item in &test.items {
            let TestItem::Given { path, fails, value } = item else { continue };
            let Some(span) = span_of(path) else { continue };
            let name: Arc<str> = path.iter().map(|part| &*part.node).collect::<Vec<_>>().join(".").into();
            if let Some(before) = written.insert(name.clone(), span) {
                let finding = Diagnostic::new(&codes::VF102, span, format!("`{name}` is given twice"));
                self.report(finding.label(before, "the first").help("leave one out"));
                continue;
            }
            let names: Vec<&str> = path.iter().map(|part| &*part.node).collect();
            match find(workflow, functions, &names) {
                Ok(places) => {
                    for place in places {
                        let value = self.given_value(module, &place, (&name, workflow), (*fails, value), &mut last);
                        note_waits(&place, &last, span, &mut waits);
                        givens.push(Given {
                            path: name.clone(),
                            through: place.through,
                            step: place.step.span,
                            fails: *fails,
                            value,
                        });
                    }
                }
                Err(lost) => self.no_step(path, workflow, &lost),
            }
        }
        self.refuse_cycles(&waits);
        givens
    }

    /// Checks a value in the scope of the step that it stands for.
    fn given_value(
        &mut self,
        module: ModuleId,
        place: &Place<'_>,
        (name, workflow): (&str, &Workflow),
        (fails, value): (bool, &ast::Expr),
        last: &mut Last,
    ) -> Expr {
        self.enter(module, place, workflow, last);
        let Some((_, scope)) = last else { return super::super::expression::broken(value.span) };
        let wanted = if fails { Type::Failure } else { loose(&asked(place.step)) };
        let checked = self.expr(scope, value, Some(&wanted));
        self.only_computes(&checked);
        if fails && checked.ty.fits(&wanted).is_err() {
            let message = format!("a step fails with an error, and this is a `{}`", checked.ty);
            let finding = Diagnostic::new(&codes::VF201, checked.span, message);
            self.report(finding.help("write one: `failure errors.timeout(\"no answer\")`"));
        } else if !self.expect(&checked, &wanted, &format!("`given {name}`"))
            && let Some(finding) = self.diagnostics.last_mut()
        {
            let text = format!("the step gives `{}`", place.step.ty);
            *finding = finding.clone().label(place.step.span.slice(0, place.step.name.len()), text);
        }
        self.stored(checked, place.step, fails)
    }

    /// The value as the step would have given it: with absent fields, wide numbers, decoded.
    #[allow(clippy::unused_self, reason = "reads as the last part of checking a given value")]
    fn stored(&self, value: Expr, step: &Step, fails: bool) -> Expr {
        let wanted = asked(step);
        if fails || wanted.is_unknown() {
            return value;
        }
        let (span, effect) = (value.span, value.effect);
        Expr { kind: ExprKind::Cast(Box::new(value), None), ty: wanted, span, effect }
    }

    /// Makes `last` the scope of the block in which the step stands.
    fn enter(&mut self, module: ModuleId, place: &Place<'_>, workflow: &Workflow, last: &mut Last) {
        let home =
            |(_, step): &(&Block, Option<&Step>)| self.homes.get(step.map_or(workflow.span, |step| step.span)).cloned();
        let homes: Vec<Arc<BlockScope>> = place.chain.iter().filter_map(home).collect();
        match last {
            Some((before, scope)) if same(before, &homes) => {
                scope.blocks.iter_mut().for_each(|block| block.touched.clear());
            }
            _ => {
                let mut scope = Scope::new(module);
                scope.blocks =
                    homes.iter().map(|block| BlockScope { touched: [].into(), ..(**block).clone() }).collect();
                *last = Some((homes, scope));
            }
        }
    }

    fn no_step(&mut self, path: &[Name], workflow: &Workflow, lost: &Lost<'_>) {
        let Some(name) = path.get(lost.part) else { return };
        let place =
            lost.within.map_or_else(|| format!("the workflow `{}`", workflow.name), |step| format!("`{}`", step.name));
        if let Some(step) = lost.within.filter(|_| lost.known.is_empty()) {
            let message = format!("a test reaches no step inside `{}`", step.name);
            let finding = Diagnostic::new(&codes::VF101, name.span, message);
            self.report(finding.help(format!("give it whole: `given {} = …`", step.name)));
            return;
        }
        let mut finding = Diagnostic::new(&codes::VF101, name.span, format!("{place} has no step `{}`", name.node));
        let is_param = lost.part == 0 && workflow.params.iter().any(|param| param.name == name.node);
        if is_param {
            let finding = finding.help(format!("it is a parameter: write `set {{ {}: … }}`", name.node));
            return self.report(finding);
        }
        let mut known: Vec<String> = lost.known.iter().take(MOST_NAMES).map(|name| format!("`{name}`")).collect();
        if lost.known.len() > MOST_NAMES {
            known.push("…".to_owned());
        }
        if !known.is_empty() {
            finding = finding.note(format!("its steps are {}", known.join(", ")));
        }
        let finding = finding.help("name a step that has a name, after the loop or branch that it stands in");
        let finding = self.suggest(finding, &name.node, lost.known.iter().map(|name| &**name), name.span);
        self.report(finding);
    }

    /// A given value may look at what is there before its step, not at what comes of it.
    fn refuse_cycles(&mut self, waits: &Waits<'_>) {
        let mut findings = Vec::new();
        for (block, added) in waits.values() {
            let edges = block.steps.iter().enumerate();
            let edges = edges.flat_map(|(at, step)| step.upstream.iter().map(move |up| (at, *up)));
            let edges = edges.chain(added.iter().map(|wait| (wait.step, wait.before)));
            let cycles = Graph::new(block.steps.len(), edges.collect::<Vec<_>>()).cycles();
            let Some(cycle) = cycles.first() else { continue };
            let follows = |wait: &&Wait| {
                let mut pairs = cycle.iter().zip(cycle.iter().cycle().skip(1));
                pairs.any(|(step, before)| (wait.step, wait.before) == (*step, *before))
            };
            let Some(wait) = added.iter().find(follows) else { continue };
            let names: Vec<&str> = cycle.iter().filter_map(|at| block.steps.get(*at)).map(|step| &*step.name).collect();
            let message = "with this value the steps wait for each other";
            let finding = Diagnostic::new(&codes::VF105, wait.given, message).note(draw(&names));
            findings.push(finding.help("look at what comes before the step, or write the value down"));
        }
        for finding in findings {
            self.report(finding);
        }
    }
}

/// Notes which steps of each block around a given value it waits for, and which of them waits.
fn note_waits<'a>(place: &Place<'a>, last: &Last, given: Span, waits: &mut Waits<'a>) {
    let scopes = last.iter().flat_map(|(_, scope)| &scope.blocks);
    for ((block, step), scope) in place.chain.iter().zip(scopes) {
        let Some(step) = step.filter(|_| !scope.touched.is_empty()) else { continue };
        let Some(at) = block.steps.iter().position(|one| one.span == step.span) else { continue };
        let before = scope.touched.iter().filter_map(|slot| block.steps.iter().position(|one| one.slot == Some(*slot)));
        let added = before.map(|before| Wait { step: at, before, given });
        waits.entry(std::ptr::from_ref(*block)).or_insert_with(|| (block, Vec::new())).1.extend(added);
    }
}

fn same(a: &[Arc<BlockScope>], b: &[Arc<BlockScope>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

fn span_of(path: &[Name]) -> Option<Span> {
    Some(path.first()?.span.to(path.last()?.span))
}

/// What is asked of a given value: what the step gives; of a loop that goes on after failures, the list of what went well.
fn asked(step: &Step) -> Type {
    match &step.ty {
        Type::Outcomes(_, result) => Type::List(result.clone()),
        other => other.clone(),
    }
}

/// A type that takes anything where a `json` is wanted, because records and lists are how JSON is written here, and
/// records where a table is wanted.
fn loose(ty: &Type) -> Type {
    let row = |row: &RecordType| {
        let fields = row.fields.iter().map(|field: &Field| (field.name.clone(), loose(&field.ty)));
        RecordType::new(fields.collect::<Vec<_>>())
    };
    match ty {
        Type::Json => Type::Any,
        Type::Optional(inner) => loose(inner).optional(),
        Type::List(inner) => Type::list(loose(inner)),
        Type::Map(key, value) => Type::map(loose(key), loose(value)),
        Type::Record(record) => Type::Record(row(record)),
        Type::Table(record) => Type::list(Type::Record(row(record))),
        other => other.clone(),
    }
}
