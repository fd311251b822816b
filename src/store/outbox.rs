//! The outbox of a run store, as sinks are told from it.

use std::sync::Arc;

use super::{Kept, RunStore, StoreError};
use crate::abort::{self, Point};
use crate::connection::Answer;
use crate::lifecycle::{Outbox, Turn, Waiting};
use crate::value::{ErrorKind, StepError};

/// The events that a store keeps for sinks.
pub struct StoreOutbox(pub Arc<dyn RunStore>);

fn answer<'a, T: Send + 'a>(kept: Kept<'a, T>) -> Answer<'a, T> {
    let fault = |error: StoreError| StepError::new(ErrorKind::Connection, error.to_string());
    Box::pin(async move { kept.await.map_err(fault) })
}

impl Outbox for StoreOutbox {
    fn turn<'a>(&'a self, sink: &'a str) -> Answer<'a, Option<Turn>> {
        answer(self.0.turn(sink))
    }

    fn waiting<'a>(&'a self, sink: &'a str, limit: usize) -> Answer<'a, Vec<Waiting>> {
        Box::pin(async move {
            let rows = answer(self.0.waiting(sink, limit)).await?;
            let read = rows.into_iter().map(|(sequence, body)| match serde_json::from_str(&body) {
                Ok(told) => Ok(Waiting { sequence, told }),
                Err(error) => {
                    let message = format!("the run store's event {sequence} cannot be read: {error}");
                    Err(StepError::new(ErrorKind::Data, message))
                }
            });
            read.collect()
        })
    }

    fn passed<'a>(&'a self, sink: &'a str, sequence: i64, dropped: u64, why: Option<&'a str>) -> Answer<'a, ()> {
        abort::at(Point::J8);
        answer(self.0.passed(sink, sequence, dropped, why))
    }

    fn failed<'a>(&'a self, sink: &'a str, why: &'a str) -> Answer<'a, ()> {
        answer(self.0.failed(sink, why))
    }
}
