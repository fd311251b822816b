//! What stands behind `from`: tables, inner queries, joins.

use sqlparser::ast::{Ident, Join, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableWithJoins};

use super::scope::Relation;
use super::{Reader, Rows};

/// How a table is joined: the condition, and which side's rows may be missing.
struct Meeting<'j> {
    constraint: Option<&'j JoinConstraint>,
    is_left_missing: bool,
    is_right_missing: bool,
}

impl<'j> Meeting<'j> {
    fn of(join: &'j Join) -> Self {
        let (constraint, is_left_missing, is_right_missing) = match &join.join_operator {
            JoinOperator::Join(c) | JoinOperator::Inner(c) | JoinOperator::CrossJoin(c) => (Some(c), false, false),
            JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => (Some(c), false, true),
            JoinOperator::Right(c) | JoinOperator::RightOuter(c) => (Some(c), true, false),
            JoinOperator::FullOuter(c) => (Some(c), true, true),
            _ => (None, true, true),
        };
        Self { constraint, is_left_missing, is_right_missing }
    }

    /// The rows of both sides together.
    fn rows(&self, left: Rows, right: Rows) -> Rows {
        let meets =
            matches!(self.constraint, Some(JoinConstraint::On(_) | JoinConstraint::Using(_) | JoinConstraint::Natural));
        let is_bounded = match (self.is_left_missing, self.is_right_missing) {
            (false, true) => left.is_bounded,
            (true, false) => right.is_bounded,
            // The few rows of one side say which of the other there are.
            (false, false) if meets => left.is_bounded || right.is_bounded,
            _ => left.is_bounded && right.is_bounded,
        };
        Rows { is_ordered: false, is_single: left.is_single && right.is_single, is_bounded }
    }
}

impl Reader<'_> {
    /// Tables that are joined, and how many rows they have together.
    pub(super) fn from(&mut self, from: &TableWithJoins) -> Rows {
        let first = self.scopes.last().map_or(0, Vec::len);
        let rows = self.factor(&from.relation);
        from.joins.iter().fold(rows, |rows, join| self.join(join, first, rows))
    }

    fn join(&mut self, join: &Join, first: usize, rows: Rows) -> Rows {
        let before = self.scopes.last().map_or(0, Vec::len);
        let joined = self.factor(&join.relation);
        let meeting = Meeting::of(join);
        if let Some(JoinConstraint::On(condition)) = meeting.constraint {
            self.expr(condition);
        }
        for (at, relation) in self.scopes.last_mut().into_iter().flatten().enumerate().skip(first) {
            if (meeting.is_left_missing && at < before) || (meeting.is_right_missing && at >= before) {
                relation.may_be_missing();
            }
        }
        match meeting.constraint {
            Some(JoinConstraint::Using(names)) => self.merge(names, first, before),
            Some(JoinConstraint::Natural) => {
                for relation in self.relations_from(first) {
                    relation.is_merged = true;
                    relation.columns = None;
                }
            }
            _ => {}
        }
        meeting.rows(rows, joined)
    }

    fn relations_from(&mut self, first: usize) -> impl Iterator<Item = &mut Relation> {
        self.scopes.last_mut().into_iter().flatten().skip(first)
    }

    /// `using (…)`: both sides have these columns, which are one of the result; `*` does not show here what it gives.
    fn merge(&mut self, names: &[ObjectName], first: usize, before: usize) {
        let names: Vec<Ident> = names.iter().filter_map(|name| Self::path(name)?.pop()).collect();
        for name in &names {
            self.joined_column(name, first, before);
        }
        for relation in self.relations_from(first) {
            relation.is_merged = true;
            let is_one = |column: &str| names.iter().any(|name| name.value.eq_ignore_ascii_case(column));
            for column in relation.columns.iter_mut().flatten().filter(|column| is_one(&column.name)) {
                column.known.nullable = None;
            }
        }
    }

    /// A column that tables are joined by: one on the left has it, and the one on the right.
    fn joined_column(&mut self, name: &Ident, first: usize, before: usize) {
        let relations: Vec<Relation> = self.relations_from(first).map(|relation| relation.clone()).collect();
        let (left, right) = relations.split_at((before - first).min(relations.len()));
        for side in [left, right] {
            let lacks = |relation: &Relation| relation.columns.is_some() && relation.column(&name.value).is_none();
            let Some(one) = side.first().filter(|_| side.iter().all(lacks)) else { continue };
            let columns = side.iter().flat_map(|relation| relation.columns.iter().flatten());
            let known: Vec<(String, String)> = columns.map(|c| (c.name.clone(), c.known.shown())).collect();
            self.no_column(name, format!("`{}` has no column `{}`", one.title(), name.value), &known);
        }
    }

    fn factor(&mut self, factor: &TableFactor) -> Rows {
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
                let answer = self.query(subquery);
                self.scopes.extend(hidden);
                let columns = answer.as_table(alias.as_ref());
                Relation { columns, rows: answer.rows, ..called(alias.as_ref()) }
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => return self.from(table_with_joins),
            TableFactor::Table { alias: None, name, .. } => {
                let own = Self::path(name).and_then(|path| path.last().map(|part| part.value.clone()));
                made(Relation::named(own.unwrap_or_default()))
            }
            TableFactor::Table { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::TableFunction { alias, .. } => made(called(alias.as_ref())),
            _ => Relation::named(String::new()),
        };
        let rows = relation.rows;
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(relation);
        }
        rows
    }
}

fn called(alias: Option<&TableAlias>) -> Relation {
    Relation::named(alias.map(|alias| alias.name.value.clone()).unwrap_or_default())
}

/// The rows that a function makes are no table's.
fn made(relation: Relation) -> Relation {
    Relation { rows: Rows { is_bounded: true, ..Rows::default() }, ..relation }
}
