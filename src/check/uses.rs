//! Which names a piece of syntax mentions, without knowing yet what they mean.
//!
//! Too many is safe only for order, never for meaning: names bound inside a comprehension are
//! left out where they are bound, so that they do not make an edge to a step of the same name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::statement::LOCAL;
use crate::query::sql::SqlDialect;
use crate::query::{promql, sql};
use crate::syntax::ast::{
    Action, Block, ClauseKind, Comprehension, Expr, ExprKind, Fragment, Otherwise, Parameter, Pattern, Statement,
    StatementKind, Tag, Tagged, When,
};

/// Collects names into a set.
#[derive(Default)]
pub(super) struct Uses {
    /// The names.
    pub(super) names: BTreeSet<Arc<str>>,
    /// How many enclosing scopes bind each name.
    bound: BTreeMap<Arc<str>, usize>,
    /// Whether names that are called do not count.
    are_values: bool,
}

impl Uses {
    /// The names of values that a statement mentions, its clauses and inner blocks included.
    pub(super) fn of_statement(statement: &Statement) -> BTreeSet<Arc<str>> {
        let mut uses = Self { are_values: true, ..Self::default() };
        uses.statement(statement);
        uses.names
    }

    /// The names that a function with these parameters mentions.
    pub(super) fn of_function(params: &[Parameter], visit: impl FnOnce(&mut Self)) -> BTreeSet<Arc<str>> {
        let mut uses = Self::default();
        let params: Vec<Arc<str>> = params.iter().map(|param| param.name.node.clone()).collect();
        uses.within(&params, visit);
        uses.names
    }

    fn name(&mut self, name: &Arc<str>) {
        if self.bound.get(name).is_none_or(|count| *count == 0) {
            self.names.insert(name.clone());
        }
    }

    fn within(&mut self, bound: &[Arc<str>], visit: impl FnOnce(&mut Self)) {
        self.bind(bound);
        visit(self);
        self.release(bound);
    }

    fn bind(&mut self, names: &[Arc<str>]) {
        for name in names {
            *self.bound.entry(name.clone()).or_default() += 1;
        }
    }

    fn release(&mut self, names: &[Arc<str>]) {
        for name in names {
            if let Some(count) = self.bound.get_mut(name) {
                *count = count.saturating_sub(1);
            }
        }
    }

