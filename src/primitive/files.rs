//! Files: tables in and out, below one directory.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value as Json;

use super::record::record;
use super::refined::{DateFormat, Delimiter, FilePath};
use super::sql::rows;
use super::{Context, Effect, Effectful, Example, Foreseen, Form, Known, Primitive, Spec, Stated, args};
use crate::connection::files::{csv_as, json_lines_as, parquet_as};
use crate::connection::{Change, CsvFormat, FileFormat, FileFound, Replaced, Wanted};
use crate::value::{
    ErrorKind, FilesConnection, RecordType, Reflect, ReflectError, Sequence, StepError, Table, Timestamp, Type, Value,
};

pub(super) static SPECS: &[Spec] = &[
    Spec::effectful::<List>(),
    Spec::effectful::<ReadCsv>(),
    Spec::effectful::<ReadJsonLines>(),
    Spec::effectful::<ReadParquet>(),
    Spec::effectful::<ReadText>(),
    Spec::effectful::<ReadJson>(),
    Spec::effectful::<WriteCsv>(),
    Spec::effectful::<WriteJsonLines>(),
    Spec::effectful::<WriteParquet>(),
];

/// What a file of rows gives: a table, or a list, whose columns nobody stated; `as table<…>` does.
#[derive(Debug, Clone, PartialEq)]
struct Rows(Value);

impl Reflect for Rows {
    fn ty() -> Type {
        Type::Any
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        Ok(Self(value))
    }
    fn into_value(self) -> Value {
        self.0
    }
}

async fn read(
    context: &Context,
    (connection, path): (&str, &str),
    format: &FileFormat,
    skip_others: bool,
) -> Result<Rows, StepError> {
    let wanted = Wanted { stated: context.stated.as_ref(), skip_others };
    context.files(connection)?.read(path, format, wanted).await.map(Rows)
}

record! {
    /// A file that is there.
    struct Found {
        /// Its path below the directory.
        name: Arc<str>,
        /// Its size.
        bytes: i64,
        /// When it was last written.
        modified: Timestamp,
    }
}

fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl From<FileFound> for Found {
    fn from(found: FileFound) -> Self {
        Self { name: found.name.into(), bytes: count(found.bytes), modified: found.modified }
    }
}

struct List;
args! {
    struct ListArgs {
        /// The directory.
        connection: FilesConnection,
        /// What their paths look like: `*` stands for any characters but `/`, `?` for one. Hidden files are only found by a pattern that begins with a dot.
        pattern: FilePath = FilePath("*".into()),
    }
}
impl Primitive for List {
    type Args = ListArgs;
    type Output = Vec<Found>;
    const NAME: &'static str = "files.list";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The files whose paths match a pattern, sorted by name.";
    const EXAMPLES: &'static [Example] = &[
        Example { source: r#"inbox.list("*.csv")"#, gives: "" },
        Example { source: r#"[f.name for f in inbox.list("2025/*/prices.csv") if f.bytes > 0]"#, gives: "" },
    ];
}
impl Effectful for List {
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    fn run(args: ListArgs, context: &Context) -> BoxFuture<'_, Result<Vec<Found>, StepError>> {
        Box::pin(async move {
            let found = context.files(&args.connection.0)?.list(&args.pattern.0).await?;
            Ok(found.into_iter().map(Found::from).collect())
        })
    }
}

