//! One measured thing beside its limit; `scripts/bench-stores` runs them in turns and writes the table.
//!
//! ```text
//! stores write  TARGET FORMAT SAMPLES SERIES    series in memory, through the library
//! stores replay TARGET FORMAT SAMPLES SERIES    the same samples as bodies made beforehand, on as many connections
//! stores read   TARGET FORMAT SAMPLES SERIES    all series in columns, each let go of when the next comes
//! stores calls  TARGET FORMAT SAMPLES SERIES    one write for each instant, as a job does that runs every minute
//! stores open   TARGET -      0       SERIES    a new embedded store, made and opened
//! stores copy   TARGET SOURCE SAMPLES SERIES    from another server, in the servers' own form
//! ```
//!
//! TARGET is the address of a server, or the path of an embedded store. Prints one JSON object: wall and CPU seconds,
//! the growth of memory at its peak in MiB, and samples; of a write to a server also the seconds until the last request
//! was acknowledged. What is made beforehand is not measured.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::format_collect,
    reason = "a measurement that meets the unexpected should end there"
)]

mod replay;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use vmflow::connection::clock::SystemClock;
use vmflow::connection::metrics::embedded::{EmbeddedMetrics, EmbeddedOptions};
use vmflow::connection::{Clock, Metrics};
use vmflow::value::{Labels, Points, Series};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Requests under way at once, of vmflow and of the replay.
const CONNECTIONS: usize = 2;
/// 2025-01-10T00:00Z.
const BEGIN: i64 = 1_736_467_200_000;

/// Milliseconds between two samples of a series; of a long one fewer, so that it ends before now.
const fn step(points: usize) -> i64 {
    if points > 1_000_000 { 1_000 } else { 15_000 }
}

fn main() {
    let arguments: Vec<String> = std::env::args().filter(|argument| argument != "--bench").collect();
    // `cargo test --benches` and `cargo bench` alone measure nothing.
    let [_, what, target, format, samples, series] = arguments.as_slice() else {
        println!("usage: stores write|replay|read|calls|open|copy TARGET FORMAT SAMPLES SERIES");
        return;
    };
    // As a run does: memory in small pages.
    rustix::thread::disable_transparent_huge_pages(true).unwrap();
    let (samples, series): (usize, usize) = (samples.parse().unwrap(), series.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let measured = match what.as_str() {
        "write" => runtime.block_on(write(target, format, samples, series)),
        "calls" => runtime.block_on(calls(target, format, samples, series)),
        "open" => runtime.block_on(open(target)),
        "copy" => runtime.block_on(copy(target, format)),
        "read" => runtime.block_on(read(target, format)),
        "replay" => replay::replay(target, format, &data(samples, series)),
        other => panic!("nothing is called {other}"),
    };
    assert_eq!(measured.samples, samples, "every sample counts");
    println!("{}", measured.shown());
}

/// Series with four labels and values of three decimals.
fn data(samples: usize, series: usize) -> Vec<Series> {
    let points = samples / series;
    let one = |at: usize| {
        let labels: Labels = [
            ("job", "bench".to_owned()),
            ("instance", format!("host-{}", at / 10)),
            ("id", at.to_string()),
            ("region", ["eu-west", "us-east", "ap-south"][at % 3].to_owned()),
        ]
        .into_iter()
        .collect();
        let value = |n: usize| ((at * 7919 + n * 104_729) % 1_000_000) as f64 / 1000.0;
        let at_ms = (0..points).map(|n| BEGIN + i64::try_from(n).unwrap() * step(points)).collect();
        let points = Points { at_ms, values: (0..points).map(value).collect() };
        Series { name: "bench_metric".into(), labels, points: Arc::new(points) }
    };
    (0..series).map(one).collect()
}

/// A measurement that has begun.
struct Begun {
    at: Instant,
    cpu: f64,
    memory: f64,
}

/// A measurement that has ended.
struct Measured {
    wall: f64,
    cpu: f64,
    growth: f64,
    samples: usize,
    /// Until the last request of a write was acknowledged.
    sent: Option<f64>,
}

impl Begun {
    fn now() -> Self {
        // Lets the peak begin anew.
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        Self { at: Instant::now(), cpu: cpu_seconds(), memory: memory("VmRSS:") }
    }

    fn end(&self, samples: usize) -> Measured {
        Measured {
            wall: self.at.elapsed().as_secs_f64(),
            cpu: cpu_seconds() - self.cpu,
            growth: memory("VmHWM:") - self.memory,
            samples,
            sent: None,
        }
    }
}

impl Measured {
    fn shown(&self) -> serde_json::Value {
        let Self { wall, cpu, growth, samples, sent } = self;
        json!({ "wall": wall, "cpu": cpu, "growth": growth, "samples": samples, "sent": sent })
    }
}

/// The system's clock, which notes when it was last looked at: a write does so when all is acknowledged, to know how long
/// to wait for what it reads back.
#[derive(Default)]
struct Watched(Mutex<Option<Instant>>);

impl Clock for Watched {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap() = Some(Instant::now());
        SystemClock.now()
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        SystemClock.sleep(ms)
    }
}

