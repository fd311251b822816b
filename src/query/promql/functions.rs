//! The functions of both dialects: MetricsQL as VictoriaMetrics 1.79.5 has them, PromQL as Prometheus 2.42
//! has them, each tried on that server with every kind and number of arguments.

use super::dialect::Dialect;

/// The families, which differ in what may follow a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Looks back: `rate(m[5m])`.
    Rollup,
    /// Works on values at one instant.
    Transform,
    /// Folds series into groups.
    Aggregate,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    /// `r`: series to look back on; a window may follow.
    Range,
    /// `v`: series.
    Vector,
    /// `n`: one number.
    Number,
    /// `s`: a quoted text.
    Text,
}

/// A function: its name, its family, its parameters in MetricsQL and in PromQL; `None` where that dialect
/// has it not. `r v n s` are parameters; `?`, `*` and `+` after a word of them say how often the word stands;
/// at most one word has such a mark. `> n` at the end: it gives one number.
pub(super) struct Function(pub(super) &'static str, pub(super) Family, Option<&'static str>, Option<&'static str>);

impl Function {
    /// Its parameters in a dialect that has it.
    pub(super) const fn signature(&self, dialect: Dialect) -> Option<&'static str> {
        match dialect {
            Dialect::MetricsQl => self.2,
            Dialect::PromQl => self.3,
        }
    }

    /// Whether PromQL gives one number and not series.
    pub(super) fn is_number(&self) -> bool {
        self.3.is_some_and(|signature| signature.ends_with("> n"))
    }
}

use Family::{Aggregate as A, Rollup as R, Transform as T};

