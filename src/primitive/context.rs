//! What effectful primitives may reach: connections by name, and the transaction they stand in.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::Attempts;
use crate::connection::{Clock, Files, Http, Metrics, Sql, SqlSession, SqlTransaction};
use crate::value::{ErrorKind, StepError, Type};

/// The open connections of a run, by the names that the workflow uses.
#[derive(Clone, Default)]
pub struct Connections {
    /// SQL databases.
    pub sql: HashMap<Arc<str>, Arc<dyn Sql>>,
    /// Stores of metrics.
    pub metrics: HashMap<Arc<str>, Arc<dyn Metrics>>,
    /// HTTP sources.
    pub http: HashMap<Arc<str>, Arc<dyn Http>>,
    /// Directories of files.
    pub files: HashMap<Arc<str>, Arc<dyn Files>>,
}

/// A transaction that is under way; its statements take turns.
#[derive(Clone)]
pub struct OpenTransaction {
    /// The connection it is on.
    pub connection: Arc<str>,
    /// The transaction.
    pub session: Arc<Mutex<Box<dyn SqlTransaction>>>,
}

/// What a primitive may reach while it runs.
#[derive(Clone)]
pub struct Context {
    /// The open connections.
    pub connections: Arc<Connections>,
    /// The clock, for waiting; a run's `now` is a value, not this.
    pub clock: Arc<dyn Clock>,
    /// The transaction around the call, if any.
    pub transaction: Option<OpenTransaction>,
    /// The attempts of the step that calls.
    pub attempts: Arc<Attempts>,
    /// Tells a line in the log of the run.
    pub say: Arc<dyn Fn(&str) + Send + Sync>,
    /// The type that the workflow states for the call's result, or for the rows it writes; see [`Stated`](super::Stated).
    pub stated: Option<Type>,
}

/// A session to run one statement on: the transaction's own, or one of the pool's.
pub(crate) enum Session {
    /// Inside a transaction.
    Joined(OwnedMutexGuard<Box<dyn SqlTransaction>>),
    /// Outside.
    Own(Box<dyn SqlSession>),
}

impl Session {
    /// The session itself.
    pub(crate) fn get(&mut self) -> &mut dyn SqlSession {
        match self {
            Self::Joined(transaction) => &mut ***transaction,
            Self::Own(session) => &mut **session,
        }
    }
}

impl Context {
    /// The session for statements on the connection `name`: the transaction's, when one is open on it.
    pub(crate) async fn session(&self, name: &str) -> Result<Session, StepError> {
        if let Some(open) = self.transaction.as_ref().filter(|open| &*open.connection == name) {
            return Ok(Session::Joined(open.session.clone().lock_owned().await));
        }
        self.sql(name)?.session().await.map(Session::Own)
    }

    /// A SQL database by name.
    pub fn sql(&self, name: &str) -> Result<&Arc<dyn Sql>, StepError> {
        self.connections.sql.get(name).ok_or_else(|| not_bound(name))
    }

    /// A store of metrics by name.
    pub fn metrics(&self, name: &str) -> Result<&Arc<dyn Metrics>, StepError> {
        self.connections.metrics.get(name).ok_or_else(|| not_bound(name))
    }

    /// An HTTP source by name.
    pub fn http(&self, name: &str) -> Result<&Arc<dyn Http>, StepError> {
        self.connections.http.get(name).ok_or_else(|| not_bound(name))
    }

    /// A directory of files by name.
    pub fn files(&self, name: &str) -> Result<&Arc<dyn Files>, StepError> {
        self.connections.files.get(name).ok_or_else(|| not_bound(name))
    }
}

fn not_bound(name: &str) -> StepError {
    StepError::new(ErrorKind::Configuration, format!("the environment has no connection `{name}`"))
        .help(format!("add `{name}` under `connections` of this environment in vmflow.yaml"))
}
