//! A table to records.

use std::io::{self, Write};

use memchr::memchr3;

use crate::connection::CsvFormat;
use crate::connection::files::cell;
use crate::connection::files::columns::Odd;
use crate::value::{Table, Value};

/// How much is written at once.
const PIECE: usize = 256 * 1024;

/// Writes a whole table; `go_on` is asked before each row, by its number.
pub(in crate::connection::files) fn write(
    out: &mut impl Write,
    format: &CsvFormat,
    table: &Table,
    mut go_on: impl FnMut(usize) -> Result<(), Odd>,
) -> Result<(), Odd> {
    let mut text = Vec::with_capacity(PIECE + PIECE / 4);
    if format.header {
        for (at, name) in table.shape.iter().enumerate() {
            separate(&mut text, format, at);
            let start = text.len();
            text.extend_from_slice(name.as_bytes());
            enclose(&mut text, start, format.delimiter);
        }
        text.push(b'\n');
    }
    for row in 0..table.rows {
        go_on(row)?;
        for (at, column) in table.columns.iter().enumerate() {
            separate(&mut text, format, at);
            let value = column.get(row).unwrap_or(Value::None);
            field(&mut text, format, &value).map_err(|found| Odd::value(table, row, at, found))?;
        }
        // A row of one field that is none would be an empty line, which elsewhere is no row.
        text.push(b'\n');
        if text.len() >= PIECE {
            out.write_all(&text)?;
            text.clear();
        }
    }
    out.write_all(&text)?;
    Ok(())
}

fn separate(text: &mut Vec<u8>, format: &CsvFormat, at: usize) {
    if at > 0 {
        text.push(format.delimiter);
    }
}

fn field(text: &mut Vec<u8>, format: &CsvFormat, value: &Value) -> Result<(), String> {
    let start = text.len();
    cell::write(text, value, format.dates.as_deref())?;
    match value {
        // Without quotes it would be none.
        Value::Text(_) | Value::Url(_) | Value::Regex(_) | Value::Promql(_) if text.len() == start => {
            text.extend_from_slice(b"\"\"");
        }
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Decimal(_) => {}
        _ => enclose(text, start, format.delimiter),
    }
    Ok(())
}

/// Puts what was added since `start` into quotes, where it needs them.
fn enclose(text: &mut Vec<u8>, start: usize, delimiter: u8) {
    let added = text.get(start..).unwrap_or_default();
    let is_plain = memchr3(delimiter, b'\n', b'"', added).is_none() && memchr::memchr(b'\r', added).is_none();
    if is_plain {
        return;
    }
    let added = text.split_off(start);
    text.push(b'"');
    for byte in added {
        if byte == b'"' {
            text.push(b'"');
        }
        text.push(byte);
    }
    text.push(b'"');
}

impl From<io::Error> for Odd {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
