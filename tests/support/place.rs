//! The shipped project with somewhere to keep its data: the embedded stores, or real servers.

use std::collections::BTreeMap;
use std::future::Future;
use std::process::Command;

use futures_util::TryStreamExt;
use serde_json::Value as Json;
use sqlx::{Connection, Executor, MySqlConnection, PgConnection, SqliteConnection};

use vmflow::connection::Metrics;
use vmflow::connection::metrics::embedded::{EmbeddedMetrics, EmbeddedOptions};
use vmflow::value::Series;

use super::sandbox::{Ran, Sandbox, root};
use super::{mysql, postgres};

/// A run's instant, when the data end.
pub(crate) const AT: &str = "2026-10-30T18:00Z";

/// The year 2100, after everything that tests write.
const FAR_MS: i64 = 4_102_444_800_000;

/// The points of series, by name and labels.
pub(crate) type Samples = BTreeMap<String, Vec<(i64, f64)>>;

/// A row of `vm_extracted_metrics`.
type Row = (String, String, String, String, f64, String, String);

/// A project and its data.
pub(crate) struct Place {
    /// The files.
    pub(crate) sandbox: Sandbox,
    servers: Option<Servers>,
}

struct Servers {
    database: String,
    metrics: String,
}

impl Servers {
    fn is_mariadb(&self) -> bool {
        self.database.starts_with("mysql:")
    }
}

/// Waits for a future: the tests themselves run one thing after the other.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    // The first caller wins; every caller installs the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

impl Place {
    /// The embedded default, as shipped.
    pub(crate) fn embedded() -> Self {
        Self { sandbox: Sandbox::new(), servers: None }
    }

    /// The embedded default without the data that ship with it.
    pub(crate) fn empty() -> Self {
        let place = Self::embedded();
        place.edit("vmflow.yaml", ", seed: workflows/data/apex.jsonl", "");
        place
    }

    /// The environment `prod`: a schema of its own on the shared PostgreSQL, and this VictoriaMetrics.
    pub(crate) fn real(metrics: &str) -> Self {
        Self::on(&wait(postgres::fresh_schema()), metrics)
    }

    /// The environment `prod` with a database of its own on the shared MariaDB, and this VictoriaMetrics.
    pub(crate) fn on_mariadb(metrics: &str) -> Self {
        let place = Self::aimed_at(&wait(mysql::fresh_database()), metrics);
        place.edit("vmflow.yaml", "db: { kind: postgres,", "db: { kind: mysql,");
        let tables = place.sandbox.read("workflows/schema/warehouse.mysql.sql");
        place.execute(&tables);
        place
    }

    /// The environment `prod` with these servers; makes the tables.
    pub(crate) fn on(database: &str, metrics: &str) -> Self {
        let place = Self::aimed_at(database, metrics);
        place.execute(&place.sandbox.read("workflows/schema/warehouse.sql"));
        place
    }

