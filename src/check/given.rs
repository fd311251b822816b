//! Which connections the `step`s and `action`s of files are given, told from what is written before anything is checked: what a
//! query means depends on the database that is asked.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::modules::{Module, ModuleId, Modules};
use crate::syntax::ast::{
    Argument, Expr, ExprKind, ItemKind, Parameter, StepDefinition, TypeExprKind, WorkflowItemKind, visit,
};
use crate::value::ConnectionKind;

/// A parameter of a step: its module, the step's name, its place.
type Place = (ModuleId, Arc<str>, usize);

/// The one connection that a parameter is given wherever its step is called. Those that are given several, or what nobody
/// can tell, are absent.
#[derive(Debug, Default)]
pub(super) struct Given(HashMap<Place, Arc<str>>);

impl Given {
    /// Looks through all calls.
    pub(super) fn of(modules: &Modules) -> Self {
        let steps = steps(modules);
        if !steps.values().any(|step| step.params.iter().any(is_connection)) {
            return Self::default();
        }
        let mut calls = Calls { steps, direct: HashMap::new(), passed: HashMap::new() };
        for (at, module) in modules.all.iter().enumerate() {
            for item in &module.file.items {
                calls.item(ModuleId(at), module, &item.kind);
            }
        }
        calls.followed()
    }

    /// The connection that a step's parameter is.
    pub(super) fn get(&self, module: ModuleId, step: &Arc<str>, param: usize) -> Option<&Arc<str>> {
        self.0.get(&(module, step.clone(), param))
    }
}

fn is_connection(param: &Parameter) -> bool {
    let TypeExprKind::Named { path, .. } = &param.ty.kind else { return false };
    matches!(path.as_slice(), [name] if ConnectionKind::find(&name.node).is_some())
}

/// The steps of files. Those of the standard library go with any store.
fn steps(modules: &Modules) -> HashMap<(ModuleId, Arc<str>), &StepDefinition> {
    let files = modules.all.iter().enumerate().filter(|(_, module)| module.path().is_some());
    let items = files.flat_map(|(at, module)| module.file.items.iter().map(move |item| (ModuleId(at), &item.kind)));
    let steps = items.filter_map(|(module, item)| match item {
        ItemKind::Step(step) => Some(((module, step.name.node.clone()), step)),
        _ => None,
    });
    steps.collect()
}

/// The connection that a parameter is given at one call; none where nobody can tell.
type Value = Option<Arc<str>>;

struct Calls<'a> {
    steps: HashMap<(ModuleId, Arc<str>), &'a StepDefinition>,
    direct: HashMap<Place, HashSet<Value>>,
    /// The parameters that a parameter is handed on to.
    passed: HashMap<Place, Vec<Place>>,
}

impl<'a> Calls<'a> {
    fn item(&mut self, id: ModuleId, module: &'a Module, item: &'a ItemKind) {
        match item {
            ItemKind::Workflow(workflow) => {
                let used: HashSet<&Arc<str>> = workflow
                    .items
                    .iter()
                    .filter_map(|item| match &item.kind {
                        WorkflowItemKind::Use(used) => Some(&used.name.node),
                        _ => None,
                    })
                    .collect();
                visit::expressions(item, &mut |expr| {
                    for (place, value) in self.arguments(id, module, expr) {
                        let value = name_of(value).filter(|name| used.contains(name));
                        self.direct.entry(place).or_default().insert(value.cloned());
                    }
                });
            }
            ItemKind::Step(step) => visit::expressions(item, &mut |expr| {
                for (place, value) in self.arguments(id, module, expr) {
                    let param = name_of(value).and_then(|name| position(step, name));
                    match param {
                        Some(at) => self.passed.entry((id, step.name.node.clone(), at)).or_default().push(place),
                        None => drop(self.direct.entry(place).or_default().insert(None)),
                    }
                }
            }),
            _ => {}
        }
    }

    /// The parameters for connections that a call of a step names, with what they are given.
    fn arguments(&self, id: ModuleId, module: &Module, expr: &'a Expr) -> Vec<(Place, &'a Expr)> {
        let ExprKind::Call { callee, arguments, .. } = &expr.kind else { return Vec::new() };
        let Some(called) = called(id, module, callee) else { return Vec::new() };
        let Some(step) = self.steps.get(&called) else { return Vec::new() };
        let place = |(at, argument): (usize, &'a Argument)| {
            let at = argument.name.as_ref().map_or(Some(at), |name| position(step, &name.node))?;
            step.params.get(at).filter(|param| is_connection(param))?;
            Some(((called.0, called.1.clone(), at), &argument.value))
        };
        arguments.iter().enumerate().filter_map(place).collect()
    }

    /// What is given, also through other steps.
    fn followed(mut self) -> Given {
        let mut changed: Vec<Place> = self.direct.keys().cloned().collect();
        while let Some(from) = changed.pop() {
            let values = self.direct.get(&from).cloned().unwrap_or_default();
            for to in self.passed.get(&from).cloned().unwrap_or_default() {
                let known = self.direct.entry(to.clone()).or_default();
                let before = known.len();
                known.extend(values.iter().cloned());
                if known.len() > before {
                    changed.push(to);
                }
            }
        }
        let one = |(place, values): (Place, HashSet<Value>)| {
            let mut values = values.into_iter();
            match (values.next(), values.next()) {
                (Some(Some(name)), None) => Some((place, name)),
                _ => None,
            }
        };
        Given(self.direct.into_iter().filter_map(one).collect())
    }
}

fn name_of(expr: &Expr) -> Option<&Arc<str>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

fn position(step: &StepDefinition, name: &str) -> Option<usize> {
    step.params.iter().position(|param| &*param.name.node == name)
}

/// The module and the name of what a call names, which may be a step.
fn called(id: ModuleId, module: &Module, callee: &Expr) -> Option<(ModuleId, Arc<str>)> {
    match &callee.kind {
        ExprKind::Name(name) => Some((id, name.clone())),
        ExprKind::Field { of, name, .. } => {
            let import = module.imports.iter().find(|import| Some(&import.name) == name_of(of))?;
            Some((import.module, name.node.clone()))
        }
        _ => None,
    }
}
