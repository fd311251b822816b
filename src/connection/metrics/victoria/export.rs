//! Raw points: read in the server's own form where that is known, else as lines of JSON.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt, try_unfold};
use reqwest::{Method, Response};

use super::VictoriaMetrics;
use super::native::{Held, Piece, Places, Resolved, Resolving, Search, Unreadable};
use crate::connection::metrics::shown_query;
use crate::connection::metrics::writing::{Ask, Duplicates, Looked, Take, broad_selector, selector, take_series};
use crate::connection::transport;
use crate::query::promql::seconds;
use crate::value::{ErrorKind, Points, Series, StepError};

const DAY_MS: i64 = 86_400_000;
/// Points of others that may come along for each that is looked for, before series are named one by one.
const OTHERS: usize = 4;
/// Points of others that never matter.
const FEW: usize = 100_000;
/// Bytes of blocks that are held at once.
pub(super) const MOST_HELD: usize = 32 * 1024 * 1024;
/// How often a range is halved. Blocks come whole, so that there is an end to what that helps.
const MOST_HALVINGS: u8 = 10;
/// Series that are asked for again at once.
const MOST_DOUBTFUL: usize = 500;

/// What tells one time of asking from another. For some seconds a server remembers which series a selector matched, and
/// knows nothing of one that has begun since: seen on 1.79.5, up to ten seconds after it was there. So every question has
/// a filter that all series pass, and that changes with every write.
pub(super) struct Moments {
    /// Of this client among others.
    own: uuid::Uuid,
    count: AtomicU64,
}

impl Moments {
    pub(super) fn new() -> Self {
        Self { own: uuid::Uuid::now_v7(), count: AtomicU64::new(0) }
    }

    /// Whatever was asked before is asked anew from now on.
    pub(super) fn pass(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
    }

    /// The filter, for `extra_filters[]`.
    pub(super) fn filter(&self) -> String {
        format!("{{vmflow_moment!=\"{}-{}\"}}", self.own.simple(), self.count.load(Ordering::SeqCst))
    }
}

