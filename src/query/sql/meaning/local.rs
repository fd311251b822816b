//! What the engine within is not asked: it has no decimals. A column of them is a text that is compared by its digits; what is
//! made of it would be a float, or be compared letter by letter, without a word.

use sqlparser::ast::{Expr, Function, OrderByKind, Query, Value};

use super::expression::Known;
use super::{Reader, ResultColumn};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::VF411;
use crate::source::Span;
use crate::value::Type;

/// Functions that look at a decimal without computing, or give one back as it is.
const HARMLESS: &[&str] =
    &["count", "coalesce", "ifnull", "nullif", "lag", "lead", "first_value", "last_value", "nth_value", "typeof"];

/// Those of them that give one of several values.
const MIXING: &[&str] = &["coalesce", "ifnull"];

/// Functions that compare, of one argument.
const CHOOSING: &[&str] = &["min", "max"];

fn is_decimal(known: &Known) -> bool {
    known.ty == Some(Type::Decimal)
}

/// A decimal that is no column any more.
fn is_loose(known: &Known) -> bool {
    is_decimal(known) && !known.is_comparable && known.hole.is_none()
}

impl Reader<'_> {
    fn refuse(&mut self, span: Span, message: impl Into<String>, help: &str) {
        self.findings.push(Diagnostic::new(&VF411, span, message).help(help));
    }

    /// Arithmetic.
    pub(super) fn no_arithmetic(&mut self, sides: &[&Known]) {
        if self.surroundings.is_local && sides.iter().any(|side| is_decimal(side)) {
            let help = "compute in the workflow, or say that a float is meant: `cast(… as real)`";
            self.refuse(self.here, "a local query has no arithmetic for decimals", help);
        }
    }

    /// A function that is given a decimal.
    pub(super) fn local_call(&mut self, call: &Function, name: &str, given: &[Known]) {
        // A text in one row and a number in another are ordered by that, and not by their digits.
        let is_mixed = MIXING.contains(&name) && !given.iter().all(|one| is_decimal(one) || one.null.is_some());
        if !self.surroundings.is_local || !given.iter().any(is_decimal) || (HARMLESS.contains(&name) && !is_mixed) {
            return;
        }
        let chooses = CHOOSING.contains(&name) && given.len() == 1;
        if chooses && !given.iter().any(is_loose) {
            return;
        }
        let path = Self::path(&call.name).unwrap_or_default();
        let span = self.across(&path);
        let message = format!("a local query has no `{name}` for decimals");
        let help =
            format!("compute in the workflow, which is exact, or say that a float is meant: `{name}(cast(… as real))`");
        self.refuse(span, message, &help);
    }

    /// Two values meet: one of them must be a column that knows how its texts compare.
    pub(super) fn local_comparison(&mut self, left: &Known, right: &Known) {
        if !self.surroundings.is_local || ![left, right].into_iter().any(is_decimal) {
            return;
        }
        let is_sure = |a: &Known, b: &Known| is_decimal(a) && a.is_comparable && (is_decimal(b) || b.column.is_none());
        if !is_sure(left, right) && !is_sure(right, left) {
            let help = "compare a column of decimals with a decimal, or in the workflow";
            self.refuse(self.here, "a local query does not compare these by their digits", help);
        }
    }

    /// A key to group or sort by.
    pub(super) fn local_key(&mut self, key: &Expr) {
        if !self.surroundings.is_local {
            return;
        }
        let (before, tables) = (self.findings.len(), self.tables.len());
        let known = self.expr(key);
        // It has been looked at before.
        self.findings.truncate(before);
        self.tables.truncate(tables);
        if is_loose(&known) {
            self.refuse_key(self.whole(key));
        }
    }

    /// Sorting by a column of the result, named or by its number.
    pub(super) fn local_order(&mut self, query: &Query, columns: Option<&[ResultColumn]>) {
        let keys = query.order_by.iter().flat_map(|order| match &order.kind {
            OrderByKind::Expressions(keys) => keys.as_slice(),
            OrderByKind::All(_) => &[],
        });
        let Some(columns) = columns.filter(|_| self.surroundings.is_local) else { return };
        for key in keys {
            let column = match &key.expr {
                Expr::Identifier(name) => columns.iter().find(|column| column.name.eq_ignore_ascii_case(&name.value)),
                Expr::Value(value) => match &value.value {
                    Value::Number(number, _) => {
                        number.parse::<usize>().ok().and_then(|at| columns.get(at.checked_sub(1)?))
                    }
                    _ => None,
                },
                _ => None,
            };
            if column.is_some_and(|column| column.ty == Some(Type::Decimal) && !column.is_comparable) {
                self.refuse_key(self.whole(&key.expr));
            }
        }
    }

    fn refuse_key(&mut self, span: Span) {
        let help = "sort and group by the column itself, or in the workflow";
        self.refuse(span, "a local query does not order these by their digits", help);
    }
}
