//! The files of one directory: tables in and out.
//!
//! Nothing outside the directory is reached, links included. A file is read as it streams, each cell converted to the
//! type that the workflow states. It is written under another name, brought to the disk and renamed, so that nobody ever
//! sees half of one.

mod beneath;
mod cell;
mod columns;
mod compare;
mod csv;
mod draft;
mod failure;
mod json_lines;
mod list;
mod parquet;
mod recent;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use rustix::fd::{AsFd, OwnedFd};
use tokio_util::sync::CancellationToken;

use self::columns::Odd;
use self::compare::Comparison;
use self::draft::{Draft, Obstacle};
use super::{Answer, FileFormat, FileFound, Files, Replaced, Wanted, preview};
use crate::value::{ErrorKind, RecordType, StepError, Table, Type, Value};

/// The largest file that is read as one text, in bytes.
pub const LARGEST_TEXT: u64 = 64 * 1024 * 1024;

/// After how many rows it is asked whether the run was stopped.
const ROWS_BETWEEN: usize = 1024;

/// Why a path is none below a directory; for those who want to know before anything is opened.
pub fn refusal(path: &str) -> Option<&'static str> {
    beneath::refusal(path).or_else(|| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.starts_with(draft::PREFIX).then_some("is the name of a file in the making")
    })
}

/// Why a CSV file cannot be read as values of a type: the reason, and behind `; ` what to do.
pub fn csv_as(ty: &Type) -> Result<(), String> {
    let row = columns::row_of(ty).and_then(|row| row.map_or(Ok(()), |row| columns::check(&row, cell::is_readable)));
    row.map_err(|error| in_one(&error))
}

/// Why a Parquet file cannot be read as values of a type.
pub fn parquet_as(ty: &Type) -> Result<(), String> {
    csv_as(ty)
}

/// Why a file of JSON lines cannot be read as values of a type.
pub fn json_lines_as(ty: &Type) -> Result<(), String> {
    match ty {
        Type::List(item) if cell::is_readable(item) => Ok(()),
        _ => csv_as(ty),
    }
}

fn in_one(error: &StepError) -> String {
    error.help.as_ref().map_or_else(|| error.message.clone(), |help| format!("{}; {help}", error.message))
}

/// A directory of files.
#[derive(Debug, Clone)]
pub struct Directory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The connection's name, for messages.
    name: Arc<str>,
    path: PathBuf,
    /// The directories in which nobody's leavings are any more.
    tidied: Mutex<HashSet<String>>,
}

/// The file that is being read: its name, and whether to go on.
pub(super) struct Source<'a> {
    path: &'a str,
    stop: &'a CancellationToken,
}

impl Source<'_> {
    /// A line of it, as a message names it.
    fn line(&self, line: u64) -> String {
        format!("{}:{line}", self.path)
    }

    /// Fails once the run was stopped.
    fn go_on(&self, rows: usize) -> Result<(), StepError> {
        if rows.is_multiple_of(ROWS_BETWEEN) && self.stop.is_cancelled() { Err(failure::stopped()) } else { Ok(()) }
    }
}

impl Directory {
    /// The directory at `path`, under the connection's name. Nothing is opened, and nothing made, before it is used.
    pub fn new(name: impl Into<Arc<str>>, path: PathBuf) -> Self {
        Self { inner: Arc::new(Inner { name: name.into(), path, tidied: Mutex::default() }) }
    }

    /// Does something on a thread that may wait for a disk. Dropped, it is told to stop.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &CancellationToken) -> Result<T, StepError> + Send + 'static,
    ) -> Result<T, StepError> {
        let (inner, stop) = (self.inner.clone(), CancellationToken::new());
        let _stops = stop.clone().drop_guard();
        let task = tokio::task::spawn_blocking(move || work(&inner, &stop));
        task.await.unwrap_or_else(|_| Err(StepError::new(ErrorKind::Internal, "the work on a file broke down")))
    }
}

impl Inner {
    fn root(&self) -> Result<OwnedFd, StepError> {
        beneath::root(&self.path).map_err(|error| {
            let mut found = failure::cannot_read(&self.path.to_string_lossy(), &error);
            if found.kind == ErrorKind::Missing {
                found.kind = ErrorKind::Configuration;
                found.message = format!("the directory of `{}` is not there: {}", self.name, self.path.display());
            }
            found.help("make it, or correct `path` in vmflow.yaml")
        })
    }

    /// Opens a file for reading.
    fn open_file(&self, path: &str) -> Result<File, StepError> {
        if let Some(why) = refusal(path) {
            return Err(failure::no_path(path, why));
        }
        let root = self.root()?;
        let file = beneath::open(root.as_fd(), path).map_err(|error| {
            let found = failure::cannot_read(path, &error);
            match list::near(&root, path) {
                Some(near) if found.kind == ErrorKind::Missing => found.help(near),
                _ => found,
            }
        })?;
        let file = File::from(file);
        let about = file.metadata().map_err(|error| failure::cannot_read(path, &error))?;
        if !about.is_file() {
            let what = if about.is_dir() { "a directory" } else { "a pipe or a device" };
            return Err(StepError::new(ErrorKind::Data, format!("`{path}` is {what}, not a file")));
        }
        Ok(file)
    }

