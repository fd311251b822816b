//! Workflows.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::Builder;

use super::deprecation::Deprecation;
use super::mismatch::Want;
use super::modules::ModuleId;
use super::narrow;
use super::program::{self, Block, CalendarBinding, ConnectionUse, Output, Policy, Workflow, WorkflowParam};
use super::scope::{BlockScope, Role, Scope};
use super::suggest::Suggestions;
use super::test::Test;
use super::{Ahead, Checker, STACK};
use crate::diagnostic::{Diagnostic, codes};
use crate::parallel;
use crate::query::sql::Meaning;
use crate::source::{Source, Span};
use crate::syntax::ast::{self, Binding, ItemKind, Use, WorkflowItem, WorkflowItemKind};
use crate::value::{ConnectionKind, Type};

/// What checking one file adds to what is known.
struct Found {
    workflows: Vec<Arc<Workflow>>,
    tests: Vec<Arc<Test>>,
    statements: Vec<program::Statement>,
    meanings: HashMap<Span, Meaning>,
    diagnostics: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Checker<'_> {
    /// Checks the workflows and tests of the files that were asked for, and what files import in vain; several files at a
    /// time, each by a checker that knows all functions.
    pub(super) fn workflows(&mut self) {
        let is_root = |id: &ModuleId| self.modules.all.get(id.0).is_some_and(|module| module.is_root);
        let roots: Vec<ModuleId> = (0..self.modules.all.len()).map(ModuleId).filter(is_root).collect();
        // Several files are checked side by side; a single one has its queries read by another thread.
        if let [root] = roots.as_slice() {
            let tagged = self.modules.all.get(root.0).map(|module| module.file.tagged.as_slice());
            self.ahead = tagged.and_then(Ahead::of).map(Arc::new);
        }
        let begin = || {
            let mut checker = self.clone();
            drop(checker.found_so_far());
            checker
        };
        let check = || parallel::map(&roots, STACK, begin, |checker, id| checker.root(*id));
        let all = match &self.ahead {
            None => check(),
            Some(ahead) => std::thread::scope(|scope| {
                // Without a thread to spare the checker reads them all itself.
                let _ = Builder::new().stack_size(STACK).spawn_scoped(scope, || ahead.read());
                let all = check();
                ahead.end();
                all
            }),
        };
        for found in all {
            self.program.workflows.extend(found.workflows);
            self.program.tests.extend(found.tests);
            self.program.statements.extend(found.statements);
            self.meanings.extend(found.meanings);
            self.diagnostics.extend(found.diagnostics);
            self.warnings.extend(found.warnings);
        }
    }

    fn found_so_far(&mut self) -> Found {
        Found {
            workflows: std::mem::take(&mut self.program.workflows),
            tests: std::mem::take(&mut self.program.tests),
            statements: std::mem::take(&mut self.program.statements),
            meanings: std::mem::take(&mut self.meanings),
            diagnostics: std::mem::take(&mut self.diagnostics),
            warnings: std::mem::take(&mut self.warnings),
        }
    }

    fn root(&mut self, id: ModuleId) -> Found {
        self.suggestions = Suggestions::default();
        let mut names: Vec<&str> = Vec::new();
        for item in self.modules.all.get(id.0).into_iter().flat_map(|module| &module.file.items) {
            let ItemKind::Workflow(workflow) = &item.kind else { continue };
            if names.contains(&&*workflow.name.node) {
                let message = format!("the workflow `{}` is defined twice", workflow.name.node);
                let finding = Diagnostic::new(&codes::VF102, workflow.name.span, message);
                self.report(finding.help("give one of them another name"));
            }
            names.push(&workflow.name.node);
            let checked = Arc::new(self.workflow(id, workflow, &item.doc));
            self.known_workflows.entry((id, workflow.name.node.clone())).or_insert_with(|| checked.clone());
            self.program.workflows.push(checked);
        }
        self.tests(id);
        self.unused_imports(id);
        self.found_so_far()
    }

