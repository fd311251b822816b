//! Values as PostgreSQL's parameters.
//!
//! Most values say their type. A text and a null do not: as a literal would, a text takes the type of what
//! it is compared with or written to, be it `uuid`, `jsonb` or an enum. Such parameters are *open*; the
//! server is asked for their type once for each statement (see `plan`), and the text is cast to it.

use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::{NaiveDate, NaiveTime};
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo, Postgres};
use sqlx::{Arguments, Type};

use crate::connection::sql::text::{plain, too_wide};
use crate::query::sql::Bound;
use crate::value::{ErrorKind, StepError, Timestamp, Value, to_json};

/// The type in which a value travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Wire {
    Bool,
    Int4,
    Int8,
    Float,
    Decimal,
    Date,
    Time,
    Timestamp,
    Json,
    /// A text or a null, whose type the server says.
    Open,
}

impl Wire {
    const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int4 => "int4",
            Self::Int8 => "int8",
            Self::Float => "float8",
            Self::Decimal => "numeric",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamptz",
            Self::Json => "jsonb",
            Self::Open => "text",
        }
    }

    /// An int takes the width that it would have as a literal, so that `current_date - :n` works.
    fn of(value: &Value) -> Self {
        match value {
            Value::Bool(_) => Self::Bool,
            Value::Int(n) if i32::try_from(*n).is_ok() => Self::Int4,
            Value::Int(_) => Self::Int8,
            Value::Float(_) => Self::Float,
            Value::Decimal(_) => Self::Decimal,
            Value::Date(_) => Self::Date,
            Value::Time(_) => Self::Time,
            Value::Timestamp(_) => Self::Timestamp,
            Value::None | Value::Text(_) | Value::Url(_) | Value::Secret(_) => Self::Open,
            _ => Self::Json,
        }
    }

    /// The one type that items of both have; `None` when there is none.
    fn join(self, other: Self) -> Option<Self> {
        use Wire::{Decimal, Float, Int4, Int8};
        match (self, other) {
            (a, b) if a == b => Some(a),
            (Int4, Int8) | (Int8, Int4) => Some(Int8),
            (Int4 | Int8, Decimal) | (Decimal, Int4 | Int8) => Some(Decimal),
            (Float, Int4 | Int8 | Decimal) | (Int4 | Int8 | Decimal, Float) => Some(Float),
            _ => None,
        }
    }
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ParameterType {
    /// The type, or that of the items.
    pub wire: Wire,
    /// Whether it is an array.
    pub is_array: bool,
}

impl ParameterType {
    /// The type in which `bound` travels.
    pub(super) fn of(bound: &Bound) -> Result<Self, StepError> {
        match bound {
            Bound::One(value) => Ok(Self { wire: Wire::of(value), is_array: false }),
            Bound::Many(items) => Ok(Self { wire: item_wire(items)?, is_array: true }),
        }
    }

    /// Whether the server must say what it is.
    pub(super) fn is_open(self) -> bool {
        self.wire == Wire::Open
    }

    /// `int4`, `date[]`.
    pub(super) fn name(self) -> String {
        format!("{}{}", self.wire.name(), if self.is_array { "[]" } else { "" })
    }

    /// As the driver declares it; an open one as text.
    pub(super) fn info(self) -> PgTypeInfo {
        fn both<T: Type<Postgres>>(is_array: bool) -> PgTypeInfo
        where
            Vec<T>: Type<Postgres>,
        {
            if is_array { <Vec<T>>::type_info() } else { T::type_info() }
        }
        match self.wire {
            Wire::Bool => both::<bool>(self.is_array),
            Wire::Int4 => both::<i32>(self.is_array),
            Wire::Int8 => both::<i64>(self.is_array),
            Wire::Float => both::<f64>(self.is_array),
            Wire::Decimal => both::<BigDecimal>(self.is_array),
            Wire::Date => both::<NaiveDate>(self.is_array),
            Wire::Time => both::<NaiveTime>(self.is_array),
            Wire::Timestamp => both::<Timestamp>(self.is_array),
            Wire::Json => both::<serde_json::Value>(self.is_array),
            Wire::Open => both::<String>(self.is_array),
        }
    }

