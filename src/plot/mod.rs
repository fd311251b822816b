//! Pictures of forecasts: as SVG or PNG for documents, and in dots for a terminal.
//!
//! [`Picture`] is what there is to see, taken from a fitted model; [`svg()`], [`png()`] and [`text()`] draw it. The first two draw
//! the same shapes, and all share one idea of scales and ticks.

mod parts;
mod png;
mod scale;
mod scene;
mod svg;
mod text;

use chrono::NaiveDate;

pub use parts::{Across, Part};
pub use png::png;
pub use svg::svg;
pub use text::{Look, text};

use crate::outlook::{Fitted, History, Method, Outlook, Patience, Refusal, Shift};

/// Changes of the trend that are smaller are left out, as in Prophet's own pictures.
const LEAST_CHANGE: f64 = 0.01;

/// What a picture is made from: a history, the model that it was forecast with, and the days of the forecast.
#[derive(Debug, Clone)]
pub struct Subject {
    /// What is forecast, a series' name and labels.
    pub title: String,
    /// The history.
    pub history: History,
    /// The model.
    pub method: Method,
    /// The days that were forecast.
    pub days: Vec<NaiveDate>,
}

/// A forecast to look at.
#[derive(Debug, Clone)]
pub struct Picture {
    /// What is forecast.
    pub title: String,
    /// By which model, from what.
    pub subtitle: String,
    /// The history, and whether a value was filled in.
    pub history: Vec<(NaiveDate, f64, bool)>,
    /// What the model makes of the history and of the days ahead: the value and its bounds.
    pub course: Vec<Step>,
    /// The last day of the history.
    pub last_day: NaiveDate,
    /// Where the trend changes.
    pub changes: Vec<NaiveDate>,
    /// What the forecast is made of.
    pub parts: Vec<Part>,
}

/// A day of a forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The day.
    pub day: NaiveDate,
    /// The forecast.
    pub value: f64,
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
}

impl Picture {
    /// Fits the model again, which gives what it gave, and takes its picture.
    pub fn of(subject: &Subject) -> Result<Self, Refusal> {
        let history = &subject.history;
        let fitted = subject.method.fit(history, &Patience(&|| None))?;
        let within = fitted.in_sample(&history.days)?;
        let ahead = fitted.ahead(&subject.days)?;
        let rows = history.days.iter().zip(&history.values).zip(&history.filled);
        let is_large = |shift: &Shift| shift.delta.abs() >= LEAST_CHANGE;
        Ok(Self {
            title: subject.title.clone(),
            subtitle: subtitle(subject, &fitted),
            history: rows.map(|((day, value), filled)| (*day, *value, *filled)).collect(),
            course: course(&within).chain(course(&ahead)).collect(),
            last_day: history.last_day(),
            changes: fitted.shifts().into_iter().filter(is_large).map(|shift| shift.day).collect(),
            parts: parts::of(subject, &fitted, &within, &ahead),
        })
    }
}

fn subtitle(subject: &Subject, fitted: &Fitted) -> String {
    let (points, days) = (subject.history.observed(), subject.days.len());
    let model = match &subject.method {
        Method::Prophet(_) => "Prophet".to_owned(),
        Method::Ets(_) => fitted.told(),
        Method::Naive(_) => "naive".to_owned(),
    };
    format!("{model}: {points} business days with a value, {days} ahead")
}

fn course(outlook: &Outlook) -> impl Iterator<Item = Step> {
    let at = |name: &str, row: usize| outlook.column(name).get(row).copied().unwrap_or(f64::NAN);
    let steps = outlook.days.iter().enumerate().map(|(row, day)| Step {
        day: *day,
        value: at("yhat", row),
        lower: at("yhat_lower", row),
        upper: at("yhat_upper", row),
    });
    steps.filter(|step| step.value.is_finite()).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests;