/// Of all threads.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

/// In MiB.
fn memory(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

async fn store(target: &str, format: &str) -> Box<dyn Metrics> {
    if target.starts_with("http") {
        return targets::server(target, format, Arc::new(SystemClock));
    }
    Box::new(EmbeddedMetrics::open(&EmbeddedOptions { path: target.into(), seed: None }).await.unwrap())
}

async fn open(target: &str) -> Measured {
    let begun = Begun::now();
    let _store = store(target, "-").await;
    begun.end(0)
}

async fn write(target: &str, format: &str, samples: usize, series: usize) -> Measured {
    let clock = Arc::new(Watched::default());
    let store = if target.starts_with("http") {
        targets::server(target, format, clock.clone())
    } else {
        store(target, format).await
    };
    let data = data(samples, series);
    let begun = Begun::now();
    let start = begun.at;
    let written = store.write(&data).await.unwrap();
    let measured = begun.end(usize::try_from(written.written).unwrap());
    let acknowledged = *clock.0.lock().unwrap();
    Measured { sent: acknowledged.map(|at| (at - start).as_secs_f64()), ..measured }
}

/// An instant of all series at a time.
async fn calls(target: &str, format: &str, samples: usize, series: usize) -> Measured {
    let (store, data) = (store(target, format).await, data(samples, series));
    let slice = |one: &Series, at: usize| {
        let points = Points { at_ms: vec![one.points.at_ms[at]], values: vec![one.points.values[at]] };
        Series { points: Arc::new(points), ..one.clone() }
    };
    let batches: Vec<Vec<Series>> =
        (0..samples / series).map(|at| data.iter().map(|one| slice(one, at)).collect()).collect();
    let begun = Begun::now();
    let mut written = 0;
    for batch in &batches {
        written += store.write(batch).await.unwrap().written;
    }
    begun.end(usize::try_from(written).unwrap())
}

async fn read(target: &str, format: &str) -> Measured {
    let store = store(target, format).await;
    let begun = Begun::now();
    let mut pieces = store.export("bench_metric", BEGIN, i64::MAX / 2);
    let (mut count, mut sum) = (0, 0.0);
    while let Some(piece) = pieces.try_next().await.unwrap() {
        count += piece.points.len();
        sum += piece.points.values.iter().sum::<f64>();
    }
    assert!(sum > 0.0);
    begun.end(count)
}

async fn copy(target: &str, source: &str) -> Measured {
    let (target, source) = (store(target, "remote_write").await, store(source, "remote_write").await);
    let begun = Begun::now();
    let copied = target.copy(&*source, "bench_metric", BEGIN, BEGIN + 1_000 * 86_400_000).await.unwrap();
    begun.end(usize::try_from(copied).unwrap())
}

mod targets {
    use super::CONNECTIONS;
    use std::sync::Arc;
    use vmflow::connection::metrics::ServerOptions;
    use vmflow::connection::metrics::victoria::{
        Durability, FUTURE_RETENTION_MS, VictoriaMetrics, VictoriaOptions, WriteProtocol,
    };
    use vmflow::connection::{Authorization, Clock, Metrics};

    pub(super) fn server(url: &str, format: &str, clock: Arc<dyn Clock>) -> Box<dyn Metrics> {
        let options = VictoriaOptions {
            read_url: url.to_owned(),
            write_url: url.to_owned(),
            server: ServerOptions {
                authorization: Authorization::None,
                timeout_ms: 120_000,
                pool: CONNECTIONS,
                verify: true,
                ca: None,
            },
            future_retention_ms: FUTURE_RETENTION_MS,
            protocol: match format {
                "remote_write" => WriteProtocol::RemoteWrite,
                "import" => WriteProtocol::Import,
                "influx" => WriteProtocol::Influx,
                other => panic!("no format is called {other}"),
            },
            // Replaying does not wait for a snapshot either.
            durability: Durability::Off,
            compresses: false,
        };
        Box::new(VictoriaMetrics::new(&options, clock).unwrap())
    }
}
