//! Lines of JSON in a file.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::sink::{Refused, Sink, Undelivered};
use super::told::Told;

pub(super) struct FileSink {
    name: Arc<str>,
    path: PathBuf,
}

impl FileSink {
    pub(super) fn new(name: Arc<str>, path: PathBuf) -> Self {
        Self { name, path }
    }
}

impl Sink for FileSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn wants(&self, _: &Told) -> bool {
        true
    }

    fn tell<'a>(&'a self, events: &'a [Told]) -> BoxFuture<'a, Result<Vec<Refused>, Undelivered>> {
        Box::pin(async move {
            let lines = lines(events).map_err(|error| Undelivered::Never { why: error.to_string() })?;
            let path = self.path.clone();
            let appended =
                tokio::task::spawn_blocking(move || append(&path, &lines).map_err(|error| (path, error))).await;
            match appended {
                Ok(Ok(())) => Ok(Vec::new()),
                Ok(Err((path, error))) => {
                    let why = format!("cannot write `{}`: {error}", path.display());
                    Err(Undelivered::Later { why, after_ms: None })
                }
                Err(ended) => Err(Undelivered::Later { why: ended.to_string(), after_ms: None }),
            }
        })
    }
}

fn lines(events: &[Told]) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::new();
    for told in events {
        serde_json::to_writer(&mut out, told)?;
        out.push(b'\n');
    }
    Ok(out)
}

/// Appends, and waits until the disk has it. What a crash left of a line is ended first, so that it spoils no other.
fn append(path: &std::path::Path, lines: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new().create(true).append(true).read(true).open(path)?;
    let length = file.metadata()?.len();
    if length > 0 {
        let mut last = [0];
        file.seek(SeekFrom::Start(length - 1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    file.write_all(lines)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::super::told::tests::{started, step};
    use super::*;

    #[tokio::test]
    async fn lines_are_appended_and_a_broken_one_spoils_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/events.jsonl");
        let sink = FileSink::new("file".into(), path.clone());
        sink.tell(&[started(), step()]).await.unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"id\":")).unwrap();
        sink.tell(&[started()]).await.unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let read: Vec<Option<Told>> = text.lines().map(|line| serde_json::from_str(line).ok()).collect();
        assert_eq!(read, [Some(started()), Some(step()), None, Some(started())]);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let error = FileSink::new("file".into(), folder.path().to_owned()).tell(&[started()]).await.unwrap_err();
        assert!(matches!(&error, Undelivered::Later { why, .. } if why.contains("cannot write")), "{error:?}");
    }
}