impl VictoriaMetrics {
    /// The raw points of the series that `selector` matches in `from_ms..to_ms`.
    pub(super) fn points(
        &self,
        selector: String,
        from_ms: i64,
        to_ms: i64,
    ) -> BoxStream<'_, Result<Series, StepError>> {
        if from_ms >= to_ms {
            return futures_util::stream::empty().boxed();
        }
        let chosen = async move {
            let may_read_blocks = self.flags().await.replace_equal_instants_only();
            if may_read_blocks && self.reads_blocks.load(Ordering::Relaxed) {
                self.blocks(selector, from_ms, to_ms)
            } else {
                self.lines(selector, from_ms, to_ms, Duplicates::Merged)
            }
        };
        stream::once(chosen).flatten().boxed()
    }

    /// The same from blocks. They are held in memory; when they are too many, the range is read in halves.
    fn blocks(&self, selector: String, from_ms: i64, to_ms: i64) -> BoxStream<'_, Result<Series, StepError>> {
        let ranges = vec![(from_ms, to_ms, 0)];
        let begun = Blocks { store: self, selector, ranges, doubtful: Vec::new(), rest: None };
        try_unfold(begun, |mut blocks| async move { Ok(blocks.next().await?.map(|series| (series, blocks))) }).boxed()
    }

    /// Asks for an export. The end is included there, and must not be midnight: one millisecond more, and what is too late
    /// has to be dropped.
    pub(super) async fn open_export(
        &self,
        path: &str,
        selectors: &[&str],
        from_ms: i64,
        to_ms: i64,
        option: Option<(&str, &str)>,
    ) -> Result<Response, StepError> {
        let last = if (to_ms - 1) % DAY_MS == 0 { to_ms } else { to_ms - 1 };
        let (start, end, filter) = (seconds(from_ms), seconds(last), self.moments.filter());
        let mut form: Vec<(&str, &str)> = selectors.iter().map(|selector| ("match[]", *selector)).collect();
        form.extend([("start", &*start), ("end", &*end), ("extra_filters[]", &*filter)]);
        form.extend(option);
        let mut request =
            transport::form(self.transport.streamed(Method::POST, transport::join(&self.read_url, path)), &form);
        if !self.compresses {
            // Packing costs both sides more than a wire that is none.
            request = request.header("accept-encoding", "identity");
        }
        let sent = self.transport.send(&self.shown, request).await;
        let asked = selectors.first().copied().unwrap_or_default();
        sent.map_err(|error| error.context(format!("export of `{}`", shown_query(asked))))
    }

    /// Gives what there is of some series.
    pub(super) async fn look_up<'a>(&'a self, ask: Ask<'a>, take: &'a mut Take<'a>) -> Result<Looked, StepError> {
        self.moments.pass();
        if ask.duplicates == Duplicates::Shown && self.reads_blocks.load(Ordering::Relaxed) {
            return self.look_in_blocks(ask, take).await;
        }
        if ask.is_broad {
            return Ok(Looked::TooBroad);
        }
        take_series(self.lines(selector(ask.series), ask.from_ms, ask.to_ms, ask.duplicates), ask, take).await
    }

    async fn look_in_blocks<'a>(&'a self, ask: Ask<'a>, take: &'a mut Take<'a>) -> Result<Looked, StepError> {
        let selector = if ask.is_broad { broad_selector(ask.series) } else { Some(selector(ask.series)) };
        let Some(selector) = selector else { return Ok(Looked::TooBroad) };
        let selectors = [selector.as_str()];
        let asked = self.open_export("api/v1/export/native", &selectors, ask.from_ms, ask.to_ms, None);
        // While the server searches. Mostly it has nothing yet of what is to be written: then no names are needed.
        let named = async {
            tokio::task::yield_now().await;
            ask.is_sent.then(|| Places::of(ask.series))
        };
        let (opened, places) = join(asked, named).await;
        let mut response = match opened {
            // It may be a server, or a proxy before one, that does not know of this.
            Err(error) if error.kind == ErrorKind::Query => return Ok(self.unreadable("it is refused")),
            opened => opened?,
        };
        let wanted: usize = ask.series.iter().map(|one| one.points.len()).sum();
        let most = FEW.max(wanted.saturating_mul(OTHERS));
        let mut search = Search::new(ask.series, places, ask.from_ms, ask.to_ms);
        while let Some(bytes) = self.next_bytes(&mut response).await? {
            if let Err(why) = search.add(bytes.as_ref(), &mut |Piece { at, points }| take(at, points)) {
                return Ok(self.unreadable(why));
            }
            if ask.is_broad && search.others > most {
                return Ok(Looked::TooBroad);
            }
        }
        Ok(if search.is_complete() { Looked::Whole } else { self.unreadable("it ends within a block") })
    }

    async fn next_bytes(&self, response: &mut Response) -> Result<Option<impl AsRef<[u8]> + use<>>, StepError> {
        response.chunk().await.map_err(|error| self.cut(&self.transport.failure(&self.shown, &error)))
    }

    /// The blocks of a range, if they are not too many and can be read.
    async fn hold(&self, selector: &str, from_ms: i64, to_ms: i64) -> Result<Option<Held>, StepError> {
        let opened = self.open_export("api/v1/export/native", &[selector], from_ms, to_ms, None).await;
        let mut response = match opened {
            Err(error) if error.kind == ErrorKind::Query => {
                // The lines' own error, if it is the selector that is refused, says so.
                self.unreadable("it is refused");
                return Ok(None);
            }
            opened => opened?,
        };
        let mut held = Held::new(from_ms, to_ms, MOST_HELD);
        while let Some(bytes) = self.next_bytes(&mut response).await? {
            match held.add(bytes.as_ref()) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(why) => {
                    self.unreadable(why);
                    return Ok(None);
                }
            }
        }
        if held.is_complete() {
            return Ok(Some(held));
        }
        self.unreadable("it ends within a block");
        Ok(None)
    }

    /// An export of which a part has been given away already.
    fn broken(&self, why: Unreadable) -> StepError {
        self.unreadable(why);
        StepError::transient(ErrorKind::Data, format!("{} exported a block that cannot be read: {why}", self.shown))
    }

    /// From now on lines are read.
    fn unreadable(&self, why: Unreadable) -> Looked {
        tracing::debug!(server = %self.shown, why, "blocks cannot be read; lines of JSON are read instead");
        self.reads_blocks.store(false, Ordering::Relaxed);
        Looked::Again
    }
}

/// An export that is read from blocks.
struct Blocks<'a> {
    store: &'a VictoriaMetrics,
    selector: String,
    /// What is still to be read, the next one last, and how often it was halved.
    ranges: Vec<(i64, i64, u8)>,
    /// Times of series for which the server is to say what counts.
    doubtful: Vec<Doubtful>,
    /// The rest of the range that is being read.
    rest: Option<Rest<'a>>,
}

/// The rest of a range.
enum Rest<'a> {
    Blocks(Box<Resolving>),
    Lines(BoxStream<'a, Result<Series, StepError>>),
}

