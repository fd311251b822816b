//! Top-level items, and the items of workflows and tests.

use super::document::{Commas, Doc};
use super::writer::{Writer, tight};
use crate::syntax::ast::{
    Binding, FunctionDefinition, Import, ImportTarget, Item, ItemKind, Parameter, StepBody, StepDefinition, Test,
    TestItem, Workflow, WorkflowItem, WorkflowItemKind, WorkflowParam,
};

impl<'s> Writer<'s> {
    /// A top-level item. Their order stays as it is, that of imports too: a comment may say why.
    pub(super) fn item(&mut self, item: &Item) -> Doc<'s> {
        match &item.kind {
            ItemKind::Import(import) => self.import(import),
            ItemKind::Type(definition) => Doc::concat([self.word(), self.word(), self.word(), self.ty(&definition.ty)]),
            ItemKind::Calendar(binding) => self.binding(binding),
            ItemKind::Function(function) => self.function(function),
            ItemKind::Step(step) => self.step_definition(step),
            ItemKind::Workflow(workflow) => self.workflow(workflow),
            ItemKind::Test(test) => self.test(test),
        }
    }

    fn import(&mut self, import: &Import) -> Doc<'s> {
        let word = self.word();
        let target = match &import.target {
            ImportTarget::Module(path) => self.path(path),
            ImportTarget::File(_) => self.token(),
        };
        let mut parts = vec![word, target];
        if import.alias.is_some() {
            parts.extend([Doc::Space, self.word(), self.token()]);
        }
        Doc::concat(parts)
    }

    /// `output name = value`, `calendar name = value`.
    fn binding(&mut self, binding: &Binding) -> Doc<'s> {
        Doc::concat([self.word(), self.word(), self.token(), self.assigned(&binding.value)])
    }

    fn function(&mut self, function: &FunctionDefinition) -> Doc<'s> {
        let head = [self.word(), self.token(), self.parameters(&function.params), Doc::Space];
        let result = [self.word(), self.ty(&function.returns), Doc::Space];
        let body = [self.token(), self.defined(&function.body)];
        Doc::concat(head.into_iter().chain(result).chain(body).collect::<Vec<_>>())
    }

    fn parameters(&mut self, parameters: &[Parameter]) -> Doc<'s> {
        let breaks = self.ends_line();
        self.list(parameters, tight(Commas::Trailing), breaks, |writer, parameter| {
            let mut parts = vec![writer.token(), writer.annotation(&parameter.ty)];
            if let Some(default) = &parameter.default {
                parts.extend([Doc::Space, writer.token(), writer.assigned(default)]);
            }
            Doc::concat(parts)
        })
        .doc()
    }

    fn step_definition(&mut self, step: &StepDefinition) -> Doc<'s> {
        let mut parts = vec![self.word(), self.token(), self.parameters(&step.params), Doc::Space];
        if let Some(returns) = &step.returns {
            parts.extend([self.word(), self.ty(returns), Doc::Space]);
        }
        match &step.body {
            StepBody::Block(block) => parts.push(self.block(block)),
            StepBody::External(value) => parts.extend([self.token(), self.defined(value)]),
        }
        Doc::concat(parts)
    }

    fn workflow(&mut self, workflow: &Workflow) -> Doc<'s> {
        Doc::concat([self.word(), self.word(), self.body(&workflow.items, true, Self::workflow_item)])
    }

    fn workflow_item(&mut self, item: &WorkflowItem) -> Doc<'s> {
        match &item.kind {
            WorkflowItemKind::Use(_) => Doc::concat([self.word(), self.token(), self.word(), self.token()]),
            WorkflowItemKind::Param(param) => self.param(param),
            WorkflowItemKind::Calendar(binding) | WorkflowItemKind::Output(binding) => self.binding(binding),
            WorkflowItemKind::Defaults(settings) => Doc::concat([self.token(), self.value(settings)]),
            WorkflowItemKind::Failed(block) | WorkflowItemKind::Finally(block) => {
                Doc::concat([self.word(), self.block(block)])
            }
            WorkflowItemKind::Statement(statement) => self.statement(statement),
        }
    }

    fn param(&mut self, param: &WorkflowParam) -> Doc<'s> {
        let mut parts = vec![self.word(), self.token(), self.annotation(&param.ty)];
        if let Some(default) = &param.default {
            parts.extend([Doc::Space, self.token(), self.assigned(default)]);
        }
        for tail in param.require.iter().chain(&param.message) {
            parts.push(self.tail(tail));
        }
        Doc::concat(parts)
    }

    fn test(&mut self, test: &Test) -> Doc<'s> {
        let head = [self.word(), self.word(), self.word(), self.path(&test.workflow), Doc::Space];
        let body = self.body(&test.items, true, Self::test_item);
        Doc::concat(head.into_iter().chain([body]).collect::<Vec<_>>())
    }

    fn test_item(&mut self, item: &TestItem) -> Doc<'s> {
        match item {
            TestItem::At(value) | TestItem::Set(value) => Doc::concat([self.token(), self.value(value)]),
            TestItem::Given { path, fails, value } => {
                let mut parts = vec![self.word(), self.path(path), Doc::Space, self.token()];
                if *fails {
                    parts.extend([Doc::Space, self.token()]);
                }
                parts.push(self.assigned(value));
                Doc::concat(parts)
            }
            TestItem::Statement(statement) => self.statement(statement),
        }
    }
}
