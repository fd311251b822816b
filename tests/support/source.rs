//! A source as `apex_collector` asks it: numbers for a business day, and every way of not giving them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

/// What the source answers for a day that it is asked for the n-th time, from 1.
type Script = dyn Fn(&str, usize) -> Reply + Send + Sync;

/// An answer.
pub(crate) struct Reply {
    status: &'static str,
    body: String,
    wait: Duration,
}

/// A source on a port of its own; it lives as long as the tests.
pub(crate) struct Source {
    url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    script: Arc<Script>,
    asked: Vec<String>,
}

impl Reply {
    /// A body with status 200.
    pub(crate) fn body(body: impl Into<String>) -> Self {
        Self { status: "200 OK", body: body.into(), wait: Duration::ZERO }
    }

    /// Another status, such as `503 Service Unavailable`.
    pub(crate) fn status(status: &'static str) -> Self {
        Self { status, body: status.to_owned(), wait: Duration::ZERO }
    }

    /// What the source gives when all is well: two ids, two numbers each, one of them once absent.
    pub(crate) fn day(day: &str) -> Self {
        let n: f64 = day.bytes().filter(u8::is_ascii_digit).fold(0.0, |sum, byte| sum * 3.0 + f64::from(byte - b'0'));
        Self::body(
            json!([
                { "business_date": day, "auid": "A1", "values": { "price": n / 8.0, "volume": n } },
                { "business_date": day, "auid": "A2", "values": { "price": n / 4.0, "volume": null } },
            ])
            .to_string(),
        )
    }

    /// The same, later.
    pub(crate) fn after(mut self, ms: u64) -> Self {
        self.wait = Duration::from_millis(ms);
        self
    }
}

impl Source {
    /// A source that has every day.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { script: Arc::new(|day, _| Reply::day(day)), asked: Vec::new() }));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                // A client that went away is none of the source's business.
                std::thread::spawn(move || answer(stream, &shared));
            }
        });
        Self { url, state }
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Changes what it answers.
    pub(crate) fn script(&self, script: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) {
        self.state.lock().unwrap().script = Arc::new(script);
    }

    /// The days it was asked for, in order, and forgets them.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let day = head.strip_prefix("GET /api/apex?business_date=")?.split(' ').next()?.to_owned();
    let (script, nth) = {
        let mut state = state.lock().unwrap();
        state.asked.push(day.clone());
        (state.script.clone(), state.asked.iter().filter(|asked| **asked == day).count())
    };
    let reply = script(&day, nth);
    std::thread::sleep(reply.wait);
    let (status, body, length) = (reply.status, &reply.body, reply.body.len());
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n");
    stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).ok()
}
