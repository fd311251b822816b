//! `test "…" of workflow { … }`: which workflow, when, with what in the place of its steps, and what is expected.
//!
//! A test is its workflow with other defaults and other steps, and a block behind it that looks at what the run gave.
//! So a given value is checked in the scope of the step that it replaces, and an expectation in one inside the
//! body's. `testing/` puts both into the workflow and runs it.

mod given;
mod instant;
mod look;
mod place;

use std::collections::HashMap;
use std::sync::Arc;

use super::Checker;
use super::mismatch::Want;
use super::modules::ModuleId;
use super::program::{Block, Expr, Workflow};
use super::scope::{BlockScope, Scope};
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Effect;
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, ExprKind, ItemKind, Literal, Name, TestItem};
use crate::value::{Timestamp, Type};

/// A checked test.
#[derive(Debug, Clone)]
pub struct Test {
    /// What it shows.
    pub title: Spanned<Arc<str>>,
    /// The workflow that it is of.
    pub workflow: Arc<Workflow>,
    /// `run.now`; a workflow that does not look at it needs none.
    pub at: Option<Timestamp>,
    /// The parameters' values by name; pure, and looks at facts of the run only.
    pub set: Vec<(Arc<str>, Expr)>,
    /// What stands in for steps.
    pub givens: Vec<Given>,
    /// The outputs that it can name, and the slots of `block` that hold them.
    pub outputs: Vec<(Arc<str>, usize)>,
    /// What it expects: bindings and checks, in a block whose parent holds the record of all writes in its only slot,
    /// and whose parent is the body.
    pub block: Block,
}

/// `given step = …`. A name in several branches is one of these for each.
#[derive(Debug, Clone)]
pub struct Given {
    /// The step's path as written.
    pub path: Arc<str>,
    /// The steps on the way that call a function, in which the rest of the way lies.
    pub through: Vec<Span>,
    /// The whole step that is replaced; no two steps share a span.
    pub step: Span,
    /// Whether `value` is what it fails with.
    pub fails: bool,
    /// What it gives; stands where the step stands.
    pub value: Expr,
}

/// The names of blocks that are checked, for those who look at them afterwards.
#[derive(Debug, Default, Clone)]
pub(super) struct Homes {
    /// Whether anybody will.
    pub(super) are_kept: bool,
    /// The names of a step's own block; of a workflow's body also by the span of its name.
    by_step: HashMap<Span, Arc<BlockScope>>,
}

impl Homes {
    /// Keeps the names of a block that ends.
    pub(super) fn keep(&mut self, block: &BlockScope, members: impl IntoIterator<Item = Span>) {
        if self.are_kept {
            let shared = Arc::new(block.clone());
            self.by_step.extend(members.into_iter().map(|span| (span, shared.clone())));
        }
    }

    fn get(&self, member: Span) -> Option<&Arc<BlockScope>> {
        self.by_step.get(&member)
    }
}

