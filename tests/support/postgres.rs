//! PostgreSQL servers for tests: the one that everybody shares, and throwaway ones to kill.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use vmflow::connection::sql::{PostgresDatabase, PostgresOptions, PostgresServer};

/// Where the shared server is. Tests that need it fail without it: a skipped test shows nothing.
#[allow(clippy::disallowed_methods)]
pub(crate) fn url() -> String {
    std::env::var("VMFLOW_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!("VMFLOW_TEST_POSTGRES_URL is not set: run the tests with `scripts/with-postgres cargo test`")
    })
}

/// A database at `url`.
pub(crate) fn open(url: &str) -> PostgresDatabase {
    let options = PostgresOptions { server: PostgresServer::Url(url.to_owned()), pool: 4, connect_timeout_ms: 10_000 };
    PostgresDatabase::connect(&options).unwrap()
}

/// The URL of an empty schema of its own on the shared server.
pub(crate) async fn fresh_schema() -> String {
    use sqlx::Executor;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&url()).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(format!("create schema {name}"))).await.unwrap();
    format!("{}?options[search_path]={name}", url())
}

/// A server of its own; dropped, it is stopped and its data are gone.
pub(crate) struct Throwaway {
    keeper: Child,
    /// Where it is.
    pub(crate) url: String,
    data: PathBuf,
}

impl Throwaway {
    /// Starts a server.
    pub(crate) fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/with-postgres");
        // It lives until its standard input is closed.
        let told = r#"echo "$VMFLOW_TEST_POSTGRES_URL"; echo "$VMFLOW_TEST_POSTGRES_DATA"; cat >/dev/null"#;
        let mut keeper =
            Command::new(script).args(["sh", "-c", told]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(keeper.stdout.take().unwrap()).lines();
        let mut line = || lines.next().expect("scripts/with-postgres says where the server is").unwrap();
        let (url, data) = (line(), line());
        Self { keeper, url, data: data.into() }
    }

    /// Kills it as a power cut would, all of its processes at once.
    pub(crate) fn kill(&self) {
        let first = std::fs::read_to_string(self.data.join("postmaster.pid")).unwrap();
        let pid = first.lines().next().unwrap();
        let listed = Command::new("ps").args(["-o", "pid=", "--ppid", pid]).output().unwrap();
        let mut pids: Vec<String> =
            String::from_utf8_lossy(&listed.stdout).split_whitespace().map(str::to_owned).collect();
        pids.insert(0, pid.to_owned());
        Command::new("kill").arg("-9").args(&pids).status().unwrap();
    }

    /// Starts it again on the same data, as it was started before.
    pub(crate) fn restart(&self) {
        let opts = std::fs::read_to_string(self.data.join("postmaster.opts")).unwrap();
        let server = PathBuf::from(opts.split_whitespace().next().unwrap());
        let control = server.with_file_name("pg_ctl").display().to_string();
        let data = self.data.display().to_string();
        // Where nobody reaps the dead, the killed server would pass for a living one.
        std::fs::remove_file(self.data.join("postmaster.pid")).unwrap();
        for entry in std::fs::read_dir(self.data.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "lock") {
                std::fs::remove_file(path).unwrap();
            }
        }
        let mut line = vec![control.as_str(), "-D", &data, "-w", "restart"];
        // The server refuses to run as root; its data belong to the one it runs as.
        let owner = Command::new("stat").args(["-c", "%U", &data]).output().unwrap();
        let owner = String::from_utf8(owner.stdout).unwrap();
        let me = Command::new("id").arg("-un").output().unwrap();
        if owner.as_bytes() != me.stdout {
            line.splice(0..0, ["runuser", "-u", owner.trim(), "--"]);
        }
        let mut start = Command::new(line[0]);
        let search = format!("{}:/usr/sbin:/sbin", env_path());
        start.args(&line[1..]).current_dir("/").env("PATH", search).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(start.status().unwrap().success(), "PostgreSQL did not start again");
    }
}

#[allow(clippy::disallowed_methods)]
fn env_path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
