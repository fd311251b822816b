//! Reading what a file defines: names and documentation off its tree, types and effects off the checked program.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::module::{
    Calendar, Connection, Function, Import, Kind, Module, Output, Parameter, Step, TypeAlias, Workflow,
};
use crate::check::modules;
use crate::check::program::{self, Program};
use crate::check::{Deprecation, Surroundings, check};
use crate::plan::draw_steps;
use crate::source::{Source, Sources, Span};
use crate::stdlib;
use crate::syntax;
use crate::syntax::ast::{self, ImportTarget, ItemKind, WorkflowItemKind};

/// The standard library: the prelude first, the rest by name.
pub fn library() -> Vec<Module> {
    let imports = stdlib::names().map(|name| format!("import std.{name}\n")).collect::<Vec<_>>().concat();
    let mut sources = Sources::default();
    let root = vec![(PathBuf::from("std"), imports)];
    let (modules, _) = modules::load(root, &mut sources, &mut |_| Err(String::new()));
    let (program, _) = check(&modules, &Surroundings::default());
    let documented = |name: &str| {
        let file = format!("<stdlib>/{name}.flow");
        let found = modules.all.iter().find(|module| *module.source.name == *file)?;
        let alias = (name != stdlib::PRELUDE).then(|| name.to_owned());
        Some(Module { name: format!("std.{name}"), alias, ..module(found, &program) })
    };
    let mut names: Vec<&str> = stdlib::names().collect();
    names.sort_unstable();
    std::iter::once(stdlib::PRELUDE).chain(names).filter_map(documented).collect()
}

/// What the file of `module` defines; `program` is what was made of it.
pub fn module(module: &modules::Module, program: &Program) -> Module {
    let reader = Reader::new(&module.source, program);
    let head = syntax::head(&module.source.text);
    let mut read = Module {
        name: module.source.name.to_string(),
        alias: None,
        doc: Deprecation::rest(&head),
        deprecated: Deprecation::of(&head),
        imports: Vec::new(),
        types: Vec::new(),
        calendars: Vec::new(),
        functions: Vec::new(),
        workflows: Vec::new(),
        is_part: false,
    };
    for item in &module.file.items {
        reader.item(&mut read, item);
    }
    read
}