struct ReadCsv;
args! {
    struct ReadCsvArgs {
        /// The directory.
        connection: FilesConnection,
        /// The file below it; one that ends in `.gz` is unpacked.
        path: FilePath,
        /// What stands between two fields.
        delimiter: Delimiter = Delimiter(",".into()),
        /// Whether the first line names the columns; without one they are those of the type, in its order.
        header: bool = true,
        /// Texts that stand for `none`, besides the empty field.
        none: Vec<Arc<str>> = Vec::new(),
        /// How days are written, in the way of strftime; ISO 8601 when it is left out.
        dates: Option<DateFormat>,
        /// Whether columns that the type does not name are left out; else they are an error.
        skip_others: bool = false,
    }
}
impl Primitive for ReadCsv {
    type Args = ReadCsvArgs;
    type Output = Rows;
    const NAME: &'static str = "files.read_csv";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "The rows of a CSV file in UTF-8; state their types with `as table<{ … }>`, else all are texts.";
    const EXAMPLES: &'static [Example] = &[
        Example {
            source: r#"inbox.read_csv("prices.csv") as table<{ day: date, auid: text, price: decimal? }>"#,
            gives: "",
        },
        Example {
            source: r#"inbox.read_csv("prices.txt", delimiter: ";", none: ["n/a"], dates: "%d/%m/%Y") as table<{ day: date, price: decimal? }>"#,
            gives: "",
        },
    ];
}
impl Effectful for ReadCsv {
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    const STATED: Stated = Stated::Result(csv_as);
    fn run(args: ReadCsvArgs, context: &Context) -> BoxFuture<'_, Result<Rows, StepError>> {
        Box::pin(async move {
            let format = FileFormat::Csv(CsvFormat {
                delimiter: args.delimiter.byte(),
                header: args.header,
                none: args.none,
                dates: args.dates.map(|format| format.0),
            });
            read(context, (&args.connection.0, &args.path.0), &format, args.skip_others).await
        })
    }
}

struct ReadJsonLines;
args! {
    struct ReadJsonLinesArgs {
        /// The directory.
        connection: FilesConnection,
        /// The file below it; one that ends in `.gz` is unpacked.
        path: FilePath,
    }
}
impl Primitive for ReadJsonLines {
    type Args = ReadJsonLinesArgs;
    type Output = Rows;
    const NAME: &'static str = "files.read_jsonl";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "The values of a file with one JSON value on each line; state their type, as `table<{ … }>`, else all are json.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"inbox.read_jsonl("prices.jsonl") as table<{ day: date, price: decimal? }>"#,
        gives: "",
    }];
}
impl Effectful for ReadJsonLines {
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    const STATED: Stated = Stated::Result(json_lines_as);
    fn run(args: ReadJsonLinesArgs, context: &Context) -> BoxFuture<'_, Result<Rows, StepError>> {
        Box::pin(async move { read(context, (&args.connection.0, &args.path.0), &FileFormat::JsonLines, true).await })
    }
}

struct ReadParquet;
args! {
    struct ReadParquetArgs {
        /// The directory.
        connection: FilesConnection,
        /// The file below it.
        path: FilePath,
        /// Whether columns that the type does not name are left out, and not even read; else they are an error.
        skip_others: bool = false,
    }
}
impl Primitive for ReadParquet {
    type Args = ReadParquetArgs;
    type Output = Rows;
    const NAME: &'static str = "files.read_parquet";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "The rows of a Parquet file; state their types with `as table<{ … }>`, else they are those of the file.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"inbox.read_parquet("prices.parquet") as table<{ day: date, auid: text, price: decimal? }>"#,
        gives: "",
    }];
}
impl Effectful for ReadParquet {
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    const STATED: Stated = Stated::Result(parquet_as);
    fn run(args: ReadParquetArgs, context: &Context) -> BoxFuture<'_, Result<Rows, StepError>> {
        Box::pin(async move {
            read(context, (&args.connection.0, &args.path.0), &FileFormat::Parquet, args.skip_others).await
        })
    }
}

struct ReadText;
args! {
    struct ReadTextArgs {
        /// The directory.
        connection: FilesConnection,
        /// The file below it; one that ends in `.gz` is unpacked.
        path: FilePath,
    }
}
impl Primitive for ReadText {
    type Args = ReadTextArgs;
    type Output = Arc<str>;
    const NAME: &'static str = "files.read_text";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "A whole file of at most 64 MiB as a text.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"inbox.read_text("notes.txt")"#, gives: "" }];
}
impl Effectful for ReadText {
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    fn run(args: ReadTextArgs, context: &Context) -> BoxFuture<'_, Result<Arc<str>, StepError>> {
        Box::pin(async move { context.files(&args.connection.0)?.read_text(&args.path.0).await })
    }
}

