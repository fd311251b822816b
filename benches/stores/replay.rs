//! The limit: bodies that were made beforehand, sent as fast as the server takes them.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};

use prost::Message;
use vmflow::value::Series;

use super::{Begun, CONNECTIONS, Measured};

/// Samples in one request, as vmflow sends them.
const MOST: usize = 10_000;

/// A request: head and body.
struct Request(Vec<u8>);

/// Sends everything; an answer that is not 2xx ends it.
pub(super) fn replay(target: &str, format: &str, series: &[Series]) -> Measured {
    let (host, query) = split(target);
    let encode: fn(&[Series]) -> Vec<u8> = match format {
        "remote_write" => remote_write,
        "import" => import,
        "influx" => influx,
        other => panic!("no format is called {other}"),
    };
    let path = match format {
        "remote_write" => "/api/v1/write",
        "import" => "/api/v1/import",
        _ => "/write",
    };
    let requests: Vec<Request> = groups(series)
        .iter()
        .map(|group| {
            let body = encode(group);
            let encoding = if format == "remote_write" { "content-encoding: snappy\r\n" } else { "" };
            let head = format!(
                "POST {path}{query} HTTP/1.1\r\nhost: {host}\r\n{encoding}content-length: {}\r\n\r\n",
                body.len()
            );
            Request([head.as_bytes(), &body].concat())
        })
        .collect();
    let begun = Begun::now();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| send_all(&host, &requests, &next));
        }
    });
    begun.end(series.iter().map(|one| one.points.len()).sum())
}

/// `http://host:port?query` in two.
fn split(target: &str) -> (String, String) {
    let rest = target.strip_prefix("http://").unwrap();
    let (host, query) = rest.split_once('?').unwrap_or((rest, ""));
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    (host.trim_end_matches('/').to_owned(), query)
}

fn send_all(host: &str, requests: &[Request], next: &AtomicUsize) {
    let mut stream = BufReader::new(TcpStream::connect(host).unwrap());
    stream.get_ref().set_nodelay(true).unwrap();
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        stream.get_mut().write_all(&request.0).unwrap();
        let mut status = String::new();
        stream.read_line(&mut status).unwrap();
        assert!(status.contains(" 20"), "{status}");
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        stream.read_exact(&mut vec![0; length]).unwrap();
    }
}

/// Whole series, or pieces of long ones, with at most so many samples together.
fn groups(series: &[Series]) -> Vec<Vec<Series>> {
    let mut groups: Vec<Vec<Series>> = Vec::new();
    let mut count = MOST;
    for one in series {
        for (at_ms, values) in one.points.at_ms.chunks(MOST).zip(one.points.values.chunks(MOST)) {
            if count + at_ms.len() > MOST {
                groups.push(Vec::new());
                count = 0;
            }
            count += at_ms.len();
            let points = vmflow::value::Points { at_ms: at_ms.to_vec(), values: values.to_vec() };
            groups.last_mut().unwrap().push(Series { points: points.into(), ..one.clone() });
        }
    }
    groups
}

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

/// By another encoder than vmflow's.
fn remote_write(group: &[Series]) -> Vec<u8> {
    let label = |(name, value): (&str, &str)| Label { name: name.to_owned(), value: value.to_owned() };
    let timeseries = group.iter().map(|one| TimeSeries {
        labels: labels(one).map(label).collect(),
        samples: points(one).map(|(timestamp, value)| Sample { value, timestamp }).collect(),
    });
    let message = WriteRequest { timeseries: timeseries.collect() };
    snap::raw::Encoder::new().compress_vec(&message.encode_to_vec()).unwrap()
}

fn import(group: &[Series]) -> Vec<u8> {
    let mut text = String::new();
    for one in group {
        let metric: serde_json::Map<String, serde_json::Value> =
            labels(one).map(|(name, value)| (name.to_owned(), value.into())).collect();
        let list = |items: Vec<String>| items.join(",");
        let values = list(one.points.values.iter().map(ToString::to_string).collect());
        let times = list(one.points.at_ms.iter().map(ToString::to_string).collect());
        let metric = serde_json::Value::Object(metric);
        writeln!(text, "{{\"metric\":{metric},\"values\":[{values}],\"timestamps\":[{times}]}}").unwrap();
    }
    text.into_bytes()
}

/// The values have nothing that would have to be escaped.
fn influx(group: &[Series]) -> Vec<u8> {
    let mut text = String::new();
    for one in group {
        let tags: String = one.labels.iter().map(|(name, value)| format!(",{name}={value}")).collect();
        for (at_ms, value) in points(one) {
            writeln!(text, "bench{tags} metric={value} {at_ms}000000").unwrap();
        }
    }
    text.into_bytes()
}

fn labels(one: &Series) -> impl Iterator<Item = (&str, &str)> {
    let labels = one.labels.iter().map(|(name, value)| (&**name, &**value));
    std::iter::once(("__name__", &*one.name)).chain(labels)
}

fn points(one: &Series) -> impl Iterator<Item = (i64, f64)> {
    one.points.at_ms.iter().copied().zip(one.points.values.iter().copied())
}
