//! User-defined `fn`, `step` and `action`: checked before whoever calls them, never recursive.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Checker;
use super::deprecation::Deprecation;
use super::expression::pure;
use super::fit::fit_result;
use super::mismatch::Want;
use super::modules::ModuleId;
use super::order::{Graph, draw};
use super::program::{Action, Block, Expr, ExprKind, Function, FunctionBody, FunctionId, FunctionParam};
use super::scope::{BlockScope, Local, Role, Scope};
use super::uses::Uses;
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Effect;
use crate::source::Span;
use crate::syntax::ast::{self, FunctionDefinition, ItemKind, Name, Parameter, StepBody, StepDefinition};
use crate::value::{Type, Value};

/// A definition of either kind.
#[derive(Clone, Copy)]
enum Definition<'a> {
    Function(&'a FunctionDefinition),
    Step(&'a StepDefinition),
}

impl<'a> Definition<'a> {
    fn name(self) -> &'a Name {
        match self {
            Self::Function(function) => &function.name,
            Self::Step(step) => &step.name,
        }
    }

    fn uses(self) -> std::collections::BTreeSet<Arc<str>> {
        match self {
            Self::Function(function) => Uses::of_function(&function.params, |uses| uses.expr(&function.body)),
            Self::Step(step) => match &step.body {
                StepBody::Block(block) => Uses::of_function(&step.params, |uses| uses.block(block)),
                StepBody::External(_) => std::collections::BTreeSet::new(),
            },
        }
    }
}

