//! What a forecast is made of, as Prophet's own `plot_components` shows it: the trend, holidays, each seasonality over one of its
//! periods, what regressors add.

use chrono::{Datelike, Days, NaiveDate};

use super::{Step, Subject};
use crate::forecast::Mode;
use crate::outlook::{Fitted, Method, Outlook};

/// What runs along a part's picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Across {
    /// The days of history and forecast.
    Time,
    /// January to December.
    Year,
    /// The days of the week that the history has.
    Week,
    /// The days of another period.
    Period,
}

/// A part of a forecast.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// What runs along.
    pub across: Across,
    /// Its course, with bounds where it has any.
    pub course: Vec<Step>,
    /// Whether it is a share of the trend.
    pub is_share: bool,
}

/// A year that begins on a Sunday, as Prophet takes it.
fn first_of_2017() -> NaiveDate {
    NaiveDate::from_ymd_opt(2017, 1, 1).unwrap_or_default()
}

/// The parts of a model; other models than Prophet have none.
pub(super) fn of(subject: &Subject, fitted: &Fitted, within: &Outlook, ahead: &Outlook) -> Vec<Part> {
    let Method::Prophet(prophet) = &subject.method else { return Vec::new() };
    let mut parts = vec![over_time("trend", "trend", false, within, ahead)];
    let mode = |name: &str| ahead.parts.iter().find(|(part, _)| part == name).map(|(_, mode)| *mode);
    parts.extend(
        mode("holidays").map(|mode| over_time("holidays", "holidays", mode == Mode::Multiplicative, within, ahead)),
    );
    let own = prophet.settings.seasonalities.iter().filter(|one| one.condition.is_none());
    let own = own.map(|one| (one.name.as_str(), one.period_days));
    let built_in = [("weekly", 7.0), ("yearly", 365.25)].into_iter();
    let is_own = |name: &str| prophet.settings.seasonalities.iter().any(|one| one.name == name);
    for (name, period) in built_in.filter(|(name, _)| !is_own(name)).chain(own) {
        let Some(mode) = mode(name) else { continue };
        let is_share = mode == Mode::Multiplicative;
        let part = over_period(subject, fitted, name, period, is_share);
        parts.push(part.unwrap_or_else(|| over_time(name, name, is_share, within, ahead)));
    }
    let conditional = prophet.settings.seasonalities.iter().filter(|one| one.condition.is_some());
    let conditional = conditional.map(|one| one.name.as_str());
    for name in conditional.chain(["extra_regressors_additive", "extra_regressors_multiplicative"]) {
        let Some(mode) = mode(name) else { continue };
        let shown = if name.starts_with("extra_regressors") { "regressors" } else { name };
        parts.push(over_time(shown, name, mode == Mode::Multiplicative, within, ahead));
    }
    parts
}

fn over_time(shown: &str, column: &str, is_share: bool, within: &Outlook, ahead: &Outlook) -> Part {
    let course = [within, ahead].into_iter().flat_map(|outlook| steps(outlook, column)).collect();
    Part { name: shown.to_owned(), across: Across::Time, course, is_share }
}

/// A seasonality over one of its periods; nothing when the model needs to know more of the days than their dates.
fn over_period(subject: &Subject, fitted: &Fitted, name: &str, period: f64, is_share: bool) -> Option<Part> {
    let (across, days) = match name {
        "weekly" => (Across::Week, week(subject)),
        "yearly" => (Across::Year, run(365)),
        _ => (Across::Period, run(whole_days(period))),
    };
    let outlook = fitted.in_sample(&days).ok()?;
    Some(Part { name: name.to_owned(), across, course: steps(&outlook, name), is_share })
}

/// A period of fewer days shows nothing of its course by day.
fn whole_days(period: f64) -> u64 {
    // A period is finite and above zero; a longer one than a few years is not worth more points.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let days = period.ceil().clamp(2.0, 4_000.0) as u64;
    days
}

fn run(days: u64) -> Vec<NaiveDate> {
    (0..days).filter_map(|n| first_of_2017().checked_add_days(Days::new(n))).collect()
}

/// The weekdays of the history, in a week that begins on Monday.
fn week(subject: &Subject) -> Vec<NaiveDate> {
    let is_there = |day: &NaiveDate| subject.history.days.iter().any(|known| known.weekday() == day.weekday());
    (1..8).filter_map(|n| first_of_2017().checked_add_days(Days::new(n))).filter(is_there).collect()
}

fn steps(outlook: &Outlook, column: &str) -> Vec<Step> {
    let (lower, upper) = (outlook.column(&format!("{column}_lower")), outlook.column(&format!("{column}_upper")));
    let bound = |of: &[f64], row: usize, value: f64| of.get(row).copied().unwrap_or(value);
    let values = outlook.days.iter().zip(outlook.column(column)).enumerate();
    values
        .map(|(row, (day, value))| Step {
            day: *day,
            value: *value,
            lower: bound(lower, row, *value),
            upper: bound(upper, row, *value),
        })
        .collect()
}
