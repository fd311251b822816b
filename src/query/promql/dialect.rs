//! Which language a query is in, and who reads it.

/// A query language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// What VictoriaMetrics 1.79 reads.
    MetricsQl,
    /// What Prometheus 2.42 reads: nearly all of it is MetricsQL too, and it is stricter.
    PromQl,
}

/// Who a query is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader<'a> {
    /// What it reads.
    pub dialect: Dialect,
    /// What messages call it: "VictoriaMetrics", "the connection `vm`".
    pub name: &'a str,
}

impl Reader<'static> {
    /// A server of which no more is known.
    pub const VICTORIA_METRICS: Self = Self { dialect: Dialect::MetricsQl, name: "VictoriaMetrics" };
    /// A Prometheus server of which no more is known.
    pub const PROMETHEUS: Self = Self { dialect: Dialect::PromQl, name: "Prometheus" };
}

impl Reader<'_> {
    /// Whether PromQL's rules hold.
    pub(super) const fn is_strict(&self) -> bool {
        matches!(self.dialect, Dialect::PromQl)
    }

    /// What is said of something that only the other dialect has.
    pub(super) fn other(&self, what: &str) -> String {
        let (other, own) = match self.dialect {
            Dialect::MetricsQl => ("PromQL", "MetricsQL"),
            Dialect::PromQl => ("MetricsQL", "PromQL"),
        };
        format!("{what} is {other}; {} reads {own}", self.name)
    }
}
