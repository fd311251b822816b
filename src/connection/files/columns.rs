//! Columns of a file against the columns of a type.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::failure::data;
use crate::diagnostic::closest;
use crate::value::{ErrorKind, RecordType, StepError, Table, Type};

/// Where a column of the result comes from.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    /// Its name.
    pub(super) name: Arc<str>,
    /// Its number in the file.
    pub(super) at: usize,
    /// What it must be.
    pub(super) ty: &'a Type,
}

/// Why a table was not written.
#[derive(Debug)]
pub(super) enum Odd {
    /// The system says no.
    Io(io::Error),
    /// A value cannot be written, or the run was stopped.
    Step(StepError),
}

impl Odd {
    /// A value that the format cannot hold.
    pub(super) fn value(table: &Table, row: usize, column: usize, found: impl fmt::Display) -> Self {
        let name = table.shape.get(column).map_or("", |name| name);
        Self::Step(data(format!("column `{name}`, row {}", row + 1), found))
    }
}

/// Refuses a type that no cell of a file can be.
pub(super) fn check(row: &RecordType, is_readable: fn(&Type) -> bool) -> Result<(), StepError> {
    match row.fields.iter().find(|field| !is_readable(&field.ty)) {
        None => Ok(()),
        Some(field) => Err(data(format!("column `{}`", field.name), format!("a file holds no `{}`", field.ty))
            .help("read it as `text`, and make the value from it")),
    }
}

/// Refuses two columns of one name.
pub(super) fn no_twins(place: impl fmt::Display, names: &[Arc<str>]) -> Result<(), StepError> {
    let twin = (1..names.len()).find(|at| {
        let (before, name) = (names.get(..*at).unwrap_or_default(), names.get(*at));
        name.is_some_and(|name| !name.is_empty() && before.contains(name))
    });
    match twin.and_then(|at| names.get(at)) {
        None => Ok(()),
        Some(name) => Err(data(place, format!("the header names `{name}` twice"))),
    }
}

/// The file's columns for those of a type, in the type's order.
pub(super) fn places<'a>(
    path: &str,
    names: &[Arc<str>],
    row: &'a RecordType,
    skip_others: bool,
) -> Result<Vec<Place<'a>>, StepError> {
    let surplus = names.iter().find(|name| row.get(name).is_none());
    let mut places = Vec::with_capacity(row.fields.len());
    for field in &row.fields {
        match names.iter().position(|name| *name == field.name) {
            Some(at) => places.push(Place { name: field.name.clone(), at, ty: &field.ty }),
            None => return Err(missing(path, names, &field.name)),
        }
    }
    match surplus {
        Some(name) if !skip_others => {
            let message = format!("the file has a column `{name}` that the type does not name");
            let help = format!("add `{name}` to the type, or say `skip_others: true`");
            Err(data(path, message).help(help))
        }
        _ => Ok(places),
    }
}

fn missing(path: &str, names: &[Arc<str>], wanted: &str) -> StepError {
    let shown: Vec<String> = names.iter().take(20).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    let error = data(path, format!("there is no column `{wanted}`; there are {}{more}", shown.join(", ")));
    error.help(match (closest(wanted, names.iter().map(|name| &**name)), names.len()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, 1) => "if the whole line is one column, give the delimiter: `delimiter: \";\"`".to_owned(),
        (None, _) => "name the columns as the file does".to_owned(),
    })
}

/// The columns that a stated type wants; an error when it is of no rows.
pub(super) fn row_of(stated: &Type) -> Result<Option<Arc<RecordType>>, StepError> {
    match stated {
        Type::Table(row) => Ok(Some(row.clone())),
        Type::List(item) => match &**item {
            Type::Record(row) => Ok(Some(row.clone())),
            Type::Any | Type::Error => Ok(None),
            _ => Err(no_rows(stated)),
        },
        Type::Optional(inner) => row_of(inner),
        Type::Any | Type::Error => Ok(None),
        _ => Err(no_rows(stated)),
    }
}

fn no_rows(stated: &Type) -> StepError {
    StepError::new(ErrorKind::Data, format!("a file of rows cannot be `{stated}`"))
        .help("state its columns: `as table<{ column: type }>`")
}
