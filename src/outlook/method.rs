//! The models, behind one face.

use chrono::{Days, NaiveDate};

use super::ets::FittedEts;
use super::naive::FittedNaive;
use super::normal::reach;
use super::{Ets, History, Naive, Patience, Prophet, Refusal};
use crate::forecast::{Mode, Model};

/// A model that is not fitted yet.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// Prophet.
    Prophet(Box<Prophet>),
    /// Exponential smoothing.
    Ets(Ets),
    /// What was, comes again.
    Naive(Naive),
}

/// A fitted model.
#[derive(Debug, Clone)]
pub enum Fitted {
    /// Prophet, with what is known of the days.
    Prophet(Box<(Model, Prophet)>),
    /// Exponential smoothing.
    Ets(Box<Ahead>),
    /// What was, comes again.
    Naive(Box<Ahead>),
}

/// A model that knows the history and what comes after it, step by step.
#[derive(Debug, Clone)]
pub struct Ahead {
    steps: Steps,
    history: History,
}

#[derive(Debug, Clone)]
enum Steps {
    Ets(FittedEts),
    Naive(FittedNaive),
}

/// Where a trend changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The day.
    pub day: NaiveDate,
    /// By how much its rate changes, in scaled units; below 0.01 Prophet's own plots leave it out.
    pub delta: f64,
}

/// What is expected of days, in columns of their length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outlook {
    /// The days, oldest first.
    pub days: Vec<NaiveDate>,
    /// Every column by Prophet's name for it: `yhat`, `yhat_lower`, `yhat_upper`, `trend`, …
    pub columns: Vec<(String, Vec<f64>)>,
    /// The columns that are seasonalities, holidays and regressors, and whether they are shares of the trend.
    pub parts: Vec<(String, Mode)>,
}

impl Outlook {
    /// A column; empty when there is none of this name.
    pub fn column(&self, name: &str) -> &[f64] {
        self.columns.iter().find(|(column, _)| column == name).map_or(&[], |(_, values)| values)
    }
}

impl Method {
    /// The model's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Prophet(_) => "prophet",
            Self::Ets(_) => "ets",
            Self::Naive(_) => "naive",
        }
    }

    /// Fits the model.
    pub fn fit(&self, history: &History, patience: &Patience<'_>) -> Result<Fitted, Refusal> {
        Ok(match self {
            Self::Prophet(prophet) => {
                let model = prophet.fit(history, patience)?;
                Fitted::Prophet(Box::new((model, (**prophet).clone())))
            }
            Self::Ets(ets) => {
                let steps = Steps::Ets(FittedEts::new(*ets, history, patience)?);
                Fitted::Ets(Box::new(Ahead { steps, history: history.clone() }))
            }
            Self::Naive(naive) => {
                let steps = Steps::Naive(FittedNaive::new(*naive, history)?);
                Fitted::Naive(Box::new(Ahead { steps, history: history.clone() }))
            }
        })
    }
}

impl Fitted {
    /// What is expected of the business days after the history.
    pub fn ahead(&self, days: &[NaiveDate]) -> Result<Outlook, Refusal> {
        match self {
            Self::Prophet(fitted) => of_prophet(fitted, days),
            Self::Ets(ahead) | Self::Naive(ahead) => ahead.ahead(days),
        }
    }

    /// What the model makes of the days that it learnt from. Those before a smoothing model has begun have no value.
    pub fn in_sample(&self, days: &[NaiveDate]) -> Result<Outlook, Refusal> {
        match self {
            Self::Prophet(fitted) => of_prophet(fitted, days),
            Self::Ets(ahead) | Self::Naive(ahead) => Ok(ahead.in_sample()),
        }
    }

    /// Where the trend may change.
    pub fn shifts(&self) -> Vec<Shift> {
        let Self::Prophet(fitted) = self else { return Vec::new() };
        let shift = |at: &crate::forecast::Changepoint| Some(Shift { day: day(at.at_s)?, delta: at.delta });
        fitted.0.changepoints().iter().filter_map(shift).collect()
    }