pub(super) const FUNCTIONS: &[Function] = &[
    Function("absent_over_time", R, Some("r"), Some("r")),
    Function("aggr_over_time", R, Some("s r"), None),
    Function("ascent_over_time", R, Some("r"), None),
    Function("avg_over_time", R, Some("r"), Some("r")),
    Function("changes", R, Some("r"), Some("r")),
    Function("changes_prometheus", R, Some("r"), None),
    Function("count_eq_over_time", R, Some("r n"), None),
    Function("count_gt_over_time", R, Some("r n"), None),
    Function("count_le_over_time", R, Some("r n"), None),
    Function("count_ne_over_time", R, Some("r n"), None),
    Function("count_over_time", R, Some("r"), Some("r")),
    Function("decreases_over_time", R, Some("r"), None),
    Function("default_rollup", R, Some("r"), None),
    Function("delta", R, Some("r"), Some("r")),
    Function("delta_prometheus", R, Some("r"), None),
    Function("deriv", R, Some("r"), Some("r")),
    Function("deriv_fast", R, Some("r"), None),
    Function("descent_over_time", R, Some("r"), None),
    Function("distinct_over_time", R, Some("r"), None),
    Function("duration_over_time", R, Some("r n"), None),
    Function("first_over_time", R, Some("r"), None),
    Function("geomean_over_time", R, Some("r"), None),
    Function("histogram_over_time", R, Some("r"), None),
    Function("hoeffding_bound_lower", R, Some("n r"), None),
    Function("hoeffding_bound_upper", R, Some("n r"), None),
    Function("holt_winters", R, Some("r n n"), Some("r n n")),
    Function("idelta", R, Some("r"), Some("r")),
    Function("ideriv", R, Some("r"), None),
    Function("increase", R, Some("r"), Some("r")),
    Function("increase_prometheus", R, Some("r"), None),
    Function("increase_pure", R, Some("r"), None),
    Function("increases_over_time", R, Some("r"), None),
    Function("integrate", R, Some("r"), None),
    Function("irate", R, Some("r"), Some("r")),
    Function("lag", R, Some("r"), None),
    Function("last_over_time", R, Some("r"), Some("r")),
    Function("lifetime", R, Some("r"), None),
    Function("max_over_time", R, Some("r"), Some("r")),
    Function("median_over_time", R, Some("r"), None),
    Function("min_over_time", R, Some("r"), Some("r")),
    Function("mode_over_time", R, Some("r"), None),
    Function("predict_linear", R, Some("r n"), Some("r n")),
    Function("present_over_time", R, Some("r"), Some("r")),
    Function("quantile_over_time", R, Some("n r"), Some("n r")),
    Function("quantiles_over_time", R, Some("s n+ r"), None),
    Function("range_over_time", R, Some("r"), None),
    Function("rate", R, Some("r"), Some("r")),
    Function("rate_over_sum", R, Some("r"), None),
    Function("resets", R, Some("r"), Some("r")),
    Function("rollup", R, Some("r"), None),
    Function("rollup_candlestick", R, Some("r"), None),
    Function("rollup_delta", R, Some("r"), None),
    Function("rollup_deriv", R, Some("r"), None),
    Function("rollup_increase", R, Some("r"), None),
    Function("rollup_rate", R, Some("r"), None),
    Function("rollup_scrape_interval", R, Some("r"), None),
    Function("scrape_interval", R, Some("r"), None),
    Function("share_gt_over_time", R, Some("r n"), None),
    Function("share_le_over_time", R, Some("r n"), None),
    Function("stale_samples_over_time", R, Some("r"), None),
    Function("stddev_over_time", R, Some("r"), Some("r")),
    Function("stdvar_over_time", R, Some("r"), Some("r")),
    Function("sum2_over_time", R, Some("r"), None),
    Function("sum_over_time", R, Some("r"), Some("r")),
    Function("tfirst_over_time", R, Some("r"), None),
    Function("timestamp", R, Some("r"), Some("v")),
    Function("timestamp_with_name", R, Some("r"), None),
    Function("tlast_change_over_time", R, Some("r"), None),
    Function("tlast_over_time", R, Some("r"), None),
    Function("tmax_over_time", R, Some("r"), None),
    Function("tmin_over_time", R, Some("r"), None),
    Function("zscore_over_time", R, Some("r"), None),
    Function("abs", T, Some("v"), Some("v")),
    Function("absent", T, Some("v"), Some("v")),
    Function("acos", T, Some("v"), Some("v")),
    Function("acosh", T, Some("v"), Some("v")),
    Function("alias", T, Some("v s"), None),
    Function("asin", T, Some("v"), Some("v")),
    Function("asinh", T, Some("v"), Some("v")),
    Function("atan", T, Some("v"), Some("v")),
    Function("atanh", T, Some("v"), Some("v")),
    Function("bitmap_and", T, Some("v n"), None),
    Function("bitmap_or", T, Some("v n"), None),
    Function("bitmap_xor", T, Some("v n"), None),
    Function("buckets_limit", T, Some("n v"), None),
    Function("ceil", T, Some("v"), Some("v")),
    Function("clamp", T, Some("v n n"), Some("v n n")),
    Function("clamp_max", T, Some("v n"), Some("v n")),
    Function("clamp_min", T, Some("v n"), Some("v n")),
    Function("cos", T, Some("v"), Some("v")),
    Function("cosh", T, Some("v"), Some("v")),
    Function("day_of_month", T, Some("v?"), Some("v?")),
    Function("day_of_week", T, Some("v?"), Some("v?")),
    Function("day_of_year", T, None, Some("v?")),
    Function("days_in_month", T, Some("v?"), Some("v?")),
    Function("deg", T, Some("v"), Some("v")),
    Function("drop_common_labels", T, Some("v+"), None),
    Function("end", T, Some(""), None),
    Function("exp", T, Some("v"), Some("v")),
    Function("floor", T, Some("v"), Some("v")),
    Function("histogram_avg", T, Some("v"), None),
    Function("histogram_count", T, None, Some("v")),
    Function("histogram_fraction", T, None, Some("n n v")),
    Function("histogram_quantile", T, Some("n v s?"), Some("n v")),
    Function("histogram_quantiles", T, Some("s n+ v"), None),
    Function("histogram_share", T, Some("n v s?"), None),
    Function("histogram_stddev", T, Some("v"), None),
    Function("histogram_stdvar", T, Some("v"), None),
    Function("histogram_sum", T, None, Some("v")),
    Function("hour", T, Some("v?"), Some("v?")),
    Function("interpolate", T, Some("v"), None),
    Function("keep_last_value", T, Some("v"), None),
    Function("keep_next_value", T, Some("v"), None),
    Function("label_copy", T, Some("v ss*"), None),
    Function("label_del", T, Some("v s*"), None),
    Function("label_graphite_group", T, Some("v n+"), None),
    Function("label_join", T, Some("v s s s*"), Some("v s s s*")),
    Function("label_keep", T, Some("v s*"), None),
    Function("label_lowercase", T, Some("v s+"), None),
    Function("label_map", T, Some("v s ss*"), None),
    Function("label_match", T, Some("v s s"), None),
    Function("label_mismatch", T, Some("v s s"), None),
    Function("label_move", T, Some("v ss*"), None),
    Function("label_replace", T, Some("v s s s s"), Some("v s s s s")),
    Function("label_set", T, Some("v ss*"), None),
    Function("label_transform", T, Some("v s s s"), None),
    Function("label_uppercase", T, Some("v s+"), None),
    Function("label_value", T, Some("v s"), None),
    Function("limit_offset", T, Some("n n v"), None),
    Function("ln", T, Some("v"), Some("v")),
    Function("log10", T, Some("v"), Some("v")),
    Function("log2", T, Some("v"), Some("v")),
    Function("minute", T, Some("v?"), Some("v?")),
    Function("month", T, Some("v?"), Some("v?")),
    Function("now", T, Some(""), None),
    Function("pi", T, Some(""), Some("> n")),
    Function("prometheus_buckets", T, Some("v"), None),
    Function("rad", T, Some("v"), Some("v")),
    Function("rand", T, Some("n?"), None),
    Function("rand_exponential", T, Some("n?"), None),
    Function("rand_normal", T, Some("n?"), None),
    Function("range_avg", T, Some("v"), None),
    Function("range_first", T, Some("v"), None),
    Function("range_last", T, Some("v"), None),
    Function("range_max", T, Some("v"), None),
    Function("range_median", T, Some("v"), None),
    Function("range_min", T, Some("v"), None),
    Function("range_quantile", T, Some("n v"), None),
    Function("range_sum", T, Some("v"), None),
    Function("remove_resets", T, Some("v"), None),
    Function("round", T, Some("v n?"), Some("v n?")),
    Function("ru", T, Some("v v"), None),
    Function("running_avg", T, Some("v"), None),
    Function("running_max", T, Some("v"), None),
    Function("running_min", T, Some("v"), None),
    Function("running_sum", T, Some("v"), None),
    Function("scalar", T, Some("v"), Some("v > n")),
    Function("sgn", T, Some("v"), Some("v")),
    Function("sin", T, Some("v"), Some("v")),
    Function("sinh", T, Some("v"), Some("v")),
    Function("smooth_exponential", T, Some("v n"), None),
    Function("sort", T, Some("v"), Some("v")),
    Function("sort_by_label", T, Some("v s+"), None),
    Function("sort_by_label_desc", T, Some("v s+"), None),
    Function("sort_desc", T, Some("v"), Some("v")),
    Function("sqrt", T, Some("v"), Some("v")),
    Function("start", T, Some(""), None),
    Function("step", T, Some(""), None),
    Function("tan", T, Some("v"), Some("v")),
    Function("tanh", T, Some("v"), Some("v")),
    Function("time", T, Some(""), Some("> n")),
    Function("timezone_offset", T, Some("s"), None),
    Function("ttf", T, Some("v"), None),
    Function("union", T, Some("v*"), None),
    Function("vector", T, Some("v"), Some("n")),
    Function("year", T, Some("v?"), Some("v?")),
    Function("any", A, Some("v+"), None),
    Function("avg", A, Some("v+"), Some("v")),
    Function("bottomk", A, Some("n v"), Some("n v")),
    Function("bottomk_avg", A, Some("n v s?"), None),
    Function("bottomk_last", A, Some("n v s?"), None),
    Function("bottomk_max", A, Some("n v s?"), None),
    Function("bottomk_median", A, Some("n v s?"), None),
    Function("bottomk_min", A, Some("n v s?"), None),
    Function("count", A, Some("v+"), Some("v")),
    Function("count_values", A, Some("s v"), Some("s v")),
    Function("distinct", A, Some("v+"), None),
    Function("geomean", A, Some("v+"), None),
    Function("group", A, Some("v+"), Some("v")),
    Function("histogram", A, Some("v+"), None),
    Function("limitk", A, Some("n v"), None),
    Function("mad", A, Some("v+"), None),
    Function("max", A, Some("v+"), Some("v")),
    Function("median", A, Some("v+"), None),
    Function("min", A, Some("v+"), Some("v")),
    Function("mode", A, Some("v+"), None),
    Function("outliers_mad", A, Some("n v"), None),
    Function("outliersk", A, Some("n v"), None),
    Function("quantile", A, Some("n v"), Some("n v")),
    Function("quantiles", A, Some("s n+ v"), None),
    Function("stddev", A, Some("v+"), Some("v")),
    Function("stdvar", A, Some("v+"), Some("v")),
    Function("sum", A, Some("v+"), Some("v")),
    Function("sum2", A, Some("v+"), None),
    Function("topk", A, Some("n v"), Some("n v")),
    Function("topk_avg", A, Some("n v s?"), None),
    Function("topk_last", A, Some("n v s?"), None),
    Function("topk_max", A, Some("n v s?"), None),
    Function("topk_median", A, Some("n v s?"), None),
    Function("topk_min", A, Some("n v s?"), None),
    Function("zscore", A, Some("v+"), None),
];

