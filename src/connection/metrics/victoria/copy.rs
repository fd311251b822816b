//! Copying between servers in their own form: the fastest, since neither side takes samples apart. It is streamed from
//! one to the other, and what arrived is compared with what was sent.

use std::collections::{BTreeSet, HashMap};
use std::hash::RandomState;
use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Duration;
use futures_util::TryStreamExt;
use futures_util::future::join;
use futures_util::stream::StreamExt;
use reqwest::{Body, Method};
use tokio::task::spawn_blocking;

use super::VictoriaMetrics;
use super::export::MOST_HELD;
use super::native::{Held, Resolved, Tally};
use crate::connection::metrics::copy::{self, Bytes, Native};
use crate::connection::metrics::over::SeriesId;
use crate::connection::metrics::writing::exact_selector;
use crate::connection::{Answer, Metrics, transport};
use crate::value::{ErrorKind, StepError, timestamp};

/// Series in one request.
const MOST_SERIES: usize = 500;
/// How long samples may take to become visible, in milliseconds.
const PATIENCE_MS: i64 = 15_000;

/// Samples by series.
type Counts = HashMap<SeriesId, u64>;

/// What is known of the bytes that go from one server to the other.
#[derive(Default)]
struct Passing {
    /// `None` when they are not understood.
    tally: Option<Tally>,
    /// `None` when they are too many.
    held: Option<Held>,
}

impl Passing {
    fn new(from_ms: i64, to_ms: i64, keys: RandomState) -> Self {
        let (tally, held) = (Tally::new(from_ms, to_ms, keys), Held::new(from_ms, to_ms, MOST_HELD));
        Self { tally: Some(tally), held: Some(held) }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.tally = self.tally.take().and_then(|mut tally| tally.add(bytes).is_ok().then_some(tally));
        self.held = self.held.take().and_then(|mut held| held.add(bytes).is_ok_and(|fits| fits).then_some(held));
    }
}

impl Native for VictoriaMetrics {
    fn export_native<'a>(&'a self, selectors: &'a [String], from_ms: i64, to_ms: i64) -> Answer<'a, Bytes> {
        Box::pin(self.native_bytes(selectors, from_ms, to_ms))
    }
}

