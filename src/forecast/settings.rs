//! How a model is to be built and fitted. The defaults are Prophet's.

/// The settings of [`super::Model`]; the fields are Prophet's arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The form of the trend.
    pub growth: Growth,
    /// Changepoints given by their times, seconds since 1970; `Some(vec![])` is none. Else they are spread over the history.
    pub changepoints: Option<Vec<i64>>,
    /// How many changepoints to spread.
    pub n_changepoints: usize,
    /// The first share of the history to spread them over, in [0, 1].
    pub changepoint_range: f64,
    /// How readily the trend changes.
    pub changepoint_prior_scale: f64,
    /// The period of 365.25 days; `Auto` with at least 730 days of history.
    pub yearly_seasonality: Seasonal,
    /// The period of 7 days; `Auto` with at least two weeks of history and points less than a week apart.
    pub weekly_seasonality: Seasonal,
    /// The period of a day; `Auto` with at least two days of history and points less than a day apart.
    pub daily_seasonality: Seasonal,
    /// Further seasonalities. One that is called `yearly`, `weekly` or `daily` replaces the built-in one.
    pub seasonalities: Vec<Seasonality>,
    /// Whether seasonalities add to the trend or multiply it, unless they say so themselves.
    pub seasonality_mode: Mode,
    /// How strong seasonalities may be.
    pub seasonality_prior_scale: f64,
    /// Holidays and other days that stand out. Entries of the same name are one holiday.
    pub holidays: Vec<Holiday>,
    /// Whether holidays add or multiply; as `seasonality_mode` if not given.
    pub holidays_mode: Option<Mode>,
    /// How strong holidays may be, and regressors that do not say so themselves.
    pub holidays_prior_scale: f64,
    /// The columns that the series depends on.
    pub regressors: Vec<Regressor>,
    /// How much of the future the interval holds, in (0, 1).
    pub interval_width: f64,
    /// Draws for the intervals; 0: no intervals.
    pub uncertainty_samples: usize,
    /// With a seed, intervals are drawn as Python's are after `numpy.random.seed(seed)`; without one they are computed, the
    /// same each time.
    pub seed: Option<u32>,
    /// What `y` is divided by.
    pub scaling: Scaling,
    /// Sampling of the posterior, which is refused: must be 0.
    pub mcmc_samples: usize,
    /// How the parameters are found.
    pub fit: Fit,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            growth: Growth::Linear,
            changepoints: None,
            n_changepoints: 25,
            changepoint_range: 0.8,
            changepoint_prior_scale: 0.05,
            yearly_seasonality: Seasonal::Auto,
            weekly_seasonality: Seasonal::Auto,
            daily_seasonality: Seasonal::Auto,
            seasonalities: Vec::new(),
            seasonality_mode: Mode::Additive,
            seasonality_prior_scale: 10.0,
            holidays: Vec::new(),
            holidays_mode: None,
            holidays_prior_scale: 10.0,
            regressors: Vec::new(),
            interval_width: 0.8,
            uncertainty_samples: 1000,
            seed: None,
            scaling: Scaling::AbsMax,
            mcmc_samples: 0,
            fit: Fit::default(),
        }
    }
}

/// The form of the trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Growth {
    /// Straight between changepoints.
    #[default]
    Linear,
    /// Saturating between `floor` and `cap`, which the observations must have.
    Logistic,
    /// No trend.
    Flat,
}

/// Whether a part adds to the trend or multiplies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Adds.
    #[default]
    Additive,
    /// Multiplies: a share of the trend.
    Multiplicative,
}

/// What `y` is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scaling {
    /// The largest absolute value (less the floor).
    #[default]
    AbsMax,
    /// The range from the smallest value (or floor) to the largest (or cap).
    MinMax,
}

/// A built-in seasonality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Seasonal {
    /// If the history allows it.
    #[default]
    Auto,
    /// Never.
    Off,
    /// Always, with the usual number of Fourier terms: yearly 10, weekly 3, daily 4.
    On,
    /// Always, with this many Fourier terms; 0 is `Off`.
    Order(usize),
}

