//! Queries: the tables they read, the columns they give.

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator, LimitClause, OrderByKind, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableAlias, TableFactor, TableWithJoins, Value,
};

use super::expression::{Known, is_aggregate};
use super::scope::{Column, Columns, Relation};
use super::{Reader, ResultColumn, Rows};

/// What a query gives.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) columns: Option<Vec<ResultColumn>>,
    pub(super) is_listed: bool,
    pub(super) rows: Rows,
}

impl Answer {
    /// As the columns of a table that a query reads.
    fn as_table(&self, alias: Option<&TableAlias>) -> Columns {
        let mut columns: Vec<Column> = self
            .columns
            .iter()
            .flatten()
            .map(|column| {
                let is_comparable = column.is_comparable;
                let known =
                    Known { ty: column.ty.clone(), nullable: column.nullable, is_comparable, ..Known::default() };
                Column { name: column.name.clone(), known }
            })
            .collect();
        self.columns.as_ref()?;
        for (column, name) in columns.iter_mut().zip(alias.into_iter().flat_map(|alias| &alias.columns)) {
            column.name.clone_from(&name.name.value);
        }
        // A column without a name has one that the database chooses.
        (!columns.iter().any(|column| column.name.is_empty())).then_some(columns)
    }
}

impl Reader<'_> {
    /// A query in a scope of its own; names of outer queries stay visible.
    pub(super) fn query(&mut self, query: &Query) -> Answer {
        let ctes = self.ctes.len();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let is_recursive = query.with.as_ref().is_some_and(|with| with.recursive);
            let name = cte.alias.name.value.clone();
            if is_recursive {
                // It reads itself: which columns it has is known afterwards.
                self.ctes.push((name.clone(), None));
            }
            let columns = self.query(&cte.query).as_table(Some(&cte.alias));
            if is_recursive {
                self.ctes.pop();
            }
            self.ctes.push((name, columns));
        }
        let mut answer = self.body(&query.body, query);
        self.ctes.truncate(ctes);
        let limit = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, .. }) => limit.as_ref(),
            Some(LimitClause::OffsetCommaLimit { limit, .. }) => Some(limit),
            None => None,
        };
        self.local_order(query, answer.columns.as_deref());
        answer.rows.is_ordered |= query.order_by.is_some();
        answer.rows.is_single |= limit.is_some_and(is_one);
        answer.rows.is_bounded |= limit.is_some() || query.fetch.is_some();
        answer
    }

    fn body(&mut self, body: &SetExpr, query: &Query) -> Answer {
        // A long chain of `union` leans to the left.
        let (mut first, mut rest) = (body, Vec::new());
        while let SetExpr::SetOperation { left, right, .. } = first {
            rest.push(&**right);
            first = left;
        }
        let is_alone = rest.is_empty();
        let mut answer = match first {
            SetExpr::Select(select) => self.select(select, query, is_alone),
            SetExpr::Query(query) => self.query(query),
            SetExpr::Values(values) => {
                values.rows.iter().flat_map(|row| row.content.iter()).for_each(|value| drop(self.expr(value)));
                Answer {
                    rows: Rows { is_single: values.rows.len() == 1, is_bounded: true, is_ordered: true },
                    ..Answer::default()
                }
            }
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => Answer::default(),
            SetExpr::Table(_) | SetExpr::SetOperation { .. } => Answer::default(),
        };
        for part in rest.iter().rev() {
            let other = self.body(part, query);
            answer.columns = joined(answer.columns, other.columns);
            answer.is_listed &= other.is_listed;
            answer.rows = Rows { is_bounded: answer.rows.is_bounded && other.rows.is_bounded, ..Rows::default() };
        }
        answer
    }

    fn select(&mut self, select: &Select, query: &Query, is_alone: bool) -> Answer {
        self.scopes.push(Vec::new());
        for from in &select.from {
            self.from(from);
        }
        let names = select.projection.iter().filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
            _ => None,
        });
        self.aliases.push(names.collect());
        if let Some(condition) = &select.selection {
            self.condition(condition);
        }
        let group_by: &[Expr] = match &select.group_by {
            GroupByExpr::Expressions(expressions, _) => expressions,
            GroupByExpr::All(_) => &[],
        };
        let others = group_by.iter().chain(&select.having).chain(&select.qualify);
        others.for_each(|expr| drop(self.expr(expr)));
        for key in group_by {
            self.local_key(key);
        }
        if let Some(Distinct::On(keys)) = &select.distinct {
            for key in keys {
                self.expr(key);
            }
        }
        let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(e, _) if e.is_empty());
        let is_aggregate = !is_grouped && select.projection.iter().any(gives_aggregate);
        let (columns, is_listed) = self.projection(select, is_grouped);
        if is_alone
            && let Some(order) = &query.order_by
            && let OrderByKind::Expressions(keys) = &order.kind
        {
            for key in keys {
                self.expr(&key.expr);
                self.local_key(&key.expr);
            }
        }
        let is_single = is_aggregate || select.from.is_empty() || self.finds_one(select);
        self.aliases.pop();
        self.scopes.pop();
        let is_bounded = is_single || is_grouped || select.selection.is_some() || select.distinct.is_some();
        Answer { columns, is_listed, rows: Rows { is_ordered: false, is_single, is_bounded } }
    }

    /// Whether the conditions name one row of the only table by a unique key.
    fn finds_one(&self, select: &Select) -> bool {
        let (Some(schema), [from]) = (self.surroundings.schema, select.from.as_slice()) else { return false };
        let TableFactor::Table { name, .. } = &from.relation else { return false };
        let written = name.to_string().replace('"', "");
        let Some((_, table)) = schema.table(&written).filter(|_| from.joins.is_empty()) else { return false };
        let fixed: Vec<String> = select.selection.iter().flat_map(conjuncts).filter_map(fixed_column).collect();
        let has = |key: &Vec<String>| {
            !key.is_empty() && key.iter().all(|name| fixed.iter().any(|f| f.eq_ignore_ascii_case(name)))
        };
        has(&table.primary_key) || table.unique.iter().any(has)
    }

    fn projection(&mut self, select: &Select, is_grouped: bool) -> (Option<Vec<ResultColumn>>, bool) {
        let mut columns = Some(Vec::new());
        let mut is_listed = true;
        for item in &select.projection {
            let given = match item {
                SelectItem::UnnamedExpr(expr) => {
                    let known = self.grouped(expr, is_grouped);
                    Some(vec![self.given(own_name(expr), expr, known)])
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let known = self.grouped(expr, is_grouped);
                    Some(vec![self.given(Some(alias), expr, known)])
                }
                SelectItem::Wildcard(_) => {
                    is_listed = false;
                    self.all_columns(None)
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    is_listed = false;
                    let name = Self::path(name).and_then(|path| path.last().cloned());
                    name.and_then(|name| self.all_columns(Some(&name)))
                }
                _ => None,
            };
            columns = columns.zip(given).map(|(mut columns, given)| {
                columns.extend(given);
                columns
            });
        }
        (columns, is_listed)
    }

    /// An expression of the select list; an aggregate of a group has rows to look at.
    fn grouped(&mut self, expr: &Expr, is_grouped: bool) -> Known {
        let known = self.expr(expr);
        if is_grouped && is_aggregate(expr) && known.argument_nullable == Some(false) {
            return Known { nullable: Some(false), ..known };
        }
        known
    }

    fn given(&self, name: Option<&Ident>, expr: &Expr, known: Known) -> ResultColumn {
        let is_plain = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) && known.column.is_some();
        // PostgreSQL folds a bare name to lower case, SQLite does not: whoever reads the row must know.
        let text = name.filter(|name| name.quote_style.is_some() || !name.value.chars().any(char::is_uppercase));
        ResultColumn {
            name: text.map(|name| name.value.clone()).unwrap_or_default(),
            span: name.map_or(self.surroundings.span, |name| self.at(name)),
            ty: known.ty,
            nullable: known.nullable,
            is_plain,
            is_comparable: known.is_comparable,
        }
    }

    /// `*`, `t.*`.
    fn all_columns(&self, of: Option<&Ident>) -> Option<Vec<ResultColumn>> {
        let scope = self.scopes.last()?;
        let is_meant = |relation: &&Relation| of.is_none_or(|of| relation.name.eq_ignore_ascii_case(&of.value));
        let mut found = Vec::new();
        if scope.iter().any(|relation| relation.is_merged) {
            return None;
        }
        for relation in scope.iter().filter(is_meant) {
            found.extend(relation.columns.as_ref()?.iter().map(|column| ResultColumn {
                name: column.name.clone(),
                span: of.map_or(self.surroundings.span, |of| self.at(of)),
                ty: column.known.ty.clone(),
                nullable: column.known.nullable,
                is_plain: column.known.column.is_some(),
                is_comparable: column.known.is_comparable,
            }));
        }
        (!found.is_empty()).then_some(found)
    }

    pub(super) fn from(&mut self, from: &TableWithJoins) {
        let first = self.scopes.last().map_or(0, Vec::len);
        self.factor(&from.relation);
        for join in &from.joins {
            self.join(join, first);
        }
    }

    fn join(&mut self, join: &Join, first: usize) {
        let before = self.scopes.last().map_or(0, Vec::len);
        self.factor(&join.relation);
        let (constraint, left, right) = match &join.join_operator {
            JoinOperator::Join(c) | JoinOperator::Inner(c) | JoinOperator::CrossJoin(c) => (Some(c), false, false),
            JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => (Some(c), false, true),
            JoinOperator::Right(c) | JoinOperator::RightOuter(c) => (Some(c), true, false),
            JoinOperator::FullOuter(c) => (Some(c), true, true),
            _ => (None, true, true),
        };
        match constraint {
            Some(JoinConstraint::On(condition)) => drop(self.expr(condition)),
            // Joined columns are one column of the result, which `*` does not show here.
            Some(JoinConstraint::Using(_) | JoinConstraint::Natural) => self.merge_columns(first),
            _ => {}
        }
        let Some(scope) = self.scopes.last_mut() else { return };
        for (at, relation) in scope.iter_mut().enumerate().skip(first) {
            if (left && at < before) || (right && at >= before) {
                relation.may_be_missing();
            }
        }
    }

    /// After `using` nobody here knows which columns `*` gives; a name is still found.
    fn merge_columns(&mut self, first: usize) {
        let is_local = self.surroundings.is_local;
        for relation in self.scopes.last_mut().into_iter().flatten().skip(first) {
            relation.is_merged = true;
            // Of values of the workflow it is still known what each holds.
            relation.columns = relation.columns.take().filter(|_| is_local);
        }
    }

    fn factor(&mut self, factor: &TableFactor) {
        let relation = match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let mut relation = self.table(name, alias.as_ref().map(|alias| &alias.name));
                if alias.as_ref().is_some_and(|alias| !alias.columns.is_empty()) {
                    relation.columns = None;
                }
                relation
            }
            TableFactor::Derived { subquery, alias, lateral, .. } => {
                // Only a lateral one sees its neighbours.
                let hidden = if *lateral { None } else { self.scopes.pop() };
                let columns = self.query(subquery).as_table(alias.as_ref());
                self.scopes.extend(hidden);
                let name = alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
                Relation { name, table: None, columns, is_merged: false }
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => return self.from(table_with_joins),
            TableFactor::Table { alias, name, .. } => {
                let own = Self::path(name).and_then(|path| path.last().map(|part| part.value.clone()));
                let name = alias.as_ref().map(|alias| alias.name.value.clone()).or(own).unwrap_or_default();
                Relation { name, table: None, columns: None, is_merged: false }
            }
            TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::TableFunction { alias, .. } => {
                let name = alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
                Relation { name, table: None, columns: None, is_merged: false }
            }
            _ => Relation { name: String::new(), table: None, columns: None, is_merged: false },
        };
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(relation);
        }
    }
}

