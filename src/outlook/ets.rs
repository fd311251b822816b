//! Exponential smoothing with additive errors: level, trend that may be damped, and the week. The form is chosen by the
//! corrected Akaike criterion (Hyndman and others, Forecasting with Exponential Smoothing, 2008, chapters 2, 5 and 6).
//!
//! The crate `augurs-ets` was looked at: it has no seasonal models, and brings fifty crates with it.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};

use super::normal::reach;
use super::search::lowest;
use super::{History, Patience, Refusal};

/// The fewest days that a model is fitted to.
const FEWEST: usize = 10;

/// The forms of the trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EtsTrend {
    /// The one that fits best.
    #[default]
    Auto,
    /// No trend.
    None,
    /// As much a day.
    Additive,
    /// Less each day.
    Damped,
}

/// Whether the weekday counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EtsSeason {
    /// If that fits better.
    #[default]
    Auto,
    /// It does not.
    None,
    /// It does.
    Week,
}

/// How the model is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ets {
    /// The trend.
    pub trend: EtsTrend,
    /// The week.
    pub season: EtsSeason,
    /// How much of the future the interval holds, in (0, 1).
    pub interval: f64,
}

/// One form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    trend: EtsTrend,
    has_week: bool,
}

impl Form {
    fn name(self) -> String {
        let trend = match self.trend {
            EtsTrend::None | EtsTrend::Auto => "N",
            EtsTrend::Additive => "A",
            EtsTrend::Damped => "Ad",
        };
        format!("ETS(A,{trend},{})", if self.has_week { "A" } else { "N" })
    }

    /// Smoothing parameters.
    fn smoothing(self) -> usize {
        let trend = match self.trend {
            EtsTrend::None | EtsTrend::Auto => 0,
            EtsTrend::Additive => 1,
            EtsTrend::Damped => 2,
        };
        1 + trend + usize::from(self.has_week)
    }
}

/// How quickly level, trend and week follow, and how a trend is damped.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Smoothing {
    alpha: f64,
    beta: f64,
    gamma: f64,
    phi: f64,
}

impl Smoothing {
    /// From numbers without bounds: `alpha` in (0, 1), `beta` below it, `gamma` below `1 - alpha`, `phi` in (0.8, 0.98).
    fn of(form: Form, free: &[f64]) -> Self {
        let share = |x: f64| 1.0 / (1.0 + (-x).exp());
        let mut free = free.iter().copied();
        let mut next = || share(free.next().unwrap_or(0.0));
        let alpha = (next()).clamp(1e-4, 1.0 - 1e-4);
        let (beta, phi) = match form.trend {
            EtsTrend::None | EtsTrend::Auto => (0.0, 0.0),
            EtsTrend::Additive => (alpha * next(), 1.0),
            EtsTrend::Damped => (alpha * next(), 0.8 + 0.18 * next()),
        };
        let gamma = if form.has_week { (1.0 - alpha) * next() } else { 0.0 };
        Self { alpha, beta, gamma, phi }
    }
}

/// Where the model stands.
#[derive(Debug, Clone, Copy, PartialEq)]
struct State {
    level: f64,
    slope: f64,
    week: [f64; 7],
}

fn weekday(day: NaiveDate) -> usize {
    day.weekday().num_days_from_monday() as usize
}

impl State {
    /// A first guess: the level and the slope of the first days, each weekday's distance from the mean of the first weeks.
    fn first(form: Form, history: &History) -> Self {
        let span = history.values.len().min(50);
        let values = history.values.get(..span).unwrap_or_default();
        let mean = values.iter().sum::<f64>() / span.max(1) as f64;
        let mut week = [0.0; 7];
        if form.has_week {
            for (of, place) in week.iter_mut().zip(0..7) {
                let same = history.days.iter().zip(values).filter(|(day, _)| weekday(**day) == place);
                let (sum, count) = same.fold((0.0, 0.0), |(sum, count), (_, value)| (sum + value, count + 1.0));
                *of = if count > 0.0 { sum / count - mean } else { 0.0 };
            }
        }
        let tenth = values.len().min(10);
        let mean_of = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
        let level = mean_of(values.get(..tenth.div_ceil(2)).unwrap_or_default());
        let later = mean_of(values.get(tenth.div_ceil(2)..tenth).unwrap_or_default());
        let slope = (later - level) / (tenth as f64 / 2.0).max(1.0);
        let has_trend = matches!(form.trend, EtsTrend::Additive | EtsTrend::Damped);
        Self { level, slope: if has_trend && slope.is_finite() { slope } else { 0.0 }, week }
    }

