//! What a model is given: observations to learn from, and the times to forecast with what is known of them.

/// A series and what is known beside it. All columns have the length of `at_s`; rows may come in any order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observations {
    /// When, in seconds since 1970. A civil date is its midnight, as if it were UTC: seasonalities are counted in these days.
    pub at_s: Vec<i64>,
    /// The values; `NaN` where one is missing.
    pub y: Vec<f64>,
    /// What the series can reach at most, for logistic growth.
    pub cap: Option<Vec<f64>>,
    /// What the series can fall to, for logistic growth.
    pub floor: Option<Vec<f64>>,
    /// Named columns that the series depends on; those that the settings name are used.
    pub regressors: Vec<(String, Vec<f64>)>,
    /// Named columns that say when a seasonality holds.
    pub conditions: Vec<(String, Vec<bool>)>,
}

impl Observations {
    /// A series with nothing beside it.
    pub fn new(at_s: Vec<i64>, y: Vec<f64>) -> Self {
        Self { at_s, y, ..Self::default() }
    }
}

/// Times to forecast and what is known of them. All columns have the length of `at_s`. Times of the history may be among them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Future {
    /// When, in seconds since 1970. The forecast has them in ascending order.
    pub at_s: Vec<i64>,
    /// The cap then, for logistic growth.
    pub cap: Option<Vec<f64>>,
    /// The floor then, if the observations had one.
    pub floor: Option<Vec<f64>>,
    /// The regressors then.
    pub regressors: Vec<(String, Vec<f64>)>,
    /// The conditions then.
    pub conditions: Vec<(String, Vec<bool>)>,
}

impl Future {
    /// Times of which nothing more is known.
    pub fn at(at_s: Vec<i64>) -> Self {
        Self { at_s, ..Self::default() }
    }
}