    pub(super) fn block(&mut self, block: &Block) {
        let names: Vec<Arc<str>> = block.statements.iter().filter_map(name_of).collect();
        self.within(&names, |uses| block.statements.iter().for_each(|statement| uses.statement(statement)));
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Step { action, .. } => self.action(action),
            StatementKind::Check { condition, message, .. } => {
                self.expr(condition);
                self.exprs(message.iter());
            }
            StatementKind::Yield(value) => self.expr(value),
        }
        for clause in &statement.clauses {
            match &clause.kind {
                ClauseKind::With(expr) | ClauseKind::OnFailureUse(expr) => self.expr(expr),
                ClauseKind::OnFailureBlock(block) => self.block(block),
                ClauseKind::OnFailureSkip | ClauseKind::OnFailureContinue | ClauseKind::OnFailureStop => {}
            }
        }
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::Expression(expr) | Action::Do(_, expr) => self.expr(expr),
            Action::Transaction { connection, block, .. } => {
                self.name(&connection.node);
                self.block(block);
            }
            Action::ForEach(each) => {
                self.expr(&each.over);
                self.exprs(each.parallel.iter().flatten());
                self.within(&names_in(&each.pattern), |uses| uses.block(&each.block));
            }
            Action::When(when) => self.when(when),
        }
    }

    fn when(&mut self, when: &When) {
        self.expr(&when.condition);
        self.block(&when.then);
        match &when.otherwise {
            Some(Otherwise::When(inner)) => self.when(inner),
            Some(Otherwise::Block(block)) => self.block(block),
            None => {}
        }
    }

    fn exprs<'a>(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Literal(_) => {}
            ExprKind::Name(name) => self.name(name),
            ExprKind::Interpolated(fragments) => self.exprs(fragments.iter().filter_map(hole)),
            ExprKind::Tagged(tagged) => self.tagged(tagged),
            ExprKind::Call { callee, arguments, .. } => {
                match &callee.kind {
                    // A step cannot be called: what is called so is another thing, or none.
                    ExprKind::Name(_) if self.are_values => {}
                    // Nor a parameter: the name is a function's, whatever else has it.
                    ExprKind::Name(name) => drop(self.names.insert(name.clone())),
                    _ => self.expr(callee),
                }
                if is_local_query(callee) {
                    for argument in arguments {
                        self.tables(&argument.value);
                    }
                }
                self.exprs(arguments.iter().map(|argument| &argument.value));
            }
            ExprKind::Index(a, b) | ExprKind::Binary(a, _, b) => self.exprs([&**a, &**b]),
            ExprKind::Field { of, .. } | ExprKind::Cast(of, _) | ExprKind::Unary(_, of) => self.expr(of),
            ExprKind::If(a, b, c) => self.exprs([&**a, &**b, &**c]),
            ExprKind::List(items) => self.exprs(items),
            ExprKind::ListComprehension(item, comprehension) => {
                self.comprehension(comprehension, |uses| uses.expr(item));
            }
            ExprKind::Record(entries) => entries.iter().for_each(|entry| {
                if !entry.is_label {
                    self.expr(&entry.key);
                }
                self.expr(&entry.value);
            }),
            ExprKind::MapComprehension(entry, comprehension) => {
                self.comprehension(comprehension, |uses| uses.exprs([&entry.key, &entry.value]));
            }
            ExprKind::Table { rows, .. } => self.exprs(rows.iter().flatten()),
        }
    }

    fn comprehension(&mut self, comprehension: &Comprehension, visit: impl FnOnce(&mut Self)) {
        let mut bound = Vec::new();
        for (pattern, over) in &comprehension.loops {
            self.expr(over);
            let names = names_in(pattern);
            self.bind(&names);
            bound.extend(names);
        }
        self.exprs(comprehension.filter.iter().map(|filter| &**filter));
        visit(self);
        self.release(&bound);
    }

    /// The tables of a local query are names, too.
    fn tables(&mut self, query: &Expr) {
        let ExprKind::Tagged(tagged) = &query.kind else { return };
        let (statement, _) = sql::read(&tagged.text, tagged.text_span, Some(SqlDialect::Sqlite));
        let tables = statement.map(|statement| sql::tables(&statement, tagged.text_span));
        for (table, _) in tables.into_iter().flatten() {
            self.name(&Arc::from(table));
        }
    }

    /// The holes of a query are names like any other; its errors are told when it is checked.
    fn tagged(&mut self, tagged: &Tagged) {
        let roots = match tagged.tag {
            Tag::Sql => sql::mentioned(&tagged.text),
            Tag::Promql => promql::mentioned(&tagged.text),
            Tag::Regex | Tag::Python | Tag::Shell => return,
        };
        for root in roots {
            self.name(&Arc::from(root));
        }
    }
}

/// Whether a call is written `local.query(…)`.
fn is_local_query(callee: &Expr) -> bool {
    let ExprKind::Field { of, name, .. } = &callee.kind else { return false };
    &*name.node == "query" && matches!(&of.kind, ExprKind::Name(of) if &**of == LOCAL)
}

fn hole(fragment: &Fragment) -> Option<&Expr> {
    match fragment {
        Fragment::Hole { value, .. } => Some(value),
        Fragment::Text(_) => None,
    }
}

/// The names that a pattern binds.
pub(super) fn names_in(pattern: &Pattern) -> Vec<Arc<str>> {
    std::iter::once(&pattern.first).chain(&pattern.second).map(|name| name.node.clone()).collect()
}

/// The name that a statement binds.
pub(super) fn name_of(statement: &Statement) -> Option<Arc<str>> {
    match &statement.kind {
        StatementKind::Step { name: Some(name), .. } => Some(name.node.clone()),
        _ => None,
    }
}
