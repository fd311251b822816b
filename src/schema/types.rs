//! A database's types in the language's words.

use crate::value::Type;

/// The type of the values that a column of a database type gives; `None` where the language cannot tell.
pub fn database_type(written: &str) -> Option<Type> {
    let lower = written.trim().to_lowercase();
    if let Some(item) = lower.strip_suffix("[]") {
        return database_type(item).map(Type::list);
    }
    let words: Vec<&str> =
        lower.split(|c: char| c == '(' || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
    let is_zoned = lower.contains("with time zone");
    Some(match *words.first()? {
        "smallint" | "int2" | "integer" | "int" | "int4" | "bigint" | "int8" | "tinyint" | "mediumint" | "year"
        | "serial" | "bigserial" | "smallserial" | "oid" => Type::Int,
        "real" | "float" | "float4" | "float8" | "double" => Type::Float,
        "numeric" | "decimal" => Type::Decimal,
        "text" | "varchar" | "char" | "character" | "bpchar" | "citext" | "name" | "uuid" | "clob" | "nvarchar"
        | "tinytext" | "mediumtext" | "longtext" | "enum" | "set" | "inet4" | "inet6" => Type::Text,
        "date" => Type::Date,
        "time" if !is_zoned => Type::Time,
        "timestamp" | "timestamptz" | "datetime" => Type::Timestamp,
        "boolean" | "bool" => Type::Bool,
        "json" | "jsonb" => Type::Json,
        _ => return None,
    })
}

/// Whether a value of type `given` may be compared with a column of type `column`, or go into it: what the
/// connection converts, and what a database compares.
pub fn fits_column(given: &Type, column: &Type) -> bool {
    let (given, column) = (given.required(), column.required());
    let is_number = |ty: &Type| matches!(ty, Type::Int | Type::Float | Type::Decimal);
    match (&given, &column) {
        (given, column) if given.is_unknown() || column.is_unknown() || *given == Type::None || given == column => true,
        (given, column) if is_number(given) && is_number(column) => true,
        // A text is sent as a literal is: what it holds is known at run time only.
        (given, column) if given.is_text() => !is_number(column) && *column != Type::Bool,
        (Type::Url | Type::Secret, Type::Text) => true,
        (Type::Bool, Type::Int) | (Type::Int, Type::Bool) => true,
        (Type::Json | Type::Map(..) | Type::Record(_) | Type::List(_) | Type::Table(_), Type::Json) => true,
        (_, Type::Json) => true,
        (Type::List(given), Type::List(column)) => fits_column(given, column),
        _ => false,
    }
}

/// Whether SQLite, which has no type for such values, is given them as texts, so that a column of texts holds them whole.
pub fn is_text_in_sqlite(given: &Type) -> bool {
    matches!(
        given.required(),
        Type::Decimal
            | Type::Date
            | Type::Time
            | Type::Timestamp
            | Type::Json
            | Type::Map(..)
            | Type::Record(_)
            | Type::List(_)
            | Type::Table(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_both_databases_are_known() {
        for (written, ty) in [
            ("character varying(10)", Type::Text),
            ("double precision", Type::Float),
            ("NUMERIC(20, 8)", Type::Decimal),
            ("timestamp with time zone", Type::Timestamp),
            ("timestamp(3) without time zone", Type::Timestamp),
            ("time without time zone", Type::Time),
            ("time", Type::Time),
            ("integer[]", Type::list(Type::Int)),
            ("BOOLEAN", Type::Bool),
            ("bigint(20) unsigned", Type::Int),
            ("enum('a','b')", Type::Text),
            ("datetime(6)", Type::Timestamp),
        ] {
            assert_eq!(database_type(written), Some(ty), "{written}");
        }
        for written in ["", "tsvector", "inet", "mood", "interval", "time with time zone", "point"] {
            assert_eq!(database_type(written), None, "{written}");
        }
    }
}
