//! Copying series from one store to another.

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;

use crate::connection::{Answer, Metrics};
use crate::value::{Series, StepError};

/// Samples that are in memory at once.
const MOST_SAMPLES: usize = 200_000;

/// Bytes as they arrive.
pub type Bytes = BoxStream<'static, Result<Vec<u8>, StepError>>;

/// A store that gives and takes series in its own form, which nobody else reads.
pub trait Native: Send + Sync {
    /// The series that any of the selectors matches, in `from_ms..to_ms`.
    fn export_native<'a>(&'a self, selectors: &'a [String], from_ms: i64, to_ms: i64) -> Answer<'a, Bytes>;
}

/// Reads and writes by turns; gives the number of samples.
pub(in crate::connection) async fn copy<M: Metrics + ?Sized>(
    store: &M,
    from: &dyn Metrics,
    selector: &str,
    from_ms: i64,
    to_ms: i64,
) -> Result<u64, StepError> {
    let mut pieces = from.export(selector, from_ms, to_ms);
    let mut waiting: Vec<Series> = Vec::new();
    let (mut size, mut copied) = (0, 0);
    while let Some(piece) = pieces.try_next().await? {
        size += piece.points.len();
        waiting.push(piece);
        if size >= MOST_SAMPLES {
            copied += write(store, &waiting).await?;
            waiting.clear();
            size = 0;
        }
    }
    Ok(copied + write(store, &waiting).await?)
}

async fn write<M: Metrics + ?Sized>(store: &M, series: &[Series]) -> Result<u64, StepError> {
    if series.is_empty() {
        return Ok(0);
    }
    let written = store.write(series).await?;
    Ok(written.written + written.unchanged)
}
