//! Every code, with the page that `vmflow explain CODE` prints.
//!
//! Ranges follow the stages: 0xx syntax, 1xx names, 2xx types, 3xx dates, 4xx SQL, 5xx metrics,
//! 6xx effects, 7xx configuration and secrets, 8xx structure and cost, 9xx style. A number is
//! never used twice, also not after its check is gone.

use super::Severity;

/// A check, as documented.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `VF101`.
    pub id: &'static str,
    /// How much a finding weighs unless it says otherwise.
    pub severity: Severity,
    /// What is checked, in a few words.
    pub title: &'static str,
}

macro_rules! codes {
    ($($id:ident $severity:ident $title:literal;)*) => {
        $(
            #[doc = $title]
            pub static $id: Code = Code { id: stringify!($id), severity: Severity::$severity, title: $title };
        )*
        /// All codes, in order.
        pub static ALL: &[&Code] = &[$(&$id),*];
    };
}

codes! {
    VF001 Error "syntax error";
    VF002 Error "unclosed block, string or query literal";
    VF003 Error "impossible literal";
    VF101 Error "unknown name";
    VF102 Error "name defined twice or shadowed";
    VF103 Warning "result never used";
    VF104 Warning "unused import, parameter, connection or calendar";
    VF105 Error "dependency cycle";
    VF106 Error "unknown, missing or duplicate argument";
    VF107 Error "the run's outcome is not known here";
    VF201 Error "type mismatch";
    VF202 Error "optional value used without a decision";
    VF203 Error "outcomes of a loop used as a list";
    VF301 Error "date used as an instant, or the reverse";
    VF302 Error "business days need a calendar";
    VF303 Error "zone missing where it changes the answer";
    VF401 Error "SQL does not parse";
    VF402 Info "the query's result types are unknown";
    VF403 Error "SQL parameter not in scope";
    VF406 Error "a query that writes";
    VF501 Error "PromQL does not parse";
    VF502 Error "placeholder in an illegal position or of the wrong type";
    VF507 Error "expression outside the embedded store's subset";
    VF513 Error "invalid metric or label name";
    VF601 Error "write without `do`";
    VF602 Error "effect stronger than declared";
    VF604 Warning "retry of a write that is not idempotent";
    VF701 Error "configuration does not fit";
    VF702 Error "secret in clear, or secret flowing out";
}

/// The code with this name, in any case.
pub fn find(id: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(id))
}
