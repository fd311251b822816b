//! Sinks, told while a run goes on and when it is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::terminal::Terminal;
use crate::config::Redactor;
use crate::connection::Clock;
use crate::lifecycle::{Sink, Standing, Teller};
use crate::store::{RunStore, StoreOutbox};

/// How often is looked for something to tell while a run goes on.
const PAUSE: Duration = Duration::from_millis(500);
/// How long sinks are tried in such a round, at the end of a run, and when somebody asks for it: a store of metrics may be
/// looked at for 15 s until it has what it took. What they did not take by then waits in the store.
const ROUND: Duration = Duration::from_secs(10);
const LAST: Duration = Duration::from_secs(3);
const ASKED: Duration = Duration::from_secs(20);
/// How long a batch that is under way when the run ends may still take.
const UNDER_WAY: Duration = Duration::from_secs(1);

/// Tells the sinks of an environment of a run.
pub(super) struct Telling {
    round: Round,
    rounds: JoinHandle<()>,
    ending: CancellationToken,
}

/// Goes round the sinks once.
#[derive(Clone)]
struct Round {
    teller: Arc<Teller>,
    store: Arc<dyn RunStore>,
    names: Arc<[String]>,
}

impl Round {
    async fn go(&self, patience: Duration, ending: &CancellationToken) -> Vec<Standing> {
        let standings = self.teller.tell_until(patience, ending).await;
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        // What cannot be removed now is removed another time.
        let _ = self.store.forget(&names).await;
        standings
    }
}

impl Telling {
    /// Begins to tell; `None` without sinks.
    pub(super) fn begin(
        sinks: Vec<Arc<dyn Sink>>,
        store: &Arc<dyn RunStore>,
        clock: &Arc<dyn Clock>,
        runtime: &Runtime,
    ) -> Option<Self> {
        if sinks.is_empty() {
            return None;
        }
        let names = sinks.iter().map(|sink| sink.name().to_owned()).collect();
        let outbox = Arc::new(StoreOutbox(store.clone()));
        let round = Round { teller: Arc::new(Teller::new(sinks, outbox, clock.clone())), store: store.clone(), names };
        let ending = CancellationToken::new();
        let (again, ended) = (round.clone(), ending.clone());
        let rounds = runtime.spawn(async move {
            while ended.run_until_cancelled(sleep(PAUSE)).await.is_some() {
                again.go(ROUND, &ended).await;
            }
        });
        Some(Self { round, rounds, ending })
    }

    /// Tells the rest, and says what waits on.
    pub(super) fn end(mut self, runtime: &Runtime, terminal: &Terminal, redactor: &Redactor) {
        self.ending.cancel();
        let standings = runtime.block_on(async {
            // Until it has ended it may have the turn.
            if timeout(UNDER_WAY, &mut self.rounds).await.is_err() {
                self.rounds.abort();
                let _ = self.rounds.await;
            }
            self.round.go(LAST, &CancellationToken::new()).await
        });
        for line in standings.iter().filter_map(shown) {
            if terminal.verbosity > -2 {
                terminal.tell(&format!("vmflow: warning: {}", redactor.redact(&line)));
            }
        }
    }
}

/// Tells sinks all that waits for them.
pub(super) async fn tell_now(sinks: Vec<Arc<dyn Sink>>, store: &Arc<dyn RunStore>, clock: &Arc<dyn Clock>) {
    let names = sinks.iter().map(|sink| sink.name().to_owned()).collect();
    let teller = Teller::new(sinks, Arc::new(StoreOutbox(store.clone())), clock.clone());
    Round { teller: Arc::new(teller), store: store.clone(), names }.go(ASKED, &CancellationToken::new()).await;
}

fn shown(standing: &Standing) -> Option<String> {
    match (&standing.failing, standing.dropped) {
        (Some(why), _) => Some(format!("the sink `{}` is told later: {why}", standing.sink)),
        (None, 0) => None,
        (None, dropped) => {
            let what = if dropped == 1 { "an event".to_owned() } else { format!("{dropped} events") };
            Some(format!("the sink `{}` refused {what}; `vmflow sinks` says why", standing.sink))
        }
    }
}
