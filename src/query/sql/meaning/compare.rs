//! Values that meet: whether their types fit, and what becomes of nulls.

use sqlparser::ast::{Expr, Query, SetExpr};

use super::Reader;
use super::expression::Known;
use super::query::{Answer, conjuncts};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{VF405, VF410};
use crate::schema::is_text_in_sqlite;
use crate::source::Span;
use crate::value::Type;

/// How two values meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// `=`, `in`.
    Same,
    /// `<>`, `!=`.
    Other,
    /// `<`, `between`.
    Order,
    /// One goes into the other.
    Into,
}

impl Reader<'_> {
    /// Two values meet in a comparison.
    pub(super) fn compared(&mut self, left: &Known, right: &Known, how: Comparison) {
        self.local_comparison(left, right);
        for (value, column) in [(left, right), (right, left)] {
            let fits = self.fits(value, column, how);
            if fits && how == Comparison::Other && column.nullable == Some(true) && value.hole.is_some() {
                self.misses_nulls(value, column);
            }
        }
    }

    /// A bound value meets a column; whether it fits.
    pub(super) fn fits(&mut self, value: &Known, column: &Known, how: Comparison) -> bool {
        let (Some((span, bound)), Some((table, name, database))) = (&value.hole, &column.column) else { return true };
        let Some(ty) = &column.ty else { return true };
        // A list is compared item by item.
        let required = bound.required();
        let given = if matches!(ty, Type::List(_)) { required } else { required.item().unwrap_or(required) };
        if fits(&given.required(), ty, how) || (self.is_sqlite() && fits_text(&given.required(), ty, how)) {
            return true;
        }
        let does = if how == Comparison::Into { "goes into" } else { "meets" };
        let message = format!("`{given}` {does} the column `{name}`, which holds `{ty}`");
        let finding = Diagnostic::new(&VF405, *span, message).at(format!("`{bound}`"));
        let finding = finding.help(help(&given, ty)).note(format!("`{table}.{name}` is `{database}`"));
        let finding = self.noted(finding);
        self.findings.push(finding);
        false
    }

    fn misses_nulls(&mut self, value: &Known, column: &Known) {
        let (Some((span, _)), Some((_, name, _))) = (&value.hole, &column.column) else { return };
        if self.guarded.iter().any(|guarded| guarded.eq_ignore_ascii_case(name)) {
            return;
        }
        let message = format!("rows whose `{name}` is null are left out: null differs from nothing");
        let finding = Diagnostic::new(&VF410, *span, message);
        let finding = finding
            .help(format!("write `{name} is distinct from …`, or say what null means: `{name} is not null and …`"));
        let finding = self.noted(finding);
        self.findings.push(finding);
    }

    /// `not in (select …)` of a column with nulls holds for no row at all.
    pub(super) fn not_in(&mut self, query: &Query, answer: &Answer) {
        let Some([column]) = answer.columns.as_deref() else { return };
        if column.nullable != Some(true) || !column.is_plain || matches!(&*query.body, SetExpr::SetOperation { .. }) {
            return;
        }
        let message = format!("`not in` finds nothing as soon as one `{}` is null", column.name);
        let finding = Diagnostic::new(&VF410, column.span, message).at("may be null");
        let finding = finding.help(format!("add `where {} is not null`, or write `not exists (…)`", column.name));
        let finding = self.noted(finding);
        self.findings.push(finding);
    }

    /// The condition of a query or a write. What it says of columns holds behind it.
    pub(super) fn condition(&mut self, condition: &Expr) {
        let parts = conjuncts(condition);
        // First what guards against nulls, wherever it stands.
        for part in &parts {
            self.guards(part);
        }
        for part in parts {
            self.expr(part);
            for name in present(part) {
                self.not_null(&name);
            }
        }
    }

    /// Notes the columns whose nulls are looked at, `a is null or a <> :b`.
    fn guards(&mut self, condition: &Expr) {
        let mut waiting = vec![condition];
        while let Some(expr) = waiting.pop() {
            match expr {
                Expr::BinaryOp { left, right, .. } => waiting.extend([&**left, &**right]),
                Expr::Nested(inner) => waiting.push(inner),
                Expr::IsNull(of) | Expr::IsNotNull(of) => self.guarded.extend(name_of(of)),
                _ => {}
            }
        }
        self.guarded.extend(present(condition).into_iter().filter(|_| !is_unequal(condition)));
    }

    fn not_null(&mut self, name: &str) {
        let columns =
            self.scopes.last_mut().into_iter().flatten().flat_map(|relation| relation.columns.iter_mut().flatten());
        for column in columns.filter(|column| column.name.eq_ignore_ascii_case(name)) {
            column.known.nullable = Some(false);
        }
    }
}