    /// Opens a file of text for reading, unpacked.
    fn open(&self, path: &str) -> Result<Box<dyn Read>, StepError> {
        let file = self.open_file(path)?;
        let packed: Box<dyn Read> = if is_packed(path) { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        without_mark(packed)
            .map_err(|error| failure::cannot_read(path, &error))?
            .ok_or_else(|| failure::data(path, "this is UTF-16").help("save it as UTF-8: `iconv -f utf-16 -t utf-8`"))
    }

    fn read(
        &self,
        path: &str,
        format: &FileFormat,
        (stated, skip_others): (Option<&Type>, bool),
        stop: &CancellationToken,
    ) -> Result<Value, StepError> {
        let source = Source { path, stop };
        match format {
            FileFormat::Csv(format) => {
                let row = stated.map(columns::row_of).transpose()?.flatten();
                let input = self.open(path)?;
                csv::read(&source, input, format, (row.as_deref(), skip_others)).map(|table| Value::Table(table.into()))
            }
            FileFormat::JsonLines => json_lines::read(&source, self.open(path)?, stated),
            FileFormat::Parquet => {
                not_packed(path)?;
                let row = stated.map(columns::row_of).transpose()?.flatten();
                let table = parquet::read(&source, self.open_file(path)?, (row.as_deref(), skip_others))?;
                Ok(Value::Table(table.into()))
            }
        }
    }

    fn read_text(&self, path: &str) -> Result<Arc<str>, StepError> {
        let mut bytes = Vec::new();
        let most = LARGEST_TEXT + 1;
        self.open(path)?.take(most).read_to_end(&mut bytes).map_err(|error| failure::cannot_read(path, &error))?;
        if bytes.len() as u64 == most {
            let most = LARGEST_TEXT / (1024 * 1024);
            return Err(failure::data(path, format!("the file is larger than {most} MiB, too much for one text")));
        }
        String::from_utf8(bytes).map(Arc::from).map_err(|error| {
            let line = error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count();
            failure::data(format!("{path}:{}", line + 1), "this is not UTF-8")
        })
    }

    /// The directory for a new file, made if need be, and the file's name in it.
    fn place<'p>(&self, path: &'p str) -> Result<(OwnedFd, &'p str), StepError> {
        if let Some(why) = refusal(path) {
            return Err(failure::no_path(path, why));
        }
        let fails = |error: io::Error| failure::cannot_write(path, &error);
        std::fs::create_dir_all(&self.path).map_err(fails)?;
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let directory = beneath::make_directory(self.root()?.as_fd(), parent).map_err(fails)?;
        let mut tidied = self.tidied.lock().unwrap_or_else(PoisonError::into_inner);
        if tidied.insert(parent.to_owned()) {
            draft::tidy(&directory);
        }
        Ok((directory, name))
    }

    /// What [`Inner::write`] would do.
    fn preview(
        &self,
        path: &str,
        format: &FileFormat,
        rows: (&Table, Option<&RecordType>),
        stop: &CancellationToken,
    ) -> Result<preview::Change, StepError> {
        if *format == FileFormat::Parquet {
            not_packed(path)?;
        }
        let mut comparison = Comparison::new(self.there(path)?);
        let is_there = comparison.has_old();
        make(&mut comparison, (path, format), rows, stop)?;
        let (bytes, is_same) = comparison.finish().map_err(|error| failure::cannot_read(path, &error))?;
        let counts = preview::Counts {
            created: u64::from(!is_there),
            updated: u64::from(is_there && !is_same),
            unchanged: u64::from(is_same),
            ..preview::Counts::default()
        };
        let what = format!("{} rows, {bytes} bytes", rows.0.rows);
        let examples = vec![preview::Example { what, differences: Vec::new() }];
        Ok(preview::Change { target: Some(path.to_owned()), examples, ..preview::Change::of(counts) })
    }

    /// The file in the place of one that would be written, if one is there.
    fn there(&self, path: &str) -> Result<Option<File>, StepError> {
        if let Some(why) = refusal(path) {
            return Err(failure::no_path(path, why));
        }
        let fails = |error: io::Error| failure::cannot_write(path, &error);
        let found = |opened: io::Result<OwnedFd>| match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some).map_err(fails),
        };
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(root) = found(beneath::root(&self.path))? else { return Ok(None) };
        let Some(directory) = found(beneath::directory(root.as_fd(), parent))? else { return Ok(None) };
        match draft::existing(&directory, name).map_err(|obstacle| in_the_way(path, obstacle))? {
            Some(_) => Ok(found(beneath::open(root.as_fd(), path))?.map(File::from)),
            None => Ok(None),
        }
    }

    fn write(
        &self,
        path: &str,
        format: &FileFormat,
        (rows, types): (&Table, Option<&RecordType>),
        stop: &CancellationToken,
    ) -> Result<Replaced, StepError> {
        if *format == FileFormat::Parquet {
            not_packed(path)?;
        }
        let (directory, name) = self.place(path)?;
        let mut draft = Draft::begin(directory, name).map_err(|obstacle| in_the_way(path, obstacle))?;
        make(&mut draft, (path, format), (rows, types), stop)?;
        if stop.is_cancelled() {
            return Err(failure::stopped());
        }
        let (bytes, change) = draft.finish().map_err(|error| failure::cannot_write(path, &error))?;
        Ok(Replaced { rows: rows.rows as u64, bytes, change })
    }
}

