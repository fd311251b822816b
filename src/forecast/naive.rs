//! The seasonal naive forecast: as a season ago. What any other model must beat.

use super::ForecastError;
use super::input::{Future, Observations};
use super::normal::quantile;
use super::output::Forecast;
use super::table::{self, Row};

/// How a [`SeasonalNaive`] forecasts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NaiveSettings {
    /// The season in seconds; a week by default, so that Mondays are forecast from Mondays whatever days are closed.
    pub season_s: i64,
    /// How much of the future the interval holds, in (0, 1).
    pub interval_width: f64,
}

impl Default for NaiveSettings {
    fn default() -> Self {
        Self { season_s: 7 * 86_400, interval_width: 0.8 }
    }
}

/// A series that is repeated from its last season.
#[derive(Debug, Clone, PartialEq)]
pub struct SeasonalNaive {
    settings: NaiveSettings,
    /// The points with a value, in the order of time, one for each time.
    rows: Vec<Row>,
    /// The standard deviation of the changes from season to season.
    sigma: f64,
}

impl SeasonalNaive {
    /// Learns a series. Rows without a value are left out; of several at one time the last is taken.
    pub fn fit(observations: &Observations, settings: &NaiveSettings) -> Result<Self, ForecastError> {
        table::width(settings.interval_width)?;
        if settings.season_s <= 0 {
            return Err(ForecastError::Setting { name: "season", reason: "must be longer than none".to_owned() });
        }
        let mut rows = table::rows(observations)?;
        rows.retain(|row| !row.y.is_nan());
        if rows.is_empty() {
            return Err(ForecastError::TooFewPoints { found: 0, needed: 1 });
        }
        let mut model = Self { settings: *settings, rows, sigma: 0.0 };
        let changes = model.rows.iter().filter_map(|row| Some(row.y - model.before(row.at_s)?.y));
        let (count, squares) =
            changes.fold((0.0_f64, 0.0), |(count, squares), change| (count + 1.0, squares + change * change));
        model.sigma = if count > 0.0 { (squares / count).sqrt() } else { 0.0 };
        Ok(model)
    }

    /// The forecast of some times. Its interval grows with the seasons that are between.
    pub fn predict(&self, future: &Future) -> Result<Forecast, ForecastError> {
        let times = table::times(future)?;
        let reach = quantile(0.5 + 0.5 * self.settings.interval_width) * self.sigma;
        let mut rows = Vec::with_capacity(times.len());
        for at_s in &times {
            let source = self.source(*at_s)?;
            let seasons = (at_s - source.at_s + self.settings.season_s - 1) / self.settings.season_s;
            rows.push((source.y, reach * (seasons.max(1) as f64).sqrt()));
        }
        table::forecast(times, &rows)
    }

    /// The last point that lies whole seasons before a time.
    fn before(&self, at_s: i64) -> Option<Row> {
        let first = self.rows.first()?.at_s;
        let last = self.rows.last()?.at_s;
        // Seasons that lie wholly after the history need not be looked at.
        let skipped = ((at_s - last) / self.settings.season_s).max(1);
        (skipped..)
            .map(|seasons| at_s - seasons * self.settings.season_s)
            .take_while(|time| *time >= first)
            .find_map(|time| self.rows.binary_search_by_key(&time, |row| row.at_s).ok())
            .and_then(|place| self.rows.get(place).copied())
    }

    /// What a time is forecast from: a season ago, or the last point before it if there is none.
    fn source(&self, at_s: i64) -> Result<Row, ForecastError> {
        let last = || self.rows.iter().rev().find(|row| row.at_s < at_s).copied();
        self.before(at_s).or_else(last).ok_or_else(|| ForecastError::OutOfRange {
            what: "a time to forecast lies before the first point, and there is nothing to repeat".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: i64 = 86_400;

    #[test]
    fn days_are_forecast_from_their_like_a_week_ago() {
        let at_s: Vec<i64> = (0..14).map(|day| day * DAY_S).collect();
        let mut y: Vec<f64> = (0..14).map(f64::from).collect();
        y[8] = f64::NAN;
        let model = SeasonalNaive::fit(&Observations::new(at_s, y), &NaiveSettings::default()).unwrap();
        let forecast = model.predict(&Future::at(vec![14 * DAY_S, 15 * DAY_S, 22 * DAY_S])).unwrap();
        // The eighth day is missing: the one a week before it stands for it.
        assert_eq!(forecast.yhat, [7.0, 1.0, 1.0]);
        // Every change was 7, so sigma is; a season, two and three are between.
        let reach: Vec<f64> =
            forecast.yhat_upper.iter().zip(&forecast.yhat).map(|(upper, yhat)| upper - yhat).collect();
        for (reach, seasons) in reach.iter().zip([1.0_f64, 2.0, 3.0]) {
            assert!((reach - 1.281_551_565_544_6 * 7.0 * seasons.sqrt()).abs() < 1e-9, "{reach}");
        }
    }

    #[test]
    fn without_a_season_the_last_point_stays() {
        let model = SeasonalNaive::fit(&Observations::new(vec![0], vec![4.0]), &NaiveSettings::default()).unwrap();
        assert_eq!(model.predict(&Future::at(vec![DAY_S])).unwrap().yhat, [4.0]);
        assert!(model.predict(&Future::at(vec![-DAY_S])).is_err());
    }
}
