//! Parquet files that someone made to do harm: each is refused, and none ends the process.

use std::process::Command;

use vmflow::connection::FileFormat;
use vmflow::value::Type;

use super::{read, table_type};

const PARQUET: FileFormat = FileFormat::Parquet;

/// Bytes of Thrift's compact protocol, by hand: no library writes what an enemy would.
#[derive(Default, Clone)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn varint(mut self, mut number: u64) -> Self {
        while number >= 0x80 {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
        self
    }

    /// A number, `step` fields after the one before.
    fn int(mut self, step: u8, number: i64) -> Self {
        self.0.push(step << 4 | 6);
        self.varint(((number << 1) ^ (number >> 63)).cast_unsigned())
    }

    /// A number of 32 bits.
    fn short(mut self, step: u8, number: i64) -> Self {
        self.0.push(step << 4 | 5);
        self.varint(((number << 1) ^ (number >> 63)).cast_unsigned())
    }

    fn text(mut self, step: u8, text: &str) -> Self {
        self.0.push(step << 4 | 8);
        let mut own = self.varint(text.len() as u64);
        own.0.extend_from_slice(text.as_bytes());
        own
    }

    fn structure(mut self, step: u8, inner: &Self) -> Self {
        self.0.push(step << 4 | 0b1100);
        self.raw(&inner.0).raw(&[0])
    }

    fn list(mut self, step: u8, items: &[Self]) -> Self {
        self.0.extend([step << 4 | 9, 0xfc]);
        items.iter().fold(self.varint(items.len() as u64), |own, item| own.raw(&item.0).raw(&[0]))
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

/// A column of a schema.
fn leaf(physical: i64, repetition: i64) -> Bytes {
    Bytes::default().short(1, physical).short(2, repetition).text(1, "x")
}

fn group(children: i64) -> Bytes {
    Bytes::default().text(4, "g").short(1, children)
}

/// A file: pages, and what is said of them.
fn file(pages: &[u8], about: &Bytes) -> Vec<u8> {
    let footer = about.clone().raw(&[0]).0;
    let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
    [b"PAR1", pages, &footer, &length, b"PAR1"].concat()
}

/// What is said of a file with one column.
fn about(leaf: Bytes, codec: i64, rows: i64, pages: &[u8], has_dictionary: bool) -> Bytes {
    let physical = i64::from(leaf.0[1] >> 1);
    let size = i64::try_from(pages.len()).unwrap();
    let meta = Bytes::default().short(1, physical).raw(&[0x19, 0x15, 0x00]).raw(&[0x19, 0x18, 0x01, b'x']);
    let meta = meta.short(1, codec).int(1, rows).int(1, size).int(1, size).int(2, 4);
    let meta = if has_dictionary { meta.int(2, 4) } else { meta };
    let chunk = Bytes::default().int(2, 4).structure(1, &meta);
    let rows_of = Bytes::default().list(1, &[chunk]).int(1, size).int(1, rows);
    Bytes::default().short(1, 1).list(1, &[group(1), leaf]).int(1, rows).list(1, &[rows_of])
}

/// A page: its header, and its bytes as they stand in the file.
fn page(kind: i64, size: i64, inner: (u8, &Bytes), body: &[u8]) -> Vec<u8> {
    let head = Bytes::default().short(1, kind).short(1, size).short(1, i64::try_from(body.len()).unwrap());
    head.structure(inner.0, inner.1).raw(&[0]).raw(body).0
}

/// A page of rows in an encoding.
fn rows(count: i64, encoding: i64, size: i64, body: &[u8]) -> Vec<u8> {
    let inner = Bytes::default().short(1, count).short(1, encoding).short(1, 3).short(1, 3);
    page(0, size, (2, &inner), body)
}

fn plain_rows(count: i64, encoding: i64, body: &[u8]) -> Vec<u8> {
    rows(count, encoding, i64::try_from(body.len()).unwrap(), body)
}

fn dictionary(count: i64, body: &[u8]) -> Vec<u8> {
    let inner = Bytes::default().short(1, count).short(1, 0);
    page(2, i64::try_from(body.len()).unwrap(), (4, &inner), body)
}

/// Numbers written as differences, each in 64 bits.
fn differences(numbers: &[i64]) -> Vec<u8> {
    let first = numbers.first().copied().unwrap_or_default();
    let head = Bytes::default().varint(128).varint(4).varint(numbers.len() as u64);
    let mut bytes = head.varint(first.cast_unsigned() << 1).0;
    let steps: Vec<i64> = numbers.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for block in steps.chunks(128) {
        bytes.extend([0, 64, 64, 64, 64]);
        block.iter().for_each(|step| bytes.extend(step.to_le_bytes()));
        // Of the parts of the last block only those that hold something are there.
        bytes.extend(vec![0; (block.len().next_multiple_of(32) - block.len()) * 8]);
    }
    bytes
}

/// The head of so many numbers, of which none follows.
fn announced(count: u64) -> Vec<u8> {
    Bytes::default().varint(128).varint(4).varint(count).varint(0).0
}

const INT32: i64 = 1;
const TEXT: i64 = 6;
const REQUIRED: i64 = 0;
const OPTIONAL: i64 = 1;
const SNAPPY: i64 = 1;
const ZSTD: i64 = 6;
const MOST: i64 = i32::MAX as i64;

async fn refused(file: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), file).unwrap();
    let error = read(folder.path(), "a", &PARQUET, None).await.unwrap_err();
    assert_eq!(error.kind.name(), "data", "{}", error.message);
    error.message
}