    /// The environment `prod`, with servers that may not be there.
    pub(crate) fn aimed_at(database: &str, metrics: &str) -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.set("DATABASE_URL", database).set("VM_READ_URL", metrics).set("VM_WRITE_URL", metrics);
        sandbox.set("APEX_URL", "http://127.0.0.1:9").set("APEX_TOKEN", "the-apex-token");
        Self { sandbox, servers: Some(Servers { database: database.to_owned(), metrics: metrics.to_owned() }) }
    }

    /// Where `apex_collector` gets its numbers.
    pub(crate) fn source(mut self, url: &str) -> Self {
        match self.servers {
            Some(_) => drop(self.sandbox.set("APEX_URL", url)),
            None => self.edit("vmflow.yaml", "http://127.0.0.1:3002", url),
        }
        self
    }

    /// Waits between attempts that no test has the time for become short.
    pub(crate) fn impatient(self) -> Self {
        for file in ["workflows/extractor.flow", "workflows/apex_collector.flow"] {
            self.edit(file, "backoff: exponential(1s, max: 30s)", "backoff: exponential(10ms, max: 50ms)");
        }
        self.edit("workflows/apex_collector.flow", ", rate: per_second(5)", "");
        self
    }

    /// Replaces what must be in a file.
    pub(crate) fn edit(&self, file: &str, old: &str, new: &str) {
        let text = self.sandbox.read(file);
        assert!(text.contains(old), "{file} does not hold `{old}`");
        self.sandbox.write(file, &text.replace(old, new));
    }

    /// `vmflow run` in the environment of these data.
    pub(crate) fn command(&self, target: &str, more: &[&str]) -> Command {
        let mut arguments = vec!["run", target];
        if self.servers.is_some() {
            arguments.extend(["--env", "prod", "--yes"]);
        }
        arguments.extend(more);
        self.sandbox.command(&arguments)
    }

    /// `vmflow plan` in the environment of these data.
    pub(crate) fn plan(&self, target: &str, more: &[&str]) -> Ran {
        let environment: &[&str] = if self.servers.is_some() { &["--env", "prod"] } else { &[] };
        self.sandbox.run(&[&["plan", target], environment, more].concat())
    }

    /// Runs a workflow.
    pub(crate) fn run(&self, target: &str, more: &[&str]) -> Ran {
        self.command(target, more).output().unwrap().into()
    }

    /// Runs the extractor at [`AT`].
    pub(crate) fn extract(&self, more: &[&str]) -> Ran {
        self.run("workflows/extractor.flow", &[&["--at", AT], more].concat())
    }

    /// Runs the collector.
    pub(crate) fn collect(&self, at: &str, more: &[&str]) -> Ran {
        self.run("workflows/apex_collector.flow", &[&["--at", at], more].concat())
    }

    /// Runs SQL on the warehouse.
    pub(crate) fn execute(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        wait(async {
            match &self.servers {
                Some(servers) if servers.is_mariadb() => {
                    let mut connection = MySqlConnection::connect(&servers.database).await.unwrap();
                    connection.execute(sqlx::raw_sql(sql)).await.unwrap();
                }
                Some(servers) => {
                    let mut connection = PgConnection::connect(&servers.database).await.unwrap();
                    connection.execute(sqlx::raw_sql(sql)).await.unwrap();
                }
                None => drop(self.sqlite().await.execute(sqlx::raw_sql(sql)).await.unwrap()),
            }
        });
    }

    async fn sqlite(&self) -> SqliteConnection {
        let file = self.sandbox.path().join(".vmflow/warehouse.db");
        SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap()
    }

    /// One text for each row of a query whose only column is text.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        wait(async {
            match &self.servers {
                Some(servers) if servers.is_mariadb() => {
                    let mut connection = MySqlConnection::connect(&servers.database).await.unwrap();
                    sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
                }
                Some(servers) => {
                    let mut connection = PgConnection::connect(&servers.database).await.unwrap();
                    sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
                }
                None => sqlx::query_scalar(sql).fetch_all(&mut self.sqlite().await).await.unwrap(),
            }
        })
    }

    /// The extracted rows in order, each as one text, the same whichever database holds them.
    pub(crate) fn rows(&self) -> Vec<String> {
        let columns = match &self.servers {
            Some(servers) if servers.is_mariadb() => {
                let instant = |column: &str| format!("date_format({column}, '%Y-%m-%dT%H:%i:%s.%fZ')");
                let (at, copied) = (instant("timestamp"), instant("extracted_at"));
                format!("cast(biz_date as char), auid, metric_name, metric_labels, value, {at}, {copied}")
            }
            Some(_) => format!(
                "biz_date::text, auid, metric_name, metric_labels::text, value, {}, {}",
                instant("timestamp"),
                instant("extracted_at")
            ),
            None => "biz_date, auid, metric_name, metric_labels, value, timestamp, extracted_at".to_owned(),
        };
        let sql = sqlx::AssertSqlSafe(format!("select {columns} from vm_extracted_metrics"));
        let found: Vec<Row> = wait(async {
            match &self.servers {
                Some(servers) if servers.is_mariadb() => {
                    let mut connection = MySqlConnection::connect(&servers.database).await.unwrap();
                    sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
                }
                Some(servers) => {
                    let mut connection = PgConnection::connect(&servers.database).await.unwrap();
                    sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
                }
                None => sqlx::query_as(sql).fetch_all(&mut self.sqlite().await).await.unwrap(),
            }
        });
        let mut rows: Vec<String> = found.into_iter().map(row).collect();
        rows.sort();
        rows
    }

    /// The days that were copied, each as often as it was.
    pub(crate) fn copied_days(&self) -> Vec<String> {
        let mut days = self.texts("select cast(biz_date as char(10)) from vm_extraction_jobs");
        days.sort();
        days
    }

    /// The stored points of every series whose name begins with `prefix`.
    pub(crate) fn samples(&self, prefix: &str) -> Samples {
        wait(async {
            match &self.servers {
                Some(servers) => exported(&servers.metrics, prefix).await,
                None => self.embedded_samples(prefix).await,
            }
        })
    }

    async fn embedded_samples(&self, prefix: &str) -> Samples {
        let path = self.sandbox.path().join(".vmflow/metrics");
        let store = EmbeddedMetrics::open(&EmbeddedOptions { path, seed: None }).await.unwrap();
        let selector = format!("{{__name__=~\"{prefix}.*\"}}");
        let found: Vec<Series> = store.export(&selector, 0, FAR_MS).try_collect().await.unwrap();
        let mut samples = Samples::new();
        for series in found {
            let labels = series.labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            let points = series.points.at_ms.iter().copied().zip(series.points.values.iter().copied());
            samples.entry(id(&series.name, &labels)).or_default().extend(points);
        }
        samples
    }
}

