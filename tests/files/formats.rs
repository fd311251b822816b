//! CSV and JSON lines, in and out.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use vmflow::connection::{CsvFormat, FileFormat, Files, Wanted};
use vmflow::value::{RecordType, Table, Type, Value};

use super::{csv, names, open, read, table, table_type, write};

fn prices() -> Type {
    table_type([("day", Type::Date), ("auid", Type::Text), ("price", Type::Decimal.optional())])
}

async fn read_csv(text: impl AsRef<[u8]>, format: CsvFormat, stated: Option<&Type>) -> Result<Value, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("prices.csv"), text).unwrap();
    let read = read(folder.path(), "prices.csv", &FileFormat::Csv(format), stated).await;
    read.map_err(|error| format!("{} ({}; {})", error.message, error.kind.name(), error.help.unwrap_or_default()))
}

#[tokio::test]
async fn cells_become_what_the_workflow_states() {
    let text = "\u{feff}day,auid,price\r\n2025-01-31,\"A,1\",101.50\r\n2025-02-01,,\r\n\r\n";
    let rows = read_csv(text, csv(), Some(&prices())).await.unwrap();
    assert_eq!(
        rows.to_string(),
        "[{ day: 2025-01-31, auid: A,1, price: 101.50 }, { day: 2025-02-01, auid: , price: none }]"
    );
    let untyped = read_csv(text, csv(), None).await.unwrap();
    assert_eq!(
        untyped.to_string(),
        "[{ day: 2025-01-31, auid: A,1, price: 101.50 }, { day: 2025-02-01, auid: none, price: none }]"
    );
    let format = CsvFormat { delimiter: b';', header: false, none: vec!["n/a".into()], dates: Some("%d.%m.%Y".into()) };
    let rows = read_csv("31.01.2025;A1;n/a\n", format.clone(), Some(&prices())).await.unwrap();
    assert_eq!(rows.to_string(), "[{ day: 2025-01-31, auid: A1, price: none }]");
    let rows = read_csv("1;2\n", format, None).await.unwrap();
    assert_eq!(rows.to_string(), "[{ column_1: 1, column_2: 2 }]");
    assert_eq!(read_csv("day,auid,price\n", csv(), Some(&prices())).await.unwrap().to_string(), "[]");
}

#[tokio::test]
async fn columns_are_found_by_name_and_others_left_out_when_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "x,price,day\n,1,2025-01-31\n").unwrap();
    let stated = table_type([("day", Type::Date), ("price", Type::Int)]);
    let wanted = Wanted { stated: Some(&stated), skip_others: true };
    let rows = open(folder.path()).read("a.csv", &FileFormat::Csv(csv()), wanted).await.unwrap();
    assert_eq!(rows.to_string(), "[{ day: 2025-01-31, price: 1 }]");
}

#[tokio::test]
async fn what_does_not_fit_is_told_with_file_line_and_column() {
    let cases: &[(&[u8], &str)] = &[
        (
            b"day,auid,price\n2025-01-31,\"a\nb\",1\n2025-02-01,a,n/a\n",
            "prices.csv:4: column price: expected decimal or none, got \"n/a\" (data; say that it stands for none: `none: [\"n/a\"]`)",
        ),
        (
            b"day,auid,price\n,a,1\n",
            "prices.csv:2: column day: expected date, got nothing (data; write `day: date?` when it may be absent)",
        ),
        (
            b"day,auid,price\n31/01/2025,a,1\n",
            "prices.csv:2: column day: expected date, got \"31/01/2025\" (data; say how days are written, such as `dates: \"%d/%m/%Y\"`)",
        ),
        (
            b"day,auid\n",
            "prices.csv: there is no column `price`; there are `day`, `auid` (data; name the columns as the file does)",
        ),
        (
            b"day;auid;price\n",
            "prices.csv: there is no column `day`; there are `day;auid;price` (data; if the whole line is one column, give the delimiter: `delimiter: \";\"`)",
        ),
        (
            b"day,auid,prize\n",
            "prices.csv: there is no column `price`; there are `day`, `auid`, `prize` (data; did you mean `prize`?)",
        ),
        (
            b"day,auid,price,note\n",
            "prices.csv: the file has a column `note` that the type does not name (data; add `note` to the type, or say `skip_others: true`)",
        ),
        (
            b"day,auid,price,auid\n",
            "prices.csv:1: the header names `auid` twice (data; a file without one is read with `header: false`)",
        ),
        (
            b"",
            "prices.csv: the file is empty, where a header is expected (data; a file without one is read with `header: false`)",
        ),
        (
            b"day,auid,price\n2025-01-31,a\n",
            "prices.csv:2: 2 fields, where the header names 3 (data; look for a missing or surplus delimiter, or a quote that is missing)",
        ),
        (
            b"day,auid,price\n2025-01-31,\"a,1\n2025-01-31,b,2\n",
            "prices.csv:2: the quote that opens here is never closed (data; close it, or double it where it belongs to the text: `\"\"`)",
        ),
        (
            b"day,auid,price\n2025-01-31,\"a\"b,1\n",
            "prices.csv:2: text follows behind a closing quote (data; double a quote that belongs to the text: `\"\"`; or give the delimiter: `delimiter: \";\"`)",
        ),
        (
            b"day,auid,price\n2025-01-31,M\xfcnchen,1\n",
            "prices.csv:2: \"M\u{fffd}nchen\" is not UTF-8 (data; save the file as UTF-8: `iconv -f latin1 -t utf-8`)",
        ),
        (b"\xff\xfed\0a\0", "prices.csv: this is UTF-16 (data; save it as UTF-8: `iconv -f utf-16 -t utf-8`)"),
    ];
    for (text, wanted) in cases {
        let error = read_csv(text, csv(), Some(&prices())).await.unwrap_err();
        assert_eq!(error, *wanted, "{:?}", String::from_utf8_lossy(text));
    }
    // A letter cut in two by the delimiter is no letter on either side.
    assert!(read_csv(b"a,b\n\xc3,\xa9\n", csv(), None).await.unwrap_err().contains("not UTF-8"));
}

