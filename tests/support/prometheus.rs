//! A Prometheus server of the tests' own.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server of one test, killed and removed with it.
pub(crate) struct Prometheus {
    child: Child,
    _directory: tempfile::TempDir,
    url: String,
}

impl Prometheus {
    /// Starts a server on the blocks that `fill` puts into its directory, and waits until it answers. A test
    /// without the program fails, it never passes unseen.
    pub(crate) async fn start(fill: impl Fn(&Path)) -> Self {
        Self::start_with(fill, &[]).await
    }

    /// The same, with further flags.
    pub(crate) async fn start_with(fill: impl Fn(&Path), flags: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("prometheus.yml"), "").unwrap();
        fill(directory.path());
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let url = format!("http://127.0.0.1:{port}");
            let mut child = spawn(directory.path(), port, flags);
            if is_ready(&mut child, &url).await {
                return Self { child, _directory: directory, url };
            }
        }
        panic!("Prometheus did not start");
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[allow(clippy::disallowed_methods, reason = "how a machine tells where the program is")]
fn program() -> String {
    std::env::var("VMFLOW_TEST_PROMETHEUS_BINARY").unwrap_or_else(|_| "prometheus".to_owned())
}

fn spawn(directory: &Path, port: u16, flags: &[&str]) -> Child {
    Command::new(program())
        .arg(format!("--config.file={}", directory.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", directory.join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .args(["--storage.tsdb.retention.time=100y", "--log.level=error"])
        .args(flags)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus is installed: see scripts/install-servers")
}

/// Whether it is ready before it dies or twenty seconds pass.
async fn is_ready(child: &mut Child, url: &str) -> bool {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        let answer = reqwest::get(format!("{url}/-/ready")).await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
