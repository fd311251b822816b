//! A wire that breaks at a chosen moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// When the wire breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// The server gets COMMIT, the client gets no answer.
    AfterCommit,
    /// The server does not get COMMIT.
    BeforeCommit,
}

/// Forwards connections to `target` (`host:port`) and breaks the first that commits; gives its own port and
/// a flag that says whether it broke.
pub(crate) async fn start(target: String, at: Break) -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let broken = Arc::new(AtomicBool::new(false));
    let flag = broken.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&target).await;
            if let Ok(server) = server {
                tokio::spawn(forward(client, server, at, flag.clone()));
            }
        }
    });
    (port, broken)
}

async fn forward(client: TcpStream, server: TcpStream, at: Break, broken: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let silent = Arc::new(AtomicBool::new(false));
    let mute = silent.clone();
    let answers = tokio::spawn(async move {
        let mut buffer = vec![0; 65_536];
        while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
            // The answer to COMMIT proves that it happened; then the wire breaks.
            if mute.load(Ordering::SeqCst) || to_client.write_all(&buffer[..n]).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 65_536];
    while let Ok(n @ 1..) = from_client.read(&mut buffer).await {
        // As PostgreSQL's and as MySQL's protocol write it.
        let asks = |bytes: &[u8]| bytes.windows(7).any(|window| window == b"commit\0" || window == b"\x03commit");
        let commits = asks(&buffer[..n]) && !broken.swap(false, Ordering::SeqCst);
        if commits {
            broken.store(true, Ordering::SeqCst);
            silent.store(true, Ordering::SeqCst);
            if at == Break::AfterCommit {
                to_server.write_all(&buffer[..n]).await.unwrap();
                let _ = answers.await;
            } else {
                answers.abort();
            }
            return;
        }
        if to_server.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}