/// The name that a column has by itself.
fn own_name(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(path) => path.last(),
        _ => None,
    }
}

fn gives_aggregate(item: &SelectItem) -> bool {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => is_aggregate(expr),
        _ => false,
    }
}

/// The columns of a `union`: the first part names them, both say what they hold.
fn joined(a: Option<Vec<ResultColumn>>, b: Option<Vec<ResultColumn>>) -> Option<Vec<ResultColumn>> {
    let (a, Some(b)) = (a?, b) else { return None };
    let both = |(a, b): (ResultColumn, ResultColumn)| ResultColumn {
        ty: a.ty.clone().zip(b.ty).and_then(|(a, b)| a.join(&b)),
        nullable: match (a.nullable, b.nullable) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        is_plain: false,
        ..a
    };
    (a.len() == b.len()).then(|| a.into_iter().zip(b).map(both).collect())
}

fn is_one(limit: &Expr) -> bool {
    matches!(limit, Expr::Value(value) if matches!(&value.value, Value::Number(number, _) if number == "1"))
}

/// The conditions that all must hold.
pub(super) fn conjuncts(condition: &Expr) -> Vec<&Expr> {
    let (mut waiting, mut found) = (vec![condition], Vec::new());
    while let Some(expr) = waiting.pop() {
        match expr {
            Expr::BinaryOp { left, op: sqlparser::ast::BinaryOperator::And, right } => {
                waiting.extend([&**right, &**left]);
            }
            Expr::Nested(inner) => waiting.push(inner),
            other => found.push(other),
        }
    }
    found
}

/// `column = value`, where the value is no other column.
fn fixed_column(condition: &Expr) -> Option<String> {
    let Expr::BinaryOp { left, op: sqlparser::ast::BinaryOperator::Eq, right } = condition else { return None };
    let column = |expr: &Expr| own_name(expr).map(|name| name.value.clone());
    match (column(left), column(right)) {
        (Some(name), None) | (None, Some(name)) => Some(name),
        _ => None,
    }
}