    fn expected(&self, smoothing: &Smoothing, day: NaiveDate) -> f64 {
        self.level + smoothing.phi * self.slope + self.week.get(weekday(day)).copied().unwrap_or(0.0)
    }

    /// Goes one day on, having seen its value; gives the error.
    fn see(&mut self, smoothing: &Smoothing, day: NaiveDate, value: f64) -> f64 {
        let error = value - self.expected(smoothing, day);
        self.level += smoothing.phi * self.slope + smoothing.alpha * error;
        self.slope = smoothing.phi * self.slope + smoothing.beta * error;
        if let Some(of) = self.week.get_mut(weekday(day)) {
            *of += smoothing.gamma * error;
        }
        error
    }
}

/// A fitted model.
#[derive(Debug, Clone)]
pub(super) struct FittedEts {
    form: Form,
    smoothing: Smoothing,
    state: State,
    in_sample: Vec<f64>,
    sigma: f64,
    interval: f64,
    week_length: usize,
}

impl FittedEts {
    /// Fits every form that is asked for and keeps the best.
    pub(super) fn new(ets: Ets, history: &History, patience: &Patience<'_>) -> Result<Self, Refusal> {
        if history.values.len() < FEWEST {
            let found = history.values.len();
            return Err(Refusal::new(format!("{found} points with a value, but {FEWEST} are needed"))
                .help("give a longer history, or use `forecast.naive`"));
        }
        let mut best: Option<(f64, Self)> = None;
        for form in forms(ets) {
            patience.left_ms()?;
            let (criterion, fitted) = fit(form, ets.interval, history);
            if best.as_ref().is_none_or(|(lowest, _)| criterion < *lowest) {
                best = Some((criterion, fitted));
            }
        }
        let fitted = best.map(|(_, fitted)| fitted).filter(|fitted| fitted.state.level.is_finite());
        fitted.ok_or_else(|| Refusal::new("the values are too large to compute with"))
    }

    pub(super) fn name(&self) -> String {
        self.form.name()
    }

    pub(super) fn sigma(&self) -> f64 {
        self.sigma
    }

    pub(super) fn interval(&self) -> f64 {
        self.interval
    }

    /// What each day of the history was expected to be by the days before it.
    pub(super) fn in_sample(&self) -> &[f64] {
        &self.in_sample
    }

    /// Values, the trend among them, and half the widths of their intervals, for the days ahead.
    pub(super) fn ahead(&self, days: &[NaiveDate]) -> Vec<(f64, f64, f64)> {
        let reach = reach(self.interval);
        let Smoothing { alpha, beta, gamma, phi } = self.smoothing;
        let (mut damped, mut variance) = (0.0, 1.0);
        days.iter()
            .zip(1_usize..)
            .map(|(day, step)| {
                damped += phi.powi(i32::try_from(step).unwrap_or(i32::MAX));
                let trend = self.state.level + damped * self.state.slope;
                let value = trend + self.state.week.get(weekday(*day)).copied().unwrap_or(0.0);
                let half = reach * self.sigma * f64::sqrt(variance);
                let returns = if step.is_multiple_of(self.week_length) { gamma } else { 0.0 };
                variance += (alpha + beta * damped + returns).powi(2);
                (value, trend, half)
            })
            .collect()
    }
}

fn forms(ets: Ets) -> Vec<Form> {
    let trends = match ets.trend {
        EtsTrend::Auto => vec![EtsTrend::None, EtsTrend::Additive, EtsTrend::Damped],
        one => vec![one],
    };
    let weeks = match ets.season {
        EtsSeason::Auto => vec![false, true],
        EtsSeason::None => vec![false],
        EtsSeason::Week => vec![true],
    };
    trends.iter().flat_map(|trend| weeks.iter().map(|has_week| Form { trend: *trend, has_week: *has_week })).collect()
}