    fn unused_imports(&mut self, id: ModuleId) {
        let Some(module) = self.modules.all.get(id.0) else { return };
        let declared: HashMap<Span, &ast::Item> = module
            .file
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Import(it) => Some((it.target_span, item)),
                _ => None,
            })
            .collect();
        for import in &module.imports {
            if !self.used_imports.contains(&(id, import.name.clone())) {
                let finding =
                    Diagnostic::new(&codes::VF104, import.span, format!("nothing uses the import `{}`", import.name));
                let item = declared.get(&import.span);
                self.warn(removing(finding, &module.source, item.map(|item| (item.span, &*item.doc))));
            }
        }
    }

    pub(super) fn workflow(&mut self, module: ModuleId, workflow: &ast::Workflow, doc: &str) -> Workflow {
        let mut scope = Scope::new(module);
        self.is_inside_old = Deprecation::of(doc).is_some();
        self.without_yield.clear();
        self.missed_connections.clear();
        self.has_told_yield = false;
        scope.blocks.push(BlockScope::default());
        let connections = self.connections(&mut scope, workflow);
        let params = self.workflow_params(&mut scope, workflow);
        let calendars = self.calendars(&mut scope, workflow);
        let defaults = self.defaults(&mut scope, workflow);
        let statements = items(workflow, |kind| match kind {
            WorkflowItemKind::Statement(statement) => Some(statement),
            _ => None,
        });
        let checked = self.statements(&mut scope, statements, None);
        if let Some(result) = &checked.block.result {
            let finding = Diagnostic::new(&codes::VF001, result.span, "a workflow has outputs, not a `yield`")
                .help("write `output name = …`");
            self.report(finding);
        }
        let outputs = self.outputs(&mut scope, workflow);
        let failed = self.outcome_block(&mut scope, workflow, "failed");
        let finally = self.outcome_block(&mut scope, workflow, "finally");
        let mut body = checked.block;
        body.result = None;
        self.unused_names(&scope, workflow);
        if let Some(block) = scope.blocks.last() {
            self.homes.keep(block, [workflow.name.span]);
        }
        body.slots = self.close_block(&mut scope, &body.steps);
        self.is_inside_old = false;
        let name = &workflow.name;
        Workflow {
            name: name.node.clone(),
            doc: doc.to_owned(),
            span: name.span,
            connections,
            params,
            calendars,
            defaults,
            body,
            outputs,
            failed,
            finally,
        }
    }

    fn connections(&mut self, scope: &mut Scope, workflow: &ast::Workflow) -> Vec<ConnectionUse> {
        let uses: Vec<&Use> = items(workflow, |kind| match kind {
            WorkflowItemKind::Use(connection) => Some(connection),
            _ => None,
        });
        let mut connections = Vec::with_capacity(uses.len());
        for connection in uses {
            self.refuse_shadow(scope, &connection.name);
            let kind = ConnectionKind::find(&connection.kind.node);
            let ty = kind.map_or(Type::Error, Type::Connection);
            let slot = scope.bind(&connection.name.node, connection.name.span, ty, Role::Connection);
            match kind {
                Some(kind) => connections.push(ConnectionUse {
                    name: connection.name.node.clone(),
                    kind,
                    slot,
                    span: connection.name.span,
                }),
                None => {
                    self.unknown_kind(&connection.kind);
                }
            }
        }
        connections
    }

    fn unknown_kind(&mut self, kind: &ast::Name) {
        let known = ConnectionKind::ALL.iter().map(|kind| kind.name());
        let message = format!("there is no kind of connection `{}`", kind.node);
        let finding = Diagnostic::new(&codes::VF101, kind.span, message);
        let finding = self.suggest(finding, &kind.node, known, kind.span);
        self.report(finding);
    }

    fn workflow_params(&mut self, scope: &mut Scope, workflow: &ast::Workflow) -> Vec<WorkflowParam> {
        let written: Vec<(&ast::WorkflowParam, &str)> = workflow
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                WorkflowItemKind::Param(param) => Some((param, item.doc.as_str())),
                _ => None,
            })
            .collect();
        written.into_iter().map(|(param, doc)| self.workflow_param(scope, param, doc)).collect()
    }

    fn workflow_param(&mut self, scope: &mut Scope, param: &ast::WorkflowParam, doc: &str) -> WorkflowParam {
        let ty = self.read_type(scope.module, &param.ty);
        if matches!(ty, Type::Connection(_) | Type::Calendar | Type::Series | Type::Sample | Type::Promql) {
            let finding =
                Diagnostic::new(&codes::VF201, param.ty.span, format!("a workflow's parameter cannot be a `{ty}`"))
                    .help("connections are named with `use`, calendars with `calendar`");
            self.report(finding);
        }
        let declared = Some(param.name.span.to(param.ty.span));
        let default = param
            .default
            .as_ref()
            .map(|default| self.expr_of(scope, default, &ty, Want { what: "the parameter", declared }));
        self.refuse_shadow(scope, &param.name);
        let slot = scope.bind(&param.name.node, param.name.span.to(param.ty.span), ty.clone(), Role::Param);
        let require = param.require.as_ref().map(|require| self.expr_of(scope, require, &Type::Bool, "`require`"));
        let message = param.message.as_ref().map(|message| self.expr_of(scope, message, &Type::Text, "`else`"));
        // It is asked before any step runs.
        scope.narrowed.extend(param.require.iter().flat_map(|require| narrow::facts(require, true)));
        // A parameter that only its own `require` looks at is not used.
        if let Some(binding) = scope.blocks.last_mut().and_then(|block| block.names.get_mut(&param.name.node)) {
            binding.is_used = false;
        }
        WorkflowParam {
            name: param.name.node.clone(),
            doc: doc.to_owned(),
            ty,
            slot,
            default,
            require,
            message,
            span: param.name.span,
        }
    }

    /// The calendars, before all steps: `+ 3bd` looks for them without naming them.
    fn calendars(&mut self, scope: &mut Scope, workflow: &ast::Workflow) -> Vec<CalendarBinding> {
        let modules = self.modules;
        let module = modules.all.get(scope.module.0);
        let outer: Vec<&Binding> = module
            .iter()
            .flat_map(|module| &module.file.items)
            .filter_map(|item| match &item.kind {
                ItemKind::Calendar(binding) => Some(binding),
                _ => None,
            })
            .collect();
        let own = items(workflow, |kind| match kind {
            WorkflowItemKind::Calendar(binding) => Some(binding),
            _ => None,
        });
        let outer: Vec<CalendarBinding> = outer.into_iter().map(|binding| self.calendar(scope, binding)).collect();
        // Those of the file are for all of its workflows; each need not use them.
        for binding in scope.blocks.iter_mut().flat_map(|block| block.names.values_mut()) {
            binding.is_used |= binding.role == Role::Calendar;
        }
        outer.into_iter().chain(own.into_iter().map(|binding| self.calendar(scope, binding))).collect()
    }

    fn calendar(&mut self, scope: &mut Scope, binding: &Binding) -> CalendarBinding {
        let value = self.expr_of(scope, &binding.value, &Type::Calendar, "a calendar");
        self.refuse_shadow(scope, &binding.name);
        let slot = scope.bind(&binding.name.node, binding.name.span, Type::Calendar, Role::Calendar);
        CalendarBinding { name: binding.name.node.clone(), slot, value }
    }

    fn defaults(&mut self, scope: &mut Scope, workflow: &ast::Workflow) -> Policy {
        let records = items(workflow, |kind| match kind {
            WorkflowItemKind::Defaults(record) => Some(record),
            _ => None,
        });
        if let Some(second) = records.get(1) {
            let finding = Diagnostic::new(&codes::VF102, second.span, "a workflow has one `defaults`");
            self.report(finding.help("put the settings into the first"));
        }
        records.first().map(|record| self.policy(scope, record, true)).unwrap_or_default()
    }

    fn outputs(&mut self, scope: &mut Scope, workflow: &ast::Workflow) -> Vec<Output> {
        let mut outputs: Vec<Output> = Vec::new();
        let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
        for item in &workflow.items {
            let WorkflowItemKind::Output(binding) = &item.kind else { continue };
            if let Some(before) = seen.insert(binding.name.node.clone(), binding.name.span) {
                let finding = Diagnostic::new(
                    &codes::VF102,
                    binding.name.span,
                    format!("the output `{}` is there twice", binding.name.node),
                )
                .label(before, "first here")
                .help("give one of them another name");
                self.report(finding);
            }
            outputs.push(self.output(scope, binding, &item.doc));
        }
        outputs
    }

    fn output(&mut self, scope: &mut Scope, binding: &Binding, doc: &str) -> Output {
        if let Some(block) = scope.blocks.last_mut() {
            block.touched.clear();
        }
        let value = self.expr(scope, &binding.value, None);
        if value.effect > crate::primitive::Effect::Pure {
            let finding = Diagnostic::new(&codes::VF602, value.span, "an output only names what the steps gave")
                .help("read it in a step, and name that step here");
            self.report(finding);
        }
        match value.ty.required() {
            ty if ty.has_secret() => {
                let finding = Diagnostic::new(&codes::VF702, value.span, "a secret may not be an output");
                self.report(finding.help("leave it out; outputs are shown and kept"));
            }
            Type::Connection(_) | Type::Calendar | Type::Sql | Type::Promql => {
                let message = format!("{} cannot be an output", super::query::shown(&value.ty));
                let help = "name a value: a number, a text, a date, a list of them";
                self.report(Diagnostic::new(&codes::VF201, value.span, message).help(help));
            }
            _ => {}
        }
        let needs = scope.blocks.last().map(|block| block.touched.iter().copied().collect()).unwrap_or_default();
        Output { name: binding.name.node.clone(), doc: doc.to_owned(), value, needs, span: binding.name.span }
    }

    fn outcome_block(&mut self, scope: &mut Scope, workflow: &ast::Workflow, which: &str) -> Option<Block> {
        let blocks = items(workflow, |kind| match (kind, which) {
            (WorkflowItemKind::Failed(block), "failed") | (WorkflowItemKind::Finally(block), "finally") => Some(block),
            _ => None,
        });
        if let Some(second) = blocks.get(1) {
            let place = second.span.slice(0, 1);
            let finding = Diagnostic::new(&codes::VF102, place, format!("a workflow has one `{which}`"));
            self.report(finding.help("put the steps into the first"));
        }
        let block = blocks.first()?;
        scope.blocks.push(BlockScope { is_outcome: true, ..BlockScope::default() });
        let before = std::mem::replace(&mut scope.knows_outcome, true);
        scope.has_failed = which == "failed";
        let mut checked = self.statements(scope, &block.statements, None);
        (scope.knows_outcome, scope.has_failed) = (before, false);
        checked.block.slots = self.close_block(scope, &checked.block.steps);
        Some(checked.block)
    }

    fn unused_names(&mut self, scope: &Scope, workflow: &ast::Workflow) {
        let (Some(block), Some(module)) = (scope.blocks.last(), self.modules.all.get(scope.module.0)) else { return };
        let declared: HashMap<Span, &WorkflowItem> =
            workflow.items.iter().filter_map(|item| Some((removable(&item.kind)?, item))).collect();
        for (name, binding) in block.names.iter().filter(|(_, binding)| !binding.is_used) {
            let word = match binding.role {
                Role::Param => "parameter",
                Role::Connection => "connection",
                Role::Calendar => "calendar",
                Role::Step | Role::Item => continue,
            };
            let span = binding.name_span(name);
            let finding = Diagnostic::new(&codes::VF104, span, format!("nothing uses the {word} `{name}`"));
            let item = declared.get(&span).map(|item| (item.span, &*item.doc));
            self.warn(removing(finding, &module.source, item));
        }
    }
}

/// The name of what can be removed when nothing in the file uses it. Whoever runs the workflow may give a parameter.
fn removable(kind: &WorkflowItemKind) -> Option<Span> {
    match kind {
        WorkflowItemKind::Use(connection) => Some(connection.name.span),
        WorkflowItemKind::Calendar(calendar) => Some(calendar.name.span),
        _ => None,
    }
}

/// Offers to remove a declaration, unless documentation above it would then be that of the next one.
fn removing(finding: Diagnostic, source: &Source, declared: Option<(Span, &str)>) -> Diagnostic {
    let finding = finding.help("remove the line");
    match declared {
        Some((span, "")) => finding.fix("remove it", source.removal(span), ""),
        _ => finding,
    }
}

fn items<'a, R>(workflow: &'a ast::Workflow, pick: impl Fn(&'a WorkflowItemKind) -> Option<R>) -> Vec<R> {
    workflow.items.iter().filter_map(|item| pick(&item.kind)).collect()
}
