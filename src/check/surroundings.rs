//! What is known before a run of the world that a workflow will run in.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::query::promql::Dialect;
use crate::schema::Schema;
use crate::value::ConnectionKind;

/// What is known of the connections that workflows will run with, by their names; empty without a configuration.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The connections of the chosen environment.
    pub connections: HashMap<Arc<str>, ConnectionFacts>,
    /// What their databases hold, as far as that is known.
    pub schemas: Schemas,
}

/// What databases hold, by the names of their connections. Some of it is worked out only if a query asks for it.
#[derive(Debug, Clone, Default)]
pub struct Schemas(HashMap<Arc<str>, Arc<OnDemand>>);

type OnDemand = LazyLock<Option<Arc<Schema>>, Box<dyn FnOnce() -> Option<Arc<Schema>> + Send>>;

impl Schemas {
    /// Adds what is known of a database already.
    pub fn insert(&mut self, connection: Arc<str>, schema: Arc<Schema>) {
        self.insert_lazily(connection, || Some(schema));
    }

    /// Adds what `make` gives when it is first asked for; nothing is known of the database where that gives nothing.
    pub fn insert_lazily(&mut self, connection: Arc<str>, make: impl FnOnce() -> Option<Arc<Schema>> + Send + 'static) {
        self.0.insert(connection, Arc::new(LazyLock::new(Box::new(make))));
    }

    /// What the database of a connection holds.
    pub fn get(&self, connection: &str) -> Option<&Arc<Schema>> {
        LazyLock::force(self.0.get(connection)?).as_ref()
    }
}

impl FromIterator<(Arc<str>, Arc<Schema>)> for Schemas {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Arc<Schema>)>>(known: I) -> Self {
        let mut schemas = Self::default();
        known.into_iter().for_each(|(connection, schema)| schemas.insert(connection, schema));
        schemas
    }
}

/// What is known of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// What it leads to.
    pub store: Store,
    /// How many requests may be under way at once, where the configuration says so.
    pub pool: Option<usize>,
    /// How far ahead of now it keeps samples, in milliseconds; `None` without a limit, or when nobody knows.
    pub future_retention_ms: Option<i64>,
}

/// What a connection leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Store {
    /// A SQLite file.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
    /// A MySQL or MariaDB server.
    Mysql,
    /// The embedded store of metrics, which knows a subset of PromQL only.
    Embedded,
    /// A VictoriaMetrics server.
    VictoriaMetrics,
    /// A Prometheus server.
    Prometheus,
    /// An InfluxDB database, which is only written to.
    InfluxDb,
    /// An HTTP source.
    Http,
    /// A directory of files.
    Files,
}

impl Store {
    const ALL: [(&'static str, Self); 9] = [
        ("sqlite", Self::Sqlite),
        ("postgres", Self::Postgres),
        ("mysql", Self::Mysql),
        ("embedded", Self::Embedded),
        ("victoria_metrics", Self::VictoriaMetrics),
        ("prometheus", Self::Prometheus),
        ("influxdb", Self::InfluxDb),
        ("http", Self::Http),
        ("files", Self::Files),
    ];

    /// The store with this `kind` in a configuration.
    pub fn find(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == kind).map(|(_, store)| store)
    }

    /// What workflows call such a connection.
    pub const fn kind(self) -> ConnectionKind {
        match self {
            Self::Sqlite => ConnectionKind::Sqlite,
            Self::Postgres => ConnectionKind::Postgres,
            Self::Mysql => ConnectionKind::Mysql,
            Self::Embedded | Self::VictoriaMetrics | Self::Prometheus | Self::InfluxDb => ConnectionKind::Metrics,
            Self::Http => ConnectionKind::Http,
            Self::Files => ConnectionKind::Files,
        }
    }

    /// The language of the queries that it reads, of a store of metrics.
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Prometheus => Dialect::PromQl,
            _ => Dialect::MetricsQl,
        }
    }
}