impl Checker<'_> {
    /// Modules after those that they import.
    pub(super) fn module_order(&self) -> Vec<ModuleId> {
        let edges = self.modules.all.iter().enumerate().flat_map(|(at, module)| {
            let prelude = self.modules.prelude.filter(|prelude| prelude.0 != at);
            module.imports.iter().map(|import| import.module).chain(prelude).map(move |to| (at, to.0))
        });
        Graph::new(self.modules.all.len(), edges.collect::<Vec<_>>()).order().into_iter().map(ModuleId).collect()
    }

    /// Checks all functions of all modules.
    pub(super) fn functions(&mut self) {
        let modules = self.modules;
        for id in self.module_order() {
            let Some(module) = modules.all.get(id.0) else { continue };
            let definitions: Vec<(Definition<'_>, &str)> = module
                .file
                .items
                .iter()
                .filter_map(|item| match &item.kind {
                    ItemKind::Function(function) => Some((Definition::Function(function), item.doc.as_str())),
                    ItemKind::Step(step) => Some((Definition::Step(step), item.doc.as_str())),
                    _ => None,
                })
                .collect();
            self.module_functions(id, &definitions);
        }
    }

    fn module_functions(&mut self, module: ModuleId, definitions: &[(Definition<'_>, &str)]) {
        let mut places: HashMap<Arc<str>, usize> = HashMap::new();
        for (at, (definition, _)) in definitions.iter().enumerate() {
            places.entry(definition.name().node.clone()).or_insert(at);
        }
        let edges: Vec<(usize, usize)> = definitions
            .iter()
            .enumerate()
            .flat_map(|(at, (definition, _))| {
                definition.uses().iter().filter_map(|name| Some((at, *places.get(name)?))).collect::<Vec<_>>()
            })
            .collect();
        let graph = Graph::new(definitions.len(), edges);
        let cycles = graph.cycles();
        for cycle in &cycles {
            let names: Vec<&Name> = cycle.iter().filter_map(|at| definitions.get(*at)).map(|(d, _)| d.name()).collect();
            let Some(first) = names.first() else { continue };
            let path: Vec<&str> = names.iter().map(|name| &*name.node).collect();
            let finding = Diagnostic::new(&codes::VF105, first.span, format!("`{}` calls itself", first.node))
                .note(draw(&path))
                .help("a workflow always ends, so no function may come back to itself; walk a list instead");
            self.report(finding);
        }
        let cyclic: HashSet<usize> = cycles.into_iter().flatten().collect();
        for at in graph.order() {
            let Some((definition, doc)) = definitions.get(at) else { continue };
            self.define_function(module, *definition, doc, cyclic.contains(&at));
        }
    }

    fn define_function(&mut self, module: ModuleId, definition: Definition<'_>, doc: &str, is_cyclic: bool) {
        let name = definition.name();
        let before = self.signatures.get(&module).and_then(|known| known.get(&name.node)).copied();
        if let Some(before) = before.and_then(|id| self.function(id)).map(|function| function.span) {
            let finding = Diagnostic::new(&codes::VF102, name.span, format!("`{}` is defined twice", name.node))
                .label(before, "the first")
                .help("give one of them another name");
            self.report(finding);
            return;
        }
        let mut scope = Scope::new(module);
        scope.knows_outcome = true;
        self.is_inside_old = Deprecation::of(doc).is_some();
        let mut function = match definition {
            _ if is_cyclic => empty(name),
            Definition::Function(function) => self.pure_function(&mut scope, function),
            Definition::Step(step) => self.step_function(&mut scope, step),
        };
        self.is_inside_old = false;
        doc.clone_into(&mut function.doc);
        let footprint = std::mem::take(&mut scope.footprint);
        function.needs_outcome = footprint.needs_outcome;
        let id = FunctionId(self.program.functions.len());
        self.program.functions.push(Arc::new(function));
        self.signatures.entry(module).or_default().insert(name.node.clone(), id);
        if is_cyclic {
            self.without_meaning.insert(id);
        }
        if footprint.is_unsafe_to_repeat {
            self.unsafe_to_repeat.insert(id);
        }
    }

    fn pure_function(&mut self, scope: &mut Scope, function: &FunctionDefinition) -> Function {
        let params = self.params(scope, &function.params);
        for (param, written) in params.iter().zip(&function.params) {
            self.refuse_shadow(scope, &written.name);
            let span = written.name.span.to(written.ty.span);
            scope.locals.push(Local { name: param.name.clone(), ty: param.ty.clone(), span, is_param: true });
        }
        let returns = self.read_type(scope.module, &function.returns);
        let want = Want { what: "the result", declared: Some(function.returns.span) };
        let body = self.expr_of(scope, &function.body, &returns, want);
        match body.effect {
            // That it lacks `do` was told where it is called, with what to make of it.
            Effect::Write | Effect::Pure => {}
            Effect::Read => {
                let message = format!("`fn {}` computes, and this looks at the outside world", function.name.node);
                let finding = Diagnostic::new(&codes::VF602, body.span, message);
                self.report(finding.help("make it a `step` with a block and a `yield`"));
            }
        }
        Function {
            params,
            returns,
            effect: Effect::Pure,
            body: FunctionBody::Expression(body),
            ..empty(&function.name)
        }
    }

    fn step_function(&mut self, scope: &mut Scope, step: &StepDefinition) -> Function {
        let params = self.params(scope, &step.params);
        let stated = step.returns.as_ref().map(|returns| self.read_type(scope.module, returns));
        let effect = if step.is_action { Effect::Write } else { Effect::Read };
        let (body, returns) = match &step.body {
            StepBody::Block(block) => self.step_block(scope, step, &params, block, stated),
            StepBody::External(call) => self.external(scope, step, call, stated),
        };
        Function { params, returns, effect, body, ..empty(&step.name) }
    }

    fn step_block(
        &mut self,
        scope: &mut Scope,
        step: &StepDefinition,
        params: &[FunctionParam],
        block: &ast::Block,
        stated: Option<Type>,
    ) -> (FunctionBody, Type) {
        scope.blocks.push(BlockScope::default());
        for (at, (param, written)) in params.iter().zip(&step.params).enumerate() {
            self.refuse_shadow(scope, &written.name);
            scope.bind(&param.name, written.name.span.to(written.ty.span), param.ty.clone(), Role::Param);
            let connection = self.given.get(scope.module, &step.name.node, at);
            scope.given.extend(connection.map(|connection| (param.name.clone(), connection.clone())));
        }
        let checked = self.statements(scope, &block.statements, stated.as_ref());
        let mut inner = checked.block;
        inner.slots = self.close_block(scope, &inner.steps);
        if !step.is_action {
            self.refuse_writes(step, &inner);
        }
        let returns = match (stated, &inner.result) {
            (Some(stated), Some(result)) => {
                let declared = step.returns.as_ref().map(|returns| returns.span);
                if self.expect(result, &stated, Want { what: "the result", declared }) {
                    fit_result(&mut inner, &stated);
                }
                stated
            }
            (Some(stated), None) => {
                let message = format!("`{}` promises `{stated}` and yields nothing", step.name.node);
                self.report(
                    Diagnostic::new(&codes::VF201, step.name.span, message).help("end its block with `yield …`"),
                );
                stated
            }
            (None, _) => checked.yields,
        };
        (FunctionBody::Block(inner), returns)
    }

    /// A `step` reads; what writes is an `action`.
    fn refuse_writes(&mut self, step: &StepDefinition, block: &Block) {
        let Some(write) = first_write(block) else { return };
        let message = format!("`step {}` reads, and this writes", step.name.node);
        let finding = Diagnostic::new(&codes::VF602, write, message)
            .label(step.keyword_span, "declared as a step")
            .help("declare it as an `action`")
            .fix("write `action`", step.keyword_span, "action");
        self.report(finding);
    }

    fn params(&mut self, scope: &mut Scope, written: &[Parameter]) -> Vec<FunctionParam> {
        let params = written.iter().map(|param| {
            let ty = self.read_type(scope.module, &param.ty);
            let span = param.name.span.to(param.ty.span);
            let default = param.default.as_ref().map(|default| {
                let mut closed = Scope::new(scope.module);
                self.expr_of(&mut closed, default, &ty, Want { what: "the parameter", declared: Some(span) })
            });
            FunctionParam { name: param.name.node.clone(), ty, doc: param.doc.clone(), default, span }
        });
        params.collect()
    }
}

fn empty(name: &Name) -> Function {
    let nothing: Expr = pure(ExprKind::Literal(Value::None), Type::Error, name.span);
    Function {
        name: name.node.clone(),
        doc: String::new(),
        span: name.span,
        params: Vec::new(),
        returns: Type::Error,
        effect: Effect::Pure,
        needs_outcome: false,
        body: FunctionBody::Expression(nothing),
    }
}

/// The innermost statement that writes, the first of them.
fn first_write(block: &Block) -> Option<Span> {
    let step = block.steps.iter().find(|step| step.effect == Effect::Write)?;
    let inner = match &step.action {
        Action::ForEach(each) => first_write(&each.block),
        Action::When { arms, otherwise } => arms.iter().map(|(_, block)| block).chain(otherwise).find_map(first_write),
        Action::Transaction { .. } | Action::Expression(_) | Action::Check { .. } => None,
    };
    Some(inner.unwrap_or(step.span))
}
