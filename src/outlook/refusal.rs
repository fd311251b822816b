//! Why there is no forecast, and how long somebody waits for one.

use crate::forecast::ForecastError;

/// Why a series has no forecast, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether more time would have helped.
    pub is_late: bool,
}

impl Refusal {
    /// A refusal without advice.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, is_late: false }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The time was over.
    pub(super) fn late() -> Self {
        Self { is_late: true, ..Self::new("the fit was not done in time") }
            .help("give it more time, `with { timeout: … }`, or fewer iterations, `fit: { iterations: … }`")
    }
}

impl From<ForecastError> for Refusal {
    fn from(error: ForecastError) -> Self {
        let refusal = Self::new(error.to_string());
        match error {
            ForecastError::TookTooLong { .. } => Self { message: refusal.message, ..Self::late() },
            ForecastError::NoColumn { kind: "cap", .. } => {
                refusal.help("logistic growth needs `cap`: what the series can reach at most")
            }
            ForecastError::CapBelowFloor { .. } => refusal.help("give a `cap` above the `floor`"),
            ForecastError::ChangepointOutside { .. } => {
                refusal.help("give days between the first and the last of the history")
            }
            ForecastError::NotFitted { .. } => {
                refusal.help("try `fit: { algorithm: \"newton\" }`, or look at the series: it may hardly change")
            }
            _ => refusal,
        }
    }
}

/// How many milliseconds are left; nothing when nobody is in a hurry.
pub struct Patience<'a>(pub &'a dyn Fn() -> Option<u64>);

impl Patience<'_> {
    /// What is left, or the refusal when nothing is.
    pub fn left_ms(&self) -> Result<Option<u64>, Refusal> {
        match (self.0)() {
            Some(0) => Err(Refusal::late()),
            left => Ok(left),
        }
    }
}
