//! The form, the smoothing and the first state under which a series is most likely.

use super::super::ForecastError;
use super::EtsSettings;
use super::form::{Error, Form, Season, Smoothing, State, Trend, run};
use super::simplex::minimise;

/// The smoothing's bounds are the usual ones: within them, far from both ends.
const LEAST: f64 = 1e-4;
const MOST: f64 = 0.9999;
const DAMPING: (f64, f64) = (0.8, 0.98);
/// A spread that counts as none beside the values.
const NO_SPREAD: f64 = 1e-12;

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) form: Form,
    pub(super) smoothing: Smoothing,
    pub(super) first: State,
    pub(super) aicc: f64,
}

/// The best of the forms that the settings and the values allow.
pub(super) fn best(values: &[f64], settings: &EtsSettings) -> Result<Found, ForecastError> {
    let length = settings.season_length.max(1);
    let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    let (found, needed) = (known.len(), 3);
    if found < needed {
        return Err(ForecastError::TooFewPoints { found, needed });
    }
    let seasonal = length > 1 && values.len() >= 2 * length;
    let positive = known.iter().all(|value| *value > 0.0);
    if let Some(form) = settings.form {
        allowed(form, seasonal, positive, length)?;
    }
    let forms = settings.form.map_or_else(|| forms(seasonal, positive), |form| vec![form]);
    let fits = forms.into_iter().filter_map(|form| fit(form, values, &known, length));
    let best = fits.reduce(|best, other| if other.aicc < best.aicc { other } else { best });
    best.ok_or(ForecastError::TooFewPoints { found, needed: length + 6 })
}

fn allowed(form: Form, seasonal: bool, positive: bool, length: usize) -> Result<(), ForecastError> {
    let refuse = |reason: String| Err(ForecastError::Setting { name: "form", reason });
    if form.season != Season::None && !seasonal {
        return refuse(format!("{form} needs two seasons of {length} rows or more, and `season_length` above 1"));
    }
    if form.needs_positive() && !positive {
        return refuse(format!("{form} multiplies, which needs values above 0"));
    }
    if !form.is_stable() {
        return refuse(format!("{form} adds errors to factors, which has no stable variance"));
    }
    Ok(())
}

/// All forms that can be fitted.
fn forms(seasonal: bool, positive: bool) -> Vec<Form> {
    let mut forms = Vec::new();
    for error in [Error::Additive, Error::Multiplicative] {
        for trend in [Trend::None, Trend::Additive, Trend::Damped] {
            for season in [Season::None, Season::Additive, Season::Multiplicative] {
                let form = Form { error, trend, season };
                let fits = (seasonal || season == Season::None) && (positive || !form.needs_positive());
                if fits && form.is_stable() {
                    forms.push(form);
                }
            }
        }
    }
    forms
}

/// A form's search: where it begins, and how its vector is read.
struct Task<'a> {
    form: Form,
    values: &'a [f64],
    length: usize,
    /// A first guess of the state, with the scale of its parts.
    guess: State,
    spread: f64,
}

impl Task<'_> {
    fn has_trend(&self) -> bool {
        self.form.trend != Trend::None
    }

    fn has_season(&self) -> bool {
        self.form.season != Season::None
    }

    /// How many numbers are searched for.
    fn dimension(&self) -> usize {
        let damped = usize::from(self.form.trend == Trend::Damped);
        let season = if self.has_season() { self.length } else { 0 };
        2 + 2 * usize::from(self.has_trend()) + damped + season
    }

    /// Where to begin: much smoothing, some, little.
    fn starts(&self) -> Vec<Vec<f64>> {
        let smoothed = 1 + usize::from(self.has_trend()) + usize::from(self.has_season());
        let start = |free: f64| {
            let states = std::iter::repeat_n(0.0, self.dimension() - smoothed);
            std::iter::repeat_n(free, smoothed).chain(states).collect()
        };
        [0.0, -3.0, 3.0].map(start).to_vec()
    }

    /// Smoothing and first state of a vector; each number is free, and is brought into its bounds.
    fn read(&self, vector: &[f64]) -> (Smoothing, State) {
        let mut numbers = vector.iter().copied();
        let mut next = || numbers.next().unwrap_or_default();
        let level = between(next(), LEAST, MOST);
        let slope = if self.has_trend() { between(next(), LEAST, level) } else { 0.0 };
        let season = if self.has_season() { between(next(), LEAST.min(1.0 - level), 1.0 - level) } else { 0.0 };
        let damping = match self.form.trend {
            Trend::None => 0.0,
            Trend::Additive => 1.0,
            Trend::Damped => between(next(), DAMPING.0, DAMPING.1),
        };
        let first_level = self.guess.level + self.spread * next();
        let first_slope = if self.has_trend() { self.guess.slope + 0.1 * self.spread * next() } else { 0.0 };
        let unit = if self.form.season == Season::Multiplicative { 0.1 } else { self.spread };
        // The last of the season is what brings their mean to none, which the level has.
        let neutral = if self.form.season == Season::Multiplicative { 1.0 } else { 0.0 };
        let mut seasons: Vec<f64> = self.guess.seasons.iter().skip(1).map(|guess| guess + unit * next()).collect();
        if self.has_season() {
            seasons.push(neutral * self.length as f64 - seasons.iter().sum::<f64>());
        }
        let state = State { level: first_level, slope: first_slope, seasons, next: 0 };
        (Smoothing { level, slope, season, damping }, state)
    }

    /// Minus the log likelihood; infinite where there is none.
    fn cost(&self, vector: &[f64]) -> f64 {
        let (smoothing, first) = self.read(vector);
        if self.form.season == Season::Multiplicative && first.seasons.iter().any(|factor| *factor <= 0.0) {
            return f64::INFINITY;
        }
        let traced = run(self.form, &smoothing, first, self.values);
        let is_positive = !self.form.needs_positive() || traced.expected.iter().all(|point| *point > 0.0);
        if is_positive && traced.log_likelihood.is_finite() { -traced.log_likelihood } else { f64::INFINITY }
    }
}