fn is_unequal(condition: &Expr) -> bool {
    matches!(condition, Expr::BinaryOp { op: sqlparser::ast::BinaryOperator::NotEq, .. })
}

/// The columns that are not null where a condition holds.
fn present(condition: &Expr) -> Vec<String> {
    use sqlparser::ast::BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    match condition {
        Expr::IsNotNull(of) | Expr::IsTrue(of) | Expr::IsFalse(of) => name_of(of).into_iter().collect(),
        Expr::BinaryOp { left, op: Eq | NotEq | Lt | LtEq | Gt | GtEq, right } => {
            name_of(left).into_iter().chain(name_of(right)).collect()
        }
        Expr::InList { expr, .. }
        | Expr::InSubquery { expr, .. }
        | Expr::Between { expr, .. }
        | Expr::Like { expr, .. } => name_of(expr).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn name_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(path) => path.last().map(|name| name.value.clone()),
        Expr::Nested(inner) => name_of(inner),
        _ => None,
    }
}

/// Whether a bound value may meet a column.
fn fits(given: &Type, column: &Type, how: Comparison) -> bool {
    let is_number = |ty: &Type| matches!(ty, Type::Int | Type::Float | Type::Decimal);
    match (given, column) {
        (given, column) if given.is_unknown() || *given == Type::None || given == column => true,
        (given, column) if is_number(given) && is_number(column) => true,
        (given, Type::Text) if given.is_text() => true,
        (Type::Url | Type::Secret, Type::Text) | (Type::Bool, Type::Int) | (Type::Int, Type::Bool) => true,
        // Anything can be written as JSON, and a list as an array.
        (_, Type::Json | Type::List(_)) => true,
        (Type::Date, Type::Timestamp) | (Type::Timestamp, Type::Date) => how == Comparison::Order,
        _ => false,
    }
}

/// Whether a value that SQLite is given as a text may meet a column of texts: days and instants are in order as texts,
/// decimals are not.
fn fits_text(given: &Type, column: &Type, how: Comparison) -> bool {
    let is_ordered = matches!(given, Type::Date | Type::Time | Type::Timestamp);
    column.is_text() && is_text_in_sqlite(given) && (is_ordered || how == Comparison::Into)
}

fn help(given: &Type, column: &Type) -> String {
    match (given, column) {
        (given, Type::Date) if given.is_text() => {
            "bind a date: declare it as `date`, or use `parse_date(text, \"%Y-%m-%d\")`".to_owned()
        }
        (Type::Timestamp, Type::Date) => "name the zone: bind `date_of(at, \"UTC\")`".to_owned(),
        (Type::Date, Type::Timestamp) => {
            "name the zone: bind `midnight(day, \"UTC\")`, or compare with `>=` and `<`".to_owned()
        }
        (given, Type::Text) if !given.is_text() => "bind a text: `f\"{…}\"`".to_owned(),
        (_, column) => format!("bind a `{column}`, or cast it in the query: `cast(:name as …)`"),
    }
}

/// The whole of a comparison with `null`, which is never true.
pub(super) fn with_null(span: Span, is_equal: bool) -> Diagnostic {
    let (sign, instead) = if is_equal { ("=", "is null") } else { ("<>", "is not null") };
    let message = format!("`{sign} null` is true of no row, not even where there is a null");
    Diagnostic::new(&VF410, span, message).help(format!("write `{instead}`"))
}