/// The function with this name, in any case.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.0.eq_ignore_ascii_case(name))
}

/// The parameters for a call with `count` arguments, or the words for how many are wanted.
pub(super) fn parameters(signature: &str, count: usize) -> Result<Vec<Parameter>, String> {
    let (signature, _) = signature.split_once('>').unwrap_or((signature, ""));
    let words: Vec<(&str, char)> = signature.split_whitespace().map(split_mark).collect();
    let fixed: usize = words.iter().filter(|(_, mark)| *mark == '1').map(|(word, _)| word.len()).sum();
    let repeated = words.iter().find(|(_, mark)| *mark != '1');
    let (group, least, most) = match repeated {
        Some((word, '?')) => (word.len(), 0, 1),
        Some((word, '+')) => (word.len(), 1, usize::MAX),
        Some((word, _)) => (word.len(), 0, usize::MAX),
        None => (1, 0, 0),
    };
    let spare = count.checked_sub(fixed).filter(|spare| spare % group == 0).map(|spare| spare / group);
    let Some(times) = spare.filter(|times| (least..=most).contains(times)) else {
        return Err(wanted(fixed, group, least, most));
    };
    let times_of = |mark| if mark == '1' { 1 } else { times };
    let letters = words.iter().flat_map(|(word, mark)| word.repeat(times_of(*mark)).into_bytes());
    Ok(letters.map(parameter).collect())
}