async fn column_refused(leaf: Bytes, codec: i64, row_count: i64, pages: &[u8], has_dictionary: bool) -> String {
    let message = refused(&file(pages, &about(leaf, codec, row_count, pages, has_dictionary))).await;
    message.strip_prefix("a: column x: ").unwrap_or(&message).to_owned()
}

#[tokio::test]
async fn what_is_no_parquet_file_is_told() {
    let none = "a: this is no Parquet file, or it is cut off";
    assert_eq!(refused(b"").await, none);
    assert_eq!(refused(b"PAR1").await, none);
    assert_eq!(refused(b"day,auid,price\n2025-01-31,A1,1\n").await, none);
    assert_eq!(refused(b"PAR1\xff\xff\xff\xffPAR1").await, none);
    assert_eq!(refused(b"PAR1\0\0\0\0PARE").await, "a: it is encrypted");
    assert!(refused(b"PAR1\0\0\0\0PAR1").await.starts_with("a: what the file says about itself is cut off"));
    assert!(refused(b"PAR1\x00\x01\0\0\0PAR1").await.starts_with("a: what the file says about itself is damaged"));
}

#[tokio::test]
async fn a_schema_cannot_overflow_the_stack_nor_ask_for_all_memory() {
    let mut schema = vec![group(1); 100_000];
    schema.push(leaf(INT32, REQUIRED));
    let deep = Bytes::default().short(1, 1).list(1, &schema).int(1, 0).list(1, &[]);
    assert_eq!(refused(&file(b"", &deep)).await, "a: what the file says about itself is nested deeper than 64 levels");
    let nested = Bytes::default().short(1, 1).raw(&[0x5c]).raw(&vec![0x1c; 100_000]);
    assert_eq!(
        refused(&file(b"", &nested)).await,
        "a: what the file says about itself is nested deeper than 64 levels"
    );
    let many = Bytes::default().short(1, 1).list(1, &[group(MOST), leaf(INT32, REQUIRED)]).int(1, 0).list(1, &[]);
    assert_eq!(refused(&file(b"", &many)).await, "a: what the file says about itself is damaged");
    let long =
        Bytes::default().short(1, 1).list(1, &[group(1), leaf(INT32, REQUIRED)]).raw(&[0x29, 0xfc]).varint(1 << 30);
    assert_eq!(
        refused(&file(b"", &long)).await,
        "a: what the file says about itself holds a list longer than any real one"
    );
}

