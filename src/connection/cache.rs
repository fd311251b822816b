//! What one run keeps for the next: values under keys, in files.
//!
//! A file is two lines of JSON: about the value, and the value. It is written under another name and renamed, so that
//! runs side by side see a whole one or none; what was damaged since is told by its checksum.

use std::io::{BufRead, BufReader, ErrorKind as IoError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Answer;
use crate::value::{ErrorKind, StepError, Timestamp, hex};

/// What is kept under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When the run that kept it was, by its own clock.
    pub written_at: Timestamp,
    /// From when on it is of no use to that run's successors.
    pub until: Timestamp,
    /// The value: JSON on one line.
    pub value: String,
}

/// A place for what outlives a run.
pub trait Cache: Send + Sync {
    /// What is kept under a key, if anything.
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Entry>>;
    /// Keeps something in the place of what was there.
    fn put<'a>(&'a self, key: &'a str, entry: Entry) -> Answer<'a, ()>;
}

/// A folder with a file for each key, in folders named after the keys' first two letters.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

/// How long entries stay that are of no use any more.
const KEPT_AFTER: TimeDelta = TimeDelta::days(30);

/// How long a file may be in the making. What is older was left by a run that was ended.
const LONGEST_WRITE: Duration = Duration::from_hours(24);

/// The layout of the files.
const FORMAT: u32 = 1;

/// The first line of a file. Instants stand there as ISO 8601, whose years may have more than four digits.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    written_at: String,
    until: String,
    sha256: String,
}

impl Folder {
    /// The folder at `root`, which is made when it is needed.
    pub const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn place(&self, key: &str) -> PathBuf {
        self.root.join(key.get(..2).unwrap_or(key)).join(format!("{key}.json"))
    }
}

impl Cache for Folder {
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Entry>> {
        Box::pin(async move {
            let path = self.place(key);
            let bytes = match tokio::fs::read(&path).await {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == IoError::NotFound => return Ok(None),
                Err(error) => return Err(failure(&path, "read", &error.to_string())),
            };
            parse(&bytes).map(Some).ok_or_else(|| failure(&path, "read", "it is damaged"))
        })
    }

    fn put<'a>(&'a self, key: &'a str, entry: Entry) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = self.place(key);
            let task = tokio::task::spawn_blocking(move || write(&path, &entry));
            task.await.unwrap_or_else(|_| Err(StepError::new(ErrorKind::Internal, "the value could not be kept")))
        })
    }
}

fn failure(path: &Path, verb: &str, why: &str) -> StepError {
    StepError::new(ErrorKind::Configuration, format!("cannot {verb} `{}`: {why}", path.display()))
}

fn checksum(value: &[u8]) -> String {
    hex(&Sha256::digest(value))
}

fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn parse(bytes: &[u8]) -> Option<Entry> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (head, value) = (bytes.get(..end)?, bytes.get(end + 1..)?.strip_suffix(b"\n")?);
    let head: Head = serde_json::from_slice(head).ok()?;
    let is_whole = head.format == FORMAT && head.sha256 == checksum(value);
    let value = String::from_utf8(value.to_vec()).ok().filter(|_| is_whole)?;
    Some(Entry { written_at: instant(&head.written_at)?, until: instant(&head.until)?, value })
}

fn text(entry: &Entry) -> String {
    let written = |at: Timestamp| format!("{at:?}");
    let (written_at, until) = (written(entry.written_at), written(entry.until));
    let head = Head { format: FORMAT, written_at, until, sha256: checksum(entry.value.as_bytes()) };
    format!("{}\n{}\n", serde_json::to_string(&head).unwrap_or_default(), entry.value)
}

fn write(path: &Path, entry: &Entry) -> Result<(), StepError> {
    let temporary = path.with_extension(format!("{}.tmp", uuid::Uuid::now_v7()));
    let folder = path.parent().unwrap_or(path);
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&temporary, text(entry)))
        .and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = written {
        // Perhaps there is none; the failure that matters is told.
        let _ = std::fs::remove_file(&temporary);
        return Err(failure(path, "write", &error.to_string()));
    }
    tidy(folder, path, entry.written_at);
    Ok(())
}