#[tokio::test]
async fn lines_of_json_become_rows_or_say_where_they_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let read = async |text: &str, stated: Option<&Type>| {
        std::fs::write(folder.path().join("a.jsonl"), text).unwrap();
        read(folder.path(), "a.jsonl", &FileFormat::JsonLines, stated).await.map(|value| value.to_string())
    };
    let text = "{\"day\":\"2025-01-31\",\"auid\":\"é\",\"price\":0.1000000000000000000001,\"more\":1}\n\n{\"auid\":\"b\",\"day\":\"2025-02-01\"}";
    assert_eq!(
        read(text, Some(&prices())).await.unwrap(),
        "[{ day: 2025-01-31, auid: é, price: 0.1000000000000000000001 }, { day: 2025-02-01, auid: b, price: none }]"
    );
    assert_eq!(read("1\n[2]\n", None).await.unwrap(), "[1, [2]]");
    assert_eq!(read("1\n2\n", Some(&Type::list(Type::Int))).await.unwrap(), "[1, 2]");
    let error = async |text: &'static str| read(text, Some(&prices())).await.unwrap_err().message;
    assert_eq!(
        error("{\"day\":\"2025-01-31\",\"auid\":\"a\",\"price\":\"n/a\"}\n").await,
        "a.jsonl:1: price: expected decimal or none, got \"n/a\""
    );
    assert_eq!(error("\n{\"day\":\n").await, "a.jsonl:2: this is not JSON: EOF while parsing a value, at byte 0");
    assert!(error("[{}]").await.starts_with("a.jsonl:1: expected { day: date, auid: text, price: decimal? }, got "));
}

#[tokio::test]
async fn files_are_packed_and_unpacked_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let rows = table(&["n"], &[&[Value::Int(1)], &[Value::Int(2)]]);
    let format = FileFormat::Csv(csv());
    let first = write(folder.path(), "a.csv.gz", &format, &rows).await.unwrap();
    let second = write(folder.path(), "a.csv.gz", &format, &rows).await.unwrap();
    assert_eq!((first.bytes, second.change), (second.bytes, vmflow::connection::Change::Unchanged));
    let stated = table_type([("n", Type::Int)]);
    let back = read(folder.path(), "a.csv.gz", &format, Some(&stated)).await.unwrap();
    assert_eq!(back, Value::Table(rows));
    let whole = std::fs::read(folder.path().join("a.csv.gz")).unwrap();
    assert_eq!(whole[..2], [0x1f, 0x8b]);
    for (name, bytes) in [("cut.gz", &whole[..whole.len() - 9]), ("plain.gz", b"n\n1\n".as_slice())] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let error = read(folder.path(), name, &format, Some(&stated)).await.unwrap_err();
        assert!(error.message.starts_with(&format!("cannot read `{name}`: it is damaged or cut off")), "{error}");
        assert_eq!(error.kind.name(), "data");
    }
}

#[tokio::test]
async fn files_are_listed_by_pattern() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.csv", "a.csv", ".hidden.csv", "a.txt", "2025/01/a.csv", "2025/02/b.csv", "2024/01/a.csv"] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, name).unwrap();
    }
    std::fs::create_dir(folder.path().join("directory.csv")).unwrap();
    let list = async |pattern: &'static str| {
        let found = open(folder.path()).list(pattern).await.unwrap();
        found.into_iter().map(|found| (found.name, found.bytes)).collect::<Vec<_>>()
    };
    assert_eq!(list("*.csv").await, [("a.csv".to_owned(), 5), ("b.csv".to_owned(), 5)]);
    assert_eq!(list("2025/*/*.csv").await.len(), 2);
    assert_eq!(list("*/01/a.csv").await[0].0, "2024/01/a.csv");
    assert_eq!(list(".*").await, [(".hidden.csv".to_owned(), 11)]);
    assert_eq!(list("2023/*.csv").await, []);
    let gone = open(&folder.path().join("gone")).list("*").await.unwrap_err();
    assert!(gone.message.starts_with("the directory of `inbox` is not there: "), "{gone}");
    assert_eq!(gone.kind.name(), "configuration");
}

