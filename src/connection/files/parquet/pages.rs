//! The pages of a column, each looked at and unpacked before the library sees it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parquet::basic::{CompressionCodec, Encoding, Type as Physical};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;

use super::delta;
use super::header::{Content, Header, encoding};
use super::thrift::Odd;

/// The largest page, unpacked. Writers make pages of a megabyte, or a row group of one.
const LARGEST_PAGE: u32 = 256 * 1024 * 1024;

/// How much is read at first where a header begins, and at most.
const HEADER: usize = 1024;
const LARGEST_HEADER: usize = 16 * 1024 * 1024;

/// How levels are written by all writers: in runs.
const RUNS: i64 = 3;

/// What a file may come to in memory, in bytes: more for a large one. A few bytes can say that a value stands in a
/// billion rows.
#[derive(Debug, Clone)]
pub(super) struct Budget(Arc<AtomicU64>);

impl Budget {
    /// What every file may come to, and how many times its size on the disk beyond.
    const LEAST: u64 = 256 * 1024 * 1024;
    const TIMES: u64 = 1000;

    /// For a file of so many bytes.
    pub(super) fn of(size: u64) -> Self {
        Self(Arc::new(AtomicU64::new(Self::LEAST.saturating_add(size.saturating_mul(Self::TIMES)))))
    }

    /// Takes some away; `false` when it is used up.
    pub(super) fn spend(&self, bytes: u64) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

/// About what a value takes in a column.
const CELL: u64 = 8;

/// What a file is that would use up its budget.
pub(super) const OUT_OF_PROPORTION: &str = "it would come to more than 1000 times its size in memory";

/// What is read of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// How values are stored.
    pub(super) physical: Physical,
    /// The bytes of a value, where all have as many.
    pub(super) width: usize,
    /// Whether there may be nulls, which levels tell.
    pub(super) has_levels: bool,
}

/// Reads the pages of a column in a row group.
pub(super) struct Pages {
    pub(super) file: Arc<File>,
    /// Where the next one begins, and where they end.
    pub(super) at: u64,
    pub(super) end: u64,
    /// How many rows are still to come.
    pub(super) rows: u64,
    pub(super) codec: CompressionCodec,
    pub(super) layout: Layout,
    pub(super) has_dictionary: bool,
    pub(super) budget: Budget,
}

type Read<T> = Result<T, ParquetError>;

fn odd(why: impl Into<String>) -> ParquetError {
    ParquetError::General(why.into())
}

/// Fails with a reason unless something holds.
fn want(holds: bool, why: &str) -> Read<()> {
    if holds { Ok(()) } else { Err(odd(why)) }
}

