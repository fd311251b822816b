//! PromQL and MetricsQL literals.

use std::sync::Arc;

use crate::source::Span;

/// Where a hole stands, and so what may fill it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HolePosition {
    /// After a label's operator.
    LabelValue {
        /// The label.
        label: Arc<str>,
        /// `=`, `!=`, `=~` or `!~`.
        operator: &'static str,
    },
    /// A duration.
    Duration,
    /// A number.
    Number,
}

/// A `$name.field` in a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PromqlHole {
    /// `["row", "source"]` for `$row.source`.
    pub path: Vec<Arc<str>>,
    /// Where the path stands, without the dollar sign.
    pub span: Span,
    /// What may fill it.
    pub position: HolePosition,
}

/// A PromQL literal, read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PromqlTemplate {
    /// The holes, in order of appearance.
    pub holes: Vec<PromqlHole>,
}