/// Why a file cannot be written where something else is.
fn in_the_way(path: &str, obstacle: Obstacle) -> StepError {
    match obstacle {
        Obstacle::Occupied(what) => {
            StepError::new(ErrorKind::Write, format!("cannot write `{path}`: {what} stands there, not a file"))
        }
        Obstacle::Io(error) => failure::cannot_write(path, &error),
    }
}

/// Writes the bytes of a file, packed where its name says so.
fn make(
    out: &mut (impl Write + Send),
    (path, format): (&str, &FileFormat),
    rows: (&Table, Option<&RecordType>),
    stop: &CancellationToken,
) -> Result<(), StepError> {
    let written = if is_packed(path) {
        let mut packing = GzEncoder::new(out, Compression::default());
        fill(&mut packing, format, rows, stop).and_then(|()| Ok(packing.try_finish()?))
    } else {
        fill(out, format, rows, stop)
    };
    written.map_err(|odd| match odd {
        Odd::Io(error) => failure::cannot_write(path, &error),
        Odd::Step(error) => error.context(path),
    })
}

fn fill(
    out: &mut (impl Write + Send),
    format: &FileFormat,
    (rows, types): (&Table, Option<&RecordType>),
    stop: &CancellationToken,
) -> Result<(), Odd> {
    let go_on = |row: usize| {
        let is_over = row.is_multiple_of(ROWS_BETWEEN) && stop.is_cancelled();
        if is_over { Err(Odd::Step(failure::stopped())) } else { Ok(()) }
    };
    match format {
        FileFormat::Csv(format) => csv::write(out, format, rows, go_on),
        FileFormat::JsonLines => json_lines::write(out, rows, go_on),
        FileFormat::Parquet => parquet::write(out, rows, types, go_on),
    }
}

/// Refuses to pack Parquet once more.
fn not_packed(path: &str) -> Result<(), StepError> {
    if is_packed(path) {
        return Err(failure::data(path, "a Parquet file is packed inside").help("name it without `.gz`"));
    }
    Ok(())
}

/// Whether a file's name says that it is compressed.
fn is_packed(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case("gz"))
}

/// The text without the mark that some programs put before UTF-8; `None` when it is the one of UTF-16.
fn without_mark(mut input: Box<dyn Read>) -> io::Result<Option<Box<dyn Read>>> {
    let mut begin = Vec::with_capacity(3);
    input.by_ref().take(3).read_to_end(&mut begin)?;
    Ok(match begin.as_slice() {
        [0xef, 0xbb, 0xbf] => Some(input),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => None,
        _ => Some(Box::new(io::Cursor::new(begin).chain(input))),
    })
}

impl Files for Directory {
    fn list<'a>(&'a self, pattern: &'a str) -> Answer<'a, Vec<FileFound>> {
        Box::pin(async move {
            let pattern = pattern.to_owned();
            self.work(move |inner, _| match beneath::refusal(&pattern) {
                Some(why) => Err(failure::no_path(&pattern, why)),
                None => list::list(&inner.root()?, &pattern),
            })
            .await
        })
    }

    fn read<'a>(&'a self, path: &'a str, format: &'a FileFormat, wanted: Wanted<'a>) -> Answer<'a, Value> {
        Box::pin(async move {
            let (path, format, stated) = (path.to_owned(), format.clone(), wanted.stated.cloned());
            let work = move |inner: &Inner, stop: &CancellationToken| {
                inner.read(&path, &format, (stated.as_ref(), wanted.skip_others), stop)
            };
            self.work(work).await
        })
    }

    fn read_text<'a>(&'a self, path: &'a str) -> Answer<'a, Arc<str>> {
        Box::pin(async move {
            let path = path.to_owned();
            self.work(move |inner, _| inner.read_text(&path)).await
        })
    }

    fn write<'a>(
        &'a self,
        path: &'a str,
        format: &'a FileFormat,
        rows: &'a Arc<Table>,
        types: Option<&'a RecordType>,
    ) -> Answer<'a, Replaced> {
        Box::pin(async move {
            let (path, format, rows, types) = (path.to_owned(), format.clone(), rows.clone(), types.cloned());
            self.work(move |inner, stop| inner.write(&path, &format, (&rows, types.as_ref()), stop)).await
        })
    }

    fn preview_write<'a>(
        &'a self,
        path: &'a str,
        format: &'a FileFormat,
        rows: &'a Arc<Table>,
        types: Option<&'a RecordType>,
    ) -> Answer<'a, preview::Change> {
        Box::pin(async move {
            let (path, format, rows, types) = (path.to_owned(), format.clone(), rows.clone(), types.cloned());
            self.work(move |inner, stop| inner.preview(&path, &format, (&rows, types.as_ref()), stop)).await
        })
    }
}
