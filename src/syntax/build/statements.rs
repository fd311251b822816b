//! Statements, blocks and clauses.

use pest::iterators::Pair;

use super::super::ast::{
    Action, Block, Clause, ClauseKind, Expr, ExprKind, ForEach, Name, Otherwise, Pattern, Statement, StatementKind,
    When,
};
use super::super::parser::Rule;
use super::{Reader, after, child, children};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;

type Node<'i> = Pair<'i, Rule>;

impl Reader<'_> {
    /// `{ … }`; statements that do not parse are reported and left out.
    pub(super) fn block(&self, pair: &Node<'_>) -> Block {
        let statement = |inner: Node<'_>| match inner.as_rule() {
            Rule::statement => self.statement(&inner),
            Rule::bad => self.bad(&inner, Rule::one_statement),
            _ => None,
        };
        Block { statements: pair.clone().into_inner().filter_map(statement).collect(), span: self.span(pair) }
    }

    /// A statement with its clauses.
    pub(super) fn statement(&self, pair: &Node<'_>) -> Option<Statement> {
        let inner = pair.clone().into_inner().next()?;
        let kind = match inner.as_rule() {
            Rule::yield_ => StatementKind::Yield(self.expr(child(&inner, Rule::expr)?)?),
            Rule::check => self.check(&inner)?,
            Rule::bound | Rule::unbound => self.step(&inner)?,
            _ => return None,
        };
        let clauses = children(&inner, Rule::clause).map(|clause| self.clause(&clause)).collect::<Option<_>>()?;
        Some(Statement { kind, span: self.span(&inner), clauses })
    }

    fn check(&self, pair: &Node<'_>) -> Option<StatementKind> {
        let message = match after(pair, Rule::k_else) {
            Some(message) => Some(self.expr(message)?),
            None => None,
        };
        Some(StatementKind::Check {
            is_expect: self.written(&child(pair, Rule::check_kind)?) == "expect",
            condition: self.expr(child(pair, Rule::expr)?)?,
            message,
        })
    }

    fn step(&self, pair: &Node<'_>) -> Option<StatementKind> {
        let is_action =
            |rule| matches!(rule, Rule::effect | Rule::transaction | Rule::loop_ | Rule::when_ | Rule::expr);
        let action = pair.clone().into_inner().find(|inner| is_action(inner.as_rule()))?;
        let ty = match child(pair, Rule::ty) {
            Some(ty) => Some(self.type_expr(&ty)?),
            None => None,
        };
        Some(StatementKind::Step {
            name: child(pair, Rule::ident).map(|name| self.name(&name)),
            ty,
            action: self.action(action)?,
        })
    }

    fn action(&self, pair: Node<'_>) -> Option<Action> {
        Some(match pair.as_rule() {
            Rule::effect => return self.effect(&pair),
            Rule::transaction => self.transaction(&pair, None)?,
            Rule::loop_ => Action::ForEach(self.for_each(&pair)?),
            Rule::when_ => Action::When(self.when(&pair)?),
            _ => Action::Expression(self.expr(pair)?),
        })
    }

    fn effect(&self, pair: &Node<'_>) -> Option<Action> {
        let do_span = self.span(&child(pair, Rule::k_do)?);
        let inner = after(pair, Rule::k_do)?;
        match inner.as_rule() {
            Rule::transaction => self.transaction(&inner, Some(do_span)),
            Rule::loop_ | Rule::when_ => {
                self.misplaced_do(&inner, do_span);
                self.action(inner)
            }
            _ => Some(Action::Do(do_span, self.expr(inner)?)),
        }
    }

    fn misplaced_do(&self, inner: &Node<'_>, do_span: Span) {
        let head = if inner.as_rule() == Rule::loop_ { "for each" } else { "when" };
        let message = format!("`do` marks a write, and `{head}` is none by itself");
        let finding = Diagnostic::new(&codes::VF001, do_span, message)
            .help("put `do` before the calls in the block that write")
            .fix("remove `do`", do_span.to(self.span(inner).before()), "");
        self.report(finding);
    }

    fn transaction(&self, pair: &Node<'_>, do_span: Option<Span>) -> Option<Action> {
        let connection = self.name(&child(pair, Rule::ident)?);
        Some(Action::Transaction { do_span, connection, block: self.block(&child(pair, Rule::block)?) })
    }

    fn for_each(&self, pair: &Node<'_>) -> Option<ForEach> {
        let parallel = match child(pair, Rule::parallel) {
            Some(parallel) => Some(match child(&parallel, Rule::expr) {
                Some(count) => Some(self.expr(count)?),
                None => None,
            }),
            None => None,
        };
        Some(ForEach {
            pattern: self.pattern(&child(pair, Rule::pattern)?)?,
            over: self.expr(child(pair, Rule::expr)?)?,
            parallel,
            block: self.block(&child(pair, Rule::block)?),
        })
    }

    /// `x` or `k, v`.
    pub(super) fn pattern(&self, pair: &Node<'_>) -> Option<Pattern> {
        let mut names = children(pair, Rule::ident).map(|name| self.name(&name)).collect::<Vec<Name>>().into_iter();
        Some(Pattern { first: names.next()?, second: names.next() })
    }

    fn when(&self, pair: &Node<'_>) -> Option<When> {
        let otherwise = match after(pair, Rule::k_else) {
            Some(branch) if branch.as_rule() == Rule::when_ => Some(Otherwise::When(Box::new(self.when(&branch)?))),
            Some(branch) => Some(Otherwise::Block(self.block(&branch))),
            None => None,
        };
        Some(When {
            condition: self.expr(child(pair, Rule::expr)?)?,
            then: self.block(&child(pair, Rule::block)?),
            otherwise,
        })
    }

    fn clause(&self, pair: &Node<'_>) -> Option<Clause> {
        let inner = pair.clone().into_inner().next()?;
        let kind = match inner.as_rule() {
            Rule::with => ClauseKind::With(self.settings(&inner, "with")?),
            _ => self.recovery(&inner)?,
        };
        Some(Clause { kind, span: self.span(pair) })
    }

    fn recovery(&self, pair: &Node<'_>) -> Option<ClauseKind> {
        let inner = after(pair, Rule::k_failure)?;
        Some(match (inner.as_rule(), self.written(&inner)) {
            (Rule::use_value, _) => ClauseKind::OnFailureUse(self.expr(child(&inner, Rule::expr)?)?),
            (Rule::block, _) => ClauseKind::OnFailureBlock(self.block(&inner)),
            (_, "skip") => ClauseKind::OnFailureSkip,
            (_, "continue") => ClauseKind::OnFailureContinue,
            _ => ClauseKind::OnFailureStop,
        })
    }

    /// The record after `with`, `defaults` or `set`.
    pub(super) fn settings(&self, pair: &Node<'_>, keyword: &str) -> Option<Expr> {
        let expr = self.record(&child(pair, Rule::record)?)?.expr;
        if matches!(expr.kind, ExprKind::Record(_)) {
            return Some(expr);
        }
        let message = format!("`{keyword}` takes settings, `{{ name: value }}`, not a comprehension");
        self.report(Diagnostic::new(&codes::VF001, expr.span, message));
        Some(Expr { kind: ExprKind::Record(Vec::new()), span: expr.span })
    }
}