#[tokio::test]
async fn rows_that_nothing_holds_are_not_counted_out() {
    let no_columns = Bytes::default().list(1, &[]).int(1, 0).int(1, i64::MAX);
    let empty = Bytes::default().short(1, 1).list(1, &[group(0)]).int(1, i64::MAX).list(1, &[no_columns]);
    assert!(refused(&file(b"", &empty)).await.starts_with("a: "));
    assert_eq!(
        column_refused(leaf(INT32, REQUIRED), 0, i64::MAX, &plain_rows(1, 0, &[0; 4]), false).await,
        "its pages hold fewer rows than its row group has"
    );
    assert_eq!(
        column_refused(leaf(INT32, REQUIRED), 0, 1, &plain_rows(2, 0, &[0; 8]), false).await,
        "its pages hold more rows than its row group has"
    );
    // Two thousand million nulls in nine bytes.
    let nulls = Bytes::default().varint(u64::from(u32::MAX) & !1).raw(&[0]).0;
    let body = [&u32::try_from(nulls.len()).unwrap().to_le_bytes()[..], &nulls].concat();
    assert_eq!(
        column_refused(leaf(INT32, OPTIONAL), 0, MOST, &plain_rows(MOST, 0, &body), false).await,
        "it would come to more than 1000 times its size in memory"
    );
}

#[tokio::test]
async fn a_page_is_as_large_as_it_is_and_not_as_it_says() {
    let refused = async |pages: Vec<u8>, codec, has_dictionary, physical| {
        column_refused(leaf(physical, REQUIRED), codec, 1, &pages, has_dictionary).await
    };
    let fewer = "a dictionary holds fewer values than it says";
    assert_eq!(refused(dictionary(MOST, &[0; 8]), 0, true, INT32).await, fewer);
    assert_eq!(refused(dictionary(3, &[0; 8]), 0, true, TEXT).await, fewer);
    assert_eq!(refused(dictionary(-1, &[0; 8]), 0, true, INT32).await, "the header of a page is damaged");
    let twice = [dictionary(1, &[0; 4]), dictionary(1, &[0; 4])].concat();
    assert_eq!(refused(twice, 0, true, INT32).await, "a column has two dictionaries");
    for codec in [0, SNAPPY, ZSTD] {
        assert_eq!(refused(rows(1, 0, MOST, &[0; 4]), codec, false, INT32).await, "a page is larger than 256 MiB");
        let message = refused(rows(1, 0, 200 << 20, &[0; 4]), codec, false, INT32).await;
        assert!(matches!(&*message, "a page is not as large as it says" | "a page cannot be unpacked"), "{message}");
    }
    let beyond = Bytes::default().short(1, 0).short(1, 8).short(1, 1 << 20).raw(&[0]).0;
    assert!(refused(beyond, 0, false, INT32).await.contains("header of a page"));
    assert!(refused(vec![0x19; 5000], 0, false, INT32).await.contains("header of a page"));
}

#[tokio::test]
async fn texts_cannot_unfold_without_end() {
    let text = async |count: i64, encoding, body: Vec<u8>| {
        column_refused(leaf(TEXT, REQUIRED), 0, count, &plain_rows(count, encoding, &body), false).await
    };
    let many = "a page holds more values than it says";
    assert_eq!(text(1, 6, announced(1 << 40)).await, many);
    let ints = plain_rows(1, 5, &announced(1 << 40));
    assert_eq!(column_refused(leaf(INT32, REQUIRED), 0, 1, &ints, false).await, many);
    assert_eq!(text(1, 7, announced(1 << 40)).await, "a page is damaged");
    // A text of a hundred thousand letters, and as many more that share all of it: ten thousand million bytes.
    let count = 100_000;
    let (mut shared, mut rest) = (vec![count; 100_000], vec![0; 100_000]);
    (shared[0], rest[0]) = (0, count);
    let body = [differences(&shared), differences(&rest), vec![b'x'; 100_000]].concat();
    assert_eq!(text(count, 7, body).await, "it would come to more than 1000 times its size in memory");
    let few = [differences(&[0, 3, 1]), differences(&[3, 0, 1]), b"abcx".to_vec()].concat();
    assert_eq!(text(4, 7, few).await, "Invalid delta bit width 64 which is larger than expected 32 ");
}

