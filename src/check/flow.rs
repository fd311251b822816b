//! Transactions, loops and branches: steps that hold blocks.

use std::sync::Arc;

use super::Checker;
use super::block::Checked;
use super::expression::stated;
use super::program::{Action, Expr, ForEach, Parallel};
use super::scope::{ConnectionKey, Role, Scope};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{self, Name, Otherwise};
use crate::value::{Type, Value};

impl Checker<'_> {
    pub(super) fn transaction(
        &mut self,
        scope: &mut Scope,
        do_span: Option<Span>,
        (connection, block): (&Name, &ast::Block),
        wanted: Option<&Type>,
    ) -> (Action, Type) {
        if do_span.is_none() {
            let finding =
                Diagnostic::new(&codes::VF601, connection.span, "a transaction changes the database, so it needs `do`")
                    .help(format!("write `do transaction {} {{ … }}`", connection.node));
            self.report(finding);
        }
        let name = ast::Expr { kind: ast::ExprKind::Name(connection.node.clone()), span: connection.span };
        let kind = Type::Connection(crate::value::ConnectionKind::Sql);
        let connection = self.expr_of(scope, &name, &kind, "a transaction");
        let checked = self.inner_block(scope, block, wanted, |_, _| {});
        self.refuse_cache_within(&checked.block);
        (Action::Transaction { connection, block: checked.block }, checked.yields)
    }

    pub(super) fn for_each(
        &mut self,
        scope: &mut Scope,
        each: &ast::ForEach,
        wanted: Option<&Type>,
        continues: bool,
    ) -> (Action, Type) {
        let over = self.expr(scope, &each.over, None);
        let (first, second) = self.walked(&over, &each.pattern);
        let is_map = second.is_some();
        let before = scope.footprint.connections.clone();
        let count = each.parallel.as_ref().map(|count| count.as_ref().map(|count| self.count(scope, count)));
        scope.footprint.connections.clear();
        let item = first.clone();
        let wanted = wanted.and_then(|wanted| wanted.required().item());
        let checked = self.inner_block(scope, &each.block, wanted.as_ref(), |checker, scope| {
            checker.bind_item(scope, &each.pattern.first, first);
            if let (Some(name), Some(ty)) = (&each.pattern.second, second) {
                checker.bind_item(scope, name, ty);
            }
        });
        let parallel = match count {
            None => Parallel::No,
            Some(Some(count)) => Parallel::Count(count),
            Some(None) => Parallel::Pool(self.pools(scope)),
        };
        scope.footprint.connections.extend(before);
        let result = Box::new(checked.yields.clone());
        if checked.block.result.is_none() {
            self.without_yield.push(each.over.span);
        }
        let ty = match (continues, &checked.yields) {
            (true, _) => Type::Outcomes(Box::new(item), result),
            (false, Type::None) => Type::None,
            (false, _) => Type::List(result),
        };
        (Action::ForEach(Arc::new(ForEach { over, is_map, parallel, block: checked.block, continues })), ty)
    }

    /// How many items at once: at least one.
    fn count(&mut self, scope: &mut Scope, count: &ast::Expr) -> Expr {
        let checked = self.expr_of(scope, count, &Type::Int, "`in parallel`");
        if matches!(stated(&checked), Some(Value::Int(n)) if n < 1) {
            let finding = Diagnostic::new(&codes::VF201, checked.span, "no item could ever run");
            self.report(finding.help("write how many items run at once, 1 or more"));
        }
        checked
    }

    fn bind_item(&mut self, scope: &mut Scope, name: &Name, ty: Type) {
        self.refuse_shadow(scope, name);
        scope.bind(&name.node, name.span, ty, Role::Item);
    }

    /// The connections that the loop just checked uses, as expressions of the scope around it.
    fn pools(&mut self, scope: &mut Scope) -> Vec<Expr> {
        let keys: Vec<ConnectionKey> = scope.footprint.connections.iter().copied().collect();
        let depth = scope.blocks.len();
        let names: Vec<Arc<str>> = keys
            .iter()
            .filter(|(level, _)| *level < depth)
            .filter_map(|(level, slot)| scope.blocks.get(*level)?.names.get_index(*slot).map(|(name, _)| name.clone()))
            .collect();
        let span = Span::new(crate::source::SourceId(0), 0, 0);
        names
            .into_iter()
            .map(|name| self.expr(scope, &ast::Expr { kind: ast::ExprKind::Name(name), span }, None))
            .collect()
    }

    pub(super) fn when(&mut self, scope: &mut Scope, when: &ast::When, wanted: Option<&Type>) -> (Action, Type) {
        let mut arms = Vec::new();
        let mut otherwise = None;
        let mut ty: Option<Type> = None;
        let mut next = Some(when);
        let mut facts = 0;
        while let Some(when) = next.take() {
            let condition = self.expr_of(scope, &when.condition, &Type::Bool, "a condition");
            let checked = self.narrowed(scope, &when.condition, true, |checker, scope| {
                checker.inner_block(scope, &when.then, wanted, |_, _| {})
            });
            ty = Some(self.join_branch(ty, &checked, when.then.span));
            arms.push((condition, checked.block));
            let unmet = super::narrow::facts(&when.condition, false);
            facts += unmet.len();
            scope.narrowed.extend(unmet);
            match &when.otherwise {
                Some(Otherwise::When(inner)) => next = Some(inner),
                Some(Otherwise::Block(block)) => {
                    let checked = self.inner_block(scope, block, wanted, |_, _| {});
                    ty = Some(self.join_branch(ty, &checked, block.span));
                    otherwise = Some(checked.block);
                }
                None => ty = ty.map(Type::optional),
            }
        }
        scope.narrowed.truncate(scope.narrowed.len() - facts);
        (Action::When { arms, otherwise }, ty.unwrap_or(Type::None))
    }

    fn join_branch(&mut self, so_far: Option<Type>, checked: &Checked, span: Span) -> Type {
        let Some(so_far) = so_far else { return checked.yields.clone() };
        so_far.join(&checked.yields).unwrap_or_else(|| {
            let message =
                format!("the branches of a `when` have one type; before it was `{so_far}`, here `{}`", checked.yields);
            let span = checked.block.result.as_ref().map_or(span, |result| result.span);
            self.report(Diagnostic::new(&codes::VF201, span, message).help("let every branch yield the same type"));
            Type::Error
        })
    }
}
