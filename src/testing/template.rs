//! A value of a type to begin with: what to write into a test that lacks it.

use crate::value::{Field, RecordType, Type};

/// How far the lines of a table stand in.
const INDENT: &str = "  ";

/// A value of the type as a test would write it.
pub(super) fn template(ty: &Type) -> String {
    match ty {
        Type::Table(row) => table(row),
        Type::Outcomes(_, result) => template(&Type::List(result.clone())),
        Type::List(item) => match &**item {
            Type::Record(row) if **item != Type::point() => table(row),
            _ => cell(ty),
        },
        other => cell(other),
    }
}

fn cell(ty: &Type) -> String {
    example(ty).unwrap_or_else(|| "…".to_owned())
}

fn table(row: &RecordType) -> String {
    if row.fields.is_empty() {
        return "table { | column | }".to_owned();
    }
    let columns: Vec<(String, String)> =
        row.fields.iter().map(|field| (field.name.to_string(), cell(&field.ty))).collect();
    let line = |pick: fn(&(String, String)) -> &String| {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| {
                let width = column.0.chars().count().max(column.1.chars().count());
                format!("{:width$}", pick(column))
            })
            .collect();
        format!("{INDENT}| {} |", cells.join(" | "))
    };
    format!("table {{\n{}\n{}\n}}", line(|column| &column.0), line(|column| &column.1))
}

/// One value on one line; none of a type without literals.
pub(crate) fn example(ty: &Type) -> Option<String> {
    let text = match ty {
        Type::Optional(inner) => return example(inner),
        Type::None => "none",
        Type::Bool => "true",
        Type::Int | Type::Any | Type::Error => "1",
        Type::Float | Type::Decimal => "1.0",
        Type::Text => "\"text\"",
        Type::Date => "2025-01-31",
        Type::Time => "06:00",
        Type::Timestamp => "2025-01-31T06:00Z",
        Type::Duration => "90s",
        Type::Period => "30d",
        Type::BusinessDays => "20bd",
        Type::Json => "{ name: \"value\" }",
        Type::Sample => "sample(\"name\", labels: { label: \"value\" }, value: 1.0, at: 2025-01-31T06:00Z)",
        Type::Series => {
            "series(\"name\", labels: { label: \"value\" }, points: [{ at: 2025-01-31T06:00Z, value: 1.0 }])"
        }
        Type::Failure => "errors.timeout(\"no answer\")",
        Type::Literals(texts) => return texts.first().map(|text| format!("{text:?}")),
        Type::Range(ends) if **ends == Type::Date => "2025-01-01 through 2025-01-31",
        Type::Range(_) => "2025-01-01T00:00Z until 2025-02-01T00:00Z",
        Type::List(item) => return Some(format!("[{}]", example(item)?)),
        Type::Map(key, value) => return Some(format!("{{ {}: {} }}", example(key)?, example(value)?)),
        Type::Record(row) | Type::Table(row) => {
            let field = |field: &Field| Some(format!("{}: {}", field.name, example(&field.ty)?));
            let fields = row.fields.iter().map(field).collect::<Option<Vec<_>>>()?;
            return Some(if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) });
        }
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_tables() {
        let row = RecordType::new([("biz_date", Type::Date), ("copied_at", Type::Timestamp.optional())]);
        let table = "table {\n  | biz_date   | copied_at         |\n  | 2025-01-31 | 2025-01-31T06:00Z |\n}";
        assert_eq!(template(&Type::Table(row.clone())), table);
        assert_eq!(template(&Type::list(Type::Record(row))), table);
    }

    #[test]
    fn other_values_stand_on_a_line() {
        assert_eq!(template(&Type::map(Type::Text, Type::list(Type::Float))), "{ \"text\": [1.0] }");
        assert_eq!(template(&Type::literals(["down", "up"])), "\"down\"");
        assert_eq!(template(&Type::list(Type::point())), "[{ at: 2025-01-31T06:00Z, value: 1.0 }]");
    }
}
