//! Names that exist only further in: what a block binds is not seen outside of it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Checker;
use super::modules::ModuleId;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{
    Action, Block, ClauseKind, Item, ItemKind, Name, Otherwise, Statement, StatementKind, StepBody, When,
    WorkflowItemKind,
};

/// Where the inner blocks of a module bind names, and as part of what.
pub(super) type InnerNames = HashMap<Arc<str>, (Span, Arc<str>)>;

impl Checker<'_> {
    /// Says of a name that is unknown here where it is bound further in.
    pub(super) fn bound_further_in(&mut self, module: ModuleId, name: &str, finding: Diagnostic) -> Option<Diagnostic> {
        let modules = self.modules;
        let names = self.inner_names.entry(module).or_insert_with(|| {
            let mut names = InnerNames::new();
            let items = modules.all.get(module.0).into_iter().flat_map(|module| &module.file.items);
            items.for_each(|item| item_names(item, &mut names));
            names
        });
        let (span, around) = names.get(name)?.clone();
        let message = format!("`{name}` is bound inside `{around}`, and not seen outside of it");
        let help = format!("let `{around}` give it: `yield {{ {name}: {name} }}`");
        Some(Diagnostic { message, ..finding }.label(span, "bound here").help(help))
    }
}

fn item_names(item: &Item, names: &mut InnerNames) {
    match &item.kind {
        ItemKind::Workflow(workflow) => {
            for part in &workflow.items {
                match &part.kind {
                    WorkflowItemKind::Statement(statement) => statement_names(statement, names),
                    WorkflowItemKind::Failed(block) => block_names(block, &"failed".into(), names),
                    WorkflowItemKind::Finally(block) => block_names(block, &"finally".into(), names),
                    _ => {}
                }
            }
        }
        ItemKind::Step(step) => {
            if let StepBody::Block(block) = &step.body {
                block.statements.iter().for_each(|statement| statement_names(statement, names));
            }
        }
        _ => {}
    }
}

/// What the blocks of a statement bind.
fn statement_names(statement: &Statement, names: &mut InnerNames) {
    let StatementKind::Step { name, action, .. } = &statement.kind else { return };
    let around = |kind: &str| name.as_ref().map_or_else(|| kind.into(), |name| name.node.clone());
    match action {
        Action::Expression(_) | Action::Do(..) => {}
        Action::Transaction { block, .. } => block_names(block, &around("transaction"), names),
        Action::ForEach(each) => {
            let around = around("for each");
            let items = std::iter::once(&each.pattern.first).chain(&each.pattern.second);
            items.for_each(|item| bind(item, &around, names));
            block_names(&each.block, &around, names);
        }
        Action::When(when) => when_names(when, &around("when"), names),
    }
    for clause in &statement.clauses {
        if let ClauseKind::OnFailureBlock(block) = &clause.kind {
            block_names(block, &around("on failure"), names);
        }
    }
}

fn when_names(when: &When, around: &Arc<str>, names: &mut InnerNames) {
    let mut next = Some(when);
    while let Some(when) = next.take() {
        block_names(&when.then, around, names);
        match &when.otherwise {
            Some(Otherwise::When(inner)) => next = Some(inner),
            Some(Otherwise::Block(block)) => block_names(block, around, names),
            None => {}
        }
    }
}

fn block_names(block: &Block, around: &Arc<str>, names: &mut InnerNames) {
    for statement in &block.statements {
        if let StatementKind::Step { name: Some(name), .. } = &statement.kind {
            bind(name, around, names);
        }
        statement_names(statement, names);
    }
}

fn bind(name: &Name, around: &Arc<str>, names: &mut InnerNames) {
    names.entry(name.node.clone()).or_insert_with(|| (name.span, around.clone()));
}
