//! What an enemy, or a mishap, puts into the directory.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use vmflow::connection::{FileFormat, Files};
use vmflow::value::{ErrorKind, StepError, Value};

use super::{csv, names, open, read, table, write};

/// An inbox with everything in it that must not be read, beside a folder with a secret.
fn inbox() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("outside")).unwrap();
    std::fs::write(folder.path().join("outside/secret.csv"), "n\n1\n").unwrap();
    let inbox = folder.path().join("inbox");
    std::fs::create_dir_all(inbox.join("directory")).unwrap();
    symlink("../outside/secret.csv", inbox.join("file_out")).unwrap();
    symlink(folder.path().join("outside/secret.csv"), inbox.join("absolute_out")).unwrap();
    symlink("../outside", inbox.join("folder_out")).unwrap();
    symlink("/dev/zero", inbox.join("endless")).unwrap();
    symlink("/proc/self/fd/0", inbox.join("magic")).unwrap();
    symlink("self", inbox.join("self")).unwrap();
    mknodat(CWD, inbox.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    std::os::unix::net::UnixListener::bind(inbox.join("socket")).unwrap();
    (folder, inbox)
}

/// Reading must end, whatever stands there.
async fn refused(path: &Path, name: &str) -> StepError {
    let format = FileFormat::Csv(csv());
    let reading = read(path, name, &format, None);
    tokio::time::timeout(Duration::from_secs(20), reading).await.expect("reading hangs").unwrap_err()
}

#[tokio::test]
async fn nothing_outside_is_read() {
    let (_folder, inbox) = inbox();
    for name in ["file_out", "absolute_out", "folder_out/secret.csv", "endless", "magic", "self"] {
        let error = refused(&inbox, name).await;
        assert_eq!(error.message, format!("`{name}` is a link that leads out of the connection's directory"));
    }
    for name in ["../outside/secret.csv", "directory/../../outside/secret.csv", "/etc/passwd", "", "a\nb", "./file"] {
        let error = refused(&inbox, name).await;
        assert!(error.message.starts_with(&format!("the path {name:?} ")), "{error}");
        assert_eq!(error.kind, ErrorKind::Data);
    }
    let listed = open(&inbox).list("*").await.unwrap();
    assert!(listed.is_empty(), "{listed:?}");
    assert!(open(&inbox).list("folder_out/*").await.unwrap().is_empty());
    assert!(open(&inbox).list("../outside/*").await.is_err());
}

#[tokio::test]
async fn what_is_no_file_does_not_hang() {
    let (_folder, inbox) = inbox();
    assert_eq!(refused(&inbox, "pipe").await.message, "`pipe` is a pipe or a device, not a file");
    assert_eq!(refused(&inbox, "directory").await.message, "`directory` is a directory, not a file");
    assert!(refused(&inbox, "socket").await.message.starts_with("cannot read `socket`"));
    let missing = refused(&inbox, "directry").await;
    assert_eq!(
        (missing.kind, missing.message.as_str(), missing.help.as_deref()),
        (ErrorKind::Missing, "cannot read `directry`: there is no such file", Some("did you mean `directory`?"))
    );
    assert_eq!(refused(&inbox, "pipe/a").await.kind, ErrorKind::Missing);
    assert_eq!(refused(&inbox, &"x".repeat(300)).await.kind, ErrorKind::Data);
}

#[tokio::test]
async fn nothing_outside_is_written_and_only_files_are_replaced() {
    let (folder, inbox) = inbox();
    let rows = table(&["n"], &[&[Value::Int(2)]]);
    let before = names(&inbox);
    for name in
        ["file_out", "absolute_out", "folder_out/secret.csv", "folder_out/new.csv", "pipe", "directory", "magic"]
    {
        let error = write(&inbox, name, &FileFormat::Csv(csv()), &rows).await.unwrap_err();
        assert!(error.message.contains(name), "{error}");
    }
    for name in ["../new.csv", "/tmp/new.csv", "directory/", "a\nb.csv", ".vmflow-mine"] {
        assert!(write(&inbox, name, &FileFormat::Csv(csv()), &rows).await.is_err(), "{name:?}");
    }
    assert_eq!(names(&inbox), before);
    assert_eq!(names(&folder.path().join("outside")), ["secret.csv"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("outside/secret.csv")).unwrap(), "n\n1\n");
}

#[tokio::test]
async fn a_gigabyte_without_a_line_does_not_fill_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(folder.path().join("big")).unwrap();
    file.set_len(1 << 30).unwrap();
    assert_eq!(refused(folder.path(), "big").await.message, "big:1: the record that begins here is longer than 16 MiB");
    let error = read(folder.path(), "big", &FileFormat::JsonLines, None).await.unwrap_err();
    assert_eq!(error.message, "big:1: the line is longer than 16 MiB");
    let error = open(folder.path()).read_text("big").await.unwrap_err();
    assert_eq!(error.message, "big: the file is larger than 64 MiB, too much for one text");
    let bomb = {
        use std::io::Write;
        let mut packing = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packing.write_all(&vec![b'x'; 32 << 20]).unwrap();
        packing.finish().unwrap()
    };
    assert!(bomb.len() < 100_000);
    std::fs::write(folder.path().join("bomb.gz"), bomb).unwrap();
    assert!(refused(folder.path(), "bomb.gz").await.message.contains("longer than 16 MiB"));
}

#[tokio::test]
async fn odd_names_are_told_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a\nb.csv"), "n\n").unwrap();
    let error = open(folder.path()).list("*.csv").await.unwrap_err();
    assert_eq!(error.message, "\"a\\nb.csv\": this file's name is not UTF-8, or holds a control character");
    assert!(open(folder.path()).list("*.txt").await.unwrap().is_empty());
}
