//! Queries: the tables they read, the columns they give.

use std::collections::HashSet;

use sqlparser::ast::{
    Cte, Distinct, Expr, FunctionArguments, GroupByExpr, Ident, LimitClause, NamedWindowExpr, OrderBy, OrderByExpr,
    OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableAlias, TableFactor, Value,
};

use super::expression::{Known, is_aggregate};
use super::scope::{Aliases, Column, Columns, Relation};
use super::write::counted;
use super::{Reader, ResultColumn, Rows};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::VF401;
use crate::source::Span;

/// What a query gives.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) columns: Option<Vec<ResultColumn>>,
    pub(super) is_listed: bool,
    pub(super) rows: Rows,
}

impl Answer {
    /// As the columns of a table that a query reads.
    pub(super) fn as_table(&self, alias: Option<&TableAlias>) -> Columns {
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
        // A column without a name has one that the database chooses, and SQLite numbers those of one name.
        let names: HashSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let is_sure = names.len() == columns.len() && !names.contains("");
        is_sure.then_some(columns)
    }
}

impl Reader<'_> {
    /// A query in a scope of its own; names of outer queries stay visible.
    pub(super) fn query(&mut self, query: &Query) -> Answer {
        let ctes = self.ctes.len();
        let is_recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.named_query(cte, is_recursive);
        }
        let mut answer = self.body(&query.body, keys_of(query.order_by.as_ref()));
        let limit = self.limit(query.limit_clause.as_ref());
        self.ctes.truncate(ctes);
        self.local_order(query, answer.columns.as_deref());
        answer.rows.is_ordered |= query.order_by.is_some();
        answer.rows.is_single |= limit.is_some_and(is_one);
        answer.rows.is_bounded |= limit.is_some() || query.fetch.is_some();
        answer
    }

    /// A table that `with` makes.
    fn named_query(&mut self, cte: &Cte, is_recursive: bool) {
        let name = &cte.alias.name.value;
        if is_recursive {
            // It reads itself: which columns it has is known afterwards, and its rows are those that it begins with.
            let rows = Rows { is_bounded: true, ..Rows::default() };
            self.ctes.push(Relation { rows, ..Relation::named(name.clone()) });
        }
        let answer = self.query(&cte.query);
        if is_recursive {
            self.ctes.pop();
        }
        let columns = answer.as_table(Some(&cte.alias));
        self.ctes.push(Relation { columns, rows: answer.rows, ..Relation::named(name.clone()) });
    }

    /// How many rows are wanted at most.
    fn limit<'q>(&mut self, clause: Option<&'q LimitClause>) -> Option<&'q Expr> {
        let (limit, offset) = match clause? {
            LimitClause::LimitOffset { limit, offset, .. } => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            LimitClause::OffsetCommaLimit { limit, offset } => (Some(limit), Some(offset)),
        };
        for number in limit.iter().chain(&offset) {
            self.expr(number);
            self.no_name(number);
        }
        if let (None, Some(offset)) = (limit, offset) {
            self.offset_alone(offset);
        }
        limit
    }

    /// `limit most`: how many rows are wanted is no column.
    fn no_name(&mut self, number: &Expr) {
        if let Expr::Identifier(name) = number {
            let message = format!("`{}` is a name, where a number of rows is wanted", name.value);
            let help = format!("a value of the workflow is written `:{}`", name.value);
            self.findings.push(Diagnostic::new(&VF401, self.at(name), message).help(help));
        }
    }

    /// `order by 3`: there are as many columns.
    fn counts_columns(&mut self, key: &Expr, columns: usize) {
        let Expr::Value(value) = key else { return };
        let Value::Number(number, _) = &value.value else { return };
        if number.parse::<usize>().is_ok_and(|at| at == 0 || at > columns) {
            let message =
                format!("this is the column {number} of the select list, which has {}", counted(columns, "column"));
            let finding = Diagnostic::new(&VF401, self.whole(key), message);
            self.findings.push(finding.help("name the column, or count from 1"));
        }
    }

    fn body(&mut self, body: &SetExpr, order: &[OrderByExpr]) -> Answer {
        // A long chain of `union` leans to the left.
        let (mut first, mut rest) = (body, Vec::new());
        while let SetExpr::SetOperation { left, right, .. } = first {
            rest.push(&**right);
            first = left;
        }
        if rest.is_empty() {
            return self.part(first, order);
        }
        let mut answer = self.part(first, &[]);
        let mut names = self.names_to_order_by(first, &answer).filter(|_| !order.is_empty());
        for part in rest.into_iter().rev() {
            let other = self.body(part, &[]);
            names = self.with_names_of(names, part, &other);
            self.as_wide(&answer, &other);
            answer.columns = joined(answer.columns, other.columns);
            answer.is_listed &= other.is_listed;
            answer.rows = Rows { is_bounded: answer.rows.is_bounded && other.rows.is_bounded, ..Rows::default() };
        }
        if let Some(names) = names {
            self.order_of_union(order, &names);
        }
        answer
    }

    fn part(&mut self, part: &SetExpr, order: &[OrderByExpr]) -> Answer {
        match part {
            SetExpr::Select(select) => self.select(select, order),
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
        }
    }

    fn select(&mut self, select: &Select, order: &[OrderByExpr]) -> Answer {
        self.scopes.push(Vec::new());
        self.aliases.push(Aliases::of(select));
        // SQLite knows them in every condition.
        self.see_aliases(self.is_sqlite() || self.surroundings.dialect.is_none());
        let sources: Vec<Rows> = select.from.iter().map(|from| self.from(from)).collect();
        if let Some(condition) = &select.selection {
            self.condition(condition);
        }
        let group_by: &[Expr] = match &select.group_by {
            GroupByExpr::Expressions(expressions, _) => expressions,
            GroupByExpr::All(_) => &[],
        };
        self.see_aliases(true);
        for key in group_by {
            self.key(key);
        }
        self.see_aliases(!self.is_postgres());
        select.having.iter().for_each(|condition| drop(self.expr(condition)));
        self.see_aliases(true);
        if let Some(condition) = &select.qualify {
            self.expr(condition);
            self.qualify(condition);
        }
        if let Some(Distinct::On(keys)) = &select.distinct {
            for key in keys {
                self.expr(key);
            }
        }
        for window in &select.named_window {
            if let NamedWindowExpr::WindowSpec(window) = &window.1 {
                self.window(window);
            }
        }
        let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(e, _) if e.is_empty());
        let is_aggregate = !is_grouped && select.projection.iter().any(gives_aggregate);
        self.see_aliases(false);
        let (columns, is_listed) = self.projection(select, is_grouped);
        self.see_aliases(true);
        self.keys(order);
        if let Some(columns) = columns.as_ref().filter(|_| is_listed) {
            let keys = order.iter().map(|key| &key.expr).chain(group_by);
            keys.for_each(|key| self.counts_columns(key, columns.len()));
        }
        let is_single = is_aggregate || sources.iter().all(|source| source.is_single) || self.finds_one(select);
        self.aliases.pop();
        self.scopes.pop();
        let is_cut = is_grouped || select.selection.is_some() || select.distinct.is_some();
        let is_bounded = is_single || is_cut || sources.iter().all(|source| source.is_bounded);
        Answer { columns, is_listed, rows: Rows { is_ordered: false, is_single, is_bounded } }
    }

    /// From here on the names of the select list are seen, or not.
    fn see_aliases(&mut self, are_seen: bool) {
        if let Some(aliases) = self.aliases.last_mut() {
            aliases.are_seen = are_seen;
        }
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
                    Some(vec![self.given(self.own_name(expr), expr, known)])
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let known = self.grouped(expr, is_grouped);
                    Some(vec![self.given(Some(alias), expr, known)])
                }
                SelectItem::Wildcard(star) => {
                    is_listed = false;
                    let star = star.wildcard_token.0.span;
                    self.all_columns(None, self.between(star.start, star.end))
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    is_listed = false;
                    let name = Self::path(name).and_then(|path| path.last().cloned());
                    name.and_then(|name| self.all_columns(Some(&name), self.at(&name)))
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
            is_nameless: name.is_none() && self.is_nameless(expr),
            span: name.map_or_else(|| self.whole(expr), |name| self.at(name)),
            ty: known.ty,
            nullable: known.nullable,
            is_plain,
            is_comparable: known.is_comparable,
        }
    }

    /// The name that a column has by itself. PostgreSQL calls the result of a function as the function.
    fn own_name<'e>(&self, expr: &'e Expr) -> Option<&'e Ident> {
        match expr {
            Expr::Function(call) if self.is_postgres() => call.name.0.last()?.as_ident(),
            expr => column_name(expr),
        }
    }

    /// Whether the database calls a column as it is written, or nothing at all.
    fn is_nameless(&self, expr: &Expr) -> bool {
        let is_called = matches!(expr, Expr::Function(call) if matches!(call.args, FunctionArguments::List(_)));
        let is_written = is_called || matches!(expr, Expr::Case { .. } | Expr::Cast { .. } | Expr::Subquery(_));
        let is_computed = matches!(expr, Expr::BinaryOp { .. });
        ((self.is_sqlite() || self.is_mysql()) && (is_written || is_computed)) || (self.is_postgres() && is_computed)
    }

    /// `*`, `t.*`.
    fn all_columns(&self, of: Option<&Ident>, span: Span) -> Option<Vec<ResultColumn>> {
        let scope = self.scopes.last()?;
        let is_meant = |relation: &&Relation| of.is_none_or(|of| relation.name.eq_ignore_ascii_case(&of.value));
        let mut found = Vec::new();
        if scope.iter().any(|relation| relation.is_merged) {
            return None;
        }
        for relation in scope.iter().filter(is_meant) {
            found.extend(relation.columns.as_ref()?.iter().map(|column| ResultColumn {
                name: column.name.clone(),
                is_nameless: false,
                span,
                ty: column.known.ty.clone(),
                nullable: column.known.nullable,
                is_plain: column.known.column.is_some(),
                is_comparable: column.known.is_comparable,
            }));
        }
        (!found.is_empty()).then_some(found)
    }
}

/// The name of a table's column.
pub(super) fn column_name(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(path) => path.last(),
        _ => None,
    }
}

fn keys_of(order: Option<&OrderBy>) -> &[OrderByExpr] {
    match order.map(|order| &order.kind) {
        Some(OrderByKind::Expressions(keys)) => keys,
        _ => &[],
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
    let column = |expr: &Expr| column_name(expr).map(|name| name.value.clone());
    match (column(left), column(right)) {
        (Some(name), None) | (None, Some(name)) => Some(name),
        _ => None,
    }
}