    /// How the fit went, in a few words.
    pub fn told(&self) -> String {
        match self {
            Self::Prophet(fitted) => fitted.0.summary().stop.to_string(),
            Self::Ets(ahead) | Self::Naive(ahead) => match &ahead.steps {
                Steps::Ets(ets) => ets.name(),
                Steps::Naive(_) => "repeats what was".to_owned(),
            },
        }
    }

    /// The noise, in the unit of the series.
    pub fn sigma(&self) -> f64 {
        match self {
            Self::Prophet(fitted) => fitted.0.summary().sigma,
            Self::Ets(ahead) | Self::Naive(ahead) => match &ahead.steps {
                Steps::Ets(ets) => ets.sigma(),
                Steps::Naive(naive) => naive.sigma(),
            },
        }
    }
}

impl Ahead {
    fn ahead(&self, days: &[NaiveDate]) -> Result<Outlook, Refusal> {
        let last = self.history.last_day();
        if days.first().is_some_and(|first| *first <= last) {
            return Err(Refusal::new(format!("this model forecasts days after {last} only")));
        }
        let steps: Vec<(f64, f64, f64)> = match &self.steps {
            Steps::Ets(ets) => ets.ahead(days),
            Steps::Naive(naive) => naive.ahead(days).into_iter().map(|(value, half)| (value, value, half)).collect(),
        };
        Ok(outlook(days, &steps))
    }

    fn in_sample(&self) -> Outlook {
        let (guesses, interval, sigma): (Vec<f64>, f64, f64) = match &self.steps {
            Steps::Ets(ets) => (ets.in_sample().to_vec(), ets.interval(), ets.sigma()),
            Steps::Naive(naive) => {
                let guesses = naive.in_sample().into_iter().map(|guess| guess.unwrap_or(f64::NAN)).collect();
                (guesses, naive.interval(), naive.sigma())
            }
        };
        let half = reach(interval) * sigma;
        let steps: Vec<(f64, f64, f64)> = guesses.into_iter().map(|guess| (guess, guess, half)).collect();
        outlook(&self.history.days, &steps)
    }
}

/// Columns from values, trends and half widths.
fn outlook(days: &[NaiveDate], steps: &[(f64, f64, f64)]) -> Outlook {
    let column = |name: &str, of: fn(&(f64, f64, f64)) -> f64| (name.to_owned(), steps.iter().map(of).collect());
    let columns = vec![
        column("yhat", |step| step.0),
        column("yhat_lower", |step| step.0 - step.2),
        column("yhat_upper", |step| step.0 + step.2),
        column("trend", |step| step.1),
    ];
    Outlook { days: days.to_vec(), columns, parts: Vec::new() }
}

fn of_prophet((model, prophet): &(Model, Prophet), days: &[NaiveDate]) -> Result<Outlook, Refusal> {
    let forecast = model.predict(&prophet.future(days)?)?;
    let days = forecast.at_s.iter().filter_map(|at| day(*at)).collect();
    let mut columns: Vec<(String, Vec<f64>)> = [
        ("yhat", forecast.yhat),
        ("yhat_lower", forecast.yhat_lower),
        ("yhat_upper", forecast.yhat_upper),
        ("trend", forecast.trend),
        ("trend_lower", forecast.trend_lower),
        ("trend_upper", forecast.trend_upper),
    ]
    .map(|(name, values)| (name.to_owned(), values))
    .into();
    let mut parts = Vec::new();
    for component in forecast.components {
        parts.push((component.name.clone(), component.mode));
        columns.push((format!("{}_lower", component.name), component.lower().to_vec()));
        columns.push((format!("{}_upper", component.name), component.upper().to_vec()));
        columns.push((component.name, component.values));
    }
    Ok(Outlook { days, columns, parts })
}

/// The day of an instant that is counted from 1970 in seconds.
fn day(at_s: i64) -> Option<NaiveDate> {
    let days = at_s.div_euclid(86_400);
    let count = Days::new(days.unsigned_abs());
    if days < 0 { NaiveDate::default().checked_sub_days(count) } else { NaiveDate::default().checked_add_days(count) }
}
