//! A JSON object on each line.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;

use serde_json::Value as Json;

use super::Source;
use super::cell::holds_secret;
use super::columns::{Odd, row_of};
use super::csv::LONGEST_RECORD;
use super::failure::{cannot_read, data};
use crate::value::{StepError, Table, Type, Value, from_json, to_json};

/// How much is read and written at once.
const PIECE: usize = 256 * 1024;

/// Lines with their numbers.
struct Lines<'a, R> {
    source: &'a Source<'a>,
    input: BufReader<R>,
    line: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<'_, R> {
    /// Reads the next line that holds something; `false` at the end.
    fn next(&mut self) -> Result<bool, StepError> {
        loop {
            self.line.clear();
            self.number += 1;
            let most = LONGEST_RECORD as u64 + 1;
            let read = self.input.by_ref().take(most).read_until(b'\n', &mut self.line);
            match read.map_err(|error| cannot_read(self.source.path, &error))? {
                0 => return Ok(false),
                _ if self.line.len() > LONGEST_RECORD => {
                    let most = LONGEST_RECORD / (1024 * 1024);
                    return Err(data(self.place(), format!("the line is longer than {most} MiB"))
                        .help("each line is one JSON value; a file that is one whole array is no such file"));
                }
                _ if self.line.iter().all(u8::is_ascii_whitespace) => {}
                _ => return Ok(true),
            }
        }
    }

    fn place(&self) -> String {
        self.source.line(self.number)
    }

    fn json(&self) -> Result<Json, StepError> {
        serde_json::from_slice(&self.line).map_err(|error| {
            let text = error.to_string();
            let why = text.split(" at line ").next().unwrap_or(&text);
            data(self.place(), format!("this is not JSON: {why}, at byte {}", error.column()))
                .help("each line is one JSON value, without a comma behind it")
        })
    }
}

/// Reads a whole file: as a table or list of the stated type, or without one as a list of json.
pub(super) fn read(source: &Source<'_>, input: impl Read, stated: Option<&Type>) -> Result<Value, StepError> {
    let input = BufReader::with_capacity(PIECE, input);
    let mut lines = Lines { source, input, line: Vec::new(), number: 0 };
    match stated.map(row_of) {
        Some(Ok(Some(row))) => {
            let mut table = Table::new(row.fields.iter().map(|field| field.name.clone()).collect());
            let ty = Type::Record(row);
            while lines.next()? {
                source.go_on(table.rows)?;
                if let Value::Record(record) = value(&lines, &ty)? {
                    table.push(Arc::unwrap_or_clone(record).values);
                }
            }
            Ok(Value::Table(Arc::new(table)))
        }
        Some(Ok(None)) | None => list(lines, &Type::Json),
        // A list of something else than records, which JSON may well be.
        Some(Err(error)) => match stated {
            Some(Type::List(item)) => list(lines, item),
            _ => Err(error),
        },
    }
}

fn list<R: Read>(mut lines: Lines<'_, R>, item: &Type) -> Result<Value, StepError> {
    let mut items = Vec::new();
    while lines.next()? {
        lines.source.go_on(items.len())?;
        items.push(value(&lines, item)?);
    }
    Ok(Value::list(items))
}

fn value<R: Read>(lines: &Lines<'_, R>, ty: &Type) -> Result<Value, StepError> {
    from_json(&lines.json()?, ty, "").map_err(|error| error.context(lines.place()))
}

/// Writes a whole table; `go_on` is asked before each row, by its number.
pub(super) fn write(
    out: &mut impl Write,
    table: &Table,
    mut go_on: impl FnMut(usize) -> Result<(), Odd>,
) -> Result<(), Odd> {
    let keys: Vec<String> = table.shape.iter().map(|name| format!("{}:", Json::from(&**name))).collect();
    let mut text = Vec::with_capacity(PIECE + PIECE / 4);
    for row in 0..table.rows {
        go_on(row)?;
        text.push(b'{');
        for (at, (key, column)) in keys.iter().zip(&table.columns).enumerate() {
            if at > 0 {
                text.push(b',');
            }
            text.extend_from_slice(key.as_bytes());
            let value = column.get(row).unwrap_or(Value::None);
            field(&mut text, &value).map_err(|found| Odd::value(table, row, at, found))?;
        }
        text.extend_from_slice(b"}\n");
        if text.len() >= PIECE {
            out.write_all(&text)?;
            text.clear();
        }
    }
    out.write_all(&text)?;
    Ok(())
}

fn field(text: &mut Vec<u8>, value: &Value) -> Result<(), String> {
    if holds_secret(value) {
        return Err("a `secret`, which is never written to a file".to_owned());
    }
    // Writing to memory cannot fail, and the simple values need no detour.
    let _ = match value {
        Value::None => text.write_all(b"null"),
        Value::Bool(b) => write!(text, "{b}"),
        Value::Int(n) => text.write_all(itoa::Buffer::new().format(*n).as_bytes()),
        Value::Float(x) if x.is_finite() => text.write_all(zmij::Buffer::new().format_finite(*x).as_bytes()),
        Value::Date(_) | Value::Timestamp(_) => write!(text, "\"{value}\""),
        Value::Text(string) => serde_json::to_writer(text, &**string).map_err(Into::into),
        other => write!(text, "{}", to_json(other)),
    };
    Ok(())
}