struct ReadJson;
impl Primitive for ReadJson {
    type Args = ReadTextArgs;
    type Output = Arc<Json>;
    const NAME: &'static str = "files.read_json";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "A whole file of at most 64 MiB as json; decode it with `as T`.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"inbox.read_json("assets.json") as list<{ auid: text }>"#, gives: "" }];
}
impl Effectful for ReadJson {
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    fn run(args: ReadTextArgs, context: &Context) -> BoxFuture<'_, Result<Arc<Json>, StepError>> {
        Box::pin(async move {
            let text = context.files(&args.connection.0)?.read_text(&args.path.0).await?;
            serde_json::from_str(&text).map(Arc::new).map_err(|error| {
                let message = format!("{}:{}: this is not JSON: {error}", args.path.0, error.line());
                StepError::new(ErrorKind::Data, message)
            })
        })
    }
}

record! {
    /// What writing a file did.
    struct Written {
        /// The rows in it.
        rows: i64,
        /// Its size.
        bytes: i64,
        /// 1 when no file was there before, else 0.
        created: i64,
        /// 1 when a file with other bytes was there, else 0.
        updated: i64,
        /// 1 when a file with the same bytes was there, which was left alone; else 0.
        unchanged: i64,
    }
}

impl From<Replaced> for Written {
    fn from(done: Replaced) -> Self {
        let is = |change: Change| i64::from(done.change == change);
        Self {
            rows: count(done.rows),
            bytes: count(done.bytes),
            created: is(Change::Created),
            updated: is(Change::Updated),
            unchanged: is(Change::Unchanged),
        }
    }
}

async fn write(
    context: &Context,
    (connection, path): (&str, &str),
    format: &FileFormat,
    rows: &Sequence,
) -> Result<Written, StepError> {
    let (table, types) = typed(context, rows)?;
    context.files(connection)?.write(path, format, &table, types.as_deref()).await.map(Written::from)
}

/// What writing would do.
async fn foresee(
    context: &Context,
    (connection, path): (&str, &str),
    format: &FileFormat,
    rows: &Sequence,
) -> Result<Foreseen, StepError> {
    let (table, types) = typed(context, rows)?;
    context.files(connection)?.preview_write(path, format, &table, types.as_deref()).await.map(Foreseen::Change)
}

/// The rows as a table, and their types where they are known.
fn typed(context: &Context, rows: &Sequence) -> Result<(Arc<Table>, Option<Arc<RecordType>>), StepError> {
    let types = match context.stated.as_ref().and_then(Type::item) {
        Some(Type::Record(row)) => Some(row),
        _ => None,
    };
    Ok((table(rows, context.stated.as_ref())?, types))
}

/// The rows as a table. Where there are none, their type says which columns they would have.
fn table(rows: &Sequence, stated: Option<&Type>) -> Result<Arc<Table>, StepError> {
    let table = rows::to_table(rows)?;
    if !table.shape.is_empty() {
        return Ok(table);
    }
    match stated.and_then(Type::item) {
        Some(Type::Record(row)) if table.rows == 0 && !row.fields.is_empty() => {
            Ok(Arc::new(Table::new(row.fields.iter().map(|field| field.name.clone()).collect())))
        }
        _ => Err(StepError::new(ErrorKind::Data, "the rows have no columns")
            .help("say which they have, also when there are no rows: `rows as list<{ day: date, n: int }>`")),
    }
}

/// Rows that can never be written.
fn check_rows(call: &Known<'_>) -> Option<Result<Type, String>> {
    let row = match rows::row_type(call, 1) {
        Ok(row) => row?,
        Err(why) => return Some(Err(why)),
    };
    secret_in(&row).map(|name| Err(format!("`rows`: `{name}` is a `secret`, which is never written to a file")))
}

fn secret_in(row: &RecordType) -> Option<&str> {
    row.fields.iter().find(|field| field.ty.required() == Type::Secret).map(|field| &*field.name)
}

