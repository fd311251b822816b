//! A file to a table of the stated type: row group by row group, each of the columns that are asked for by itself.

use std::fs::File;
use std::sync::Arc;

use parquet::basic::{CompressionCodec, Type as Physical};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{
    BoolType, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type, Int64Type, Int96Type,
};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};

use super::footer::{Footer, MAGIC};
use super::guard::guarded;
use super::kind::Kind;
use super::leaf::{Leaf, leaves};
use super::pages::{Budget, Pages};
use super::values::{Stored, Texts};
use super::{BATCH, Broken, broken};
use crate::connection::files::Source;
use crate::connection::files::columns::{self, Place};
use crate::connection::files::failure::{data, quoted};
use crate::connection::sql::convert;
use crate::value::{Column, RecordType, StepError, Table, Type, Value};

/// A column that is read.
struct Wanted<'a> {
    name: Arc<str>,
    leaf: Leaf,
    /// What it must be, when the workflow says so and it is not so by itself.
    ty: Option<&'a Type>,
}

/// Where the pages of a file are.
struct Opened<'a> {
    source: &'a Source<'a>,
    file: Arc<File>,
    footer: Footer,
    budget: Budget,
}

/// Reads a whole file. Without a stated type its columns are of the types that it says itself.
pub(in crate::connection::files) fn read(
    source: &Source<'_>,
    file: File,
    (row, skip_others): (Option<&RecordType>, bool),
) -> Result<Table, StepError> {
    let told = |error: Broken| error.told(source.path, source.path);
    let size = file.metadata().map_err(|error| told(error.into()))?.len();
    let footer = Footer::read(&file, size).map_err(told)?;
    let opened = Opened { source, file: Arc::new(file), footer, budget: Budget::of(size) };
    let wanted = wanted(&opened, row, skip_others)?;
    let mut table = Table::new(wanted.iter().map(|wanted| wanted.name.clone()).collect());
    for group in opened.footer.about.row_groups() {
        let rows = usize::try_from(group.num_rows()).map_err(|_| data(source.path, "a row group is damaged"))?;
        for (wanted, column) in wanted.iter().zip(&mut table.columns) {
            let read = guarded(|| opened.column(group, wanted, (column, table.rows)));
            let read = read.unwrap_or_else(|| Err(broken("it is damaged".to_owned())));
            read.map_err(|error| error.told(source.path, &format!("{}: column {}", source.path, wanted.name)))?;
        }
        table.rows += rows;
    }
    Ok(table)
}

/// The columns to read, in the type's order.
fn wanted<'a>(
    opened: &Opened<'_>,
    row: Option<&'a RecordType>,
    skip_others: bool,
) -> Result<Vec<Wanted<'a>>, StepError> {
    let path = opened.source.path;
    let found = leaves(opened.footer.about.file_metadata().schema_descr());
    if found.is_empty() {
        return Err(data(path, "the file has no columns"));
    }
    let names: Vec<Arc<str>> = found.iter().map(|(name, _)| name.clone()).collect();
    columns::no_twins(path, &names)?;
    let any = Type::Any;
    let places = match row {
        Some(row) => {
            columns::check(row, crate::connection::files::cell::is_readable)?;
            columns::places(path, &names, row, skip_others)?
        }
        None => names.iter().enumerate().map(|(at, name)| Place { name: name.clone(), at, ty: &any }).collect(),
    };
    let one = |(name, at, ty): (Arc<str>, usize, Option<&'a Type>)| match found.get(at) {
        Some((_, Ok(leaf))) => {
            let leaf = Leaf { kind: kind_for(leaf.kind, ty), ..*leaf };
            Ok(Wanted { ty: ty.filter(|ty| !is_of(leaf.kind, ty)), name, leaf })
        }
        Some((_, Err(why))) => Err(data(format!("{path}: column {name}"), why)
            .help("leave it out of the type, and say `skip_others: true`; or have it written in another way")),
        None => Err(data(path, format!("there is no column `{name}`"))),
    };
    let ty_of = |name: &str| row.and_then(|row| row.get(name)).filter(|ty| !ty.is_unknown());
    places
        .into_iter()
        .map(|place| {
            let ty = ty_of(&place.name);
            one((place.name, place.at, ty))
        })
        .collect()
}

/// JSON stays a text when something is made of it, or it shall be one.
fn kind_for(kind: Kind, ty: Option<&Type>) -> Kind {
    if kind == Kind::Json && ty.is_some_and(|ty| ty.required() != Type::Json) { Kind::Text } else { kind }
}

/// Whether the values of a column are of an optional type as they are.
fn is_of(kind: Kind, ty: &Type) -> bool {
    let Type::Optional(inner) = ty else { return false };
    matches!(
        (kind, &**inner),
        (Kind::Bool, Type::Bool)
            | (Kind::Int, Type::Int)
            | (Kind::Float, Type::Float)
            | (Kind::Decimal(_), Type::Decimal)
            | (Kind::Date, Type::Date)
            | (Kind::Time(_), Type::Time)
            | (Kind::Timestamp(_), Type::Timestamp)
            | (Kind::Text | Kind::Uuid, Type::Text)
            | (Kind::Json, Type::Json)
    )
}