#[tokio::test]
async fn types_that_no_value_has_are_refused() {
    let fixed = |length: i64| Bytes::default().short(1, 7).short(1, length).short(1, REQUIRED).text(1, "x");
    let page = plain_rows(1, 9, &[0; 8]);
    assert_eq!(column_refused(fixed(MOST), 0, 1, &page, false).await, "its values are of 2147483647 bytes each");
    assert_eq!(column_refused(fixed(0), 0, 1, &page, false).await, "its values are of 0 bytes each");
    let decimal = fixed(40).short(2, 5).short(1, 2).short(1, 77);
    let message = column_refused(decimal, 0, 1, &page, false).await;
    assert!(message.contains("77"), "{message}");
    let message = column_refused(leaf(INT32, REQUIRED), 0, 1, &plain_rows(1, 10, &[0; 8]), false).await;
    assert_eq!(message, "values are written in the encoding 10, which is not read");
    let message = column_refused(leaf(INT32, REQUIRED), 0, 1, &plain_rows(1, 8, &[0; 8]), false).await;
    assert_eq!(message, "values cannot be written in the encoding `RLE_DICTIONARY` here");
}

/// Small numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// How many damaged files are made of each.
const DAMAGED: usize = 200;

#[test]
#[ignore = "run by `no_damage_ends_the_process`, in a process that may be ended"]
fn damaged_files_are_read() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parquet");
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(1);
    let (mut read_well, mut refused) = (0, 0);
    let any = table_type([("x", Type::Any)]);
    for name in ["pyarrow_zstd_v2", "pyarrow_plain", "pandas", "duckdb", "encodings"] {
        let whole = std::fs::read(fixtures.join(format!("{name}.parquet"))).unwrap();
        for _ in 0..DAMAGED {
            let mut bytes = whole.clone();
            for _ in 0..=dice.roll(3) {
                // Half of them in what the file says about itself, where a byte does most.
                let from = if dice.roll(2) == 0 { bytes.len() / 2 } else { 4 };
                let at = from + dice.roll(bytes.len() - from);
                bytes[at] = match dice.roll(4) {
                    0 => 0xff,
                    1 => 0,
                    2 => bytes[at] ^ (1 << dice.roll(8)),
                    _ => u8::try_from(dice.roll(256)).unwrap(),
                };
            }
            std::fs::write(folder.path().join("a"), &bytes).unwrap();
            match runtime.block_on(read(folder.path(), "a", &PARQUET, None)) {
                Ok(_) => read_well += 1,
                Err(error) => {
                    assert!(error.message.starts_with("a: "), "{}", error.message);
                    refused += 1;
                }
            }
        }
        std::fs::write(folder.path().join("a"), &whole).unwrap();
        assert!(runtime.block_on(read(folder.path(), "a", &PARQUET, Some(&any))).is_err());
    }
    assert!(read_well > 50 && refused > 400, "{read_well} {refused}");
    println!("{read_well} read well, {refused} refused");
}

/// Flips bytes of real files, in a process with little memory: it must end by itself, and say nothing of a panic.
#[test]
fn no_damage_ends_the_process() {
    let test = std::env::current_exe().unwrap();
    let script = format!(
        "ulimit -v 4000000; exec timeout 600 {} --exact files::hostile::damaged_files_are_read --ignored --nocapture",
        test.display()
    );
    let ran = Command::new("bash").args(["-c", &script]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && out.contains("1 passed"), "{:?}\n{out}\n{err}", ran.status);
    assert!(!err.contains("panicked"), "{err}");
}
