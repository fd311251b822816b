//! Connections to MySQL, lent out one at a time, for the reasons that the pool of PostgreSQL gives.
//!
//! A server does not notice that a client went away while it works. So a connection that is dropped in the middle of
//! a statement is killed through another one: a step that was given up, or ctrl-c, leaves nothing running behind.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::error::{failure, unreachable};
use crate::value::{ErrorKind, StepError};

/// A connection idle for longer than this is tried before it is lent.
const FRESH: Duration = Duration::from_secs(1);

/// How long to wait for a connection that others use.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long ending an abandoned statement may take.
const KILL_PATIENCE: Duration = Duration::from_secs(2);

/// How each session is set up. `ONLY_FULL_GROUP_BY` is left out: MariaDB refuses `group by date(day)` under it. Reads
/// see what is committed, as on PostgreSQL: under the server's `repeatable read` writers lock the gaps between keys,
/// and two upserts of new keys end in a deadlock.
const SETUP: &str = "
    set session sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,NO_ZERO_DATE,\
NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';
    set session transaction isolation level read committed";

const FACTS: &str = "select cast(connection_id() as unsigned), version(), cast(@@max_allowed_packet as unsigned)";

/// An open connection.
pub(super) struct Live {
    /// The connection.
    pub connection: MySqlConnection,
    /// Its number on the server.
    id: u64,
    /// Whether the server is MariaDB, whose `insert` gives rows back.
    pub is_mariadb: bool,
    /// The most bytes of a statement with its values.
    pub most_bytes: usize,
}

/// Connections to one database.
pub(super) struct Pool {
    connect: MySqlConnectOptions,
    /// `host:port/database`, for messages.
    place: String,
    patience: Duration,
    size: usize,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Live, Instant)>>,
    kills: Mutex<Vec<JoinHandle<()>>>,
}

/// Without the options, which hold the password.
impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({}, {})", self.place, self.size)
    }
}

impl Pool {
    pub(super) fn new(connect: MySqlConnectOptions, place: String, size: usize, patience: Duration) -> Self {
        let permits = Arc::new(Semaphore::new(size));
        Self { connect, place, patience, size, permits, idle: Mutex::default(), kills: Mutex::default() }
    }

    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// Lends a connection that works.
    pub(super) async fn lend(self: &Arc<Self>) -> Result<Lease, StepError> {
        let permit = timeout(PATIENCE, self.permits.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            let message = format!("all {} connections to {} are busy", self.size, self.place);
            return Err(StepError::transient(ErrorKind::Timeout, message).help("raise the connection's `pool`"));
        };
        while let Some((mut live, since)) = self.take() {
            if since.elapsed() < FRESH || matches!(timeout(self.patience, live.connection.ping()).await, Ok(Ok(()))) {
                return Ok(Lease::new(self, live, permit));
            }
        }
        let live = self.connect().await?;
        Ok(Lease::new(self, live, permit))
    }

    async fn connect(&self) -> Result<Live, StepError> {
        let opened = async {
            let mut connection = self.connect.connect().await.map_err(|error| unreachable(&error, &self.place))?;
            set_up(&mut connection).await.map_err(|error| failure(&error)).map(|facts| (connection, facts))
        };
        let Ok(opened) = timeout(self.patience, opened).await else {
            let message = format!("MySQL at {} did not answer within {:?}", self.place, self.patience);
            return Err(StepError::transient(ErrorKind::Connection, message));
        };
        let (connection, (id, version, most_bytes)) = opened?;
        let is_mariadb = version.contains("MariaDB");
        Ok(Live { connection, id, is_mariadb, most_bytes: usize::try_from(most_bytes).unwrap_or(usize::MAX) })
    }

    fn take(&self) -> Option<(Live, Instant)> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Ends a connection on the server, from a thread of its own: what dropped it may be the end of the runtime.
    fn kill(&self, id: u64) {
        let connect = self.connect.clone();
        let ended = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let told = async {
                let mut connection = connect.connect().await?;
                connection.execute(AssertSqlSafe(format!("kill {id}"))).await?;
                connection.close().await
            };
            // A server that cannot be reached runs nothing for us, or will notice by itself.
            let _ = runtime.map(|runtime| runtime.block_on(async { timeout(KILL_PATIENCE, told).await }));
        };
        if let Ok(thread) = std::thread::Builder::new().name("vmflow-kill".to_owned()).spawn(ended) {
            let mut kills = self.kills.lock().unwrap_or_else(PoisonError::into_inner);
            kills.retain(|kill| !kill.is_finished());
            kills.push(thread);
        }
    }
}

/// Waits until what was abandoned has ended: the program may end next.
impl Drop for Pool {
    fn drop(&mut self) {
        let kills = std::mem::take(&mut *self.kills.lock().unwrap_or_else(PoisonError::into_inner));
        for kill in kills {
            let _ = kill.join();
        }
    }
}

async fn set_up(connection: &mut MySqlConnection) -> Result<(u64, String, u64), sqlx::Error> {
    connection.execute(SETUP).await?;
    sqlx::query_as(FACTS).fetch_one(connection).await
}

/// A connection on loan; dropped, it goes back when it is clean and is closed otherwise.
pub(super) struct Lease {
    pool: Arc<Pool>,
    live: Option<Live>,
    clean: bool,
    /// Whether something may be under way on it.
    busy: bool,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    fn new(pool: &Arc<Pool>, live: Live, permit: OwnedSemaphorePermit) -> Self {
        Self { pool: pool.clone(), live: Some(live), clean: false, busy: true, _permit: permit }
    }

    /// The connection.
    pub(super) fn live(&mut self) -> Result<&mut Live, StepError> {
        let gone = || StepError::new(ErrorKind::Internal, "a connection was used after it was given back");
        self.live.as_mut().ok_or_else(gone)
    }

    /// Whether a call is under way, or was dropped half-way.
    pub(super) const fn is_busy(&self) -> bool {
        self.busy
    }

    /// Says whether a call is under way.
    pub(super) const fn set_busy(&mut self, busy: bool) {
        self.busy = busy;
    }

    /// Gives the connection back: it is outside any transaction and nothing is under way.
    pub(super) fn give_back(mut self) {
        self.clean = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(live) = self.live.take() else { return };
        if self.clean {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push((live, Instant::now()));
        } else if self.busy {
            self.pool.kill(live.id);
        }
    }
}
