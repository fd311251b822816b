//! Waiting where SQLite does not.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::error;

/// How long until the next try.
const AGAIN: Duration = Duration::from_millis(5);

/// Opens a file, again and again for as long as `patience` while others open it too. When two switch a new file to the
/// write-ahead log, SQLite refuses one of them at once, whatever its busy timeout says.
pub(crate) async fn when_free<'a, T>(
    patience: Duration,
    open: impl Fn() -> BoxFuture<'a, sqlx::Result<T>>,
) -> sqlx::Result<T> {
    let until = Instant::now() + patience;
    loop {
        match open().await {
            Err(error) if error::is_busy(&error) && Instant::now() < until => sleep(AGAIN).await,
            opened => return opened,
        }
    }
}
