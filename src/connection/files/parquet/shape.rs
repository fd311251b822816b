//! How the columns of a table are stored.

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::Type as SchemaType;

use chrono::Timelike;

use crate::connection::files::columns::Odd;
use crate::value::{Column, RecordType, Table, Type, Value};

/// The digits of a decimal as most readers take them, and the most that there are.
const DIGITS: i64 = 38;
const MOST_DIGITS: i64 = 76;

/// What a column is stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Yes and no.
    Bool,
    /// Whole numbers.
    Int,
    /// Floats.
    Float,
    /// Decimals of so many places, in so many bytes.
    Decimal {
        /// The places behind the point.
        scale: i64,
        /// The bytes of each.
        bytes: usize,
    },
    /// Days.
    Date,
    /// Times, in nanoseconds instead of microseconds where one needs them.
    Time {
        /// Whether one does.
        has_nanos: bool,
    },
    /// Instants, likewise.
    Timestamp {
        /// Whether one does.
        has_nanos: bool,
    },
    /// Texts.
    Text,
    /// JSON in texts.
    Json,
}

/// How a column is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// As what.
    pub(super) kind: Kind,
    /// Whether it may hold nulls.
    pub(super) is_optional: bool,
}

/// How each column of a table is stored: by its type where that is known, else by its values.
pub(super) fn shapes(table: &Table, types: Option<&RecordType>) -> Result<Vec<Shape>, Odd> {
    let columns = table.shape.iter().zip(&table.columns).enumerate();
    columns
        .map(|(at, (name, column))| {
            let ty = types.and_then(|types| types.get(name)).filter(|ty| !ty.is_unknown());
            let told = |row: usize, found: String| Odd::value(table, row, at, found);
            let kind = ty.and_then(|ty| kind_of_type(&ty.required()));
            let kind = kind.map_or_else(|| kind_of_values(column, &told), Ok)?;
            let kind = measured(kind, column, &told)?;
            let is_required = ty.is_some_and(|ty| !matches!(ty, Type::Optional(_) | Type::None));
            let is_optional = !is_required || (0..column.len()).any(|row| column.is_none(row));
            Ok(Shape { kind, is_optional })
        })
        .collect()
}

fn kind_of_type(ty: &Type) -> Option<Kind> {
    Some(match ty {
        Type::Bool => Kind::Bool,
        Type::Int => Kind::Int,
        Type::Float => Kind::Float,
        Type::Decimal => Kind::Decimal { scale: 0, bytes: 16 },
        Type::Date => Kind::Date,
        Type::Time => Kind::Time { has_nanos: false },
        Type::Timestamp => Kind::Timestamp { has_nanos: false },
        Type::Json | Type::List(_) | Type::Map(..) | Type::Record(_) | Type::Table(_) => Kind::Json,
        ty if ty.is_unknown() || *ty == Type::None => return None,
        _ => Kind::Text,
    })
}

fn kind_of_value(value: &Value) -> Kind {
    match value {
        Value::Bool(_) => Kind::Bool,
        Value::Int(_) => Kind::Int,
        Value::Float(_) => Kind::Float,
        Value::Decimal(_) => Kind::Decimal { scale: 0, bytes: 16 },
        Value::Date(_) => Kind::Date,
        Value::Time(_) => Kind::Time { has_nanos: false },
        Value::Timestamp(_) => Kind::Timestamp { has_nanos: false },
        Value::Json(_)
        | Value::List(_)
        | Value::Column(_)
        | Value::Map(_)
        | Value::Record(_)
        | Value::Table(_)
        | Value::Points(_) => Kind::Json,
        _ => Kind::Text,
    }
}

/// One kind for all values of a column, of which nobody says what they are; texts when there are none.
fn kind_of_values(column: &Column, told: &impl Fn(usize, String) -> Odd) -> Result<Kind, Odd> {
    if let Some(kind) = column.scalar_type().and_then(|ty| kind_of_type(&ty.required())) {
        return Ok(kind);
    }
    let mut found: Option<Kind> = None;
    for (row, value) in column.iter().enumerate().filter(|(_, value)| !value.is_none()) {
        let kind = kind_of_value(&value);
        found = Some(match (found, kind) {
            (None, kind) => kind,
            (Some(before), kind) if before == kind => kind,
            (Some(Kind::Int), kind @ (Kind::Float | Kind::Decimal { .. })) => kind,
            (Some(kind @ (Kind::Float | Kind::Decimal { .. })), Kind::Int) => kind,
            _ => return Err(told(row, format!("`{}`, where the rows before hold something else", value.kind()))),
        });
    }
    Ok(found.unwrap_or(Kind::Text))
}