/// A seasonality of one's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Seasonality {
    /// Its name, which the forecast's component has.
    pub name: String,
    /// Its period in days.
    pub period_days: f64,
    /// How many Fourier terms (pairs of columns): more let it change faster.
    pub fourier_order: usize,
    /// How strong it may be; `seasonality_prior_scale` if not given.
    pub prior_scale: Option<f64>,
    /// Whether it adds or multiplies; `seasonality_mode` if not given.
    pub mode: Option<Mode>,
    /// The name of the column of `conditions` that says when it holds; always if not given.
    pub condition: Option<String>,
}

/// Days that stand out, under one name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Holiday {
    /// Its name, which the forecast's component has.
    pub name: String,
    /// The days, counted since 1970, those of the future included.
    pub days: Vec<i64>,
    /// How many days before each also stand out: 0 or less.
    pub lower_window: i64,
    /// How many days after each also stand out: 0 or more.
    pub upper_window: i64,
    /// How strong it may be; `holidays_prior_scale` if not given.
    pub prior_scale: Option<f64>,
}

/// A column that the series depends on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Regressor {
    /// Its name: that of the column, and of the forecast's component.
    pub name: String,
    /// How strong it may be; `holidays_prior_scale` if not given.
    pub prior_scale: Option<f64>,
    /// Whether its values are brought to mean 0 and standard deviation 1.
    pub standardize: Standardize,
    /// Whether it adds or multiplies; `seasonality_mode` if not given.
    pub mode: Option<Mode>,
}

/// Whether a regressor is standardised. One that never changes is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standardize {
    /// Unless its values are exactly 0 and 1.
    #[default]
    Auto,
    /// Yes.
    Yes,
    /// No.
    No,
}

/// How the parameters are found. The tolerances are Stan's; Newton's method uses none of them but `iterations`.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The algorithm; if not given, Newton's method below 100 points and L-BFGS else.
    pub algorithm: Option<Algorithm>,
    /// The most iterations.
    pub iterations: usize,
    /// The first step of a line search, and of the first after a reset.
    pub init_alpha: f64,
    /// The smallest change of the log density that counts.
    pub tol_obj: f64,
    /// The same relative to the log density, in units of the floating-point precision.
    pub tol_rel_obj: f64,
    /// The shortest gradient that counts.
    pub tol_grad: f64,
    /// The same relative to the log density, in units of the floating-point precision.
    pub tol_rel_grad: f64,
    /// The smallest move of the parameters that counts.
    pub tol_param: f64,
    /// How many steps L-BFGS remembers: 1 or more.
    pub history_size: usize,
    /// Whether the density is that of the logarithm of the noise, as Stan's `jacobian` has it.
    pub jacobian: bool,
    /// Where the search begins.
    pub init: Start,
    /// The significant digits of the parameters that are forecast with: 1 to 18.
    pub sig_figs: usize,
    /// Whether the optimum itself is computed, which Prophet's searches stop before: for linear and flat growth and parts that
    /// add. Nothing else of this counts then but `sig_figs` and `max_wall_ms`.
    pub exact: bool,
    /// Whether Newton's method is tried when the algorithm fails.
    pub newton_fallback: bool,
    /// The most milliseconds of wall time; a fit that takes longer is an error.
    pub max_wall_ms: Option<u64>,
}

impl Default for Fit {
    fn default() -> Self {
        Self {
            algorithm: None,
            iterations: 10_000,
            init_alpha: 0.001,
            tol_obj: 1e-12,
            tol_rel_obj: 1e4,
            tol_grad: 1e-8,
            tol_rel_grad: 1e7,
            tol_param: 1e-8,
            history_size: 5,
            jacobian: false,
            init: Start::default(),
            sig_figs: 8,
            exact: false,
            newton_fallback: true,
            max_wall_ms: None,
        }
    }
}

/// Where a search begins: parameters as Prophet's `params` have them, in scaled units. What is not given is as always.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Start {
    /// The rate of the trend.
    pub k: Option<f64>,
    /// Its offset.
    pub m: Option<f64>,
    /// The noise: above 0.
    pub sigma_obs: Option<f64>,
    /// The changes of the rate, one for each changepoint; a single one without changepoints.
    pub delta: Option<Vec<f64>>,
    /// The coefficients, one for each column.
    pub beta: Option<Vec<f64>>,
}

/// An algorithm that finds the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// L-BFGS with a line search after Wolfe, as Stan has it.
    Lbfgs,
    /// BFGS with the same line search: it keeps a full matrix of the curvature.
    Bfgs,
    /// Newton's method with halved steps, as Stan has it.
    Newton,
}
