//! Statements, blocks and clauses.

use super::document::Doc;
use super::writer::Writer;
use crate::syntax::ast::{
    Action, Block, Clause, ClauseKind, Expr, ForEach, Name, Otherwise, Statement, StatementKind, TypeExpr, When,
};

impl<'s> Writer<'s> {
    /// A statement with its clauses.
    pub(super) fn statement(&mut self, statement: &Statement) -> Doc<'s> {
        let mut parts = match &statement.kind {
            StatementKind::Step { name, ty, action } => self.step(name.as_ref(), ty.as_ref(), action),
            StatementKind::Check { condition, message, .. } => self.check(condition, message.as_ref()),
            StatementKind::Yield(value) => vec![self.token(), self.value(value)],
        };
        parts.extend(statement.clauses.iter().map(|clause| self.clause(clause)));
        Doc::concat(parts)
    }

    fn step(&mut self, name: Option<&Name>, ty: Option<&TypeExpr>, action: &Action) -> Vec<Doc<'s>> {
        let mut parts = Vec::new();
        if name.is_some() {
            parts.push(self.token());
            parts.extend(ty.map(|ty| self.annotation(ty)));
            parts.extend([Doc::Space, self.token()]);
        }
        if let (Action::Expression(value), true) = (action, name.is_some()) {
            parts.push(self.assigned(value));
            return parts;
        }
        parts.extend(name.map(|_| Doc::Space));
        parts.push(self.action(action));
        parts
    }

    /// `: T`.
    pub(super) fn annotation(&mut self, ty: &TypeExpr) -> Doc<'s> {
        Doc::concat([self.word(), self.ty(ty)])
    }

    fn action(&mut self, action: &Action) -> Doc<'s> {
        match action {
            Action::Expression(value) => self.expr(value),
            Action::Do(_, value) => Doc::concat([self.token(), self.value(value)]),
            Action::Transaction { do_span, block, .. } => {
                let marker = do_span.map(|_| self.word());
                let head = Doc::concat([self.word(), self.word()]);
                let parts: Vec<Doc<'s>> = marker.into_iter().chain([head, self.block(block)]).collect();
                Doc::concat(parts)
            }
            Action::ForEach(each) => self.for_each(each),
            Action::When(when) => self.when(when),
        }
    }

    fn check(&mut self, condition: &Expr, message: Option<&Expr>) -> Vec<Doc<'s>> {
        let mut parts = vec![self.token(), self.value(condition)];
        parts.extend(message.map(|message| self.tail(message)));
        parts
    }

    /// `else message`, `require condition`: on a line of its own where it does not fit.
    pub(super) fn tail(&mut self, value: &Expr) -> Doc<'s> {
        Doc::group(Doc::indent([Doc::Line, self.token(), self.value(value)]))
    }

    fn for_each(&mut self, each: &ForEach) -> Doc<'s> {
        let mut parts = vec![self.word(), self.word(), self.pattern(&each.pattern), Doc::Space];
        parts.extend([self.token(), self.value(&each.over), Doc::Space]);
        if let Some(count) = &each.parallel {
            parts.extend([self.word(), self.token()]);
            parts.extend(count.iter().map(|count| self.value(count)));
            parts.push(Doc::Space);
        }
        parts.push(self.block(&each.block));
        Doc::concat(parts)
    }

    /// All branches are on one line, or none is.
    fn when(&mut self, when: &When) -> Doc<'s> {
        let mut parts = Vec::new();
        let mut next = Some(when);
        while let Some(when) = next.take() {
            parts.extend([self.token(), self.value(&when.condition), Doc::Space, self.braces(&when.then)]);
            let Some(otherwise) = &when.otherwise else { continue };
            parts.push(if self.is_commented() { Doc::HardLine } else { Doc::Space });
            parts.push(self.word());
            match otherwise {
                Otherwise::When(when) => next = Some(when),
                Otherwise::Block(block) => parts.push(self.braces(block)),
            }
        }
        Doc::group(Doc::concat(parts))
    }

    fn clause(&mut self, clause: &Clause) -> Doc<'s> {
        let parts = match &clause.kind {
            ClauseKind::With(settings) => {
                return Doc::hugging(Doc::indent([Doc::Line, self.word(), self.expr(settings)]));
            }
            ClauseKind::OnFailureBlock(block) => {
                return Doc::concat([Doc::Space, self.word(), self.word(), self.block(block)]);
            }
            ClauseKind::OnFailureUse(value) => {
                vec![Doc::Line, self.word(), self.word(), self.token(), self.value(value)]
            }
            _ => vec![Doc::Line, self.word(), self.word(), self.token()],
        };
        Doc::group(Doc::indent(parts))
    }

    /// `{ … }`: on one line if it was written so, holds one statement, and fits.
    pub(super) fn block(&mut self, block: &Block) -> Doc<'s> {
        Doc::group(self.braces(block))
    }

    fn braces(&mut self, block: &Block) -> Doc<'s> {
        let breaks = self.ends_line() || block.statements.len() > 1;
        self.body(&block.statements, breaks, Self::statement)
    }

    /// Braces around what has lines of its own. An empty body is `{}`.
    pub(super) fn body<T>(
        &mut self,
        parts: &[T],
        breaks: bool,
        mut write: impl FnMut(&mut Self, &T) -> Doc<'s>,
    ) -> Doc<'s> {
        let open = self.open();
        let line = || if breaks { Doc::HardLine } else { Doc::Line };
        let mut inside = Vec::new();
        for part in parts {
            inside.extend([line(), self.begin(|writer| write(writer, part))]);
        }
        let (dangling, close) = self.close();
        inside.extend(dangling.into_iter().flat_map(|comment| [Doc::HardLine, comment]));
        if inside.is_empty() && !open.breaks_line() {
            return Doc::concat([open, close]);
        }
        let end = if parts.is_empty() { Doc::HardLine } else { line() };
        Doc::concat([open, Doc::indent(inside), end, close])
    }
}
