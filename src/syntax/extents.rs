//! Which statement a byte belongs to: the innermost one, so that what stands in a block is not the block's own.

use super::ast::{
    Action, Block, Clause, ClauseKind, File, ItemKind, Otherwise, Statement, StatementKind, StepBody, TestItem, When,
    WorkflowItemKind,
};
use crate::source::Span;

/// The statements and items of a file, laid out over its bytes.
#[derive(Debug, Default)]
pub struct Extents {
    /// Where each piece begins, in order, and the innermost statement or item there.
    pieces: Vec<(u32, Option<Span>)>,
    open: Vec<Span>,
}

impl Extents {
    /// Lays out a file.
    pub fn of(file: &File) -> Self {
        let mut extents = Self::default();
        for item in &file.items {
            extents.within(item.span, |it| it.item(&item.kind));
        }
        extents
    }

    /// The innermost statement or item at a byte.
    pub fn at(&self, offset: u32) -> Option<Span> {
        let index = self.pieces.partition_point(|(start, _)| *start <= offset);
        self.pieces.get(index.checked_sub(1)?).and_then(|(_, span)| *span)
    }

    fn within(&mut self, span: Span, inside: impl FnOnce(&mut Self)) {
        self.open.push(span);
        self.pieces.push((span.start, Some(span)));
        inside(self);
        self.open.pop();
        self.pieces.push((span.end, self.open.last().copied()));
    }

    fn item(&mut self, kind: &ItemKind) {
        match kind {
            ItemKind::Step(step) => {
                if let StepBody::Block(block) = &step.body {
                    self.block(block);
                }
            }
            ItemKind::Workflow(workflow) => {
                for item in &workflow.items {
                    self.within(item.span, |it| it.workflow_item(&item.kind));
                }
            }
            ItemKind::Test(test) => {
                for item in &test.items {
                    if let TestItem::Statement(statement) = item {
                        self.statement(statement);
                    }
                }
            }
            ItemKind::Import(_) | ItemKind::Type(_) | ItemKind::Calendar(_) | ItemKind::Function(_) => {}
        }
    }

    fn workflow_item(&mut self, kind: &WorkflowItemKind) {
        match kind {
            WorkflowItemKind::Failed(block) | WorkflowItemKind::Finally(block) => self.block(block),
            WorkflowItemKind::Statement(statement) => self.inside(statement),
            _ => {}
        }
    }

    fn block(&mut self, block: &Block) {
        for statement in &block.statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        self.within(statement.span, |it| it.inside(statement));
    }

    fn inside(&mut self, statement: &Statement) {
        if let StatementKind::Step { action, .. } = &statement.kind {
            self.action(action);
        }
        for clause in &statement.clauses {
            self.clause(clause);
        }
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::Transaction { block, .. } => self.block(block),
            Action::ForEach(each) => self.block(&each.block),
            Action::When(when) => self.when(when),
            Action::Expression(_) | Action::Do(..) => {}
        }
    }

    fn when(&mut self, when: &When) {
        self.block(&when.then);
        match &when.otherwise {
            Some(Otherwise::When(when)) => self.when(when),
            Some(Otherwise::Block(block)) => self.block(block),
            None => {}
        }
    }

    fn clause(&mut self, clause: &Clause) {
        if let ClauseKind::OnFailureBlock(block) = &clause.kind {
            self.block(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, SourceId};
    use crate::syntax::parse;

    #[test]
    fn a_byte_belongs_to_the_innermost_statement() {
        let text =
            "workflow w {\n  a = for each x in xs {\n    b = sql\"\"\"\n select\n\"\"\"\n  } on failure { c = 1 }\n}\n";
        let source = Source::new(SourceId(0), "a.flow", text);
        let (file, _) = parse(&source);
        let extents = Extents::of(&file);
        let at = |needle: &str| {
            let offset = u32::try_from(text.find(needle).unwrap()).unwrap();
            extents.at(offset).map(|span| source.slice(span).chars().next().unwrap())
        };
        assert_eq!((at("workflow"), at("for each"), at("select")), (Some('w'), Some('a'), Some('b')));
        assert_eq!((at("on failure"), at("c = 1")), (Some('a'), Some('c')));
        assert_eq!(extents.at(u32::try_from(text.len()).unwrap()), None);
    }
}