impl Opened<'_> {
    /// Adds the values of a column in a row group; `into` is where to, and how many rows were before the group.
    fn column(&self, group: &RowGroupMetaData, wanted: &Wanted<'_>, into: (&mut Column, usize)) -> Result<(), Broken> {
        let damaged = || broken("its row group does not have it".to_owned());
        let chunk = group.columns().get(wanted.leaf.at).ok_or_else(damaged)?;
        let rows = u64::try_from(group.num_rows()).map_err(|_| damaged())?;
        let pages = self.pages(chunk, wanted, rows)?;
        let chunk = Chunk { source: self.source, about: chunk, wanted, pages, rows };
        match wanted.leaf.layout.physical {
            Physical::BOOLEAN => chunk.read::<BoolType>(into),
            Physical::INT32 => chunk.read::<Int32Type>(into),
            Physical::INT64 => chunk.read::<Int64Type>(into),
            Physical::INT96 => chunk.read::<Int96Type>(into),
            Physical::FLOAT => chunk.read::<FloatType>(into),
            Physical::DOUBLE => chunk.read::<DoubleType>(into),
            Physical::BYTE_ARRAY => chunk.read::<ByteArrayType>(into),
            Physical::FIXED_LEN_BYTE_ARRAY => chunk.read::<FixedLenByteArrayType>(into),
        }
    }

    fn pages(&self, chunk: &ColumnChunkMetaData, wanted: &Wanted<'_>, rows: u64) -> Result<Pages, Broken> {
        let codec = chunk.compression_codec();
        if !matches!(codec, CompressionCodec::UNCOMPRESSED | CompressionCodec::SNAPPY | CompressionCodec::ZSTD) {
            let name = codec.to_string().to_lowercase();
            let place = format!("{}: column {}", self.source.path, wanted.name);
            let error = data(place, format!("it is packed with {name}, which is not read"));
            return Err(error.help("write the file with snappy or zstd, or not packed at all").into());
        }
        let offset = |offset: i64| u64::try_from(offset).ok();
        let values = offset(chunk.data_page_offset());
        // Some writers say 0 where there is no dictionary.
        let dictionary = chunk.dictionary_page_offset().and_then(offset).filter(|at| *at > 0);
        let at = values.map(|values| dictionary.map_or(values, |dictionary| dictionary.min(values)));
        let length = offset(chunk.compressed_size());
        let end = at.zip(length).and_then(|(at, length)| at.checked_add(length));
        match at.zip(end) {
            Some((at, end)) if at >= MAGIC.len() as u64 && end <= self.footer.begin => Ok(Pages {
                file: self.file.clone(),
                at,
                end,
                rows,
                codec,
                layout: wanted.leaf.layout,
                has_dictionary: false,
                budget: self.budget.clone(),
            }),
            _ => Err(broken("its pages are not within the file".to_owned())),
        }
    }
}

/// A column of a row group.
struct Chunk<'a> {
    source: &'a Source<'a>,
    about: &'a ColumnChunkMetaData,
    wanted: &'a Wanted<'a>,
    pages: Pages,
    rows: u64,
}

impl Chunk<'_> {
    fn read<T: DataType>(self, (column, before): (&mut Column, usize)) -> Result<(), Broken>
    where
        T::T: Stored,
    {
        let mut reader = ColumnReaderImpl::<T>::new(self.about.column_descr_ptr(), Box::new(self.pages));
        let (mut levels, mut stored, mut texts) =
            (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH), Texts::default());
        let (mut at, end) = (before, usize::try_from(self.rows).unwrap_or(usize::MAX).saturating_add(before));
        while at < end {
            self.source.go_on(0)?;
            levels.clear();
            stored.clear();
            texts.clear();
            let (rows, _, _) = reader.read_records(BATCH.min(end - at), Some(&mut levels), None, &mut stored)?;
            if rows == 0 {
                return Err(broken("its pages hold fewer rows than its row group has".to_owned()));
            }
            let mut present = stored.iter();
            for row in 0..rows {
                let is_none = self.wanted.leaf.layout.has_levels && levels.get(row) == Some(&0);
                let value = if is_none { None } else { present.next() };
                let value = value.map_or(Ok(Value::None), |value| value.value(self.wanted.leaf.kind, &mut texts));
                let value = value.map_err(|why| broken(format!("row {}: {why}", at + row + 1)))?;
                column.push(self.wanted.fitted(value, at + row).map_err(broken)?);
            }
            at += rows;
        }
        Ok(())
    }
}

impl Wanted<'_> {
    /// The value as one of the stated type.
    fn fitted(&self, value: Value, row: usize) -> Result<Value, String> {
        let Some(ty) = self.ty else { return Ok(value) };
        convert(value, ty).map_err(|value| {
            let found = match &value {
                Value::None => "none".to_owned(),
                Value::Text(text) => quoted(text),
                other => format!("the {} {}", other.kind(), quoted(&other.to_string()).trim_matches('"')),
            };
            format!("row {}: expected {}, got {found}", row + 1, wanted_words(ty))
        })
    }
}

fn wanted_words(ty: &Type) -> String {
    match ty {
        Type::Optional(inner) => format!("{inner} or none"),
        other => other.to_string(),
    }
}