/// Removes what nobody will ask for from the folder of a file that was just written. What cannot be removed stays.
fn tidy(folder: &Path, new: &Path, now: Timestamp) {
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for path in files.flatten().map(|file| file.path()) {
        let is_over = match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => until(&path).is_some_and(|until| now.signed_duration_since(until) > KEPT_AFTER),
            Some("tmp") => is_left_behind(&path, new),
            _ => false,
        };
        if is_over {
            let _ = std::fs::remove_file(&path);
        }
    }
}

fn until(path: &Path) -> Option<Timestamp> {
    let mut head = String::new();
    BufReader::new(std::fs::File::open(path).ok()?).read_line(&mut head).ok()?;
    instant(&serde_json::from_str::<Head>(&head).ok()?.until)
}

fn is_left_behind(path: &Path, new: &Path) -> bool {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|found| found.modified()).ok();
    let age = changed(new).zip(changed(path)).and_then(|(new, old)| new.duration_since(old).ok());
    age.is_some_and(|age| age > LONGEST_WRITE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32) -> Timestamp {
        format!("2025-01-{day:02}T12:00:00.123456789Z").parse().unwrap()
    }

    fn entry(written: u32, until: u32, value: &str) -> Entry {
        Entry { written_at: at(written), until: at(until), value: value.to_owned() }
    }

    #[tokio::test]
    async fn what_is_put_is_there_until_another_takes_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Folder::new(directory.path().join("a/b"));
        assert_eq!(cache.get("0123").await.unwrap(), None);
        let endless = Entry { until: Timestamp::MAX_UTC, ..entry(3, 3, "0") };
        for kept in [entry(1, 2, "[1]"), entry(2, 3, "\"é\""), endless] {
            cache.put("0123", kept.clone()).await.unwrap();
            assert_eq!(cache.get("0123").await.unwrap(), Some(kept));
        }
        assert_eq!(std::fs::read_dir(directory.path().join("a/b/01")).unwrap().count(), 1, "nothing else is left");
    }

    #[tokio::test]
    async fn every_damage_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Folder::new(directory.path().to_path_buf());
        cache.put("0123", entry(1, 2, "[1, 2]")).await.unwrap();
        let path = directory.path().join("01/0123.json");
        let whole = std::fs::read_to_string(&path).unwrap();
        let newer = whole.replace("\"format\":1", "\"format\":2");
        let broken = ["", "\n", "{}", &whole[..whole.len() - 2], &whole.replace("[1, 2]", "[1, 3]"), &newer];
        for text in broken {
            std::fs::write(&path, text).unwrap();
            let error = cache.get("0123").await.unwrap_err();
            assert!(error.message.ends_with("0123.json`: it is damaged"), "{text}: {}", error.message);
        }
        std::fs::write(&path, b"{}\n\xff\n").unwrap();
        assert!(cache.get("0123").await.is_err());
    }

    #[tokio::test]
    async fn what_cannot_be_written_says_why_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(directory.path().join("01/0123.json/full")).unwrap();
        let cache = Folder::new(directory.path().to_path_buf());
        let error = cache.put("0123", entry(1, 2, "1")).await.unwrap_err();
        assert!(error.message.starts_with("cannot write `"), "{}", error.message);
        assert_eq!(std::fs::read_dir(directory.path().join("01")).unwrap().count(), 1);
        std::fs::write(directory.path().join("02"), "").unwrap();
        assert!(cache.put("0223", entry(1, 2, "1")).await.is_err());
    }

    #[tokio::test]
    async fn what_expired_long_ago_goes_when_a_neighbour_comes() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Folder::new(directory.path().to_path_buf());
        let long_ago = |days| Entry {
            written_at: at(1) - TimeDelta::days(99),
            until: at(20) - TimeDelta::days(days),
            value: "1".to_owned(),
        };
        cache.put("01aa", long_ago(31)).await.unwrap();
        cache.put("01bb", long_ago(29)).await.unwrap();
        cache.put("02cc", long_ago(31)).await.unwrap();
        let abandoned = directory.path().join("01/01dd.x.tmp");
        let file = std::fs::File::create(&abandoned).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        std::fs::write(directory.path().join("01/01ee.y.tmp"), "in the making").unwrap();
        cache.put("01ff", entry(20, 21, "1")).await.unwrap();
        assert_eq!(cache.get("01aa").await.unwrap(), None);
        assert!(cache.get("01bb").await.unwrap().is_some());
        assert!(cache.get("02cc").await.unwrap().is_some(), "another folder is not looked at");
        assert!(!abandoned.exists());
        assert!(directory.path().join("01/01ee.y.tmp").exists());
    }
}