struct Reader<'a> {
    source: &'a Source,
    functions: HashMap<Span, &'a program::Function>,
    workflows: HashMap<Span, &'a program::Workflow>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Source, program: &'a Program) -> Self {
        let functions = program.functions.iter().map(|function| (function.span, &**function)).collect();
        let workflows = program.workflows.iter().map(|workflow| (workflow.span, &**workflow)).collect();
        Self { source, functions, workflows }
    }

    fn item(&self, module: &mut Module, item: &ast::Item) {
        let (doc, deprecated) = (Deprecation::rest(&item.doc), Deprecation::of(&item.doc));
        match &item.kind {
            ItemKind::Import(import) => module.imports.push(self.import(import)),
            ItemKind::Type(alias) => {
                module.types.push(TypeAlias {
                    name: alias.name.node.to_string(),
                    ty: self.written(alias.ty.span),
                    doc,
                    deprecated,
                });
            }
            ItemKind::Calendar(binding) => module.calendars.push(self.calendar(binding, doc)),
            ItemKind::Function(function) => {
                let head = (function.name.span, &*function.params, Some(&function.returns));
                module.functions.extend(self.function(Kind::Fn, head, (doc, deprecated)));
            }
            ItemKind::Step(step) => {
                let kind = if step.is_action { Kind::Action } else { Kind::Step };
                let head = (step.name.span, &*step.params, step.returns.as_ref());
                module.functions.extend(self.function(kind, head, (doc, deprecated)));
            }
            ItemKind::Workflow(workflow) => module.workflows.extend(self.workflow(workflow)),
            ItemKind::Test(_) => {}
        }
    }

    /// What stands in the file, on one line.
    fn written(&self, span: Span) -> String {
        self.source.slice(span).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn import(&self, import: &ast::Import) -> Import {
        let last = match &import.target {
            ImportTarget::Module(parts) => parts.last().map(|part| part.node.to_string()),
            ImportTarget::File(path) => Path::new(&**path).file_stem().map(|stem| stem.to_string_lossy().into_owned()),
        };
        let name = import.alias.as_ref().map(|alias| alias.node.to_string()).or(last).unwrap_or_default();
        Import { name, target: self.written(import.target_span) }
    }

    fn calendar(&self, binding: &ast::Binding, doc: String) -> Calendar {
        Calendar { name: binding.name.node.to_string(), value: self.written(binding.value.span), doc }
    }

    /// `None` for one that the checker has refused.
    fn function(
        &self,
        kind: Kind,
        (name, params, returns): (Span, &[ast::Parameter], Option<&ast::TypeExpr>),
        (doc, deprecated): (String, Option<Deprecation>),
    ) -> Option<Function> {
        let function = self.functions.get(&name)?;
        let written = |param: &ast::Parameter| {
            let default = param.default.as_ref().map(|default| format!(" = {}", self.written(default.span)));
            format!("{}: {}{}", param.name.node, self.written(param.ty.span), default.unwrap_or_default())
        };
        let written: Vec<String> = params.iter().map(written).collect();
        let returned = returns.map_or_else(|| function.returns.to_string(), |ty| self.written(ty.span));
        let parameters = function.params.iter().map(|param| Parameter {
            name: param.name.to_string(),
            ty: param.ty.to_string(),
            default: param.default.as_ref().map(|default| self.written(default.span)),
            require: None,
            message: None,
            doc: Deprecation::rest(&param.doc),
            deprecated: Deprecation::of(&param.doc),
        });
        Some(Function {
            name: function.name.to_string(),
            kind,
            signature: format!("{} {}({}) -> {returned}", kind.word(), function.name, written.join(", ")),
            doc,
            parameters: parameters.collect(),
            returns: function.returns.to_string(),
            effect: function.effect.name(),
            needs_outcome: function.needs_outcome,
            deprecated,
        })
    }

    fn workflow(&self, written: &ast::Workflow) -> Option<Workflow> {
        let workflow = self.workflows.get(&written.name.span)?;
        let connections = workflow.connections.iter();
        let calendars = written.items.iter().filter_map(|item| match &item.kind {
            WorkflowItemKind::Calendar(binding) => Some(self.calendar(binding, item.doc.clone())),
            _ => None,
        });
        let output = |output: &program::Output| Output {
            name: output.name.to_string(),
            ty: output.value.ty.to_string(),
            doc: output.doc.clone(),
        };
        Some(Workflow {
            name: workflow.name.to_string(),
            doc: Deprecation::rest(&workflow.doc),
            deprecated: Deprecation::of(&workflow.doc),
            connections: connections
                .map(|used| Connection { name: used.name.to_string(), kind: used.kind.name() })
                .collect(),
            parameters: workflow.params.iter().map(|param| self.parameter(param)).collect(),
            calendars: calendars.collect(),
            steps: steps(&workflow.body),
            outputs: workflow.outputs.iter().map(output).collect(),
            drawing: draw_steps(workflow),
        })
    }

    fn parameter(&self, param: &program::WorkflowParam) -> Parameter {
        let written = |expr: &Option<program::Expr>| expr.as_ref().map(|expr| self.written(expr.span));
        Parameter {
            name: param.name.to_string(),
            ty: param.ty.to_string(),
            default: written(&param.default),
            require: written(&param.require),
            message: written(&param.message),
            doc: Deprecation::rest(&param.doc),
            deprecated: Deprecation::of(&param.doc),
        }
    }
}

fn steps(body: &program::Block) -> Vec<Step> {
    let name = |at: &usize| body.steps.get(*at).map(|step| step.name.to_string());
    let step = |step: &program::Step| Step {
        name: step.name.to_string(),
        ty: step.ty.to_string(),
        effect: step.effect.name(),
        after: step.upstream.iter().filter_map(name).collect(),
    };
    body.steps.iter().map(step).collect()
}