#[tokio::test]
async fn what_no_file_can_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for format in [FileFormat::Csv(csv()), FileFormat::JsonLines, FileFormat::Parquet] {
        let rows = table(&["n", "token"], &[&[Value::Int(1), Value::Secret("hunter2".into())]]);
        let error = write(folder.path(), "a", &format, &rows).await.unwrap_err();
        assert_eq!(error.message, "a: column `token`, row 1: a `secret`, which is never written to a file");
        let stated = table_type([("n", Type::Duration)]);
        let error = read(folder.path(), "a", &format, Some(&stated)).await.unwrap_err();
        assert!(!error.message.is_empty());
    }
    assert_eq!(names(folder.path()), [] as [&str; 0]);
}

/// A value, or none.
fn maybe<T: std::fmt::Debug + 'static>(
    strategy: impl Strategy<Value = T> + 'static,
    make: fn(T) -> Value,
) -> BoxedStrategy<Value> {
    proptest::option::of(strategy).prop_map(move |value| value.map_or(Value::None, make)).boxed()
}

/// Rows whose every value must come back, by column.
fn rows() -> impl Strategy<Value = Vec<Vec<Value>>> {
    let text = || prop_oneof![Just(String::new()), "[ a,;\"\n\r\té€']{0,8}", any::<String>()];
    let day = |n: i32| Value::Date(chrono::NaiveDate::from_num_days_from_ce_opt(720_000 + n).unwrap());
    let at = |us: i64| Value::Timestamp(chrono::DateTime::from_timestamp_micros(us).unwrap());
    let list = |numbers: Vec<i32>| Value::list(numbers.into_iter().map(|n| Value::Int(n.into())).collect());
    let row = vec![
        maybe(any::<i64>(), Value::Int),
        maybe(any::<f64>().prop_filter("JSON has no other", |x| x.is_finite()), Value::Float),
        maybe("-?[0-9]{1,25}(\\.[0-9]{1,25})?", |digits| Value::Decimal(Arc::new(digits.parse().unwrap()))),
        maybe(text(), Value::text),
        text().prop_map(Value::text).boxed(),
        maybe(0..2_000_000_i32, day),
        maybe(-10_000_000_000_000_000_i64..10_000_000_000_000_000, at),
        maybe(any::<bool>(), Value::Bool),
        proptest::collection::vec(any::<i32>(), 0..3).prop_map(list).boxed(),
    ];
    proptest::collection::vec(row, 0..6)
}

fn all_types() -> Arc<RecordType> {
    RecordType::new([
        ("int", Type::Int.optional()),
        ("a float", Type::Float.optional()),
        ("decimal", Type::Decimal.optional()),
        ("maybe", Type::Text.optional()),
        ("text", Type::Text),
        ("day", Type::Date.optional()),
        ("at", Type::Timestamp.optional()),
        ("is", Type::Bool.optional()),
        ("list", Type::list(Type::Int)),
    ])
}

#[test]
fn every_table_that_is_written_is_read_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let semicolon = CsvFormat { delimiter: b';', header: false, dates: Some("%d/%m/%Y".into()), ..csv() };
    let formats = [FileFormat::Csv(csv()), FileFormat::Csv(semicolon), FileFormat::JsonLines, FileFormat::Parquet];
    let mut runner = TestRunner::new(Config::with_cases(48));
    let outcome = runner.run(&rows(), |rows| {
        let shape = all_types().fields.iter().map(|field| field.name.clone()).collect();
        let mut table = Table::new(shape);
        rows.into_iter().for_each(|row| table.push(row));
        let table = Arc::new(table);
        let stated = Type::Table(all_types());
        for (at, format) in formats.iter().enumerate() {
            let name = format!("{at}");
            let back = runtime.block_on(async {
                write(folder.path(), &name, format, &table).await.unwrap();
                read(folder.path(), &name, format, Some(&stated)).await.unwrap()
            });
            prop_assert_eq!(back, Value::Table(table.clone()), "{}", at);
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn no_text_makes_the_readers_panic() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::new(Config::with_cases(200));
    let bytes =
        proptest::collection::vec(prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'{'), any::<u8>()], 0..60);
    let outcome = runner.run(&bytes, |bytes| {
        std::fs::write(folder.path().join("a"), &bytes).unwrap();
        for format in [FileFormat::Csv(csv()), FileFormat::JsonLines, FileFormat::Parquet] {
            let _ = runtime.block_on(read(folder.path(), "a", &format, None));
        }
        Ok(())
    });
    outcome.unwrap();
}
