//! What earlier attempts at a run did, for the one that goes on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::{RunStore, StepRow, StepState, StoreError};
use crate::run::{Came, Found};
use crate::value::from_kept;

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
            StepState::Done => self.value(row).await,
        };
        Some(Found { code: row.code.clone(), input: row.input.clone(), came })
    }

    async fn value(&self, row: &StepRow) -> Came {
        let Some(hash) = &row.output else {
            return Came::Done(row.withheld.clone().unwrap_or_else(|| "its value was not recorded".to_owned()));
        };
        let json = match self.store.output(hash).await {
            Ok(json) => json,
            Err(error) => return Came::Done(format!("its value on record cannot be read: {error}")),
        };
        let value = json.and_then(|json| from_kept(&serde_json::from_str(&json).ok()?));
        value.map_or_else(|| Came::Done("its value on record is damaged".to_owned()), Came::Value)
    }
}
