//! Files: what is written is read back, what is wrong is told, and nothing outside the directory is reached.

mod enemies;
mod formats;
mod hostile;
mod parquet;
mod writes;

use std::path::Path;
use std::sync::Arc;

use vmflow::connection::files::Directory;
use vmflow::connection::{CsvFormat, FileFormat, Files, Replaced, Wanted};
use vmflow::value::{RecordType, StepError, Table, Type, Value};

/// The directory as a connection.
fn open(path: &Path) -> Directory {
    Directory::new("inbox", path.to_path_buf())
}

/// CSV as it is when nothing is said.
fn csv() -> CsvFormat {
    CsvFormat { delimiter: b',', header: true, none: Vec::new(), dates: None }
}

/// A table's type.
fn table_type<const N: usize>(columns: [(&str, Type); N]) -> Type {
    Type::Table(RecordType::new(columns))
}

/// A table of rows.
fn table(names: &[&str], rows: &[&[Value]]) -> Arc<Table> {
    let mut table = Table::new(names.iter().map(|name| Arc::from(*name)).collect());
    for row in rows {
        table.push(row.iter().cloned());
    }
    Arc::new(table)
}

async fn read(path: &Path, name: &str, format: &FileFormat, stated: Option<&Type>) -> Result<Value, StepError> {
    open(path).read(name, format, Wanted { stated, skip_others: false }).await
}

async fn write(path: &Path, name: &str, format: &FileFormat, rows: &Arc<Table>) -> Result<Replaced, StepError> {
    open(path).write(name, format, rows, None).await
}

/// The names in a directory, also the hidden ones.
fn names(path: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = std::fs::read_dir(path).unwrap().map(name).collect();
    names.sort();
    names
}
