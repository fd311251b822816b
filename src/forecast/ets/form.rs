//! The forms of a model, its state, and what a row does to it.

use std::fmt;

/// How errors act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// Of the same size whatever the level.
    Additive,
    /// As a share of what was expected.
    Multiplicative,
}

/// How the level moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// Not by itself.
    None,
    /// By a slope.
    Additive,
    /// By a slope that dies away.
    Damped,
}

/// How the rows of a season differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Season {
    /// Not.
    None,
    /// By an amount.
    Additive,
    /// By a factor.
    Multiplicative,
}

/// The form of a model, as its letters say it: `A,Ad,A`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// How errors act.
    pub error: Error,
    /// How the level moves.
    pub trend: Trend,
    /// How the rows of a season differ.
    pub season: Season,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = if self.error == Error::Additive { "A" } else { "M" };
        let trend = match self.trend {
            Trend::None => "N",
            Trend::Additive => "A",
            Trend::Damped => "Ad",
        };
        let season = match self.season {
            Season::None => "N",
            Season::Additive => "A",
            Season::Multiplicative => "M",
        };
        write!(f, "{error},{trend},{season}")
    }
}

impl Form {
    /// Whether the forecast's spread has a formula: nothing in it multiplies.
    pub(super) fn is_additive(self) -> bool {
        self.error == Error::Additive && self.season != Season::Multiplicative
    }

    /// Whether values must be positive.
    pub(super) fn needs_positive(self) -> bool {
        self.error == Error::Multiplicative || self.season == Season::Multiplicative
    }

    /// Whether it can be fitted: additive errors with factors have no stable variance.
    pub(super) fn is_stable(self) -> bool {
        self.error == Error::Multiplicative || self.season != Season::Multiplicative
    }
}

/// How much of an error goes where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Smoothing {
    pub(super) level: f64,
    pub(super) slope: f64,
    pub(super) season: f64,
    /// What is left of the slope after a row.
    pub(super) damping: f64,
}

/// The state before a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) level: f64,
    pub(super) slope: f64,
    /// The season's rows, and which of them is next.
    pub(super) seasons: Vec<f64>,
    pub(super) next: usize,
}

impl State {
    fn base(&self, smoothing: &Smoothing) -> f64 {
        self.level + smoothing.damping * self.slope
    }

    fn season(&self) -> f64 {
        self.seasons.get(self.next).copied().unwrap_or_default()
    }

    /// What is expected of the next row.
    pub(super) fn expected(&self, form: Form, smoothing: &Smoothing) -> f64 {
        let base = self.base(smoothing);
        match form.season {
            Season::None => base,
            Season::Additive => base + self.season(),
            Season::Multiplicative => base * self.season(),
        }
    }

    /// Goes on to the next row, which was off by so much.
    pub(super) fn advance(&mut self, form: Form, smoothing: &Smoothing, error: f64) {
        let (base, season) = (self.base(smoothing), self.season());
        let multiplies = form.season == Season::Multiplicative;
        let error_of_level = if multiplies { error / season } else { error };
        let error_of_season = if multiplies { error / base } else { error };
        self.level = base + smoothing.level * error_of_level;
        self.slope = smoothing.damping * self.slope + smoothing.slope * error_of_level;
        if let Some(slot) = self.seasons.get_mut(self.next) {
            *slot = season + smoothing.season * error_of_season;
            self.next = (self.next + 1) % self.seasons.len();
        }
    }

    /// A state at which nothing is expected.
    pub(super) fn without_level(&self) -> Self {
        Self { level: 0.0, slope: 0.0, seasons: vec![0.0; self.seasons.len()], next: self.next }
    }
}

/// A series run through a model.
#[derive(Debug)]
pub(super) struct Traced {
    /// What each row was expected to be.
    pub(super) expected: Vec<f64>,
    /// The state after the last row.
    pub(super) state: State,
    /// The standard deviation of the errors, as shares if they act so.
    pub(super) sigma: f64,
    /// The logarithm of the likelihood.
    pub(super) log_likelihood: f64,
}

/// Runs a series through a model from a first state.
pub(super) fn run(form: Form, smoothing: &Smoothing, first: State, values: &[f64]) -> Traced {
    let mut state = first;
    let mut expected = Vec::with_capacity(values.len());
    let (mut squares, mut logs, mut count) = (0.0, 0.0, 0.0);
    for value in values {
        let point = state.expected(form, smoothing);
        expected.push(point);
        let error = if value.is_nan() { 0.0 } else { value - point };
        state.advance(form, smoothing, error);
        if value.is_nan() {
            continue;
        }
        count += 1.0;
        let share = if form.error == Error::Multiplicative { error / point } else { error };
        squares += share * share;
        logs += if form.error == Error::Multiplicative { point.abs().ln() } else { 0.0 };
    }
    let variance: f64 = squares / count;
    let log_likelihood = -0.5 * count * ((2.0 * std::f64::consts::PI * variance).ln() + 1.0) - logs;
    Traced { expected, state, sigma: variance.sqrt(), log_likelihood }
}