fn row((day, auid, name, labels, value, timestamp, extracted_at): Row) -> String {
    let labels: BTreeMap<String, String> = serde_json::from_str(&labels).unwrap();
    format!("{day}|{auid}|{}|{value}|{timestamp}|{extracted_at}", id(&name, &labels))
}

/// Asserts that two lists of rows are one, and names the first rows that differ when not.
pub(crate) fn assert_same(left: &[String], right: &[String]) {
    let first = left.iter().zip(right).find(|(left, right)| left != right);
    assert_eq!((first, left.len()), (None, right.len()));
}

fn instant(column: &str) -> String {
    format!(r#"to_char({column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#)
}

fn id(name: &str, labels: &BTreeMap<String, String>) -> String {
    let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}={value}")).collect();
    format!("{name}{{{}}}", labels.join(","))
}

/// Asked of the server directly, not through the client under test.
async fn exported(server: &str, prefix: &str) -> Samples {
    reqwest::get(format!("{server}/internal/force_flush")).await.unwrap();
    let selector = format!("{{__name__=~\"{prefix}.*\"}}");
    let query = [("match[]", selector.as_str()), ("start", "1577836800"), ("end", "1893456000")];
    let url = reqwest::Url::parse_with_params(&format!("{server}/api/v1/export"), query).unwrap();
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let mut samples = Samples::new();
    for line in text.lines() {
        let line: Json = serde_json::from_str(line).unwrap();
        let mut labels: BTreeMap<String, String> = serde_json::from_value(line["metric"].clone()).unwrap();
        let name = labels.remove("__name__").unwrap();
        let at = line["timestamps"].as_array().unwrap().iter().map(|at| at.as_i64().unwrap());
        let points = at.zip(line["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()));
        samples.entry(id(&name, &labels)).or_default().extend(points);
    }
    samples.values_mut().for_each(|points| points.sort_by_key(|(at, _)| *at));
    samples
}

/// Puts the shipped data, under another `job`, onto a server and makes them lasting.
pub(crate) fn load(server: &str, job: &str) {
    let text = std::fs::read_to_string(root().join("workflows/data/apex.jsonl")).unwrap();
    import(server, &text.replace("\"job\":\"apex_collector\"", &format!("\"job\":\"{job}\"")));
}

/// Puts lines of JSON onto a server.
pub(crate) fn import(server: &str, lines: &str) {
    wait(async {
        let client = reqwest::Client::new();
        client.post(format!("{server}/api/v1/import")).body(lines.to_owned()).send().await.unwrap();
        reqwest::get(format!("{server}/internal/force_flush")).await.unwrap();
    });
}
