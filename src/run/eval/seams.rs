//! The three places where evaluation hands over to a family of its own: query rendering, formats, table types.

use std::sync::Arc;

use crate::query::promql::PromqlTemplate;
use crate::value::{ErrorKind, RecordType, StepError, Table, Type, Value};

/// The text of a PromQL literal with its holes filled, each escaped by its position.
pub(super) fn render_promql(_template: &PromqlTemplate, _values: &[Value]) -> Result<Arc<str>, StepError> {
    Err(StepError::new(ErrorKind::Internal, "PromQL literals cannot be rendered"))
}

/// A value printed with a format.
pub(super) fn format(value: &Value, format: &str) -> Result<String, StepError> {
    Err(StepError::new(ErrorKind::Internal, format!("`{}` cannot be printed as `{format}`", value.kind())))
}

/// A query's result with the stated columns and types.
pub(super) fn coerce(table: &Table, row: &Arc<RecordType>) -> Result<Table, StepError> {
    let mut coerced = Table::new(row.fields.iter().map(|field| field.name.clone()).collect());
    for at in 0..table.rows {
        let record = table.row(at).map_or(Value::None, |row| Value::Record(Arc::new(row)));
        if let Value::Record(record) = super::cast::cast(record, &Type::Record(row.clone()))? {
            coerced.push(record.values.iter().cloned());
        }
    }
    Ok(coerced)
}