/// Whether the number that a function takes is a share, from 0 to 1.
pub(crate) fn takes_share(name: &str) -> bool {
    name.contains("quantile") || name.starts_with("hoeffding_bound")
}

/// The arguments of a call, such as `0.9, m[5m]`.
pub(super) fn example(name: &str, signature: &str) -> String {
    let (signature, _) = signature.split_once('>').unwrap_or((signature, ""));
    let least = signature.split_whitespace().map(split_mark).filter(|(_, mark)| matches!(mark, '1' | '+'));
    let written = least.flat_map(|(word, _)| word.bytes()).map(|letter| match parameter(letter) {
        Parameter::Range => "m[5m]",
        Parameter::Number if takes_share(name) || name == "holt_winters" => "0.9",
        Parameter::Number => "5",
        Parameter::Text => "\"…\"",
        Parameter::Vector => "m",
    });
    written.collect::<Vec<_>>().join(", ")
}

fn split_mark(word: &str) -> (&str, char) {
    match word.chars().next_back() {
        Some(mark @ ('?' | '*' | '+')) => (word.trim_end_matches(mark), mark),
        _ => (word, '1'),
    }
}

fn parameter(letter: u8) -> Parameter {
    match letter {
        b'r' => Parameter::Range,
        b'n' => Parameter::Number,
        b's' => Parameter::Text,
        _ => Parameter::Vector,
    }
}

fn wanted(fixed: usize, group: usize, least: usize, most: usize) -> String {
    let fewest = fixed + group * least;
    let plural = |count: usize| if count == 1 { "1 argument".to_owned() } else { format!("{count} arguments") };
    match most {
        0 => plural(fixed),
        1 => format!("{fixed} or {}", plural(fixed + group)),
        _ if group > 1 => format!("{} and then pairs", plural(fewest)),
        _ => format!("at least {}", plural(fewest)),
    }
}
