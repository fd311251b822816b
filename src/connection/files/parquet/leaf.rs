//! The columns of a file, by name.

use std::sync::Arc;

use parquet::basic::Repetition;
use parquet::schema::types::{SchemaDescriptor, Type as SchemaType};

use super::kind::Kind;
use super::pages::Layout;

/// A column that can be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    /// Its number among the columns of values.
    pub(super) at: usize,
    /// What it holds.
    pub(super) kind: Kind,
    /// How that is stored.
    pub(super) layout: Layout,
}

/// A column of a file: how it is read, or why it is not.
pub(super) type Found = (Arc<str>, Result<Leaf, String>);

/// The columns of a file.
pub(super) fn leaves(schema: &SchemaDescriptor) -> Vec<Found> {
    let mut next = 0;
    let mut found = Vec::new();
    for field in schema.root_schema().get_fields() {
        let at = next;
        next += values_in(field);
        found.push((Arc::from(field.name()), leaf(schema, field, at)));
    }
    found
}

/// How many columns of values a field has. Its depth was looked at before.
fn values_in(field: &SchemaType) -> usize {
    if field.is_group() { field.get_fields().iter().map(|inner| values_in(inner)).sum() } else { 1 }
}

fn leaf(schema: &SchemaDescriptor, field: &SchemaType, at: usize) -> Result<Leaf, String> {
    let is_repeated =
        field.get_basic_info().has_repetition() && field.get_basic_info().repetition() == Repetition::REPEATED;
    if field.is_group() || is_repeated || at >= schema.num_columns() {
        return Err("it holds lists, maps or records, which are not read".to_owned());
    }
    let column = schema.column(at);
    let kind = Kind::of(&column)?;
    let width = match column.physical_type() {
        parquet::basic::Type::INT32 | parquet::basic::Type::FLOAT => 4,
        parquet::basic::Type::INT96 => 12,
        parquet::basic::Type::FIXED_LEN_BYTE_ARRAY => usize::try_from(column.type_length()).unwrap_or(1),
        _ => 8,
    };
    let has_levels = column.max_def_level() > 0;
    Ok(Leaf { at, kind, layout: Layout { physical: column.physical_type(), width, has_levels } })
}
