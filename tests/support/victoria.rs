//! The server that `scripts/with-victoria-metrics` started, and throwaway ones.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use vmflow::connection::Authorization;
use vmflow::connection::clock::SystemClock;
use vmflow::connection::metrics::ServerOptions;
use vmflow::connection::metrics::victoria::{
    Durability, FUTURE_RETENTION_MS, VictoriaMetrics, VictoriaOptions, WriteProtocol,
};

use super::faulty::Asked;

#[allow(clippy::disallowed_methods, reason = "how the script tells where the server is")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The address of the server; a test without one fails, it never passes unseen.
pub(crate) fn url() -> String {
    variable("VMFLOW_TEST_VICTORIA_URL").expect(
        "VMFLOW_TEST_VICTORIA_URL is not set; run the tests as `scripts/with-victoria-metrics cargo test --test main`",
    )
}

/// How the tests ask a server: they have a minute for one under load.
pub(crate) fn asked() -> ServerOptions {
    ServerOptions { authorization: Authorization::None, timeout_ms: 60_000, pool: 4, verify: true, ca: None }
}

/// Options for the server at `url`.
pub(crate) fn options(url: &str) -> VictoriaOptions {
    VictoriaOptions {
        read_url: url.to_owned(),
        write_url: url.to_owned(),
        server: asked(),
        future_retention_ms: FUTURE_RETENTION_MS,
        protocol: WriteProtocol::RemoteWrite,
        durability: Durability::Snapshot,
        compresses: false,
    }
}

/// The same, with credentials.
pub(crate) fn known(url: &str, authorization: Authorization) -> VictoriaOptions {
    VictoriaOptions { server: ServerOptions { authorization, ..asked() }, ..options(url) }
}

/// A client of the server at `url`.
pub(crate) fn client(url: &str) -> VictoriaMetrics {
    VictoriaMetrics::new(&options(url), Arc::new(SystemClock)).unwrap()
}

/// The same, on a clock whose waits take next to no time.
pub(crate) fn client_that_waits_for_nobody(url: &str) -> VictoriaMetrics {
    VictoriaMetrics::new(&options(url), Arc::new(super::faulty::FastClock::default())).unwrap()
}

/// A text that no other test of this or an earlier run uses.
pub(crate) fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}_{}", uuid::Uuid::now_v7().simple()) + &NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

/// A server of one test, killed and removed with it.
pub(crate) struct Throwaway {
    child: Child,
    directory: tempfile::TempDir,
    port: u16,
    flags: Vec<String>,
}

impl Throwaway {
    /// Starts a server and waits until it answers.
    pub(crate) async fn start(flags: &[&str]) -> Self {
        Self::start_as_shipped(&[&["-search.latencyOffset=0s"], flags].concat()).await
    }

    /// The same, with the server's own idea of what may still be arriving.
    pub(crate) async fn start_as_shipped(flags: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut child = spawn(directory.path(), port, &flags);
            if ready(&mut child, port).await {
                return Self { child, directory, port, flags };
            }
        }
        panic!("VictoriaMetrics did not start");
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Hands a request on, and the answer back.
    pub(crate) fn forward(&self, asked: &Asked) -> Vec<u8> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!("{}\r\nconnection: close\r\n\r\n", asked.head);
        stream.write_all(&[head.as_bytes(), &asked.body].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same data.
    pub(crate) fn respawn(&mut self) {
        self.child = spawn(self.directory.path(), self.port, &self.flags);
    }
}

/// Waits until the server at `url` answers.
pub(crate) async fn wait_for(url: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while reqwest::get(format!("{url}/health")).await.is_err() {
        assert!(Instant::now() < deadline, "VictoriaMetrics did not start again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(directory: &std::path::Path, port: u16, flags: &[String]) -> Child {
    Command::new(variable("VMFLOW_TEST_VICTORIA_BINARY").unwrap_or_else(|| "victoria-metrics".to_owned()))
        .arg(format!("-storageDataPath={}", directory.join("data").display()))
        .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
        .args(["-memory.allowedBytes=256MB", "-loggerLevel=ERROR"])
        .args(flags)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("victoria-metrics is installed")
}

/// Whether it answers before it dies or ten seconds pass.
async fn ready(child: &mut Child, port: u16) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
