//! A table to a file: row groups of one size, each column by itself.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type as SchemaType;

use super::shape::{Kind, Shape, shapes};
use super::stored::{self, Refused};
use super::{BATCH, Broken};
use crate::connection::files::columns::Odd;
use crate::value::{Column, ErrorKind, RecordType, StepError, Table, Value};

/// How many rows are in a group: what readers share among their threads, and what is in memory until it is written.
const GROUP: usize = 128 * 1024;

/// Who wrote a file, in the form that readers know.
const CREATED_BY: &str = concat!("vmflow version ", env!("CARGO_PKG_VERSION"));

type GoOn<'a> = &'a mut dyn FnMut(usize) -> Result<(), Odd>;

/// Writes a whole table, of these types where they are known; `go_on` is asked now and then, with the number of a row.
pub(in crate::connection::files) fn write(
    out: &mut (impl Write + Send),
    table: &Table,
    types: Option<&RecordType>,
    mut go_on: impl FnMut(usize) -> Result<(), Odd>,
) -> Result<(), Odd> {
    let shapes = shapes(table, types)?;
    let mut writer = SerializedFileWriter::new(out, schema(table, &shapes).map_err(odd)?, properties()).map_err(odd)?;
    for begin in (0..table.rows).step_by(GROUP) {
        let end = table.rows.min(begin + GROUP);
        let mut group = writer.next_row_group().map_err(odd)?;
        for (at, (column, shape)) in table.columns.iter().zip(&shapes).enumerate() {
            let Some(mut writer) = group.next_column().map_err(odd)? else { break };
            let place = Rows { table, at, column, shape, begin, end };
            place.write(&mut writer, &mut go_on)?;
            writer.close().map_err(odd)?;
        }
        group.close().map_err(odd)?;
    }
    writer.close().map_err(odd)?;
    Ok(())
}

fn properties() -> Arc<WriterProperties> {
    // Snappy, as nearly everybody writes: every reader has it, and it costs little time.
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(CREATED_BY.to_owned());
    Arc::new(properties.build())
}

fn schema(table: &Table, shapes: &[Shape]) -> Result<Arc<SchemaType>, ParquetError> {
    let fields = table.shape.iter().zip(shapes).map(|(name, shape)| shape.field(name).map(Arc::new));
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    SchemaType::group_type_builder("schema").with_fields(fields).build().map(Arc::new)
}

/// The library's failures are those of the disk, or of what it was given.
fn odd(error: ParquetError) -> Odd {
    match Broken::from(error) {
        Broken::Io(error) => Odd::Io(error),
        Broken::Step(error) => Odd::Step(error),
        Broken::Told(why) => {
            Odd::Step(StepError::new(ErrorKind::Internal, format!("the file could not be made: {why}")))
        }
    }
}

/// A column of a row group.
struct Rows<'a> {
    table: &'a Table,
    at: usize,
    column: &'a Column,
    shape: &'a Shape,
    begin: usize,
    end: usize,
}

impl Rows<'_> {
    fn write(&self, writer: &mut SerializedColumnWriter<'_>, go_on: GoOn<'_>) -> Result<(), Odd> {
        match self.shape.kind {
            Kind::Bool => self.batches::<BoolType>(writer, go_on, |value, _| stored::bool(value)),
            Kind::Int => self.batches::<Int64Type>(writer, go_on, |value, _| stored::int(value)),
            Kind::Float => self.batches::<DoubleType>(writer, go_on, |value, _| stored::float(value)),
            Kind::Date => self.batches::<Int32Type>(writer, go_on, |value, _| stored::date(value)),
            Kind::Time { .. } => self.batches::<Int64Type>(writer, go_on, stored::time),
            Kind::Timestamp { .. } => self.batches::<Int64Type>(writer, go_on, stored::timestamp),
            Kind::Decimal { .. } => self.batches::<FixedLenByteArrayType>(writer, go_on, stored::decimal),
            Kind::Text => self.batches::<ByteArrayType>(writer, go_on, |value, _| stored::text(value)),
            Kind::Json => self.batches::<ByteArrayType>(writer, go_on, |value, _| stored::json(value)),
        }
    }

    fn batches<T: DataType>(
        &self,
        writer: &mut SerializedColumnWriter<'_>,
        go_on: GoOn<'_>,
        stored: impl Fn(&Value, Kind) -> Result<T::T, Refused>,
    ) -> Result<(), Odd> {
        let (mut values, mut levels) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        for begin in (self.begin..self.end).step_by(BATCH) {
            go_on(begin)?;
            values.clear();
            levels.clear();
            for row in begin..self.end.min(begin + BATCH) {
                let value = self.column.get(row).unwrap_or(Value::None);
                levels.push(i16::from(!value.is_none()));
                if !value.is_none() {
                    let told = |found: Refused| Odd::value(self.table, row, self.at, found);
                    values.push(stored(&value, self.shape.kind).map_err(told)?);
                }
            }
            let levels = self.shape.is_optional.then_some(levels.as_slice());
            writer.typed::<T>().write_batch(&values, levels, None).map_err(odd)?;
        }
        Ok(())
    }
}