/// A free number between two bounds.
fn between(free: f64, low: f64, high: f64) -> f64 {
    low + (high - low) / (1.0 + (-free).exp())
}

fn fit(form: Form, values: &[f64], known: &[f64], length: usize) -> Option<Found> {
    let (guess, spread) = guess(form, values, known, length);
    let task = Task { form, values, length, guess, spread };
    let count = known.len() as f64;
    // The variance is one more number that is fitted.
    let parameters = task.dimension() as f64 + 1.0;
    if count - parameters - 1.0 <= 0.0 {
        return None;
    }
    if spread <= NO_SPREAD * task.guess.level.abs().max(f64::MIN_POSITIVE) {
        return unchanging(task);
    }
    let vector = minimise(&task.starts(), |vector| task.cost(vector));
    let cost = task.cost(&vector);
    let (smoothing, first) = task.read(&vector);
    let aicc = 2.0 * cost + 2.0 * parameters + 2.0 * parameters * (parameters + 1.0) / (count - parameters - 1.0);
    cost.is_finite().then_some(Found { form, smoothing, first, aicc })
}

/// A series that never changes is the simplest form, exactly.
fn unchanging(task: Task<'_>) -> Option<Found> {
    let simplest = Form { error: Error::Additive, trend: Trend::None, season: Season::None };
    let smoothing = Smoothing { level: 0.5, slope: 0.0, season: 0.0, damping: 0.0 };
    (task.form == simplest).then_some(Found { form: simplest, smoothing, first: task.guess, aicc: f64::NEG_INFINITY })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// A first state: mean of the first rows, their slope, and how the season's rows differ from the mean; and the values' spread.
fn guess(form: Form, values: &[f64], known: &[f64], length: usize) -> (State, f64) {
    let centre = mean(known);
    let spread = mean(&known.iter().map(|value| (value - centre) * (value - centre)).collect::<Vec<_>>()).sqrt();
    let window = length.max(5);
    let cut =
        |from: usize| mean(known.get(from.min(known.len())..(from + window).min(known.len())).unwrap_or_default());
    let level = cut(0);
    let has_second = form.trend != Trend::None && known.len() >= 2 * window;
    let slope = if has_second { (cut(window) - level) / window as f64 } else { 0.0 };
    let seasons = match form.season {
        Season::None => Vec::new(),
        season => (0..length).map(|place| seasonal(season, values, place, length, centre)).collect(),
    };
    (State { level, slope, seasons, next: 0 }, spread)
}

/// How one row of the season differs, on average over the first seasons.
fn seasonal(season: Season, values: &[f64], place: usize, length: usize, centre: f64) -> f64 {
    let all = values.chunks_exact(length).take(8);
    let differences: Vec<f64> = all
        .filter_map(|whole| {
            let known: Vec<f64> = whole.iter().copied().filter(|value| !value.is_nan()).collect();
            let value = whole.get(place).copied().filter(|value| !value.is_nan())?;
            let level = mean(&known);
            Some(if season == Season::Multiplicative {
                value / if level == 0.0 { centre } else { level }
            } else {
                value - level
            })
        })
        .collect();
    if differences.is_empty() && season == Season::Multiplicative { 1.0 } else { mean(&differences) }
}