struct WriteCsv;
args! {
    struct WriteCsvArgs {
        /// The directory.
        connection: FilesConnection,
        /// Records whose fields are the columns; all have the same fields.
        rows: Sequence,
        /// The file below it; directories that are missing are made. One that ends in `.gz` is packed.
        to: FilePath,
        /// What stands between two fields.
        delimiter: Delimiter = Delimiter(",".into()),
        /// Whether the first line names the columns.
        header: bool = true,
        /// How days are written, in the way of strftime; ISO 8601 when it is left out.
        dates: Option<DateFormat>,
    }
}
impl WriteCsvArgs {
    fn format(&self) -> FileFormat {
        FileFormat::Csv(CsvFormat {
            delimiter: self.delimiter.byte(),
            header: self.header,
            none: Vec::new(),
            dates: self.dates.as_ref().map(|format| format.0.clone()),
        })
    }
}
impl Primitive for WriteCsv {
    type Args = WriteCsvArgs;
    type Output = Written;
    const NAME: &'static str = "files.write_csv";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "Writes rows to a CSV file in the place of what is there, wholly or not at all.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"out.write_csv([{ auid: "A1", price: 101.5 }], to: "prices.csv")"#, gives: "" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        check_rows(&call)
    }
}
impl Effectful for WriteCsv {
    const EFFECT: Effect = Effect::Write;
    const IDEMPOTENT: bool = true;
    const STATED: Stated = Stated::Argument(1);
    fn run(args: WriteCsvArgs, context: &Context) -> BoxFuture<'_, Result<Written, StepError>> {
        Box::pin(async move { write(context, (&args.connection.0, &args.to.0), &args.format(), &args.rows).await })
    }
    fn preview(args: WriteCsvArgs, context: &Context) -> BoxFuture<'_, Result<Foreseen, StepError>> {
        Box::pin(async move { foresee(context, (&args.connection.0, &args.to.0), &args.format(), &args.rows).await })
    }
}

struct WriteJsonLines;
args! {
    struct WriteJsonLinesArgs {
        /// The directory.
        connection: FilesConnection,
        /// Records; all have the same fields.
        rows: Sequence,
        /// The file below it; directories that are missing are made. One that ends in `.gz` is packed.
        to: FilePath,
    }
}
impl Primitive for WriteJsonLines {
    type Args = WriteJsonLinesArgs;
    type Output = Written;
    const NAME: &'static str = "files.write_jsonl";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "Writes rows to a file, a JSON object on each line, in the place of what is there, wholly or not at all.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"out.write_jsonl([{ auid: "A1", price: 101.5 }], to: "prices.jsonl")"#, gives: "" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        check_rows(&call)
    }
}
impl Effectful for WriteJsonLines {
    const EFFECT: Effect = Effect::Write;
    const IDEMPOTENT: bool = true;
    const STATED: Stated = Stated::Argument(1);
    fn run(args: WriteJsonLinesArgs, context: &Context) -> BoxFuture<'_, Result<Written, StepError>> {
        Box::pin(
            async move { write(context, (&args.connection.0, &args.to.0), &FileFormat::JsonLines, &args.rows).await },
        )
    }
    fn preview(args: WriteJsonLinesArgs, context: &Context) -> BoxFuture<'_, Result<Foreseen, StepError>> {
        Box::pin(
            async move { foresee(context, (&args.connection.0, &args.to.0), &FileFormat::JsonLines, &args.rows).await },
        )
    }
}

struct WriteParquet;
args! {
    struct WriteParquetArgs {
        /// The directory.
        connection: FilesConnection,
        /// Records; all have the same fields.
        rows: Sequence,
        /// The file below it; directories that are missing are made.
        to: FilePath,
    }
}
impl Primitive for WriteParquet {
    type Args = WriteParquetArgs;
    type Output = Written;
    const NAME: &'static str = "files.write_parquet";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "Writes rows to a Parquet file in the place of what is there, with the types of the rows, wholly or not at all.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"out.write_parquet([{ auid: "A1", price: 101.5 }], to: "prices.parquet")"#, gives: "" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        check_rows(&call)
    }
}
impl Effectful for WriteParquet {
    const EFFECT: Effect = Effect::Write;
    const IDEMPOTENT: bool = true;
    const STATED: Stated = Stated::Argument(1);
    fn run(args: WriteParquetArgs, context: &Context) -> BoxFuture<'_, Result<Written, StepError>> {
        Box::pin(
            async move { write(context, (&args.connection.0, &args.to.0), &FileFormat::Parquet, &args.rows).await },
        )
    }
    fn preview(args: WriteParquetArgs, context: &Context) -> BoxFuture<'_, Result<Foreseen, StepError>> {
        Box::pin(
            async move { foresee(context, (&args.connection.0, &args.to.0), &FileFormat::Parquet, &args.rows).await },
        )
    }
}
