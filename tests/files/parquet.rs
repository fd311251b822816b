//! Parquet: what other programs write is read, what is written others can read, and no file ends the process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vmflow::connection::{FileFormat, Files, Wanted};
use vmflow::value::{Column, RecordType, StepError, Table, Type, Value};

use super::{names, open, read, table_type, write};

const PARQUET: FileFormat = FileFormat::Parquet;

/// Files that other programs wrote; `make.py` beside them tells how.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parquet")
}

async fn fixture(name: &str, stated: Option<&Type>) -> Result<Value, StepError> {
    read(&fixtures(), name, &PARQUET, stated).await
}

/// What was wrong, with the advice.
fn told(error: &StepError) -> String {
    format!("{} ({}; {})", error.message, error.kind.name(), error.help.as_deref().unwrap_or_default())
}

/// Each column's values as texts.
fn columns(value: &Value) -> Vec<(String, Vec<String>)> {
    let Value::Table(table) = value else { panic!("{value}") };
    let shown = |column: &Column| column.iter().map(|value| value.to_string()).collect();
    table.shape.iter().zip(&table.columns).map(|(name, column)| (name.to_string(), shown(column))).collect()
}

/// What `make.py` puts into a file of every type.
const EVERY: &[(&str, [&str; 3])] = &[
    ("is", ["true", "none", "false"]),
    ("small", ["-128", "none", "127"]),
    ("int", ["-9223372036854775808", "none", "9223372036854775807"]),
    ("u32", ["0", "none", "4294967295"]),
    ("u64", ["0", "none", "9223372036854775807"]),
    ("f32", ["0.5", "none", "-1.25"]),
    ("f64", ["0.1", "none", "inf"]),
    ("d9", ["-1234567.89", "none", "0.01"]),
    ("d38", ["-1234567890123456789012345678.0123456789", "none", "0.0000000000"]),
    (
        "d76",
        [
            "-99999999999999999999999999999999999999999999999999999999.11111111111111111111",
            "none",
            "1.00000000000000000000",
        ],
    ),
    ("day", ["1969-12-31", "none", "2025-01-31"]),
    ("at_ms", ["2025-01-31T06:00:00.123Z", "none", "1970-01-01T00:00:00Z"]),
    ("at_us", ["2025-01-31T06:00:00.123456Z", "none", "1970-01-01T00:00:00Z"]),
    ("at_berlin", ["2025-01-31T06:00:00Z", "none", "1970-01-01T00:00:00Z"]),
    ("at_ns", ["2025-01-31T06:00:00.123456789Z", "none", "1969-12-31T23:59:59.999999999Z"]),
    ("time", ["06:00:00", "none", "23:59:59"]),
    ("text", ["é", "none", ""]),
    ("word", ["b", "none", "a"]),
    ("bytes", ["plain", "none", "text"]),
    ("id", ["00000000-0000-0000-0000-000000000001", "none", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    ("json", [r#"{"a":[1,2.50]}"#, "none", "3"]),
    ("null", ["none", "none", "none"]),
];

#[tokio::test]
async fn every_type_that_others_write_is_read_exactly() {
    let wanted: Vec<(String, Vec<String>)> =
        EVERY.iter().map(|(name, values)| ((*name).to_owned(), values.map(str::to_owned).to_vec())).collect();
    for name in ["pyarrow.parquet", "pyarrow_zstd_v2.parquet", "pyarrow_plain.parquet"] {
        let read = fixture(name, None).await.unwrap_or_else(|error| panic!("{name}: {}", told(&error)));
        assert_eq!(columns(&read), wanted, "{name}");
        let Value::Table(rows) = &read else { panic!() };
        let time = chrono::NaiveTime::from_hms_micro_opt(6, 0, 0, 5).unwrap();
        assert_eq!(rows.cell("time", 0), Some(Value::Time(time)), "{name}");
    }
    let read = fixture("duckdb.parquet", None).await.unwrap();
    let Value::Table(duck) = &read else { panic!() };
    assert_eq!(
        duck.row(0).map(|row| Value::Record(Arc::new(row)).to_string()).unwrap(),
        "{ day: 2025-01-30, auid: A1, price: 1.50, at: 2025-01-31T06:00:00Z, big: 1, doc: {\"a\":1}, id: 00000000-0000-0000-0000-000000000001, is_it: true }"
    );
    let read = fixture("int96.parquet", None).await.unwrap();
    assert_eq!(read.to_string(), "[{ at: 2025-01-31T06:00:00.123456789Z }, { at: none }]");
}

#[tokio::test]
async fn seldom_encodings_are_read() {
    let read = fixture("encodings.parquet", None).await.unwrap_or_else(|error| panic!("{}", told(&error)));
    let Value::Table(rows) = &read else { panic!("{read}") };
    assert_eq!(rows.rows, 1000);
    for n in 0..1000_i64 {
        let at = usize::try_from(n).unwrap();
        let cell = |name| rows.cell(name, at).unwrap();
        assert_eq!(cell("int"), Value::Int((n * n) % 977 - 400));
        assert_eq!(cell("prefixed"), Value::text(format!("metric_{:05}_{n}", n / 10)));
        assert_eq!(cell("lengths"), if n % 7 == 0 { Value::None } else { Value::text("x".repeat(at % 13)) });
        assert_eq!(cell("split"), Value::Float(n as f64 / 8.0));
        assert_eq!(cell("is"), Value::Bool(n % 3 == 0));
    }
}

#[tokio::test]
async fn values_become_what_the_workflow_states() {
    let stated = table_type([
        ("price", Type::Decimal.optional()),
        ("count", Type::Int.optional()),
        ("day", Type::Timestamp.optional()),
        ("auid", Type::Text),
    ]);
    let read = fixture("pandas.parquet", Some(&stated)).await.unwrap();
    assert_eq!(
        columns(&read),
        [
            ("price", ["1.5", "none", "2.5"]),
            ("count", ["1", "none", "3"]),
            ("day", ["2025-01-30T00:00:00Z", "2025-01-31T00:00:00Z", "none"]),
            ("auid", ["A1", "B2", "A1"])
        ]
        .map(|(name, values)| (name.to_owned(), values.map(str::to_owned).to_vec()))
    );
    let some = table_type([("doc", Type::map(Type::Text, Type::Int).optional()), ("day", Type::Date)]);
    let wanted = Wanted { stated: Some(&some), skip_others: true };
    let read = open(&fixtures()).read("duckdb.parquet", &PARQUET, wanted).await.unwrap();
    assert_eq!(read.to_string(), "[{ doc: { a: 1 }, day: 2025-01-30 }, { doc: none, day: 2025-01-31 }]");
}

#[tokio::test]
async fn what_does_not_fit_is_told_with_file_column_and_row() {
    let refused = async |name: &'static str, stated: Option<&Type>| told(&fixture(name, stated).await.unwrap_err());
    let days = |ty: Type| {
        table_type([("day", ty), ("auid", Type::Text), ("count", Type::Int.optional()), ("price", Type::Any)])
    };
    assert_eq!(
        refused("pandas.parquet", Some(&days(Type::Timestamp))).await,
        "pandas.parquet: column day: row 3: expected timestamp, got none (data; )"
    );
    assert_eq!(
        refused("pandas.parquet", Some(&days(Type::Int))).await,
        "pandas.parquet: column day: row 1: expected int, got the timestamp 2025-01-30T00:00:00Z (data; )"
    );
    assert_eq!(
        refused("pandas.parquet", Some(&table_type([("dya", Type::Date)]))).await,
        "pandas.parquet: there is no column `dya`; there are `day`, `auid`, `count`, `price` (data; did you mean `day`?)"
    );
    assert_eq!(
        refused("pandas.parquet", Some(&table_type([("day", Type::Date)]))).await,
        "pandas.parquet: the file has a column `auid` that the type does not name (data; add `auid` to the type, or say `skip_others: true`)"
    );
    let other = "write the file with snappy or zstd, or not packed at all";
    for codec in ["gzip", "brotli"] {
        assert_eq!(
            refused(format!("{codec}.parquet").leak(), None).await,
            format!("{codec}.parquet: column n: it is packed with {codec}, which is not read (data; {other})")
        );
    }
    assert!(refused("lz4.parquet", None).await.contains("it is packed with lz4"));
    assert_eq!(
        refused("nested.parquet", None).await,
        "nested.parquet: column list: it holds lists, maps or records, which are not read (data; leave it out of the type, and say `skip_others: true`; or have it written in another way)"
    );
    let n = table_type([("n", Type::Int)]);
    let wanted = Wanted { stated: Some(&n), skip_others: true };
    let read = open(&fixtures()).read("nested.parquet", &PARQUET, wanted).await.unwrap();
    assert_eq!(read.to_string(), "[{ n: 1 }]");
}

/// Rows of every type that is written, the second of them of nothing.
fn every_type() -> (Arc<Table>, Arc<RecordType>) {
    let parsed = |text: &str| Value::Decimal(Arc::new(text.parse().unwrap()));
    let at = |text: &str| Value::Timestamp(chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc());
    let day = Value::Date(chrono::NaiveDate::from_ymd_opt(2025, 1, 31).unwrap());
    let time = Value::Time(chrono::NaiveTime::from_hms_nano_opt(6, 0, 0, 5).unwrap());
    let wide = format!("{}.{}", "9".repeat(50), "1".repeat(26));
    let columns = [
        ("is", Type::Bool, Value::Bool(true)),
        ("int", Type::Int, Value::Int(i64::MIN)),
        ("float", Type::Float, Value::Float(-0.0)),
        ("decimal", Type::Decimal, parsed("-1.50")),
        ("wide", Type::Decimal, parsed(&wide)),
        ("day", Type::Date, day),
        ("time", Type::Time, time),
        ("at", Type::Timestamp, at("2025-01-31T06:00:00.123456Z")),
        ("nanos", Type::Timestamp, at("2025-01-31T06:00:00.123456789Z")),
        ("text", Type::Text, Value::text("é")),
        ("list", Type::list(Type::Int), Value::list(vec![Value::Int(1)])),
        ("json", Type::Json, Value::Json(Arc::new(serde_json::json!({ "a": [1] })))),
    ];
    let mut table = Table::new(columns.iter().map(|(name, ..)| Arc::from(*name)).collect());
    table.push(columns.iter().map(|(_, _, value)| value.clone()));
    table.push([]);
    let types = RecordType::new(columns.iter().map(|(name, ty, _)| (*name, ty.clone().optional())));
    (Arc::new(table), types)
}

#[tokio::test]
async fn what_is_written_is_read_back_with_its_types() {
    let folder = tempfile::tempdir().unwrap();
    let (rows, types) = every_type();
    for types in [None, Some(&*types)] {
        open(folder.path()).write("a.parquet", &PARQUET, &rows, types).await.unwrap();
        let stated = Type::Table(every_type().1);
        assert_eq!(
            read(folder.path(), "a.parquet", &PARQUET, Some(&stated)).await.unwrap(),
            Value::Table(rows.clone())
        );
        let own = read(folder.path(), "a.parquet", &PARQUET, None).await.unwrap();
        assert_eq!(columns(&own)[4].1[0], format!("{}.{}", "9".repeat(50), "1".repeat(26)));
    }
    let again = open(folder.path()).write("a.parquet", &PARQUET, &rows, Some(&*types)).await.unwrap();
    assert_eq!((again.rows, again.change), (2, vmflow::connection::Change::Unchanged));
    let empty = Arc::new(Table::new(rows.shape.clone()));
    open(folder.path()).write("empty.parquet", &PARQUET, &empty, Some(&*types)).await.unwrap();
    let stated = Type::Table(types.clone());
    assert_eq!(read(folder.path(), "empty.parquet", &PARQUET, Some(&stated)).await.unwrap(), Value::Table(empty));
    assert_eq!(names(folder.path()), ["a.parquet", "empty.parquet"]);
}

#[tokio::test]
async fn what_cannot_be_stored_exactly_is_refused_by_row_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let refused = async |values: Vec<Value>| {
        let mut rows = Table::new(["x".into()].into());
        values.into_iter().for_each(|value| rows.push([value]));
        let error = write(folder.path(), "a.parquet", &PARQUET, &Arc::new(rows)).await.unwrap_err();
        assert_eq!(names(folder.path()), [] as [&str; 0]);
        error.message
    };
    let decimal = |text: String| Value::Decimal(Arc::new(text.parse().unwrap()));
    assert_eq!(
        refused(vec![decimal("1".to_owned()), decimal("9".repeat(77))]).await,
        "a.parquet: column `x`, row 2: a `decimal` for which a column of 76 digits has no room"
    );
    assert_eq!(
        refused(vec![decimal("0.5".to_owned()), decimal("9".repeat(76))]).await,
        "a.parquet: column `x`, row 2: a `decimal` for which a column of 76 digits has no room"
    );
    assert_eq!(
        refused(vec![Value::Int(1), Value::text("a")]).await,
        "a.parquet: column `x`, row 2: `text`, where the rows before hold something else"
    );
    assert_eq!(
        refused(vec![Value::None, Value::Secret("s".into())]).await,
        "a.parquet: column `x`, row 2: a `secret`, which is never written to a file"
    );
    let error = write(folder.path(), "a.parquet.gz", &PARQUET, &every_type().0).await.unwrap_err();
    assert_eq!(told(&error), "a.parquet.gz: a Parquet file is packed inside (data; name it without `.gz`)");
}