    /// For asking: an open one as unspecified.
    pub(super) fn question(self) -> PgTypeInfo {
        if self.is_open() { PgTypeInfo::with_oid(Oid(0)) } else { self.info() }
    }
}

fn item_wire(items: &[Value]) -> Result<Wire, StepError> {
    let mut wires = items.iter().filter(|item| !item.is_none()).map(|item| (item, Wire::of(item)));
    let Some((_, first)) = wires.next() else { return Ok(Wire::Open) };
    wires.try_fold(first, |so_far, (item, wire)| {
        so_far.join(wire).ok_or_else(|| {
            let message = format!("a list of `{}` also holds a `{}`", so_far.name(), item.kind());
            StepError::new(ErrorKind::Data, message).help("give the database a list of one type")
        })
    })
}

/// The arguments in the types of `types`.
pub(super) fn arguments(values: &[Bound], types: &[ParameterType]) -> Result<PgArguments, StepError> {
    let mut arguments = PgArguments::default();
    for (bound, ty) in values.iter().zip(types) {
        let added = match bound {
            Bound::One(value) => one(&mut arguments, value, *ty),
            Bound::Many(items) => many(&mut arguments, items, *ty),
        };
        added.map_err(|error| StepError::new(ErrorKind::Data, format!("a value cannot be bound: {error}")))?;
    }
    Ok(arguments)
}

fn one(arguments: &mut PgArguments, value: &Value, ty: ParameterType) -> Result<(), BoxDynError> {
    match value {
        Value::None => arguments.add(Null(ty.info())),
        Value::Bool(b) => arguments.add(*b),
        Value::Int(n) => match i32::try_from(*n) {
            Ok(n) => arguments.add(n),
            Err(_) => arguments.add(*n),
        },
        Value::Float(x) => arguments.add(*x),
        Value::Decimal(_) if too_wide(value) => Err("the decimal has too many digits".into()),
        Value::Decimal(d) => arguments.add((**d).clone()),
        Value::Date(date) => arguments.add(*date),
        Value::Time(time) => arguments.add(*time),
        Value::Timestamp(at) => arguments.add(*at),
        Value::Text(text) | Value::Url(text) | Value::Secret(text) => arguments.add(text.to_string()),
        other => arguments.add(to_json(other)),
    }
}

fn many(arguments: &mut PgArguments, items: &Arc<Vec<Value>>, ty: ParameterType) -> Result<(), BoxDynError> {
    fn all<T>(items: &[Value], item: impl Fn(&Value) -> Option<T>) -> Vec<Option<T>> {
        items.iter().map(item).collect()
    }
    if items.iter().any(too_wide) {
        return Err("a decimal has too many digits".into());
    }
    match ty.wire {
        Wire::Bool => arguments.add(all(items, |v| if let Value::Bool(b) = v { Some(*b) } else { None })),
        Wire::Int4 => arguments.add(all(items, |v| int(v).and_then(|n| i32::try_from(n).ok()))),
        Wire::Int8 => arguments.add(all(items, int)),
        Wire::Float => arguments.add(all(items, float)),
        Wire::Decimal => arguments.add(all(items, decimal)),
        Wire::Date => arguments.add(all(items, |v| if let Value::Date(d) = v { Some(*d) } else { None })),
        Wire::Time => arguments.add(all(items, |v| if let Value::Time(t) = v { Some(*t) } else { None })),
        Wire::Timestamp => arguments.add(all(items, |v| if let Value::Timestamp(at) = v { Some(*at) } else { None })),
        Wire::Json => arguments.add(items.iter().map(to_json).collect::<Vec<_>>()),
        Wire::Open => arguments.add(all(items, plain)),
    }
}

const fn int(value: &Value) -> Option<i64> {
    if let Value::Int(n) = value { Some(*n) } else { None }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(x) => Some(*x),
        Value::None => None,
        other => other.to_string().parse().ok(),
    }
}

fn decimal(value: &Value) -> Option<BigDecimal> {
    match value {
        Value::Decimal(d) => Some((**d).clone()),
        Value::Int(n) => Some(BigDecimal::from(*n)),
        _ => None,
    }
}

/// A null of a type.
struct Null(PgTypeInfo);

impl Type<Postgres> for Null {
    fn type_info() -> PgTypeInfo {
        <String as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Null {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.0.clone())
    }
}