impl VictoriaMetrics {
    /// Copies the series of another store; gives the number of samples. Series that are not here yet are copied as they
    /// are, the others sample by sample, so that none is doubled.
    pub(super) async fn copy_from(
        &self,
        from: &dyn Metrics,
        selector: &str,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<u64, StepError> {
        let Some(native) = from.native() else { return copy::copy(self, from, selector, from_ms, to_ms).await };
        if self.has_nothing_of(selector, from_ms, to_ms).await? {
            if let Some(copied) = self.take_all(native, selector, from_ms, to_ms).await? {
                return Ok(copied);
            }
            let there = counts(from, selector, from_ms, to_ms).await?;
            self.count_again(&there, selector, from_ms, to_ms).await?;
            return Ok(there.values().sum());
        }
        let there = counts(from, selector, from_ms, to_ms).await?;
        let here = counts(self, selector, from_ms, to_ms).await?;
        let (known, fresh): (Vec<&SeriesId>, Vec<&SeriesId>) = there.keys().partition(|id| here.contains_key(id));
        let labels: BTreeSet<&str> =
            there.keys().flat_map(|(_, labels)| labels.iter().map(|(name, _)| &**name)).collect();
        let exact = |(name, labels_of): &SeriesId| exact_selector(name, labels_of, &labels);
        let everything = [selector.to_owned()];
        if known.is_empty() && !fresh.is_empty() {
            self.take_native(native.export_native(&everything, from_ms, to_ms).await?).await?;
        }
        for group in fresh.chunks(MOST_SERIES).filter(|_| !known.is_empty()) {
            let selectors: Vec<String> = group.iter().map(|id| exact(id)).collect();
            self.take_native(native.export_native(&selectors, from_ms, to_ms).await?).await?;
        }
        for id in known {
            copy::copy(self, from, &exact(id), from_ms, to_ms).await?;
        }
        if !fresh.is_empty() {
            self.count_again(&there, selector, from_ms, to_ms).await?;
        }
        Ok(there.values().sum())
    }

    /// Whether there is nothing here that a selector matches. False too when its blocks are not understood.
    async fn has_nothing_of(&self, selector: &str, from_ms: i64, to_ms: i64) -> Result<bool, StepError> {
        if from_ms >= to_ms || !self.flags().await.replace_equal_instants_only() {
            return Ok(false);
        }
        self.moments.pass();
        let mut tally = Tally::new(from_ms, to_ms, RandomState::new());
        // Whatever is wrong shows again where it matters.
        let Ok(mut bytes) = self.native_bytes(&[selector.to_owned()], from_ms, to_ms).await else { return Ok(false) };
        while let Some(bytes) = bytes.try_next().await? {
            if tally.add(&bytes).is_err() || !tally.is_empty() {
                return Ok(false);
            }
        }
        Ok(tally.count().is_some())
    }

    /// Takes everything, looks at it as it passes, and compares it with what is here afterwards; gives the number of
    /// samples. `None` when that does not tell whether all of it is here: then it is to be counted.
    async fn take_all(
        &self,
        from: &dyn Native,
        selector: &str,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Option<u64>, StepError> {
        let selectors = [selector.to_owned()];
        let keys = RandomState::new();
        let passing = Arc::new(Mutex::new(Passing::new(from_ms, to_ms, keys.clone())));
        let looking = passing.clone();
        let look = move |bytes: &Vec<u8>| looking.lock().unwrap_or_else(PoisonError::into_inner).add(bytes);
        let bytes = from.export_native(&selectors, from_ms, to_ms).await?;
        self.take_native(bytes.inspect_ok(look).boxed()).await?;
        let Passing { tally, held } = take(&mut *passing.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(passed) = tally.filter(Tally::is_complete) else { return Ok(None) };
        // Where blocks share time, an instant may be in several. Counted while what arrived is read back.
        let counting = async {
            match (passed.count(), held) {
                (None, Some(held)) => spawn_blocking(move || counted(held)).await.ok().flatten(),
                (count, _) => count,
            }
        };
        let (here, count) = join(self.tally(&selectors, from_ms, to_ms, keys), counting).await;
        if !here?.is_some_and(|here| here.is_complete() && here.is_same(&passed)) {
            return Ok(None);
        }
        self.make_copy_lasting().await?;
        self.moments.pass();
        match count {
            Some(count) => Ok(Some(count)),
            // They are too many to hold, or one instant has several values.
            None => Ok(Some(counts(self, selector, from_ms, to_ms).await?.values().sum())),
        }
    }

    /// What is here by now; `None` when it is not understood.
    async fn tally(
        &self,
        selectors: &[String],
        from_ms: i64,
        to_ms: i64,
        keys: RandomState,
    ) -> Result<Option<Tally>, StepError> {
        self.flush().await;
        self.moments.pass();
        let mut tally = Tally::new(from_ms, to_ms, keys);
        let mut bytes = self.native_bytes(selectors, from_ms, to_ms).await?;
        while let Some(bytes) = bytes.try_next().await? {
            if tally.add(&bytes).is_err() {
                return Ok(None);
            }
        }
        Ok(Some(tally))
    }

    async fn native_bytes(&self, selectors: &[String], from_ms: i64, to_ms: i64) -> Result<Bytes, StepError> {
        let selectors: Vec<&str> = selectors.iter().map(String::as_str).collect();
        let opened = self.open_export("api/v1/export/native", &selectors, from_ms, to_ms, None).await;
        let response = opened.map_err(|error| error.context("copying"))?;
        let (transport, shown) = (self.transport.clone(), self.shown.clone());
        let pieces = response.bytes_stream().map_ok(|bytes| bytes.to_vec());
        Ok(pieces.map_err(move |error| transport.failure(&shown, &error).context("copying")).boxed())
    }

    /// Sends the bytes on as they come.
    async fn take_native(&self, bytes: Bytes) -> Result<(), StepError> {
        self.may_make_lasting().await?;
        let url = transport::join(&self.write_url, "api/v1/import/native");
        let request = self.transport.streamed(Method::POST, url).body(Body::wrap_stream(bytes));
        let sent = self.transport.send(&self.shown, request).await;
        sent.map(|_| ()).map_err(|error| match error.kind {
            ErrorKind::Query => StepError { kind: ErrorKind::Write, ..error }.context("copying"),
            _ => error.context("copying"),
        })
    }

    /// Waits until there are as many samples of each series as on the other side.
    async fn count_again(&self, wanted: &Counts, selector: &str, from_ms: i64, to_ms: i64) -> Result<(), StepError> {
        let deadline = self.clock.now() + Duration::milliseconds(PATIENCE_MS);
        self.flush().await;
        self.moments.pass();
        loop {
            let found = counts(self, selector, from_ms, to_ms).await?;
            let of = |id: &SeriesId| found.get(id).copied().unwrap_or(0);
            let Some((id, count)) = wanted.iter().find(|(id, count)| of(id) != **count) else { break };
            if self.clock.now() >= deadline {
                let wrong = wanted.iter().filter(|(id, count)| of(id) != **count).count();
                let message = format!(
                    "{} has another number of samples in {wrong} of {} series after the copy; first: {}{} has {} instead of {count}",
                    self.shown,
                    wanted.len(),
                    id.0,
                    id.1,
                    of(id),
                );
                return Err(StepError::new(ErrorKind::Write, message).help(DIFFERENT));
            }
            self.clock.sleep(200).await;
            self.moments.pass();
        }
        self.make_copy_lasting().await?;
        self.moments.pass();
        Ok(())
    }

    async fn make_copy_lasting(&self) -> Result<(), StepError> {
        match self.durability {
            super::Durability::Snapshot => self.make_snapshot().await,
            super::Durability::Wait | super::Durability::Off => Ok(()),
        }
    }
}

const DIFFERENT: &str = "the servers may keep different times (-retentionPeriod) or drop different duplicates \
                         (-dedup.minScrapeInterval); `do vm.write(other.export(…))` copies sample by sample";

/// How many samples there are, each instant once; `None` when only the server knows which values count.
fn counted(held: Held) -> Option<u64> {
    held.resolve().try_fold(0, |count, found| match found {
        Ok(Resolved::Piece(piece)) => Some(count + piece.points.len() as u64),
        Ok(Resolved::Doubtful { .. }) | Err(_) => None,
    })
}

/// How many samples each series has in `from_ms..to_ms`.
async fn counts(store: &dyn Metrics, selector: &str, from_ms: i64, to_ms: i64) -> Result<Counts, StepError> {
    if from_ms >= to_ms {
        return Ok(Counts::new());
    }
    // On a line of its own: the selector may end in a comment.
    let query = format!("count_over_time({selector}\n[{}ms]) keep_metric_names", to_ms - from_ms);
    let samples = store.instant(&query, timestamp(to_ms - 1)).await?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of samples")]
    let count = |value: f64| value as u64;
    Ok(samples.into_iter().map(|sample| ((sample.name, sample.labels), count(sample.value))).collect())
}
