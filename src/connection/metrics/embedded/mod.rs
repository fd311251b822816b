//! The embedded store: samples in one SQLite file, and an evaluator for the part of the language that
//! it answers exactly as VictoriaMetrics does ([`promql::embedded_subset`]).
//!
//! It keeps what a server would not promise: a write is durable when it returns, writing the same
//! again changes nothing, values are exact, and the future has no limit.

mod chunk;
mod evaluate;
mod find;
mod read;
mod seed;
mod store;
mod upgrade;
mod write;

use std::path::PathBuf;

use futures_util::stream::{BoxStream, StreamExt, TryStreamExt, once};

use self::store::Store;
use super::{batch, is_ordered, preview, range_at_instant, shown_query};
use crate::connection::preview::Change;
use crate::connection::{Answer, Metrics, Written};
use crate::query::promql::{self, Matcher, Outside};
use crate::value::{ErrorKind, Sample, Series, StepError, Timestamp};

/// How many readers there are beside the one writer.
const READERS: u32 = 4;

/// Where the store lies and what it begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmbeddedOptions {
    /// A directory, or a file with an extension such as `.db`; made when it is not there.
    pub path: PathBuf,
    /// A file of JSON lines as `/api/v1/export` gives them, loaded once into a new store.
    pub seed: Option<PathBuf>,
}

/// An open store. Several processes may have the same one open.
#[derive(Debug)]
pub struct EmbeddedMetrics {
    store: Store,
}

impl EmbeddedMetrics {
    /// Opens the store, makes it when it is not there, and loads the seed into a store that has none
    /// yet: all of it or, on a malformed line, nothing and an error of kind `Configuration`.
    pub async fn open(options: &EmbeddedOptions) -> Result<Self, StepError> {
        let store = Store::open(&options.path).await?;
        if let Some(seed) = &options.seed {
            seed::load(&store, seed).await?;
        }
        Ok(Self { store })
    }

    async fn value_at(&self, query: &str, at_ms: i64) -> Result<Vec<Sample>, StepError> {
        let node = read(query)?;
        if node.is_range() {
            return Err(range_at_instant());
        }
        let expression = promql::compile(&node).map_err(|outside| refuse(query, &outside))?;
        let mut samples = evaluate::evaluate(&self.store, &expression, at_ms).await?;
        if !is_ordered(&node) {
            samples.sort_unstable_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
        }
        evaluate::refuse_duplicates(&samples)
            .map_err(|error| error.context(format!("query `{}`", shown_query(query))))?;
        Ok(samples)
    }

    async fn write_all(&self, series: &[Series]) -> Result<Written, StepError> {
        let batch = batch::prepare(series, None)?.in_order();
        let written = self.store.write(&batch.series, None).await?;
        Ok(Written { written, unchanged: batch.len() as u64 - written + batch.repeated })
    }
}

fn read(query: &str) -> Result<promql::Node, StepError> {
    promql::read_finished(query)
        .map_err(|why| StepError::new(ErrorKind::Query, format!("query `{}`: {why}", shown_query(query))))
}

fn refuse(query: &str, outside: &Outside) -> StepError {
    StepError::new(ErrorKind::Query, format!("query `{}`: {}", shown_query(query), outside.message)).help(outside.help)
}

/// The matchers of a selector and nothing more.
fn selector_of(query: &str) -> Result<Vec<Matcher>, StepError> {
    let node = read(query)?;
    let Some(matchers) = node.matchers() else {
        let message = format!("export of `{}`: this is no selector", shown_query(query));
        return Err(StepError::new(ErrorKind::Query, message).help("write a selector, such as `name{label=\"value\"}`"));
    };
    promql::check_matchers(&node, matchers).map_err(|outside| refuse(query, &outside))?;
    Ok(matchers.to_vec())
}

impl Metrics for EmbeddedMetrics {
    fn pool_size(&self) -> usize {
        READERS as usize
    }

    fn instant<'a>(&'a self, query: &'a str, at: Timestamp) -> Answer<'a, Vec<Sample>> {
        Box::pin(self.value_at(query, at.timestamp_millis()))
    }

    fn export<'a>(&'a self, selector: &'a str, from_ms: i64, to_ms: i64) -> BoxStream<'a, Result<Series, StepError>> {
        let found = async move { self.store.find(&selector_of(selector)?).await };
        once(found).map_ok(move |series| self.store.points(series, from_ms, to_ms)).try_flatten().boxed()
    }

    fn write<'a>(&'a self, series: &'a [Series]) -> Answer<'a, Written> {
        Box::pin(self.write_all(series))
    }

    fn preview<'a>(&'a self, series: &'a [Series]) -> Answer<'a, Change> {
        Box::pin(async move { preview::compare(self, &batch::prepare(series, None)?.series).await })
    }
}
