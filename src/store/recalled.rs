//! What earlier attempts at a run did, for the one that goes on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::{RunStore, StepRow, StepState, StoreError};
use crate::run::{Came, Found};
use crate::value::{Value, from_kept};

/// The steps on record of a run. Values are read when they are asked for.
pub struct Recalled {
    store: Arc<dyn RunStore>,
    rows: HashMap<String, StepRow>,
}

impl Recalled {
    /// All that is on record of a run.
    pub async fn of(store: Arc<dyn RunStore>, run: Uuid) -> Result<Self, StoreError> {
        let rows = store.steps(run).await?.into_iter();
        // Steps that wait for nothing are computed again, and items of loops follow from their steps.
        let rows = rows.filter(|row| matches!(&*row.kind, "read" | "write"));
        let rows = rows.map(|row| (row.key.clone(), row)).collect();
        Ok(Self { store, rows })
    }

    /// Leaves out steps, by their first name; they are done again.
    pub fn forget(&mut self, steps: &HashSet<String>) {
        let first = |row: &StepRow| row.path.split('.').next().unwrap_or_default().to_owned();
        self.rows.retain(|_, row| !steps.contains(&first(row)));
    }

    /// The rows.
    pub fn rows(&self) -> impl Iterator<Item = &StepRow> {
        self.rows.values()
    }

    /// What came of the step with a key.
    pub(super) async fn found(&self, key: &str) -> Option<Found> {
        let row = self.rows.get(key)?;
        let came = match row.state {
            StepState::Failed => Came::Nothing,
            StepState::Announced => Came::Unknown,
            StepState::Done => value_of(&*self.store, row).await.map_or_else(Came::Done, Came::Value),
        };
        Some(Found { code: row.code.clone(), input: row.input.clone(), came })
    }
}

/// The value of a step that is done, or why it is not to be had from the record.
pub async fn value_of(store: &dyn RunStore, row: &StepRow) -> Result<Value, String> {
    let not_recorded = || row.withheld.clone().unwrap_or_else(|| "its value was not recorded".to_owned());
    let hash = row.output.as_ref().ok_or_else(not_recorded)?;
    let json = store.output(hash).await.map_err(|error| format!("its value on record cannot be read: {error}"))?;
    let value = json.and_then(|json| from_kept(&serde_json::from_str(&json).ok()?));
    value.ok_or_else(|| "its value on record is damaged".to_owned())
}
