//! Results: the columns of a `union`, its order, and names that stand for two columns.

use std::collections::HashSet;

use sqlparser::ast::{Expr, Ident, OrderByExpr, SelectItem, SetExpr};

use super::query::{Answer, column_name};
use super::write::counted;
use super::{Reader, ResultColumn};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{VF401, VF404};

/// Names with the types of their columns.
type Names = Vec<(String, String)>;

impl Reader<'_> {
    /// The names by which the part of a `union` may put all of its rows in order; `None` where not all are known. It is the
    /// first part whose names count. SQLite looks into the others, too, and at what stands before `as`.
    pub(super) fn names_to_order_by(&self, part: &SetExpr, answer: &Answer) -> Option<Names> {
        let columns = answer.columns.as_ref()?;
        if columns.iter().any(|column| column.name.is_empty() && !column.is_nameless) {
            return None;
        }
        let shown = |column: &ResultColumn| column.ty.as_ref().map(ToString::to_string).unwrap_or_default();
        let named = columns.iter().map(|column| (column.name.clone(), shown(column)));
        let behind = selected(part).filter_map(column_name).map(|name| (name.value.clone(), String::new()));
        Some(if self.is_sqlite() { named.chain(behind).collect() } else { named.collect() })
    }

    /// The same with those of a further part.
    pub(super) fn with_names_of(&self, names: Option<Names>, part: &SetExpr, answer: &Answer) -> Option<Names> {
        if !self.is_sqlite() {
            return names;
        }
        names.zip(self.names_to_order_by(part, answer)).map(|(names, others)| [names, others].concat())
    }

    /// `order by` behind a `union` knows the columns of the result, and no table.
    pub(super) fn order_of_union(&mut self, order: &[OrderByExpr], names: &[(String, String)]) {
        for key in order {
            let Expr::Identifier(ident) = &key.expr else { continue };
            if !names.iter().any(|(name, _)| name.eq_ignore_ascii_case(&ident.value)) {
                self.not_in_result(ident, names);
            }
        }
    }

    fn not_in_result(&mut self, ident: &Ident, names: &[(String, String)]) {
        let message =
            format!("the result has no column `{}`: the first query of a `union` names its columns", ident.value);
        self.no_column(ident, message, names);
    }

    /// Both parts of a `union` give as many columns.
    pub(super) fn as_wide(&mut self, first: &Answer, other: &Answer) {
        let (Some(left), Some(right)) = (&first.columns, &other.columns) else { return };
        let is_known = first.is_listed && other.is_listed;
        let Some(column) = right.first().filter(|_| is_known && left.len() != right.len()) else { return };
        let message =
            format!("this query gives {}, and the one before it {}", counted(right.len(), "column"), left.len());
        let finding = Diagnostic::new(&VF401, column.span, message);
        self.findings
            .push(finding.help("the queries of a `union` give as many columns: write `null` where one has none"));
    }

    /// A result has one column of a name: the second of two is told, and left out.
    pub(super) fn one_of_each_name(&mut self, answer: &mut Answer) {
        let Some(columns) = &mut answer.columns else { return };
        let mut seen = HashSet::new();
        let is_first = |column: &ResultColumn| column.name.is_empty() || seen.insert(column.name.clone());
        let (kept, twice): (Vec<_>, Vec<_>) = columns.drain(..).partition(is_first);
        *columns = kept;
        let Some(second) = twice.first() else { return };
        let names: Vec<String> = twice.iter().map(|column| format!("`{}`", column.name)).collect();
        let message = format!("the query gives two columns named {}", names.join(", "));
        let mut finding = Diagnostic::new(&VF404, second.span, message);
        let first = columns.iter().find(|column| column.name == second.name && column.span != second.span);
        if let Some(first) = first {
            finding = finding.label(first.span, "the first");
        }
        let help = if answer.is_listed {
            format!("give one of them another name: `… as other_{}`", second.name)
        } else {
            "write the columns out, and give one of them another name: `… as name`".to_owned()
        };
        self.findings.push(finding.help(help));
    }
}

/// The expressions of the select lists of a part.
fn selected(part: &SetExpr) -> impl Iterator<Item = &Expr> {
    let (mut waiting, mut items) = (vec![part], Vec::new());
    while let Some(part) = waiting.pop() {
        match part {
            SetExpr::Select(select) => items.extend(&select.projection),
            SetExpr::SetOperation { left, right, .. } => waiting.extend([&**left, &**right]),
            SetExpr::Query(query) => waiting.push(&query.body),
            _ => {}
        }
    }
    items.into_iter().filter_map(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    })
}
