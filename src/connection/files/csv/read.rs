//! Records to a table of the stated type.

use std::io::Read;
use std::sync::Arc;

use super::scan::{Broken, Cell, LONGEST_RECORD, Record, Scanner};
use crate::connection::CsvFormat;
use crate::connection::files::Source;
use crate::connection::files::cell::{Reader, is_readable};
use crate::connection::files::columns::{self, Place};
use crate::connection::files::failure::{cannot_read, data, quoted};
use crate::value::{RecordType, StepError, Table, Type, Value};

/// How a workflow says that a file has no header.
const NO_HEADER: &str = "a file without one is read with `header: false`";

/// A column that is read.
struct Column<'a> {
    name: Arc<str>,
    /// Its field in each record.
    at: usize,
    reader: Reader<'a>,
}

/// Reads a whole file. Without a stated type, or where it says `any`, a cell is a text or none.
pub(in crate::connection::files) fn read(
    source: &Source<'_>,
    input: impl Read,
    format: &CsvFormat,
    (row, skip_others): (Option<&RecordType>, bool),
) -> Result<Table, StepError> {
    if let Some(row) = row {
        columns::check(row, is_readable)?;
    }
    let text = Type::Text.optional();
    let mut scanner = Scanner::new(input, format.delimiter);
    let mut record = Record::default();
    let has_first = next(source, &mut scanner, &mut record, true)?;
    let names = names(source, format, row, has_first.then_some(&record))?;
    let places = match row {
        Some(row) => columns::places(source.path, &names, row, skip_others)?,
        None => names.iter().enumerate().map(|(at, name)| Place { name: name.clone(), at, ty: &text }).collect(),
    };
    let mut columns: Vec<Column<'_>> = places.into_iter().map(|place| column(place, &text, format)).collect();
    let mut table = Table::new(columns.iter().map(|column| column.name.clone()).collect());
    let mut row = Vec::with_capacity(columns.len());
    let mut is_there = has_first && (!format.header || next(source, &mut scanner, &mut record, names.len() > 1)?);
    while is_there {
        source.go_on(table.rows)?;
        check_length(source, &record, names.len(), format.header)?;
        for column in &mut columns {
            row.push(value(source, &record, column)?);
        }
        table.push(row.drain(..));
        is_there = next(source, &mut scanner, &mut record, names.len() > 1)?;
    }
    Ok(table)
}

fn column<'a>(place: Place<'a>, text: &'a Type, format: &'a CsvFormat) -> Column<'a> {
    let ty = if place.ty.is_unknown() { text } else { place.ty };
    Column { name: place.name, at: place.at, reader: Reader::new(ty, format) }
}

/// The next record. An empty line is a row only where rows have one field.
fn next<R: Read>(
    source: &Source<'_>,
    scanner: &mut Scanner<R>,
    record: &mut Record,
    skip_blank: bool,
) -> Result<bool, StepError> {
    loop {
        let is_there = scanner.next(record).map_err(|broken| told(source, broken))?;
        if !(is_there && skip_blank && record.is_blank()) {
            return Ok(is_there);
        }
    }
}

fn told(source: &Source<'_>, broken: Broken) -> StepError {
    match broken {
        Broken::Io(error) => cannot_read(source.path, &error),
        Broken::Unclosed(line) => data(source.line(line), "the quote that opens here is never closed")
            .help("close it, or double it where it belongs to the text: `\"\"`"),
        Broken::AfterQuote(line) => data(source.line(line), "text follows behind a closing quote")
            .help("double a quote that belongs to the text: `\"\"`; or give the delimiter: `delimiter: \";\"`"),
        Broken::TooLong(line) => {
            let most = LONGEST_RECORD / (1024 * 1024);
            data(source.line(line), format!("the record that begins here is longer than {most} MiB"))
                .help("look whether the file is CSV, and whether it is whole")
        }
    }
}

/// The columns' names: the header's; else the stated type's, or `column_1` and so on.
fn names(
    source: &Source<'_>,
    format: &CsvFormat,
    row: Option<&RecordType>,
    first: Option<&Record>,
) -> Result<Vec<Arc<str>>, StepError> {
    match (format.header, row, first) {
        (true, _, None) => Err(data(source.path, "the file is empty, where a header is expected").help(NO_HEADER)),
        (true, _, Some(record)) => {
            let name = |cell: Cell<'_>| Ok(Arc::from(text(source, record.line, cell)?.trim()));
            let names = record.cells().map(name).collect::<Result<Vec<Arc<str>>, StepError>>()?;
            columns::no_twins(source.line(record.line), &names).map_err(|error| error.help(NO_HEADER))?;
            Ok(names)
        }
        (false, Some(row), _) => Ok(row.fields.iter().map(|field| field.name.clone()).collect()),
        (false, None, record) => {
            Ok((1..=record.map_or(0, Record::len)).map(|n| format!("column_{n}").into()).collect())
        }
    }
}

fn check_length(source: &Source<'_>, record: &Record, wanted: usize, has_header: bool) -> Result<(), StepError> {
    if record.len() == wanted {
        return Ok(());
    }
    let plural = if record.len() == 1 { "" } else { "s" };
    let whose = if has_header { "the header names" } else { "there are" };
    let why =
        format!("{} field{plural}, where {whose} {wanted}{}", record.len(), if has_header { "" } else { " columns" });
    Err(data(source.line(record.line), why).help("look for a missing or surplus delimiter, or a quote that is missing"))
}

fn text<'r>(source: &Source<'_>, line: u64, cell: Cell<'r>) -> Result<&'r str, StepError> {
    std::str::from_utf8(cell.bytes).map_err(|_| {
        let shown = quoted(&String::from_utf8_lossy(cell.bytes));
        data(source.line(line), format!("{shown} is not UTF-8"))
            .help("save the file as UTF-8: `iconv -f latin1 -t utf-8`")
    })
}

fn value(source: &Source<'_>, record: &Record, column: &mut Column<'_>) -> Result<Value, StepError> {
    let cell = record.cell(column.at);
    let text = text(source, record.line, cell)?;
    column.reader.read(text, cell.is_quoted).ok_or_else(|| {
        let place = format!("{}: column {}", source.line(record.line), column.name);
        let found = if text.is_empty() { "nothing".to_owned() } else { quoted(text) };
        data(place, format!("expected {}, got {found}", column.reader.wanted()))
            .help(column.reader.help(&column.name, text))
    })
}
