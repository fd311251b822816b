//! What a store of metrics holds, asked for in rounds: what one look at the queries wants to know is asked for at once.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use crate::connection::Metrics;
use crate::value::{ErrorKind, StepError};

/// The label that holds the name of the metric.
pub(super) const NAME: &str = "__name__";

/// Since when samples may lie in a store, in milliseconds. Windows that begin with 1970 itself are refused.
const SINCE_MS: i64 = 24 * 3_600_000;

/// How many requests are under way at once.
const AT_ONCE: usize = 4;

/// How many requests a check makes of one store; of whatever else there is nothing is said.
const MOST: usize = 400;

/// How long a store may think about names. A check tells what it can, and waits for nobody.
const PATIENCE: Duration = Duration::from_secs(10);

/// A question to a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ask {
    /// The label whose values are wanted; absent for the names of labels.
    pub(super) label: Option<Arc<str>>,
    /// Of the series that this matches; absent for all.
    pub(super) selector: Option<Arc<str>>,
}

/// The names of something; `None` where nobody knows: not asked yet, too many, or too slow.
pub(super) type Names = Option<Arc<HashSet<Arc<str>>>>;

/// What a store said so far.
pub(super) struct Index {
    store: Arc<dyn Metrics>,
    until_ms: i64,
    known: HashMap<Ask, Names>,
    wanted: RefCell<HashSet<Ask>>,
    is_slow: bool,
}

impl Index {
    /// Of a store in which samples may lie up to an instant, in milliseconds.
    pub(super) fn new(store: Arc<dyn Metrics>, until_ms: i64) -> Self {
        Self { store, until_ms, known: HashMap::new(), wanted: RefCell::default(), is_slow: false }
    }

    /// What is known. What is not is asked for by [`Self::fetch`].
    pub(super) fn names(&self, ask: Ask) -> Names {
        self.known.get(&ask).cloned().unwrap_or_else(|| {
            self.wanted.borrow_mut().insert(ask);
            None
        })
    }

    /// Asks for what was wanted since; `false` when that was nothing. A store that cannot be asked at all is an error.
    pub(super) async fn fetch(&mut self) -> Result<bool, StepError> {
        let mut wanted: Vec<Ask> = self.wanted.take().into_iter().collect();
        wanted.truncate(MOST.saturating_sub(self.known.len()));
        if self.is_slow || wanted.is_empty() {
            return Ok(false);
        }
        let answers: Vec<_> =
            stream::iter(wanted).map(|ask| self.answer(ask)).buffer_unordered(AT_ONCE).collect().await;
        for (ask, answer) in answers {
            let names = match answer {
                Some(Ok(names)) => Some(Arc::new(names.into_iter().filter(|name| **name != *NAME).collect())),
                // A store that has more names than it gives is at fault for nothing, nor one that finds a selector costly.
                Some(Err(error)) if error.kind == ErrorKind::Query || ask.selector.is_some() => None,
                Some(Err(error)) if error.kind != ErrorKind::Timeout => return Err(error),
                Some(Err(_)) | None => {
                    self.is_slow = true;
                    None
                }
            };
            self.known.insert(ask, names);
        }
        Ok(true)
    }

    /// `None` when it took too long.
    async fn answer(&self, ask: Ask) -> (Ask, Option<Result<Vec<Arc<str>>, StepError>>) {
        let (store, until_ms) = (&self.store, self.until_ms);
        let asked = match (&ask.label, &ask.selector) {
            (label, Some(selector)) => store.indexed(label.as_deref(), selector, SINCE_MS, until_ms),
            (Some(label), None) => store.label_values(label, None, SINCE_MS, until_ms),
            (None, None) => store.labels(SINCE_MS, until_ms),
        };
        let answer = tokio::time::timeout(PATIENCE, asked).await.ok();
        (ask, answer)
    }
}
