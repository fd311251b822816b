//! Servers that are killed after they answered, and how they are reached: encrypted, by proxies.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use vmflow::connection::metrics::ServerOptions;
use vmflow::connection::metrics::victoria::{Durability, VictoriaMetrics, VictoriaOptions};
use vmflow::connection::{Authorization, Metrics, Written, clock::SystemClock};
use vmflow::value::{ErrorKind, Sample};

use super::{DAY, MIDNIGHT, WriteSamples, at, sample};
use crate::support::faulty::{FastClock, Faulty, answer};
use crate::support::victoria::{self, Throwaway};

fn samples(from: i64, count: i64) -> Vec<Arc<Sample>> {
    (from..from + count)
        .map(|n| sample("a", &[("s", &(n % 10).to_string())], n as f64, MIDNIGHT + n / 10 * 1000))
        .collect()
}

async fn count(store: &dyn Metrics) -> f64 {
    let found = store.instant("sum(count_over_time(a[1d]))", at(MIDNIGHT + DAY - 1)).await.unwrap();
    found.first().map_or(0.0, |sample| sample.value)
}

/// How often a server is killed, and how long after it was written to at most; `scripts/kill-server` does it longer.
fn kills() -> (i64, i64) {
    match std::env::var("VMFLOW_TEST_SERVER_KILLS") {
        Ok(kills) => (kills.parse().unwrap(), 10_000),
        Err(_) => (4, 900),
    }
}

/// The server keeps each value that it is given, so that a doubled sample shows.
#[tokio::test]
async fn gotcha_07_a_server_killed_after_a_write_has_it_all() {
    let mut server = Throwaway::start(&["-retentionPeriod=100y"]).await;
    let url = server.url();
    let (kills, longest_ms) = kills();
    for round in 0..kills {
        let store = victoria::client(&url);
        assert_eq!(store.put(&samples(round * 500, 500)).await.unwrap(), Written { written: 500, unchanged: 0 });
        // At once, and a while after; the server's own writing to the disk is due within seconds.
        let wait_ms = longest_ms * round / (kills - 1).max(1);
        tokio::time::sleep(std::time::Duration::from_millis(wait_ms.unsigned_abs())).await;
        server.kill();
        server.respawn();
        victoria::wait_for(&url).await;
        let store = victoria::client(&url);
        assert_eq!(count(&store).await.to_string(), ((round + 1) * 500).to_string());
        assert_eq!(store.put(&samples(0, (round + 1) * 500)).await.unwrap().written, 0);
    }
}

#[tokio::test]
async fn gotcha_07_a_server_killed_before_its_memory_is_on_disk_fails_the_write() {
    let server = Throwaway::start(&["-retentionPeriod=100y"]).await;
    let (url, server) = (server.url(), Arc::new(Mutex::new(server)));
    let target = server.clone();
    // It has taken and shown everything when it dies.
    let between = Faulty::start(move |asked| {
        if asked.head.contains("snapshot/create") {
            target.lock().unwrap().kill();
            return b"HTTP/1.1 20".to_vec();
        }
        target.lock().unwrap().forward(asked)
    })
    .await;
    let options = VictoriaOptions { write_url: between.url(), ..victoria::options(&url) };
    let store = VictoriaMetrics::new(&options, Arc::new(SystemClock)).unwrap();
    let error = store.put(&samples(0, 1000)).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Connection, true), "{error:?}");
    server.lock().unwrap().respawn();
    victoria::wait_for(&url).await;
    let store = victoria::client(&url);
    store.put(&samples(0, 1000)).await.unwrap();
    assert_eq!(count(&store).await.to_string(), "1000");
}

#[tokio::test]
async fn a_server_that_makes_no_snapshots_is_not_written_to_unless_that_is_wanted() {
    let server = Faulty::start(|asked| match asked.head.contains("snapshot") || asked.head.contains("flags") {
        true => answer("400 Bad Request", "", "unsupported path requested"),
        false if asked.head.contains("export") => answer("200 OK", "", ""),
        false => answer("204 No Content", "", ""),
    })
    .await;
    let write = async |durability| {
        let options = VictoriaOptions { durability, ..victoria::options(&server.url()) };
        let store = VictoriaMetrics::new(&options, Arc::new(FastClock::default())).unwrap();
        store.put(&samples(0, 1)).await.unwrap_err()
    };
    let error = write(Durability::Snapshot).await;
    assert_eq!(error.kind, ErrorKind::Configuration);
    assert!(error.message.contains("no snapshot") && error.help.unwrap().contains("durable: wait"));
    assert!(!server.asked().iter().any(|asked| asked.head.contains("/api/v1/write")), "nothing is sent before");
    // Nothing is there to be read back.
    assert_eq!(write(Durability::Off).await.kind, ErrorKind::Write);
}

#[tokio::test]
async fn waiting_makes_samples_last_too() {
    let store_options = VictoriaOptions { durability: Durability::Wait, ..victoria::options(&victoria::url()) };
    let store = VictoriaMetrics::new(&store_options, Arc::new(FastClock::default())).unwrap();
    let job = victoria::unique("wait");
    assert_eq!(store.put(&[sample("a", &[("job", &job)], 1.0, MIDNIGHT)]).await.unwrap().written, 1);
}

/// An authority, and a server's certificate that it signed.
fn certificates(directory: &Path) {
    let make = |arguments: &[&str]| {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(arguments)
            .current_dir(directory)
            .output()
            .expect("openssl is installed: see scripts/install-servers");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    make(&["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=vmflow tests"]);
    let signed =
        ["-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.key", "-out", "server.pem", "-subj", "/CN=server"];
    let names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"];
    make(&[&signed[..], &names].concat());
}

#[tokio::test]
async fn gotcha_15_tls_with_a_certificate_of_ones_own() {
    let directory = tempfile::tempdir().unwrap();
    certificates(directory.path());
    let file = |name: &str| directory.path().join(name);
    let key = format!("-tlsKeyFile={}", file("server.key").display());
    let cert = format!("-tlsCertFile={}", file("server.pem").display());
    let flags = ["-retentionPeriod=100y", "-tls", &key, &cert, "-httpAuth.username=me", "-httpAuth.password=hunter22"];
    let server = Throwaway::start(&flags).await;
    let authorization = Authorization::Basic { user: "me".into(), password: "hunter22".into() };
    let options = victoria::known(&server.url().replace("http:", "https:"), authorization);
    let client = |ca| {
        let server = ServerOptions { ca, ..options.server.clone() };
        VictoriaMetrics::new(&VictoriaOptions { server, ..options.clone() }, Arc::new(SystemClock))
    };
    let unknown = client(None).unwrap().put(&samples(0, 1)).await.unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::Connection, "{unknown:?}");
    assert_eq!(client(Some(file("ca.pem"))).unwrap().put(&samples(0, 100)).await.unwrap().written, 100);
    let none = client(Some(file("server.key"))).err().expect("a key is no certificate");
    assert!(none.kind == ErrorKind::Configuration && none.message.contains("certificates"), "{none:?}");
    assert!(client(Some(file("none.pem"))).is_err());
}