/// A time of a series.
struct Doubtful {
    series: Series,
    from_ms: i64,
    last_ms: i64,
}

impl<'a> Blocks<'a> {
    async fn next(&mut self) -> Result<Option<Series>, StepError> {
        loop {
            if let Some(piece) = self.next_piece().await? {
                return Ok(Some(piece));
            }
            let Some((from_ms, to_ms, halvings)) = self.ranges.pop() else { return Ok(None) };
            match self.store.hold(&self.selector, from_ms, to_ms).await? {
                Some(held) => self.rest = Some(Rest::Blocks(Box::new(held.resolve()))),
                None => self.divide(from_ms, to_ms, halvings),
            }
        }
    }

    async fn next_piece(&mut self) -> Result<Option<Series>, StepError> {
        while let Some(rest) = &mut self.rest {
            let found = match rest {
                Rest::Lines(lines) => lines.try_next().await?.map(Ok),
                Rest::Blocks(blocks) => match blocks.next().transpose() {
                    Ok(Some(Resolved::Piece(piece))) => Some(Ok(piece)),
                    Ok(Some(Resolved::Doubtful { name, labels, from_ms, last_ms })) => {
                        let series = Series { name, labels, points: Arc::default() };
                        Some(Err(Doubtful { series, from_ms, last_ms }))
                    }
                    Ok(None) => None,
                    Err(why) => return Err(self.store.broken(why)),
                },
            };
            match found {
                Some(Ok(piece)) => return Ok(Some(piece)),
                Some(Err(doubtful)) => self.doubt(doubtful),
                None => self.rest = self.ask_for_doubtful().map(Rest::Lines),
            }
        }
        Ok(None)
    }

    /// Times of a series that follow each other are one.
    fn doubt(&mut self, doubtful: Doubtful) {
        let follows = |last: &&mut Doubtful| {
            let (before, after) = (&last.series, &doubtful.series);
            last.last_ms.saturating_add(1) == doubtful.from_ms
                && (&before.name, &before.labels) == (&after.name, &after.labels)
        };
        match self.doubtful.last_mut().filter(follows) {
            Some(last) => last.last_ms = doubtful.last_ms,
            None => self.doubtful.push(doubtful),
        }
    }

    /// Lines of the series that have several values for one instant, cut to where they have.
    fn ask_for_doubtful(&mut self) -> Option<BoxStream<'a, Result<Series, StepError>>> {
        let some = self.doubtful.split_off(self.doubtful.len().saturating_sub(MOST_DOUBTFUL));
        let from_ms = some.iter().map(|one| one.from_ms).min()?;
        let last_ms = some.iter().map(|one| one.last_ms).max()?;
        let selector = selector(&some.iter().map(|one| &one.series).collect::<Vec<_>>());
        let lines = self.store.lines(selector, from_ms, last_ms.saturating_add(1), Duplicates::Merged);
        Some(lines.try_filter_map(move |found| ready(Ok(cut(&found, &some)))).boxed())
    }

    /// Reads a range in halves, or as lines when that is no use.
    fn divide(&mut self, from_ms: i64, to_ms: i64, halvings: u8) {
        let middle = from_ms.midpoint(to_ms);
        let reads_blocks = self.store.reads_blocks.load(Ordering::Relaxed);
        if reads_blocks && halvings < MOST_HALVINGS && from_ms < middle {
            self.ranges.extend([(middle, to_ms, halvings + 1), (from_ms, middle, halvings + 1)]);
            return;
        }
        self.rest = Some(Rest::Lines(self.store.lines(self.selector.clone(), from_ms, to_ms, Duplicates::Merged)));
    }
}

/// The points of a series at the times that are in doubt.
fn cut(found: &Series, doubtful: &[Doubtful]) -> Option<Series> {
    let spans = doubtful.iter().filter(|one| (&one.series.name, &one.series.labels) == (&found.name, &found.labels));
    let spans: Vec<(i64, i64)> = spans.map(|one| (one.from_ms, one.last_ms)).collect();
    let is_in = |at_ms: i64| spans.iter().any(|(from_ms, last_ms)| (*from_ms..=*last_ms).contains(&at_ms));
    let pairs = found.points.at_ms.iter().zip(&found.points.values).filter(|(at_ms, _)| is_in(**at_ms));
    let (at_ms, values): (Vec<i64>, Vec<f64>) = pairs.unzip();
    (!at_ms.is_empty()).then(|| Series { points: Arc::new(Points { at_ms, values }), ..found.clone() })
}
