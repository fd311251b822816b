//! Prophet on a calendar: its settings, and what is known of each day beside the series.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{History, Refusal};
use crate::forecast::{Future, Model, Observations, Settings};

/// What is known of days beside the series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    /// What the series can reach at most.
    pub cap: Option<f64>,
    /// What the series can fall to.
    pub floor: Option<f64>,
    /// The values of each regressor by day.
    pub regressors: Vec<(String, BTreeMap<NaiveDate, f64>)>,
    /// The days on which each conditional seasonality holds.
    pub conditions: Vec<(String, BTreeSet<NaiveDate>)>,
}

/// How Prophet is fitted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prophet {
    /// The model's settings.
    pub settings: Settings,
    /// What is known of the days.
    pub known: Known,
}

/// A day's midnight in seconds since 1970, as Prophet counts days.
pub fn seconds(day: NaiveDate) -> i64 {
    day.signed_duration_since(NaiveDate::default()).num_days() * 86_400
}

impl Known {
    fn columns(&self, days: &[NaiveDate]) -> Result<Future, Refusal> {
        let constant = |value: Option<f64>| value.map(|value| vec![value; days.len()]);
        let regressor = |(name, by_day): &(String, BTreeMap<NaiveDate, f64>)| {
            let value = |day: &NaiveDate| {
                by_day.get(day).copied().ok_or_else(|| {
                    Refusal::new(format!("the regressor `{name}` has no value for {day}"))
                        .help("it needs one for each day of the history and of the horizon")
                })
            };
            Ok((name.clone(), days.iter().map(value).collect::<Result<_, Refusal>>()?))
        };
        let condition = |(name, holds): &(String, BTreeSet<NaiveDate>)| {
            (name.clone(), days.iter().map(|day| holds.contains(day)).collect())
        };
        Ok(Future {
            at_s: days.iter().copied().map(seconds).collect(),
            cap: constant(self.cap),
            floor: constant(self.floor),
            regressors: self.regressors.iter().map(regressor).collect::<Result<_, Refusal>>()?,
            conditions: self.conditions.iter().map(condition).collect(),
        })
    }
}

impl Prophet {
    pub(super) fn fit(&self, history: &History, left_ms: Option<u64>) -> Result<Model, Refusal> {
        let Future { at_s, cap, floor, regressors, conditions } = self.known.columns(&history.days)?;
        let observations = Observations { at_s, y: history.values.clone(), cap, floor, regressors, conditions };
        let mut settings = self.settings.clone();
        let asked = settings.fit.max_wall_ms;
        settings.fit.max_wall_ms = match (left_ms, asked) {
            (Some(left), Some(asked)) => Some(left.min(asked)),
            (left, asked) => left.or(asked),
        };
        Model::fit(&observations, &settings).map_err(Refusal::from)
    }

    pub(super) fn future(&self, days: &[NaiveDate]) -> Result<Future, Refusal> {
        self.known.columns(days)
    }
}
