//! Receivers of sinks that are real programs, from `PyPI`: `bqemulator` for BigQuery, `oteltap` for OpenTelemetry.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::place::wait;
use super::sandbox::root;

/// How long a receiver may take to start, and an event to arrive.
const PATIENCE: Duration = Duration::from_mins(2);

/// A program of one test, killed with it.
struct Running {
    child: Child,
    url: String,
    directory: tempfile::TempDir,
}

impl Running {
    /// Starts a program on a free port and waits until it listens. A test without the program fails, it never passes
    /// unseen.
    fn start(command: impl Fn(u16, &Path) -> Command) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut command = command(port, directory.path());
            command.current_dir(directory.path()).env("PYTHONUNBUFFERED", "1");
            let mut child = command.stderr(Stdio::null()).spawn().expect("scripts/install-servers installs receivers");
            if listens(&mut child, port) {
                return Self { child, url: format!("http://127.0.0.1:{port}"), directory };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("a receiver did not start");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listens(child: &mut Child, port: u16) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

/// A program of the receivers' Python.
#[allow(clippy::disallowed_methods, reason = "how a machine tells where the programs are")]
fn program(name: &str) -> PathBuf {
    let installed = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("receivers");
    std::env::var_os("VMFLOW_TEST_RECEIVERS").map_or(installed, PathBuf::from).join("bin").join(name)
}

/// A BigQuery of the tests' own, with the project `p` and the dataset `events`.
pub(crate) struct BigQuery(Running);

impl BigQuery {
    /// Starts it.
    pub(crate) fn start() -> Self {
        let running = Running::start(|port, _| {
            let mut command = Command::new(program("python"));
            command.arg(root().join("tests/support/bigquery.py")).args(["start", "--grpc-port", "0", "--project", "p"]);
            command.args(["--rest-port", &port.to_string()]).stdout(Stdio::null());
            command
        });
        let server = Self(running);
        server.post("datasets", &json!({ "datasetReference": { "datasetId": "events", "projectId": "p" } }));
        server
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// Runs a statement; gives its rows, each value as a text.
    pub(crate) fn ask(&self, statement: &str) -> Vec<Vec<Option<String>>> {
        let answer = self.post("queries", &json!({ "query": statement, "useLegacySql": false }));
        let text = |cell: &Json| cell["v"].as_str().map(str::to_owned);
        let rows = answer["rows"].as_array().unwrap_or_else(|| panic!("{answer}"));
        rows.iter().map(|row| row["f"].as_array().unwrap().iter().map(text).collect()).collect()
    }

    fn post(&self, path: &str, body: &Json) -> Json {
        wait(async {
            let url = format!("{}/bigquery/v2/projects/p/{path}", self.url());
            let answer = reqwest::Client::new().post(url).json(body).send().await.unwrap();
            let status = answer.status();
            let text = answer.text().await.unwrap();
            assert!(status.is_success(), "{status}: {text}");
            serde_json::from_str(&text).unwrap()
        })
    }
}

/// A collector of OpenTelemetry of the tests' own.
pub(crate) struct Collector(Running);

impl Collector {
    /// Starts it.
    pub(crate) fn start() -> Self {
        Self(Running::start(|port, directory| {
            let mut command = Command::new(program("oteltap"));
            let heard = std::fs::File::create(directory.join("heard.jsonl")).unwrap();
            command.args(["--port", &port.to_string()]).stdout(heard);
            command
        }))
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// The spans that it was sent, in the form of OTLP's JSON, as soon as they are so many.
    pub(crate) fn spans(&self, count: usize) -> Vec<Json> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = std::fs::read_to_string(self.0.directory.path().join("heard.jsonl")).unwrap();
            let spans: Vec<Json> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            if spans.len() >= count {
                return spans;
            }
            assert!(Instant::now() < deadline, "{count} spans are wanted, {} came: {text}", spans.len());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