/// The best smoothing of a form, with its criterion: the lower the better.
fn fit(form: Form, interval: f64, history: &History) -> (f64, FittedEts) {
    let first = State::first(form, history);
    let scale = history.values.iter().fold(0.0_f64, |most, value| most.max(value.abs())).max(f64::MIN_POSITIVE);
    let squares = |free: &[f64]| {
        let smoothing = Smoothing::of(form, free);
        let mut state = first;
        let days = history.days.iter().zip(&history.values);
        days.map(|(day, value)| (state.see(&smoothing, *day, *value) / scale).powi(2)).sum::<f64>()
    };
    let free = lowest(&squares, &vec![-1.0; form.smoothing()], 1.0);
    let (smoothing, mut state) = (Smoothing::of(form, &free), first);
    let expected = history.days.iter().zip(&history.values).map(|(day, value)| {
        let expected = state.expected(&smoothing, *day);
        state.see(&smoothing, *day, *value);
        expected
    });
    let in_sample: Vec<f64> = expected.collect();
    let (count, least) = (history.values.len() as f64, squares(&free));
    let sigma = scale * (least / (count - form.smoothing() as f64).max(1.0)).sqrt();
    let open: BTreeSet<usize> = history.days.iter().map(|day| weekday(*day)).collect();
    let week_length = open.len().max(1);
    let criterion = criterion(form, count, least);
    (criterion, FittedEts { form, smoothing, state, in_sample, sigma, interval, week_length })
}

/// Akaike's criterion, corrected for short histories.
fn criterion(form: Form, count: f64, least: f64) -> f64 {
    let has_trend = matches!(form.trend, EtsTrend::Additive | EtsTrend::Damped);
    let states = 1.0 + f64::from(u8::from(has_trend)) + if form.has_week { 4.0 } else { 0.0 };
    let free = states + form.smoothing() as f64 + 1.0;
    let correction = 2.0 * free * (free + 1.0) / (count - free - 1.0).max(1.0);
    count * (least / count).max(1e-300).ln() + 2.0 * free + correction
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::calendar::Calendar;

    fn history(count: u32, value: impl Fn(u32, usize) -> f64) -> (History, Calendar) {
        let open = Calendar::weekdays(Tz::UTC);
        let first: NaiveDate = "2024-01-01".parse().unwrap();
        let days: Vec<NaiveDate> = first.iter_days().filter(|day| open.is_open(*day)).take(count as usize).collect();
        let values = days.iter().zip(0..).map(|(day, at)| value(at, weekday(*day))).collect();
        (History { filled: vec![false; days.len()], days, values, closed: 0 }, open)
    }

    fn fitted(history: &History, season: EtsSeason) -> FittedEts {
        let ets = Ets { trend: EtsTrend::Auto, season, interval: 0.8 };
        FittedEts::new(ets, history, &Patience(&|| None)).unwrap()
    }

    #[test]
    fn a_line_with_a_week_in_it_goes_on() {
        let value = |at: u32, weekday: usize| 100.0 + 0.5 * f64::from(at) + [3.0, -1.0, 0.0, -2.0, 0.0][weekday];
        let (history, open) = history(200, value);
        let model = fitted(&history, EtsSeason::Auto);
        assert_eq!(model.name(), "ETS(A,A,A)");
        let days = history.ahead(10, &open).unwrap();
        for ((day, at), (guess, ..)) in days.iter().zip(200..).zip(model.ahead(&days)) {
            let truth = value(at, weekday(*day));
            assert!((guess - truth).abs() < 0.5, "{day}: {guess} is not {truth}");
        }
    }

    #[test]
    fn without_a_week_none_is_found_and_the_interval_grows() {
        // A walk of fixed steps that knows no weekday.
        let (history, open) = history(300, |at, _| 50.0 + f64::from((at * at * 7 + at * 3) % 11));
        let model = fitted(&history, EtsSeason::Auto);
        assert!(model.name().ends_with(",N)"), "{}", model.name());
        let ahead = model.ahead(&history.ahead(20, &open).unwrap());
        assert!(ahead.windows(2).all(|pair| pair[0].2 <= pair[1].2) && ahead[0].2 > 0.0);
    }

    #[test]
    fn constant_and_short_series_end_well() {
        let (constant, open) = history(40, |_, _| 7.0);
        let ahead = fitted(&constant, EtsSeason::Auto).ahead(&constant.ahead(3, &open).unwrap());
        assert!(ahead.iter().all(|(value, _, half)| (value - 7.0).abs() < 1e-6 && *half < 1e-6), "{ahead:?}");
        let (short, _) = history(3, |_, _| 7.0);
        let ets = Ets { trend: EtsTrend::Auto, season: EtsSeason::Auto, interval: 0.8 };
        assert!(FittedEts::new(ets, &short, &Patience(&|| None)).unwrap_err().message.contains("3 points"));
        assert!(FittedEts::new(ets, &constant, &Patience(&|| Some(0))).unwrap_err().is_late);
    }
}
