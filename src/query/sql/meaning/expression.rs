//! Expressions: what they are made of, and what they give.

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator, Value, ValueWithSpan,
};

use super::Reader;
use super::compare::{Comparison, with_null};
use super::functions::{self, AGGREGATES};
use super::query::Answer;
use super::write::counted;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::VF401;
use crate::schema::database_type;
use crate::source::Span;
use crate::value::Type;

/// What is known of a value; nothing, unless somebody says.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Its type, never an optional one.
    pub(super) ty: Option<Type>,
    /// Whether it may be null.
    pub(super) nullable: Option<bool>,
    /// The column that it is: table, name, the database's type.
    pub(super) column: Option<(String, String, String)>,
    /// The hole that it is: its place, and the type of what is bound.
    pub(super) hole: Option<(Span, Type)>,
    /// The place where it is written as `null`.
    pub(super) null: Option<Span>,
    /// Of a call: whether what it is called with may be null.
    pub(super) argument_nullable: Option<bool>,
    /// Whether the engine within compares such values as the language does: columns know how.
    pub(super) is_comparable: bool,
}

impl Known {
    pub(super) fn of(ty: Type, nullable: Option<bool>) -> Self {
        Self { ty: Some(ty), nullable, ..Self::default() }
    }

    pub(super) fn maybe(ty: Option<Type>, nullable: Option<bool>) -> Self {
        Self { ty, nullable, ..Self::default() }
    }

    /// The type, in the language's words, else in the database's.
    pub(super) fn shown(&self) -> String {
        let database = || self.column.as_ref().map(|(_, _, ty)| ty.clone());
        self.ty.as_ref().map(ToString::to_string).or_else(database).unwrap_or_default()
    }
}

/// Whether some of several values may be null.
pub(super) fn any_null<'k>(values: impl IntoIterator<Item = &'k Known>) -> Option<bool> {
    values.into_iter().try_fold(false, |any, value| Some(any || value.nullable?))
}

/// Whether an expression is a call of an aggregate, perhaps inside another call or a cast.
pub(super) fn is_aggregate(expr: &Expr) -> bool {
    match expr {
        Expr::Function(call) => {
            let name = call.name.to_string().to_lowercase();
            let is_named = AGGREGATES.contains(&name.as_str()) && call.over.is_none();
            // `max(a, b)` is no aggregate on SQLite.
            (is_named && arguments(&call.args).len() <= 1) || arguments(&call.args).into_iter().any(is_aggregate)
        }
        Expr::Cast { expr, .. } | Expr::Nested(expr) | Expr::UnaryOp { expr, .. } => is_aggregate(expr),
        Expr::BinaryOp { left, right, .. } => is_aggregate(left) || is_aggregate(right),
        _ => false,
    }
}

/// The plain arguments of a call.
pub(super) fn arguments(arguments: &FunctionArguments) -> Vec<&Expr> {
    let FunctionArguments::List(list) = arguments else { return Vec::new() };
    let plain = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr))
        | &FunctionArg::Named { arg: FunctionArgExpr::Expr(ref expr), .. } => Some(expr),
        _ => None,
    };
    list.args.iter().filter_map(plain).collect()
}

