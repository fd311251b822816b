//! A server that answers as a test wants it to, wrongly for the most part.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vmflow::connection::Clock;

/// What was asked: the first line and the headers, and the body.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A server for one test; it ends with the test's runtime.
pub(crate) struct Faulty {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Faulty {
    /// Answers each request with the bytes that `answer` gives for it, then closes the connection.
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (asked.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, answer) = (log.clone(), answer.clone());
                tokio::spawn(async move { exchange(stream, &log, &*answer).await });
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        self.address.clone()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn exchange(mut stream: TcpStream, log: &Mutex<Vec<Asked>>, answer: &(dyn Fn(&Asked) -> Vec<u8> + Send + Sync)) {
    let Some(asked) = read(&mut stream).await else { return };
    log.lock().unwrap().push(asked.clone());
    let bytes = answer(&asked);
    // An empty answer stands for a server that hangs.
    if bytes.is_empty() {
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let count = stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        if bytes.len() >= end + 4 + length.unwrap_or(0) {
            return Some(Asked { head, body: bytes[end + 4..].to_vec() });
        }
    }
}

/// A whole answer.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}").into_bytes()
}

/// A clock whose waits take no time.
#[derive(Debug, Default)]
pub(crate) struct FastClock {
    waited_ms: Arc<Mutex<i64>>,
}

impl Clock for FastClock {
    fn now(&self) -> DateTime<Utc> {
        vmflow::connection::clock::SystemClock.now() + chrono::Duration::milliseconds(*self.waited_ms.lock().unwrap())
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        *self.waited_ms.lock().unwrap() += i64::try_from(ms).unwrap();
        // Short, and long enough for a server that has much else to do.
        Box::pin(tokio::time::sleep(Duration::from_millis(20)))
    }
}
