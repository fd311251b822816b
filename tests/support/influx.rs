//! An InfluxDB 1.x server of the tests' own.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server of one test, killed and removed with it.
pub(crate) struct Influx {
    child: Child,
    _directory: tempfile::TempDir,
    url: String,
}

impl Influx {
    /// Starts a server with the database `test`, and waits until it answers. A test without the program fails, it never
    /// passes unseen.
    pub(crate) async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = tempfile::tempdir().unwrap();
        for _ in 0..5 {
            let url = format!("http://{}", free_address());
            let mut child = spawn(directory.path(), url.trim_start_matches("http://"));
            if has_database(&mut child, &url).await {
                return Self { child, _directory: directory, url };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("InfluxDB did not start");
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Runs a statement, and gives the answer.
    pub(crate) async fn ask(&self, statement: &str) -> String {
        let request = reqwest::Client::new().post(format!("{}/query?db=test&epoch=ms", self.url));
        let body = reqwest::Url::parse_with_params("http://x", [("q", statement)]).unwrap().query().unwrap().to_owned();
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        request.send().await.unwrap().text().await.unwrap()
    }
}

impl Drop for Influx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[allow(clippy::disallowed_methods, reason = "how a machine tells where the program is")]
fn program() -> String {
    std::env::var("VMFLOW_TEST_INFLUXDB_BINARY").unwrap_or_else(|_| "influxd".to_owned())
}

fn spawn(directory: &std::path::Path, address: &str) -> Child {
    Command::new(program())
        .env("INFLUXDB_HTTP_BIND_ADDRESS", address)
        .env("INFLUXDB_BIND_ADDRESS", free_address())
        .env("INFLUXDB_DATA_DIR", directory.join("data"))
        .env("INFLUXDB_META_DIR", directory.join("meta"))
        .env("INFLUXDB_DATA_WAL_DIR", directory.join("wal"))
        .env("INFLUXDB_REPORTING_DISABLED", "true")
        .env("INFLUXDB_MONITOR_STORE_ENABLED", "false")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("influxd is installed: see scripts/install-servers")
}

/// Whether the database could be made before the server dies or ten seconds pass.
async fn has_database(child: &mut Child, url: &str) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        let asked = reqwest::Client::new().post(format!("{url}/query?q=CREATE%20DATABASE%20test")).send().await;
        if asked.is_ok_and(|answer| answer.status().is_success()) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