impl Pages {
    /// The bytes from here on, at most so many.
    fn bytes(&self, most: usize) -> Read<Vec<u8>> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left.min(most)];
        self.file.read_exact_at(&mut bytes, self.at)?;
        Ok(bytes)
    }

    fn header(&self) -> Read<Header> {
        let mut most = HEADER;
        loop {
            let bytes = self.bytes(most)?;
            match Header::read(&bytes) {
                Ok(header) => return Ok(header),
                Err(Odd::Cut) if bytes.len() == most && most < LARGEST_HEADER => most *= 8,
                Err(why) => return Err(odd(format!("the header of a page {}", why.words()))),
            }
        }
    }

    /// The next page that is of use, unpacked.
    fn next_page(&mut self) -> Read<Option<Page>> {
        while self.rows > 0 && self.at < self.end {
            let header = self.header()?;
            self.at += header.length as u64;
            want(u64::from(header.packed) <= self.end.saturating_sub(self.at), "a page reaches beyond its column")?;
            want(header.size <= LARGEST_PAGE, "a page is larger than 256 MiB")?;
            let packed = self.bytes(header.packed as usize)?;
            self.at += u64::from(header.packed);
            let page = match header.content {
                Content::Other => continue,
                Content::Dictionary => self.dictionary(&header, packed)?,
                Content::Rows => self.rows_of(&header, packed)?,
                Content::RowsV2 { .. } => self.rows_v2(&header, packed)?,
            };
            return Ok(Some(page));
        }
        Ok(None)
    }

    fn dictionary(&mut self, header: &Header, packed: Vec<u8>) -> Read<Page> {
        let physical = self.layout.physical;
        want(!self.has_dictionary, "a column has two dictionaries")?;
        want(physical != Physical::BOOLEAN, "a dictionary of `true` and `false`")?;
        want(matches!(header.encoding, 0 | 2), "a dictionary is not written plainly")?;
        let buf = self.unpacked(packed, header.size)?;
        // The library makes room for as many values as it is told there are.
        let least = if physical == Physical::BYTE_ARRAY { 4 } else { self.layout.width };
        let is_there = (header.values as usize).checked_mul(least).is_some_and(|bytes| bytes <= buf.len());
        want(is_there, "a dictionary holds fewer values than it says")?;
        self.has_dictionary = true;
        Ok(Page::DictionaryPage { buf, num_values: header.values, encoding: Encoding::PLAIN, is_sorted: false })
    }

    fn rows_of(&mut self, header: &Header, packed: Vec<u8>) -> Read<Page> {
        let encoding = self.encoding(header)?;
        want(!self.layout.has_levels || header.levels == RUNS, "nulls are told in a way that nobody uses any more")?;
        let buf = self.unpacked(packed, header.size)?;
        let skipped = if self.layout.has_levels { levels(&buf)? } else { 0 };
        self.check_values(encoding, header.values, buf.get(skipped..).unwrap_or_default())?;
        Ok(Page::DataPage {
            buf,
            num_values: header.values,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        })
    }

    fn rows_v2(&mut self, header: &Header, packed: Vec<u8>) -> Read<Page> {
        let Content::RowsV2 { nulls, nesting, levels, is_packed } = header.content else {
            return Err(odd("a page is damaged"));
        };
        let encoding = self.encoding(header)?;
        want(nesting == 0 && nulls <= header.values, "a page is damaged")?;
        want(self.layout.has_levels || (levels, nulls) == (0, 0), "a column without nulls has some")?;
        let skipped = levels as usize;
        let (before, values) = packed.split_at_checked(skipped).ok_or_else(|| odd("a page is damaged"))?;
        let size = header.size.checked_sub(levels).ok_or_else(|| odd("a page is damaged"))?;
        let buf = if is_packed && self.codec != CompressionCodec::UNCOMPRESSED && !values.is_empty() {
            let mut whole = before.to_vec();
            whole.extend_from_slice(&self.unpacked(values.to_vec(), size)?);
            Bytes::from(whole)
        } else {
            want(self.budget.spend(packed.len() as u64), OUT_OF_PROPORTION)?;
            Bytes::from(packed)
        };
        self.check_values(encoding, header.values, buf.get(skipped..).unwrap_or_default())?;
        Ok(Page::DataPageV2 {
            buf,
            num_values: header.values,
            encoding,
            num_nulls: nulls,
            num_rows: header.values,
            def_levels_byte_len: levels,
            rep_levels_byte_len: 0,
            is_compressed: false,
            statistics: None,
        })
    }

    /// How a page's values are written, when that goes with what they are.
    fn encoding(&mut self, header: &Header) -> Read<Encoding> {
        let named = || odd(format!("values are written in the encoding {}, which is not read", header.encoding));
        let found = encoding(header.encoding).ok_or_else(named)?;
        let physical = self.layout.physical;
        let is_one = |of: &[Physical]| of.contains(&physical);
        let goes = match found {
            Encoding::PLAIN => true,
            Encoding::RLE => is_one(&[Physical::BOOLEAN]),
            Encoding::DELTA_BINARY_PACKED => is_one(&[Physical::INT32, Physical::INT64]),
            Encoding::DELTA_LENGTH_BYTE_ARRAY => is_one(&[Physical::BYTE_ARRAY]),
            Encoding::DELTA_BYTE_ARRAY => is_one(&[Physical::BYTE_ARRAY, Physical::FIXED_LEN_BYTE_ARRAY]),
            Encoding::BYTE_STREAM_SPLIT => !is_one(&[Physical::BOOLEAN, Physical::INT96, Physical::BYTE_ARRAY]),
            _ => self.has_dictionary,
        };
        want(goes, &format!("values cannot be written in the encoding `{found}` here"))?;
        let left = self.rows.checked_sub(u64::from(header.values));
        self.rows = left.ok_or_else(|| odd("its pages hold more rows than its row group has"))?;
        want(self.budget.spend(u64::from(header.values) * CELL), OUT_OF_PROPORTION)?;
        Ok(found)
    }

    /// Looks at values whose sizes the library believes.
    fn check_values(&self, encoding: Encoding, count: u32, values: &[u8]) -> Read<()> {
        let most = count as usize;
        match encoding {
            Encoding::DELTA_BINARY_PACKED | Encoding::DELTA_LENGTH_BYTE_ARRAY => {
                want(delta::is_sane(values, most), "a page holds more values than it says")
            }
            Encoding::DELTA_BYTE_ARRAY => {
                let size = delta::unfolded(values, most).ok_or_else(|| odd("a page is damaged"))?;
                want(self.budget.spend(size), OUT_OF_PROPORTION)
            }
            _ => Ok(()),
        }
    }

    fn unpacked(&self, packed: Vec<u8>, size: u32) -> Read<Bytes> {
        want(self.budget.spend(u64::from(size)), OUT_OF_PROPORTION)?;
        let damaged = || odd("a page cannot be unpacked");
        let wanted = size as usize;
        let unpacked = match self.codec {
            CompressionCodec::SNAPPY => {
                want(
                    snap::raw::decompress_len(&packed).is_ok_and(|len| len == wanted),
                    "a page is not as large as it says",
                )?;
                snap::raw::Decoder::new().decompress_vec(&packed).map_err(|_| damaged())?
            }
            CompressionCodec::ZSTD => zstd::bulk::decompress(&packed, wanted).map_err(|_| damaged())?,
            _ => packed,
        };
        want(unpacked.len() == wanted, "a page is not as large as it says")?;
        Ok(Bytes::from(unpacked))
    }
}

/// The size of the levels at the begin of a page, which say it themselves.
fn levels(page: &[u8]) -> Read<usize> {
    let length = page.first_chunk().map(|bytes| u32::from_le_bytes(*bytes) as usize);
    length
        .and_then(|length| length.checked_add(4))
        .filter(|end| *end <= page.len())
        .ok_or_else(|| odd("a page is cut off"))
}

impl Iterator for Pages {
    type Item = Read<Page>;
    fn next(&mut self) -> Option<Read<Page>> {
        self.next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Read<Option<Page>> {
        self.next_page()
    }

    // Only asked for by who skips rows, or reads lists.
    fn peek_next_page(&mut self) -> Read<Option<PageMetadata>> {
        Err(ParquetError::NYI("pages are read in order".to_owned()))
    }

    fn skip_next_page(&mut self) -> Read<()> {
        Err(ParquetError::NYI("pages are read in order".to_owned()))
    }
}