impl Checker<'_> {
    /// Checks the tests of a file.
    pub(super) fn tests(&mut self, module: ModuleId) {
        let items = self.modules.all.get(module.0).into_iter().flat_map(|module| &module.file.items);
        let tests = items.filter_map(|item| match &item.kind {
            ItemKind::Test(test) => Some(test),
            _ => None,
        });
        let mut titles: HashMap<&str, Span> = HashMap::new();
        for test in tests {
            if let Some(before) = titles.insert(&test.title.node, test.title.span) {
                let message = format!("two tests of this file are called {:?}", test.title.node);
                let finding = Diagnostic::new(&codes::VF102, test.title.span, message).label(before, "the first");
                self.report(finding.help("say what each of them shows"));
            }
            if let Some(workflow) = self.tested(module, test) {
                let checked = self.test(module, test, workflow);
                self.program.tests.push(Arc::new(checked));
            }
        }
    }

    fn test(&mut self, module: ModuleId, test: &ast::Test, workflow: Arc<Workflow>) -> Test {
        let at = self.instant(test);
        let set = self.set(module, test, &workflow);
        let givens = self.givens(module, test, &workflow);
        let (outputs, block) = self.expectations(module, test, &workflow);
        let checked = Test { title: test.title.clone(), workflow, at, set, givens, outputs, block };
        self.instant_is_stated(&checked);
        checked
    }

    /// The workflow that a test is of: one of its own file, or of a file that it imports.
    fn tested(&mut self, module: ModuleId, test: &ast::Test) -> Option<Arc<Workflow>> {
        let own = self.modules.all.get(module.0)?;
        let imports = own.imports.iter().map(|import| (Some(&import.name), import.module));
        let (alias, name) = match test.workflow.as_slice() {
            [name] => (None, name),
            [alias, name] => (Some(alias), name),
            _ => (None, test.workflow.last()?),
        };
        if let Some(alias) = alias
            && self.is_unresolved(module, &alias.node)
        {
            return None;
        }
        let places = std::iter::once((None, module)).chain(imports);
        let places = places.filter(|(import, _)| alias.is_none_or(|alias| *import == Some(&alias.node)));
        let found: Vec<(Option<&Arc<str>>, ModuleId)> =
            places.filter(|(_, id)| self.written_workflow(*id, &name.node).is_some()).collect();
        let Some((import, id)) = found.first().copied() else {
            self.no_workflow(module, name, test);
            return None;
        };
        if import.is_some() && found.len() > 1 {
            let names: Vec<String> =
                found.iter().filter_map(|(import, _)| Some(format!("`of {}.{}`", (*import)?, name.node))).collect();
            let message = format!("several imports have a workflow `{}`", name.node);
            let finding = Diagnostic::new(&codes::VF102, name.span, message);
            self.report(finding.help(format!("say which: {}", names.join(", "))));
            return None;
        }
        if let Some(import) = import {
            self.used_imports.insert((module, import.clone()));
        }
        self.workflow_of(id, &name.node)
    }

    /// A workflow of a module, also when nobody asked for its file. Files are checked side by side, so it may be
    /// checked there too; findings that are told twice are one.
    fn workflow_of(&mut self, module: ModuleId, name: &Arc<str>) -> Option<Arc<Workflow>> {
        if let Some(known) = self.known_workflows.get(&(module, name.clone())) {
            return Some(known.clone());
        }
        let (workflow, doc) = self.written_workflow(module, name)?;
        let checked = Arc::new(self.workflow(module, workflow, doc));
        self.known_workflows.insert((module, name.clone()), checked.clone());
        Some(checked)
    }

    fn written_workflow<'m>(&self, module: ModuleId, name: &str) -> Option<(&'m ast::Workflow, &'m str)>
    where
        Self: 'm,
    {
        workflows_in(self.modules, module).find(|(workflow, _)| &*workflow.name.node == name)
    }

    fn no_workflow(&mut self, module: ModuleId, name: &Name, test: &ast::Test) {
        // What an import that could not be read defines nobody knows.
        let Some(own) = self.modules.all.get(module.0) else { return };
        if !own.unresolved.is_empty() {
            return;
        }
        let modules = own.imports.iter().map(|import| import.module).chain([module]);
        let known: Vec<Arc<str>> = modules
            .flat_map(|id| workflows_in(self.modules, id).map(|(workflow, _)| workflow.name.node.clone()))
            .collect();
        let written: Vec<&str> = test.workflow.iter().map(|part| &*part.node).collect();
        let message = format!("there is no workflow `{}` here", written.join("."));
        let finding = Diagnostic::new(&codes::VF101, name.span, message)
            .help("import the file that it stands in: `import \"../name.flow\"`");
        let finding = self.suggest(finding, &name.node, known.iter().map(|name| &**name), name.span);
        self.report(finding);
    }

    /// `at 2025-01-10T07:00Z`.
    fn instant(&mut self, test: &ast::Test) -> Option<Timestamp> {
        let mut written = test.items.iter().filter_map(|item| match item {
            TestItem::At(at) => Some(at),
            _ => None,
        });
        let at = written.next()?;
        if let Some(second) = written.next() {
            let finding =
                Diagnostic::new(&codes::VF102, second.span, "a test has one `at`").label(at.span, "the first");
            self.report(finding.help("leave one out"));
        }
        let finding = match &at.kind {
            ExprKind::Literal(Literal::Timestamp(at)) => return Some(*at),
            ExprKind::Literal(Literal::Date(day)) => {
                Diagnostic::new(&codes::VF301, at.span, "a date is a day, not an instant; `at` needs an instant")
                    .help(format!("name the instant: `{day}T06:00Z`"))
            }
            _ => Diagnostic::new(&codes::VF201, at.span, "`at` takes an instant as it is written")
                .help("write one, such as `2025-01-10T07:00Z` or `2025-01-10T07:00[Europe/London]`"),
        };
        self.report(finding);
        // The test says when it runs, if wrongly: nothing more is to be said about that.
        Some(Timestamp::UNIX_EPOCH)
    }

    /// `set { job: "apex" }`: values for parameters.
    fn set(&mut self, module: ModuleId, test: &ast::Test, workflow: &Workflow) -> Vec<(Arc<str>, Expr)> {
        let entries = test.items.iter().flat_map(|item| match item {
            TestItem::Set(ast::Expr { kind: ExprKind::Record(entries), .. }) => entries.as_slice(),
            _ => &[],
        });
        let mut set: Vec<(Arc<str>, Expr)> = Vec::new();
        let mut is_misspelt = false;
        for entry in entries {
            let ExprKind::Name(name) = &entry.key.kind else { continue };
            if set.iter().any(|(before, _)| before == name) {
                let finding = Diagnostic::new(&codes::VF106, entry.key.span, format!("`{name}` is set twice"));
                self.report(finding.help("leave one out"));
            } else if let Some(param) = workflow.params.iter().find(|param| param.name == *name) {
                let want = Want { what: "the parameter", declared: self.declared_at(workflow, name) };
                let mut scope = Scope::new(module);
                let value = self.expr_of(&mut scope, &entry.value, &param.ty, want);
                self.only_computes(&value);
                set.push((name.clone(), value));
            } else {
                let message = format!("the workflow `{}` has no parameter `{name}`", workflow.name);
                let finding = Diagnostic::new(&codes::VF106, entry.key.span, message);
                let names = workflow.params.iter().map(|param| &*param.name);
                let finding = self.suggest(finding, name, names, entry.key.span);
                self.report(finding);
                is_misspelt = true;
            }
        }
        // A misspelt name is probably that of the parameter which seems to be missing.
        if !is_misspelt {
            self.all_are_set(test, workflow, &set);
        }
        set
    }

    /// A secret need not be set: no file should hold one, so the tests' secret is the same for all.
    fn all_are_set(&mut self, test: &ast::Test, workflow: &Workflow, set: &[(Arc<str>, Expr)]) {
        let is_left_open = |name: &str| {
            let is_set = set.iter().any(|(known, _)| &**known == name);
            let param = workflow.params.iter().find(|param| &*param.name == name);
            !is_set && param.is_some_and(|p| p.default.is_none() && !p.ty.is_optional() && p.ty != Type::Secret)
        };
        if let Some(param) = workflow.params.iter().find(|param| is_left_open(&param.name)) {
            let message = format!("the workflow `{}` needs a value for `{}`", workflow.name, param.name);
            let declared = self.declared_at(workflow, &param.name).unwrap_or(param.span);
            let finding = Diagnostic::new(&codes::VF106, test.title.span, message)
                .label(declared, format!("declared as `{}`", self.text(declared)))
                .help(format!("write `set {{ {}: … }}`", param.name));
            self.report(finding);
        }
    }

    /// A parameter's name and type.
    fn declared_at(&self, workflow: &Workflow, param: &str) -> Option<Span> {
        Some(self.homes.get(workflow.span)?.names.get(param)?.span)
    }

    /// What a test says is computed: it reaches nothing itself.
    fn only_computes(&mut self, value: &Expr) {
        if value.effect > Effect::Pure {
            let finding = Diagnostic::new(&codes::VF602, value.span, "a test reaches nothing outside itself");
            self.report(finding.help("write the value down, as a literal or computed from what the run gave"));
        }
    }
}

fn workflows_in(modules: &super::Modules, module: ModuleId) -> impl Iterator<Item = (&ast::Workflow, &str)> {
    let items = modules.all.get(module.0).into_iter().flat_map(|module| &module.file.items);
    items.filter_map(|item| match &item.kind {
        ItemKind::Workflow(workflow) => Some((workflow, item.doc.as_str())),
        _ => None,
    })
}
