//! The seed of an embedded store, and a store that several hold open.

use std::path::Path;

use vmflow::connection::metrics::embedded::{EmbeddedMetrics, EmbeddedOptions};
use vmflow::value::{ErrorKind, StepError};

use super::{MIDNIGHT, WriteSamples, export, sample};

async fn open(directory: &Path, seed: &str) -> Result<EmbeddedMetrics, StepError> {
    let file = directory.join("seed.jsonl");
    std::fs::write(&file, seed).unwrap();
    EmbeddedMetrics::open(&EmbeddedOptions { path: directory.join("store"), seed: Some(file) }).await
}

const SEED: &str = "{\"metric\":{\"__name__\":\"a\",\"x\":\"1\"},\"values\":[1,2.5],\"timestamps\":[1000,2000]}\n\n\
                    {\"metric\":{\"__name__\":\"b\"},\"values\":[3],\"timestamps\":[1000]}\n";

#[tokio::test]
async fn a_seed_is_loaded_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), SEED).await.unwrap();
    let all = export(&store, "{__name__=~\".+\"}", 0, MIDNIGHT).await.unwrap();
    assert_eq!(all, [("a{x=\"1\"}".to_owned(), vec![(1000, 1.0), (2000, 2.5)]), ("b{}".to_owned(), vec![(1000, 3.0)])]);
    store.put(&[sample("b", &[], 4.0, 1000)]).await.unwrap();
    drop(store);
    let store = open(directory.path(), SEED).await.unwrap();
    assert_eq!(export(&store, "b", 0, MIDNIGHT).await.unwrap()[0].1, [(1000, 4.0)]);
}

#[tokio::test]
async fn a_malformed_seed_loads_nothing_and_names_the_line() {
    let directory = tempfile::tempdir().unwrap();
    let bad = [
        "not json",
        "{\"metric\":{\"x\":\"1\"},\"values\":[1],\"timestamps\":[1]}",
        "{\"metric\":{\"__name__\":\"a\"},\"values\":[1,2],\"timestamps\":[1]}",
        "{\"metric\":{\"__name__\":\"a\"},\"values\":[null],\"timestamps\":[1]}",
        "{\"metric\":{\"__name__\":\"a\"},\"values\":[1],\"timestamps\":[1.5]}",
        "{\"metric\":{\"__name__\":\"a-b\"},\"values\":[1],\"timestamps\":[1]}",
        "{\"metric\":{\"__name__\":\"a\"},\"values\":[1,2],\"timestamps\":[1,1]}",
    ];
    for line in bad {
        let error = open(directory.path(), &format!("{SEED}{line}\n")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Configuration, "{line}");
        assert!(error.message.contains("line 4 of the seed"), "{}", error.message);
    }
    let store = open(directory.path(), SEED).await.unwrap();
    assert_eq!(export(&store, "{__name__!=\"\"}", 0, MIDNIGHT).await.unwrap().len(), 2);
    let options = EmbeddedOptions { path: directory.path().join("other"), seed: Some("nowhere.jsonl".into()) };
    assert_eq!(EmbeddedMetrics::open(&options).await.unwrap_err().kind, ErrorKind::Configuration);
}

#[tokio::test]
async fn several_may_write_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let options = EmbeddedOptions { path: directory.path().join("store.db"), seed: None };
    let mut writers = Vec::new();
    for writer in 0..4 {
        let options = options.clone();
        writers.push(tokio::spawn(async move {
            let store = EmbeddedMetrics::open(&options).await.unwrap();
            for n in 0..20 {
                store.put(&[sample("a", &[("w", &writer.to_string())], 1.0, n)]).await.unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(directory.path().join("store.db").is_file());
    let store = EmbeddedMetrics::open(&options).await.unwrap();
    let all = export(&store, "a", 0, 100).await.unwrap();
    assert_eq!(all.iter().map(|(_, points)| points.len()).collect::<Vec<_>>(), [20; 4]);
}

#[tokio::test]
async fn a_path_that_is_no_place_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = EmbeddedMetrics::open(&EmbeddedOptions { path: file, seed: None }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Configuration);
}
