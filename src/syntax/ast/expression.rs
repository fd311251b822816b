//! Expressions and literals.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::{Name, Pattern, TypeExpr};
use crate::source::{Span, Spanned};

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A literal value.
    Literal(Literal),
    /// `f"…{x:%d}…"`.
    Interpolated(Vec<Fragment>),
    /// `sql"""…"""`, `promql"""…"""`, `regex"""…"""`, `python"""…"""`, `shell"""…"""`.
    Tagged(Tagged),
    /// A name.
    Name(Arc<str>),
    /// `a.b`, `a?.b`.
    Field {
        /// The left side.
        of: Box<Expr>,
        /// The field.
        name: Name,
        /// `true` for `?.`.
        optional: bool,
    },
    /// `f(a, b: c)`.
    Call {
        /// What is called: a name or a field.
        callee: Box<Expr>,
        /// The arguments, in order.
        arguments: Vec<Argument>,
        /// From `(` to `)`.
        arguments_span: Span,
    },
    /// `a[i]`.
    Index(Box<Expr>, Box<Expr>),
    /// `a as T`.
    Cast(Box<Expr>, TypeExpr),
    /// `-a`, `not a`.
    Unary(Spanned<UnaryOperator>, Box<Expr>),
    /// `a + b`.
    Binary(Box<Expr>, Spanned<BinaryOperator>, Box<Expr>),
    /// `if a then b else c`.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `[e for x in xs if c]`.
    ListComprehension(Box<Expr>, Comprehension),
    /// `{ a: 1 }`, `{ "a": 1 }`, `{ d: 1 }`: a record or a map; which one is for the checker.
    Record(Vec<Entry>),
    /// `{ k: v for x in xs }`.
    MapComprehension(Box<Entry>, Comprehension),
    /// `table { | a | b | … }`.
    Table {
        /// The header.
        columns: Vec<Name>,
        /// The rows; the parser has checked that each is as wide as the header.
        rows: Vec<Vec<Expr>>,
    },
}

/// `for … in … [for … in …] [if …]`.
#[derive(Debug, Clone)]
pub struct Comprehension {
    /// The loops, outermost first.
    pub loops: Vec<(Pattern, Expr)>,
    /// The filter.
    pub filter: Option<Box<Expr>>,
}

/// `label: expr` or `expr: expr` in braces.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key. A bare label is an [`ExprKind::Name`] with `is_label`.
    pub key: Expr,
    /// Whether the key was written as a bare name; a keyword is allowed there.
    pub is_label: bool,
    /// The value.
    pub value: Expr,
}

/// An argument of a call.
#[derive(Debug, Clone)]
pub struct Argument {
    /// `name:`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// A part of an interpolated text.
#[derive(Debug, Clone)]
pub enum Fragment {
    /// Text, escapes already resolved.
    Text(Arc<str>),
    /// `{expr}` or `{expr:format}`.
    Hole {
        /// The expression.
        value: Box<Expr>,
        /// What follows the colon, as written.
        format: Option<Spanned<Arc<str>>>,
    },
}

/// A tagged literal.
#[derive(Debug, Clone)]
pub struct Tagged {
    /// Which language.
    pub tag: Tag,
    /// The text between the quotes, exactly as written: nothing is unescaped.
    pub text: Arc<str>,
    /// Where that text stands, without tag and quotes, so that offsets in it map back.
    pub text_span: Span,
}

/// The language of a tagged literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tag {
    /// SQL.
    Sql,
    /// PromQL or MetricsQL.
    Promql,
    /// A regular expression.
    Regex,
    /// Python.
    Python,
    /// Shell.
    Shell,
}

/// A literal value.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `none`.
    None,
    /// `true`, `false`.
    Bool(bool),
    /// `42`.
    Int(i64),
    /// `1.5`.
    Float(f64),
    /// `"a"`, escapes resolved.
    Text(Arc<str>),
    /// `2025-01-31`.
    Date(NaiveDate),
    /// `06:00`.
    Time(NaiveTime),
    /// `2025-01-31T06:00Z`, also with an offset or a zone: the instant.
    Timestamp(DateTime<Utc>),
    /// `90s`, `1h30m`: milliseconds.
    Duration(i64),
    /// `30d`, `1y`, `1mo15d`: whole months and whole days.
    Period {
        /// Months, years included.
        months: i32,
        /// Days, weeks included.
        days: i32,
    },
    /// `20bd`.
    BusinessDays(i64),
}

/// Prefix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// `-`.
    Negate,
    /// `not`.
    Not,
}

/// Infix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `or`.
    Or,
    /// `and`.
    And,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `in`.
    In,
    /// `not in`.
    NotIn,
    /// `??`.
    Coalesce,
    /// `through`.
    Through,
    /// `until`.
    Until,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Remainder,
}

impl BinaryOperator {
    /// As written in a file.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Coalesce => "??",
            Self::Through => "through",
            Self::Until => "until",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}
