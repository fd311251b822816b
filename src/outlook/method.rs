//! The models, behind one face.

use chrono::{Days, NaiveDate};

use super::{History, Patience, Prophet, Refusal, seconds, week};
use crate::forecast::{self, EtsSettings, Forecast, Future, Mode, NaiveSettings, Observations};

/// A model that is not fitted yet.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// Prophet.
    Prophet(Box<Prophet>),
    /// Exponential smoothing; its season is counted in weekdays.
    Ets(EtsSettings),
    /// What was, comes again.
    Naive(NaiveSettings),
}

/// A fitted model.
#[derive(Debug, Clone)]
pub struct Fitted {
    model: forecast::Fitted,
    method: Method,
    history: History,
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

    /// The rows of some of its days alone.
    fn only(self, wanted: &[NaiveDate]) -> Self {
        let kept: Vec<bool> = self.days.iter().map(|day| wanted.binary_search(day).is_ok()).collect();
        let keep =
            |values: Vec<f64>| values.into_iter().zip(&kept).filter(|(_, kept)| **kept).map(|(x, _)| x).collect();
        let columns = self.columns.into_iter().map(|(name, values)| (name, keep(values))).collect();
        let days = self.days.into_iter().zip(&kept).filter(|(_, kept)| **kept).map(|(day, _)| day).collect();
        Self { days, columns, parts: self.parts }
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
        let left = patience.left_ms()?;
        let model = match self {
            Self::Prophet(prophet) => forecast::Fitted::Prophet(Box::new(prophet.fit(history, left)?)),
            Self::Ets(settings) => {
                let (days, values) = week::whole(history);
                forecast::Method::Ets(settings.clone()).fit(&observations(&days, values))?
            }
            Self::Naive(settings) => {
                let observations = observations(&history.days, history.values.clone());
                forecast::Method::SeasonalNaive(*settings).fit(&observations)?
            }
        };
        Ok(Fitted { model, method: self.clone(), history: history.clone() })
    }
}

fn observations(days: &[NaiveDate], values: Vec<f64>) -> Observations {
    Observations::new(days.iter().copied().map(seconds).collect(), values)
}

impl Fitted {
    /// What is expected of days after the history; of Prophet's model, of any.
    pub fn ahead(&self, days: &[NaiveDate]) -> Result<Outlook, Refusal> {
        match (&self.method, days.last()) {
            (Method::Prophet(prophet), _) => self.forecast(&prophet.future(days)?),
            (Method::Ets(_), Some(last)) => {
                // Closed weekdays are rows, too.
                let rows = week::between(self.history.last_day(), *last, &week::weekdays(&self.history));
                Ok(self.plain(rows.get(1..).unwrap_or_default())?.only(days))
            }
            _ => self.plain(days),
        }
    }

    /// What the model makes of the days that it learnt from, and for which it knew enough.
    pub fn in_sample(&self, days: &[NaiveDate]) -> Result<Outlook, Refusal> {
        match &self.method {
            Method::Prophet(prophet) => self.forecast(&prophet.future(days)?),
            Method::Ets(_) => self.plain(days),
            // Before the first day there was nothing to repeat.
            Method::Naive(_) => match days.get(1..) {
                Some(days) if !days.is_empty() => self.plain(days),
                _ => Ok(Outlook::default()),
            },
        }
    }

    fn plain(&self, days: &[NaiveDate]) -> Result<Outlook, Refusal> {
        self.forecast(&Future::at(days.iter().copied().map(seconds).collect()))
    }

    fn forecast(&self, future: &Future) -> Result<Outlook, Refusal> {
        Ok(outlook(self.model.predict(future)?))
    }

    /// Where the trend may change.
    pub fn shifts(&self) -> Vec<Shift> {
        let forecast::Fitted::Prophet(model) = &self.model else { return Vec::new() };
        let shift = |at: &forecast::Changepoint| Some(Shift { day: day(at.at_s)?, delta: at.delta });
        model.changepoints().iter().filter_map(shift).collect()
    }

    /// How the fit went, in a few words.
    pub fn told(&self) -> String {
        match &self.model {
            forecast::Fitted::Prophet(model) => model.summary().stop.to_string(),
            forecast::Fitted::Ets(model) => format!("ETS({})", model.form()),
            forecast::Fitted::SeasonalNaive(_) => "repeats what was".to_owned(),
        }
    }
}

/// Columns by Prophet's names.
fn outlook(forecast: Forecast) -> Outlook {
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
    Outlook { days, columns, parts }
}

/// The day of an instant that is counted from 1970 in seconds.
fn day(at_s: i64) -> Option<NaiveDate> {
    let days = at_s.div_euclid(86_400);
    let count = Days::new(days.unsigned_abs());
    if days < 0 { NaiveDate::default().checked_sub_days(count) } else { NaiveDate::default().checked_add_days(count) }
}

#[cfg(test)]
mod tests {
    use chrono::Datelike;
    use chrono_tz::Tz;

    use super::*;
    use crate::calendar::Calendar;

    /// Weeks that are alike, with a holiday in the middle and one ahead.
    fn history() -> (History, Calendar) {
        let closed: Vec<NaiveDate> = ["2025-02-12", "2025-04-01"].map(|day| day.parse().unwrap()).into();
        let open = Calendar::weekdays(Tz::UTC).closed_on(closed);
        let days = open.days("2025-01-06".parse().unwrap(), "2025-03-28".parse().unwrap());
        let values = days.iter().map(|day| 100.0 + f64::from(day.weekday().num_days_from_monday())).collect();
        (History { filled: vec![false; days.len()], days, values, closed: 0 }, open)
    }

    #[test]
    fn a_holiday_makes_no_tuesday_of_a_wednesday() {
        let (history, open) = history();
        let ets = Method::Ets(EtsSettings { season_length: 5, ..EtsSettings::default() });
        for method in [ets, Method::Naive(NaiveSettings::default())] {
            let fitted = method.fit(&history, &Patience(&|| None)).unwrap();
            let days = history.ahead(6, &open).unwrap();
            let ahead = fitted.ahead(&days).unwrap();
            assert_eq!(ahead.days, days, "{}", method.name());
            for (day, yhat) in days.iter().zip(ahead.column("yhat")) {
                let wanted = 100.0 + f64::from(day.weekday().num_days_from_monday());
                assert!((yhat - wanted).abs() < 0.2, "{} {day}: {yhat}", method.name());
            }
            assert!(fitted.in_sample(&history.days).unwrap().days.len() >= history.days.len() - 1);
        }
    }

    #[test]
    fn nobody_waits_longer_than_they_want() {
        let (history, _) = history();
        let refused = Method::Naive(NaiveSettings::default()).fit(&history, &Patience(&|| Some(0))).unwrap_err();
        assert!(refused.is_late);
    }
}
