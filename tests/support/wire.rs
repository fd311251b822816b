//! A wire to a server that can be held up and cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// Forwards connections to a server while it is up.
pub(crate) struct Wire {
    /// Where it listens, on this machine.
    pub(crate) port: u16,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Default)]
struct Shared {
    is_cut: AtomicBool,
    is_silent: AtomicBool,
    /// Cuts the wire when so many bytes have gone to the server; 0 for never.
    left: AtomicUsize,
    open: std::sync::Mutex<Vec<AbortHandle>>,
}

impl Shared {
    fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        self.open.lock().unwrap().drain(..).for_each(|one| one.abort());
    }
}

impl Wire {
    /// A wire to `host:port`.
    pub(crate) fn to(target: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared: Arc<Shared> = Arc::default();
        let (target, state) = (target.to_owned(), shared.clone());
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if state.is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&target).await else { continue };
                let one = tokio::spawn(forward(client, server, state.clone()));
                state.open.lock().unwrap().push(one.abort_handle());
            }
        });
        Self { port, shared, _runtime: runtime }
    }

    /// Ends all connections, and takes no new ones.
    pub(crate) fn cut(&self) {
        self.shared.cut();
    }

    /// Takes connections again.
    pub(crate) fn mend(&self) {
        self.shared.is_cut.store(false, Ordering::SeqCst);
        self.shared.is_silent.store(false, Ordering::SeqCst);
    }

    /// From now on nothing goes through, and nobody is told.
    pub(crate) fn silence(&self) {
        self.shared.is_silent.store(true, Ordering::SeqCst);
    }

    /// Cuts the wire in the middle of what is sent to the server, after so many bytes.
    pub(crate) fn cut_after(&self, bytes: usize) {
        self.shared.left.store(bytes, Ordering::SeqCst);
    }

    /// Whether the wire was cut.
    pub(crate) fn is_cut(&self) -> bool {
        self.shared.is_cut.load(Ordering::SeqCst)
    }
}

async fn forward(client: TcpStream, server: TcpStream, shared: Arc<Shared>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let state = shared.clone();
    let answers = async move {
        let mut buffer = vec![0; 65_536];
        while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
            wait_while_silent(&state).await;
            if to_client.write_all(&buffer[..n]).await.is_err() {
                return;
            }
        }
    };
    let asks = async move {
        let mut buffer = vec![0; 65_536];
        while let Ok(n @ 1..) = from_client.read(&mut buffer).await {
            wait_while_silent(&shared).await;
            let left = shared.left.load(Ordering::SeqCst);
            if left > 0 && n >= left {
                shared.left.store(0, Ordering::SeqCst);
                let _ = to_server.write_all(&buffer[..left]).await;
                let _ = to_server.flush().await;
                shared.cut();
                return;
            }
            shared.left.store(left.saturating_sub(n), Ordering::SeqCst);
            if to_server.write_all(&buffer[..n]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = answers => {}
        () = asks => {}
    }
}

async fn wait_while_silent(shared: &Shared) {
    while shared.is_silent.load(Ordering::SeqCst) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