impl Reader<'_> {
    /// What an expression gives; every name in it is looked at.
    pub(super) fn expr(&mut self, expr: &Expr) -> Known {
        match expr {
            Expr::Identifier(name) => self.column(name),
            Expr::CompoundIdentifier(path) => self.qualified(path),
            Expr::Value(value) => self.value(value),
            Expr::Nested(inner) => self.expr(inner),
            Expr::BinaryOp { .. } => self.chain(expr),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.yes_or_no(&[expr]),
            Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => {
                let known = self.expr(expr);
                Known::maybe(known.ty, known.nullable)
            }
            Expr::Cast { expr: of, data_type, .. } => {
                let known = self.expr(of);
                let written = data_type.to_string();
                self.cast_to(&written, of);
                Known::maybe(self.type_of_cast(&written, &known), known.nullable)
            }
            Expr::TypedString(typed) => Known::maybe(database_type(&typed.data_type.to_string()), Some(false)),
            Expr::Case { operand, conditions, else_result, .. } => {
                for when in conditions {
                    self.expr(&when.condition);
                }
                if let Some(operand) = operand {
                    self.expr(operand);
                }
                let mut results: Vec<Known> = conditions.iter().map(|when| self.expr(&when.result)).collect();
                match else_result {
                    Some(other) => results.push(self.expr(other)),
                    None => results.push(Known {
                        null: Some(self.surroundings.span),
                        nullable: Some(true),
                        ..Known::default()
                    }),
                }
                functions::one_of(&results)
            }
            Expr::Subquery(query) => {
                let columns = self.query(query).columns;
                let first = columns.and_then(|columns| columns.into_iter().next());
                Known::maybe(first.and_then(|column| column.ty), Some(true))
            }
            Expr::Exists { subquery, .. } => {
                self.query(subquery);
                Known::of(Type::Bool, Some(false))
            }
            Expr::Function(call) => self.call(call),
            _ => self.predicate(expr),
        }
    }

    /// What holds or does not.
    fn predicate(&mut self, expr: &Expr) -> Known {
        self.here = self.whole(expr);
        match expr {
            Expr::IsNull(of) | Expr::IsNotNull(of) => {
                let known = self.expr(of);
                self.guarded.extend(known.column.map(|(_, name, _)| name));
                Known::of(Type::Bool, Some(false))
            }
            Expr::IsTrue(of) | Expr::IsNotTrue(of) | Expr::IsFalse(of) | Expr::IsNotFalse(of) => {
                self.expr(of);
                Known::of(Type::Bool, Some(false))
            }
            Expr::IsDistinctFrom(a, b) | Expr::IsNotDistinctFrom(a, b) => {
                let (a, b) = (self.expr(a), self.expr(b));
                self.compared(&a, &b, Comparison::Same);
                Known::of(Type::Bool, Some(false))
            }
            Expr::InList { expr, list, .. } => {
                let left = self.expr(expr);
                for item in list {
                    let item = self.expr(item);
                    self.compared(&left, &item, Comparison::Same);
                }
                Known::of(Type::Bool, None)
            }
            Expr::InSubquery { expr, subquery, negated } => {
                self.expr(expr);
                let answer = self.query(subquery);
                self.one_column(expr, &answer);
                if *negated {
                    self.not_in(subquery, &answer);
                }
                Known::of(Type::Bool, None)
            }
            Expr::Between { expr, low, high, .. } => {
                let value = self.expr(expr);
                for end in [low, high] {
                    let end = self.expr(end);
                    self.compared(&value, &end, Comparison::Order);
                }
                Known::of(Type::Bool, None)
            }
            Expr::Like { expr, pattern, .. }
            | Expr::ILike { expr, pattern, .. }
            | Expr::SimilarTo { expr, pattern, .. } => self.yes_or_no(&[expr, pattern]),
            Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => {
                let (left, right) = (self.expr(left), self.expr(right));
                if right.hole.is_some() {
                    self.compared(&left, &right, Comparison::Order);
                }
                Known::of(Type::Bool, None)
            }
            _ => self.special(expr),
        }
    }

    /// `day in (select a, b …)`: one value is compared with one column.
    fn one_column(&mut self, compared: &Expr, answer: &Answer) {
        let is_one = matches!(compared, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_));
        let Some(columns) = answer.columns.as_ref().filter(|_| is_one && answer.is_listed) else { return };
        if let [_, second, ..] = columns.as_slice() {
            let message = format!("one value is looked for, and this query gives {}", counted(columns.len(), "column"));
            self.findings.push(Diagnostic::new(&VF401, second.span, message).help("select the one that is compared"));
        }
    }

    /// Functions with a grammar of their own.
    fn special(&mut self, expr: &Expr) -> Known {
        match expr {
            Expr::Extract { expr, .. } => {
                self.expr(expr);
                Known::default()
            }
            Expr::Ceil { expr: of, .. } | Expr::Floor { expr: of, .. } => {
                let known = self.expr(of);
                let name = if matches!(expr, Expr::Ceil { .. }) { "ceil" } else { "floor" };
                self.function(name, self.whole(of));
                Known::maybe(known.ty.filter(|ty| matches!(ty, Type::Float | Type::Decimal)), known.nullable)
            }
            Expr::Position { expr, r#in } => {
                self.expr(expr);
                let known = self.expr(r#in);
                Known::of(Type::Int, known.nullable)
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let known = self.expr(expr);
                substring_from.iter().chain(substring_for).for_each(|part| drop(self.expr(part)));
                Known::of(Type::Text, known.nullable)
            }
            Expr::Trim { expr, .. } | Expr::Overlay { expr, .. } => {
                let known = self.expr(expr);
                Known::of(Type::Text, known.nullable)
            }
            Expr::Collate { expr, .. } => {
                let known = self.expr(expr);
                Known::maybe(known.ty, known.nullable)
            }
            Expr::AtTimeZone { timestamp, .. } => {
                let known = self.expr(timestamp);
                Known::of(Type::Timestamp, known.nullable)
            }
            Expr::Tuple(items) => {
                for item in items {
                    self.expr(item);
                }
                Known::default()
            }
            Expr::Array(array) => {
                for item in &array.elem {
                    self.expr(item);
                }
                Known::default()
            }
            _ => Known::default(),
        }
    }

    /// What a cast gives. SQLite makes a number of what shall be yes or no, whichever it is.
    fn type_of_cast(&self, written: &str, of: &Known) -> Option<Type> {
        match database_type(written) {
            Some(Type::Bool) if self.is_sqlite() => of.ty.clone().filter(|ty| matches!(ty, Type::Bool | Type::Int)),
            ty => ty,
        }
    }

    /// Looks at several expressions of which comes yes, no or null.
    fn yes_or_no(&mut self, parts: &[&Expr]) -> Known {
        let parts: Vec<Known> = parts.iter().map(|part| self.expr(part)).collect();
        Known::of(Type::Bool, any_null(&parts))
    }

    fn value(&self, value: &ValueWithSpan) -> Known {
        match &value.value {
            Value::Number(number, _) => {
                let is_whole = number.bytes().all(|byte| byte.is_ascii_digit());
                let fraction = if self.is_sqlite() { Type::Float } else { Type::Decimal };
                Known::of(if is_whole { Type::Int } else { fraction }, Some(false))
            }
            Value::Boolean(_) => Known::of(Type::Bool, Some(false)),
            Value::Null => Known { null: Some(self.place(value)), nullable: Some(true), ..Known::default() },
            Value::Placeholder(_) => self.hole(value),
            _ => Known::of(Type::Text, Some(false)),
        }
    }

    fn place(&self, value: &ValueWithSpan) -> Span {
        self.between(value.span.start, value.span.end)
    }

    fn hole(&self, value: &ValueWithSpan) -> Known {
        let start = self.statement.0.positions.byte(value.span.start);
        let at = start.and_then(|start| self.surroundings.holes.binary_search_by_key(&start, |(at, _)| *at).ok());
        let Some((start, ty)) = at.and_then(|at| self.surroundings.holes.get(at)) else { return Known::default() };
        let end = self.statement.0.positions.byte(value.span.end).unwrap_or(*start);
        let required = ty.required();
        Known {
            ty: (!required.is_unknown()).then_some(required),
            nullable: Some(ty.is_optional()),
            // Without the colon, as everywhere else.
            hole: Some((self.surroundings.span.slice(start + 1, end), ty.clone())),
            ..Known::default()
        }
    }

    /// `a and b and c`, `a + b`: a long chain leans to the left.
    fn chain(&mut self, expr: &Expr) -> Known {
        let (mut first, mut rest) = (expr, Vec::new());
        while let Expr::BinaryOp { left, op, right } = first {
            rest.push((op, &**right));
            first = left;
        }
        let mut known = self.expr(first);
        let here = self.whole(expr);
        for (op, right) in rest.into_iter().rev() {
            let other = self.expr(right);
            self.here = here;
            known = self.binary(&known, op, &other);
        }
        known
    }

    fn binary(&mut self, left: &Known, op: &BinaryOperator, right: &Known) -> Known {
        let nullable = any_null([left, right]);
        match op {
            BinaryOperator::Eq | BinaryOperator::NotEq => {
                let how = if *op == BinaryOperator::NotEq { Comparison::Other } else { Comparison::Same };
                if let Some(null) = right.null.or(left.null) {
                    self.findings.push(with_null(null, *op == BinaryOperator::Eq));
                }
                self.compared(left, right, how);
                Known::of(Type::Bool, nullable)
            }
            BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq => {
                self.compared(left, right, Comparison::Order);
                Known::of(Type::Bool, nullable)
            }
            BinaryOperator::And | BinaryOperator::Or => Known::of(Type::Bool, nullable),
            BinaryOperator::StringConcat => {
                let is_json = [left, right].iter().any(|side| side.ty.as_ref().is_none_or(|ty| !ty.is_text()));
                if is_json { Known::maybe(None, nullable) } else { Known::of(Type::Text, nullable) }
            }
            BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply | BinaryOperator::Modulo => {
                self.no_arithmetic(&[left, right]);
                Known::maybe(arithmetic(left.ty.as_ref(), right.ty.as_ref()), nullable)
            }
            // SQLite and MySQL give null for a division by zero, and MySQL never a whole number.
            BinaryOperator::Divide => {
                let nullable = if self.is_sqlite() || self.is_mysql() { None } else { nullable };
                self.no_arithmetic(&[left, right]);
                let ty = arithmetic(left.ty.as_ref(), right.ty.as_ref());
                let ty = ty.map(|ty| if self.is_mysql() && ty == Type::Int { Type::Decimal } else { ty });
                Known::maybe(ty, nullable)
            }
            BinaryOperator::LongArrow => Known::maybe((!self.is_sqlite()).then_some(Type::Text), Some(true)),
            BinaryOperator::Arrow => Known::of(Type::Json, Some(true)),
            _ => Known::default(),
        }
    }
}

/// The type of a sum, a difference or a product.
fn arithmetic(left: Option<&Type>, right: Option<&Type>) -> Option<Type> {
    match (left?, right?) {
        (Type::Int, Type::Int) => Some(Type::Int),
        (Type::Float, Type::Int | Type::Float | Type::Decimal) | (Type::Int | Type::Decimal, Type::Float) => {
            Some(Type::Float)
        }
        (Type::Decimal, Type::Int | Type::Decimal) | (Type::Int, Type::Decimal) => Some(Type::Decimal),
        _ => None,
    }
}
