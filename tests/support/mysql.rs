//! MariaDB servers for tests: the one that everybody shares, and throwaway ones to kill.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use vmflow::connection::sql::{MysqlDatabase, MysqlOptions, MysqlServer};

/// Where the shared server is. Tests that need it fail without it: a skipped test shows nothing.
#[allow(clippy::disallowed_methods)]
pub(crate) fn url() -> String {
    std::env::var("VMFLOW_TEST_MYSQL_URL").unwrap_or_else(|_| {
        panic!("VMFLOW_TEST_MYSQL_URL is not set: run the tests with `scripts/with-mariadb cargo test`")
    })
}

/// Options for the database at `url`.
pub(crate) fn options(url: &str) -> MysqlOptions {
    MysqlOptions { server: MysqlServer::Url(url.to_owned()), tls: None, pool: 4, connect_timeout_ms: 10_000 }
}

/// A database at `url`.
pub(crate) fn open(url: &str) -> MysqlDatabase {
    MysqlDatabase::connect(&options(url)).unwrap()
}

/// The URL of an empty database of its own on the shared server.
pub(crate) async fn fresh_database() -> String {
    use sqlx::Executor;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut connection = <sqlx::MySqlConnection as sqlx::Connection>::connect(&url()).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await.unwrap();
    with_database(&url(), &name)
}

/// The URL of another database on the same server.
pub(crate) fn with_database(url: &str, name: &str) -> String {
    format!("{}/{name}", url.rsplit_once('/').unwrap().0)
}

/// A server of its own; dropped, it is stopped and its data are gone.
pub(crate) struct Throwaway {
    keeper: Child,
    /// Where it is.
    pub(crate) url: String,
    pid: String,
}

impl Throwaway {
    /// Starts a server with further options.
    pub(crate) fn start(options: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/with-mariadb");
        // It lives until its standard input is closed.
        let told = r#"echo "$VMFLOW_TEST_MYSQL_URL"; echo "$VMFLOW_TEST_MYSQL_PID"; cat >/dev/null"#;
        let mut command = Command::new(script);
        command.args(["sh", "-c", told]).env("MARIADB_OPTIONS", options);
        let mut keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(keeper.stdout.take().unwrap()).lines();
        let mut line = || lines.next().expect("scripts/with-mariadb says where the server is").unwrap();
        let (url, pid) = (line(), line());
        Self { keeper, url, pid }
    }

    /// Kills it as a power cut would.
    pub(crate) fn kill(&self) {
        Command::new("kill").args(["-9", &self.pid]).status().unwrap();
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