/// The kind with what its values need.
fn measured(kind: Kind, column: &Column, told: &impl Fn(usize, String) -> Odd) -> Result<Kind, Odd> {
    match kind {
        Kind::Decimal { .. } => decimals(column, told),
        Kind::Time { .. } => Ok(Kind::Time { has_nanos: column.iter().any(|value| has_nanos(&value)) }),
        Kind::Timestamp { .. } => Ok(Kind::Timestamp { has_nanos: column.iter().any(|value| has_nanos(&value)) }),
        other => Ok(other),
    }
}

fn has_nanos(value: &Value) -> bool {
    match value {
        Value::Time(time) => !time.nanosecond().is_multiple_of(1000),
        Value::Timestamp(at) => !at.nanosecond().is_multiple_of(1000),
        _ => false,
    }
}

/// Room for the digits before and behind the point of all decimals. Nothing is rounded.
fn decimals(column: &Column, told: &impl Fn(usize, String) -> Odd) -> Result<Kind, Odd> {
    let (mut whole, mut scale) = (1, 0);
    for (row, value) in column.iter().enumerate() {
        let (digits, places) = match &value {
            Value::Decimal(decimal) => {
                let places = decimal.fractional_digit_count();
                (i64::try_from(decimal.digits()).unwrap_or(i64::MAX).saturating_sub(places), places)
            }
            Value::Int(n) => (i64::from(n.unsigned_abs().checked_ilog10().unwrap_or(0)) + 1, 0),
            _ => continue,
        };
        (whole, scale) = (whole.max(digits), scale.max(places));
        if whole.saturating_add(scale) > MOST_DIGITS {
            return Err(told(row, format!("a `decimal` for which a column of {MOST_DIGITS} digits has no room")));
        }
    }
    Ok(Kind::Decimal { scale, bytes: if whole + scale > DIGITS { 32 } else { 16 } })
}

impl Shape {
    /// The column in the file's schema.
    pub(super) fn field(self, name: &str) -> Result<SchemaType, ParquetError> {
        let unit = |has_nanos| if has_nanos { TimeUnit::NANOS } else { TimeUnit::MICROS };
        let (physical, logical) = match self.kind {
            Kind::Bool => (Physical::BOOLEAN, None),
            Kind::Int => (Physical::INT64, None),
            Kind::Float => (Physical::DOUBLE, None),
            Kind::Date => (Physical::INT32, Some(LogicalType::Date)),
            Kind::Time { has_nanos } => (Physical::INT64, Some(LogicalType::time(false, unit(has_nanos)))),
            Kind::Timestamp { has_nanos } => (Physical::INT64, Some(LogicalType::timestamp(true, unit(has_nanos)))),
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
            Kind::Decimal { scale, bytes } => return self.decimal(name, scale, bytes),
        };
        SchemaType::primitive_type_builder(name, physical)
            .with_repetition(self.repetition())
            .with_logical_type(logical)
            .build()
    }

    fn decimal(self, name: &str, scale: i64, bytes: usize) -> Result<SchemaType, ParquetError> {
        let precision = if bytes == 16 { 38 } else { 76 };
        let (scale, length) = (i32::try_from(scale).unwrap_or(i32::MAX), i32::try_from(bytes).unwrap_or(i32::MAX));
        SchemaType::primitive_type_builder(name, Physical::FIXED_LEN_BYTE_ARRAY)
            .with_repetition(self.repetition())
            .with_length(length)
            .with_precision(precision)
            .with_scale(scale)
            .with_logical_type(Some(LogicalType::decimal(scale, precision)))
            .build()
    }

    const fn repetition(self) -> Repetition {
        if self.is_optional { Repetition::OPTIONAL } else { Repetition::REQUIRED }
    }
}
