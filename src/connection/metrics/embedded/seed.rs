//! The first samples of a new store, from a file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::store::Store;
use crate::connection::metrics::batch;
use crate::value::{ErrorKind, Points, Series, StepError, hex};

/// The property that holds the digest of the file that was loaded.
const LOADED: &str = "seed";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    metric: BTreeMap<String, String>,
    values: Vec<f64>,
    timestamps: Vec<i64>,
}

/// Loads the file into a store that has not been seeded; another file later changes nothing.
pub(super) async fn load(store: &Store, path: &Path) -> Result<(), StepError> {
    if store.property(LOADED).await?.is_some() {
        return Ok(());
    }
    let shown = path.display();
    let text = tokio::fs::read_to_string(path).await.map_err(|error| {
        StepError::new(ErrorKind::Configuration, format!("the seed {shown} cannot be read: {error}"))
            .help("check the `seed` of the connection")
    })?;
    let mut series = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let read = read_line(line).map_err(|why| malformed(format!("line {} of the seed {shown}: {why}", at + 1)))?;
        series.push(read);
    }
    let batch = batch::prepare(&series, None)
        .map_err(|error| StepError { kind: ErrorKind::Configuration, ..error }.context(format!("the seed {shown}")))?;
    let digest = hex(&Sha256::digest(text.as_bytes()));
    store.write(&batch.series, Some((LOADED, &digest))).await.map(|_| ())
}

fn malformed(message: String) -> StepError {
    StepError::new(ErrorKind::Configuration, message)
        .help(r#"a line is {"metric":{"__name__":"m","label":"value"},"values":[1.5],"timestamps":[1736500000000]}"#)
}

fn read_line(line: &str) -> Result<Series, String> {
    let mut line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if line.values.len() != line.timestamps.len() {
        let (values, timestamps) = (line.values.len(), line.timestamps.len());
        return Err(format!("{values} values and {timestamps} timestamps"));
    }
    let name: Arc<str> = line.metric.remove("__name__").ok_or("the metric has no `__name__`")?.into();
    let points = Arc::new(Points { at_ms: line.timestamps, values: line.values });
    let series = Series { name, labels: line.metric.into_iter().collect(), points };
    // A line's own mistakes are told with its number.
    batch::prepare(std::slice::from_ref(&series), None).map_err(|error| error.message)?;
    Ok(series)
}
