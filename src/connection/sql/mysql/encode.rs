//! Values as MySQL's parameters.

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::mysql::{MySql, MySqlArguments, MySqlTypeInfo};
use sqlx::{Arguments, Type};

use crate::connection::sql::rows::{Column, Family};
use crate::connection::sql::text::{parse_timestamp, plain, too_wide};
use crate::query::sql::Bound;
use crate::value::{ErrorKind, StepError, Value};

/// The arguments of a statement, in the order of its question marks; nulls have none.
pub(super) fn arguments(values: &[Bound]) -> Result<MySqlArguments, StepError> {
    let mut arguments = MySqlArguments::default();
    for bound in values {
        match bound {
            Bound::One(Value::None) => {}
            Bound::One(value) => bind(&mut arguments, value)?,
            Bound::Many(items) => add(&mut arguments, json_list(items))?,
        }
    }
    Ok(arguments)
}

/// Binds a value that has been checked, in the type that it would have as a literal.
pub(super) fn bind(arguments: &mut MySqlArguments, value: &Value) -> Result<(), StepError> {
    match value {
        Value::None => add(arguments, None::<String>),
        Value::Bool(b) => add(arguments, i64::from(*b)),
        Value::Int(n) => add(arguments, *n),
        Value::Float(x) => add(arguments, *x),
        Value::Decimal(_) if too_wide(value) => Err(unbound(&"the decimal has too many digits")),
        Value::Decimal(d) => add(arguments, Digits(d.to_plain_string())),
        Value::Date(date) => add(arguments, *date),
        Value::Time(time) => add(arguments, *time),
        // As a `datetime`: of a `timestamp` the server makes a null where it lies before 1970 or after 2038, without a word.
        Value::Timestamp(at) => add(arguments, at.naive_utc()),
        other => add(arguments, plain(other)),
    }
}

/// Binds a value that goes into a column. Instants are written in the server's form only where it holds instants.
pub(super) fn bind_cell(arguments: &mut MySqlArguments, value: &Value, column: &Column) -> Result<(), StepError> {
    match (value, column.family) {
        (Value::Timestamp(_) | Value::Text(_), Family::Timestamp) => match instant(value) {
            Some(at) => add(arguments, at.naive_utc()),
            None => bind(arguments, value),
        },
        (Value::Timestamp(_), _) => add(arguments, plain(value)),
        (Value::Bool(_), _) if holds_texts(&column.ty) => add(arguments, plain(value)),
        _ => bind(arguments, value),
    }
}

/// The instant that a value is, or that its text names in a form which the server would refuse.
pub(super) fn instant(value: &Value) -> Option<DateTime<Utc>> {
    match value {
        Value::Timestamp(at) => Some(*at),
        Value::Text(text) => parse_timestamp(text),
        _ => None,
    }
}

fn holds_texts(ty: &str) -> bool {
    ty.contains("char") || ty.contains("text")
}

fn unbound(error: &dyn std::fmt::Display) -> StepError {
    StepError::new(ErrorKind::Data, format!("a value cannot be bound: {error}"))
}

fn add<'t, T: Encode<'t, MySql> + Type<MySql>>(arguments: &mut MySqlArguments, value: T) -> Result<(), StepError> {
    arguments.add(value).map_err(|error| unbound(&error))
}

/// A list as `json_table` reads it: numbers or days.
fn json_list(items: &[Value]) -> String {
    let item = |item: &Value| match item {
        Value::Int(n) => json!(n),
        other => plain(other).map_or(Json::Null, Json::String),
    };
    Json::Array(items.iter().map(item).collect()).to_string()
}

/// A decimal, digit by digit: the driver would write large ones with an exponent.
struct Digits(String);

impl Type<MySql> for Digits {
    fn type_info() -> MySqlTypeInfo {
        <bigdecimal::BigDecimal as Type<MySql>>::type_info()
    }
}

impl Encode<'_, MySql> for Digits {
    fn encode_by_ref(&self, buffer: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        <&str as Encode<MySql>>::encode(self.0.as_str(), buffer)
    }
}
