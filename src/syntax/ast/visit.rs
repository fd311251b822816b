//! Walking what was written.

use super::{
    Action, Block, Clause, ClauseKind, Comprehension, Expr, ExprKind, Fragment, ItemKind, Otherwise, Statement,
    StatementKind, StepBody, TestItem, When, WorkflowItemKind,
};

/// Calls `look` for every expression of an item, in no order. Iterative: a chain may be long.
pub fn expressions<'a>(item: &'a ItemKind, look: &mut impl FnMut(&'a Expr)) {
    let mut waiting = Waiting::default();
    waiting.item(item);
    waiting.walk(look);
}

/// Whether a name stands in an expression.
pub fn mentions(expr: &Expr, name: &str) -> bool {
    let mut found = false;
    Waiting(vec![Part::Expr(expr)])
        .walk(&mut |expr| found |= matches!(&expr.kind, ExprKind::Name(own) if **own == *name));
    found
}

enum Part<'a> {
    Block(&'a Block),
    Expr(&'a Expr),
}

#[derive(Default)]
struct Waiting<'a>(Vec<Part<'a>>);

impl<'a> Waiting<'a> {
    fn walk(mut self, look: &mut impl FnMut(&'a Expr)) {
        while let Some(part) = self.0.pop() {
            match part {
                Part::Block(block) => self.block(block),
                Part::Expr(expr) => {
                    look(expr);
                    self.children(expr);
                }
            }
        }
    }

    fn exprs(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) {
        self.0.extend(exprs.into_iter().map(Part::Expr));
    }

    fn item(&mut self, item: &'a ItemKind) {
        match item {
            ItemKind::Import(_) | ItemKind::Type(_) => {}
            ItemKind::Calendar(binding) => self.exprs([&binding.value]),
            ItemKind::Function(function) => {
                self.exprs(function.params.iter().filter_map(|param| param.default.as_ref()).chain([&function.body]));
            }
            ItemKind::Step(step) => {
                self.exprs(step.params.iter().filter_map(|param| param.default.as_ref()));
                match &step.body {
                    StepBody::Block(block) => self.0.push(Part::Block(block)),
                    StepBody::External(call) => self.exprs([call]),
                }
            }
            ItemKind::Workflow(workflow) => workflow.items.iter().for_each(|item| self.workflow_item(&item.kind)),
            ItemKind::Test(test) => test.items.iter().for_each(|item| match item {
                TestItem::At(expr) | TestItem::Set(expr) | TestItem::Given { value: expr, .. } => self.exprs([expr]),
                TestItem::Statement(statement) => self.statement(statement),
            }),
        }
    }

    fn workflow_item(&mut self, item: &'a WorkflowItemKind) {
        match item {
            WorkflowItemKind::Use(_) => {}
            WorkflowItemKind::Param(param) => {
                self.exprs([&param.default, &param.require, &param.message].into_iter().flatten());
            }
            WorkflowItemKind::Calendar(binding) | WorkflowItemKind::Output(binding) => self.exprs([&binding.value]),
            WorkflowItemKind::Defaults(record) => self.exprs([record]),
            WorkflowItemKind::Failed(block) | WorkflowItemKind::Finally(block) => self.0.push(Part::Block(block)),
            WorkflowItemKind::Statement(statement) => self.statement(statement),
        }
    }

    fn block(&mut self, block: &'a Block) {
        block.statements.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &'a Statement) {
        match &statement.kind {
            StatementKind::Step { action, .. } => self.action(action),
            StatementKind::Check { condition, message, .. } => self.exprs([condition].into_iter().chain(message)),
            StatementKind::Yield(value) => self.exprs([value]),
        }
        statement.clauses.iter().for_each(|clause| self.clause(clause));
    }

    fn clause(&mut self, clause: &'a Clause) {
        match &clause.kind {
            ClauseKind::With(expr) | ClauseKind::OnFailureUse(expr) => self.exprs([expr]),
            ClauseKind::OnFailureBlock(block) => self.0.push(Part::Block(block)),
            ClauseKind::OnFailureSkip | ClauseKind::OnFailureContinue | ClauseKind::OnFailureStop => {}
        }
    }

    fn action(&mut self, action: &'a Action) {
        match action {
            Action::Expression(expr) | Action::Do(_, expr) => self.exprs([expr]),
            Action::Transaction { block, .. } => self.0.push(Part::Block(block)),
            Action::ForEach(each) => {
                self.exprs(each.parallel.iter().flatten().chain([&each.over]));
                self.0.push(Part::Block(&each.block));
            }
            Action::When(when) => self.when(when),
        }
    }

    fn when(&mut self, mut when: &'a When) {
        loop {
            self.exprs([&when.condition]);
            self.0.push(Part::Block(&when.then));
            match &when.otherwise {
                Some(Otherwise::When(next)) => when = next,
                Some(Otherwise::Block(block)) => return self.0.push(Part::Block(block)),
                None => return,
            }
        }
    }

    fn children(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Name(_) | ExprKind::Tagged(_) => {}
            ExprKind::Interpolated(fragments) => self.exprs(fragments.iter().filter_map(|fragment| match fragment {
                Fragment::Hole { value, .. } => Some(&**value),
                Fragment::Text(_) => None,
            })),
            ExprKind::Call { callee, arguments, .. } => {
                self.exprs(arguments.iter().map(|argument| &argument.value).chain([&**callee]));
            }
            ExprKind::Index(a, b) | ExprKind::Binary(a, _, b) => self.exprs([&**a, &**b]),
            ExprKind::Field { of, .. } | ExprKind::Cast(of, _) | ExprKind::Unary(_, of) => self.exprs([&**of]),
            ExprKind::If(a, b, c) => self.exprs([&**a, &**b, &**c]),
            ExprKind::List(items) => self.exprs(items),
            ExprKind::ListComprehension(item, comprehension) => {
                self.exprs([&**item]);
                self.comprehension(comprehension);
            }
            ExprKind::Record(entries) => self.exprs(entries.iter().flat_map(|entry| [&entry.key, &entry.value])),
            ExprKind::MapComprehension(entry, comprehension) => {
                self.exprs([&entry.key, &entry.value]);
                self.comprehension(comprehension);
            }
            ExprKind::Table { rows, .. } => self.exprs(rows.iter().flatten()),
        }
    }

    fn comprehension(&mut self, comprehension: &'a Comprehension) {
        self.exprs(comprehension.loops.iter().map(|(_, over)| over));
        self.exprs(comprehension.filter.as_deref());
    }
}
