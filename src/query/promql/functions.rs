//! The functions of MetricsQL as VictoriaMetrics 1.79.5 has them, each tried on that server with
//! every kind and number of arguments.

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

/// A function: its name, family and parameters. In the last, `r v n s` are parameters; `?`, `*` and
/// `+` after a word of them say how often the word stands; at most one word has such a mark.
pub(super) type Function = (&'static str, Family, &'static str);

use Family::{Aggregate as A, Rollup as R, Transform as T};

pub(super) const FUNCTIONS: &[Function] = &[
    ("absent_over_time", R, "r"),
    ("aggr_over_time", R, "s r"),
    ("ascent_over_time", R, "r"),
    ("avg_over_time", R, "r"),
    ("changes", R, "r"),
    ("changes_prometheus", R, "r"),
    ("count_eq_over_time", R, "r n"),
    ("count_gt_over_time", R, "r n"),
    ("count_le_over_time", R, "r n"),
    ("count_ne_over_time", R, "r n"),
    ("count_over_time", R, "r"),
    ("decreases_over_time", R, "r"),
    ("default_rollup", R, "r"),
    ("delta", R, "r"),
    ("delta_prometheus", R, "r"),
    ("deriv", R, "r"),
    ("deriv_fast", R, "r"),
    ("descent_over_time", R, "r"),
    ("distinct_over_time", R, "r"),
    ("duration_over_time", R, "r n"),
    ("first_over_time", R, "r"),
    ("geomean_over_time", R, "r"),
    ("histogram_over_time", R, "r"),
    ("hoeffding_bound_lower", R, "n r"),
    ("hoeffding_bound_upper", R, "n r"),
    ("holt_winters", R, "r n n"),
    ("idelta", R, "r"),
    ("ideriv", R, "r"),
    ("increase", R, "r"),
    ("increase_prometheus", R, "r"),
    ("increase_pure", R, "r"),
    ("increases_over_time", R, "r"),
    ("integrate", R, "r"),
    ("irate", R, "r"),
    ("lag", R, "r"),
    ("last_over_time", R, "r"),
    ("lifetime", R, "r"),
    ("max_over_time", R, "r"),
    ("median_over_time", R, "r"),
    ("min_over_time", R, "r"),
    ("mode_over_time", R, "r"),
    ("predict_linear", R, "r n"),
    ("present_over_time", R, "r"),
    ("quantile_over_time", R, "n r"),
    ("quantiles_over_time", R, "s n+ r"),
    ("range_over_time", R, "r"),
    ("rate", R, "r"),
    ("rate_over_sum", R, "r"),
    ("resets", R, "r"),
    ("rollup", R, "r"),
    ("rollup_candlestick", R, "r"),
    ("rollup_delta", R, "r"),
    ("rollup_deriv", R, "r"),
    ("rollup_increase", R, "r"),
    ("rollup_rate", R, "r"),
    ("rollup_scrape_interval", R, "r"),
    ("scrape_interval", R, "r"),
    ("share_gt_over_time", R, "r n"),
    ("share_le_over_time", R, "r n"),
    ("stale_samples_over_time", R, "r"),
    ("stddev_over_time", R, "r"),
    ("stdvar_over_time", R, "r"),
    ("sum2_over_time", R, "r"),
    ("sum_over_time", R, "r"),
    ("tfirst_over_time", R, "r"),
    ("timestamp", R, "r"),
    ("timestamp_with_name", R, "r"),
    ("tlast_change_over_time", R, "r"),
    ("tlast_over_time", R, "r"),
    ("tmax_over_time", R, "r"),
    ("tmin_over_time", R, "r"),
    ("zscore_over_time", R, "r"),
    ("abs", T, "v"),
    ("absent", T, "v"),
    ("acos", T, "v"),
    ("acosh", T, "v"),
    ("alias", T, "v s"),
    ("asin", T, "v"),
    ("asinh", T, "v"),
    ("atan", T, "v"),
    ("atanh", T, "v"),
    ("bitmap_and", T, "v n"),
    ("bitmap_or", T, "v n"),
    ("bitmap_xor", T, "v n"),
    ("buckets_limit", T, "n v"),
    ("ceil", T, "v"),
    ("clamp", T, "v n n"),
    ("clamp_max", T, "v n"),
    ("clamp_min", T, "v n"),
    ("cos", T, "v"),
    ("cosh", T, "v"),
    ("day_of_month", T, "v?"),
    ("day_of_week", T, "v?"),
    ("days_in_month", T, "v?"),
    ("deg", T, "v"),
    ("drop_common_labels", T, "v+"),
    ("end", T, ""),
    ("exp", T, "v"),
    ("floor", T, "v"),
    ("histogram_avg", T, "v"),
    ("histogram_quantile", T, "n v s?"),
    ("histogram_quantiles", T, "s n+ v"),
    ("histogram_share", T, "n v s?"),
    ("histogram_stddev", T, "v"),
    ("histogram_stdvar", T, "v"),
    ("hour", T, "v?"),
    ("interpolate", T, "v"),
    ("keep_last_value", T, "v"),
    ("keep_next_value", T, "v"),
    ("label_copy", T, "v ss*"),
    ("label_del", T, "v s*"),
    ("label_graphite_group", T, "v n+"),
    ("label_join", T, "v s s s*"),
    ("label_keep", T, "v s*"),
    ("label_lowercase", T, "v s+"),
    ("label_map", T, "v s ss*"),
    ("label_match", T, "v s s"),
    ("label_mismatch", T, "v s s"),
    ("label_move", T, "v ss*"),
    ("label_replace", T, "v s s s s"),
    ("label_set", T, "v ss*"),
    ("label_transform", T, "v s s s"),
    ("label_uppercase", T, "v s+"),
    ("label_value", T, "v s"),
    ("limit_offset", T, "n n v"),
    ("ln", T, "v"),
    ("log10", T, "v"),
    ("log2", T, "v"),
    ("minute", T, "v?"),
    ("month", T, "v?"),
    ("now", T, ""),
    ("pi", T, ""),
    ("prometheus_buckets", T, "v"),
    ("rad", T, "v"),
    ("rand", T, "n?"),
    ("rand_exponential", T, "n?"),
    ("rand_normal", T, "n?"),
    ("range_avg", T, "v"),
    ("range_first", T, "v"),
    ("range_last", T, "v"),
    ("range_max", T, "v"),
    ("range_median", T, "v"),
    ("range_min", T, "v"),
    ("range_quantile", T, "n v"),
    ("range_sum", T, "v"),
    ("remove_resets", T, "v"),
    ("round", T, "v n?"),
    ("ru", T, "v v"),
    ("running_avg", T, "v"),
    ("running_max", T, "v"),
    ("running_min", T, "v"),
    ("running_sum", T, "v"),
    ("scalar", T, "v"),
    ("sgn", T, "v"),
    ("sin", T, "v"),
    ("sinh", T, "v"),
    ("smooth_exponential", T, "v n"),
    ("sort", T, "v"),
    ("sort_by_label", T, "v s+"),
    ("sort_by_label_desc", T, "v s+"),
    ("sort_desc", T, "v"),
    ("sqrt", T, "v"),
    ("start", T, ""),
    ("step", T, ""),
    ("tan", T, "v"),
    ("tanh", T, "v"),
    ("time", T, ""),
    ("timezone_offset", T, "s"),
    ("ttf", T, "v"),
    ("union", T, "v*"),
    ("vector", T, "v"),
    ("year", T, "v?"),
    ("any", A, "v+"),
    ("avg", A, "v+"),
    ("bottomk", A, "n v"),
    ("bottomk_avg", A, "n v s?"),
    ("bottomk_last", A, "n v s?"),
    ("bottomk_max", A, "n v s?"),
    ("bottomk_median", A, "n v s?"),
    ("bottomk_min", A, "n v s?"),
    ("count", A, "v+"),
    ("count_values", A, "s v"),
    ("distinct", A, "v+"),
    ("geomean", A, "v+"),
    ("group", A, "v+"),
    ("histogram", A, "v+"),
    ("limitk", A, "n v"),
    ("mad", A, "v+"),
    ("max", A, "v+"),
    ("median", A, "v+"),
    ("min", A, "v+"),
    ("mode", A, "v+"),
    ("outliers_mad", A, "n v"),
    ("outliersk", A, "n v"),
    ("quantile", A, "n v"),
    ("quantiles", A, "s n+ v"),
    ("stddev", A, "v+"),
    ("stdvar", A, "v+"),
    ("sum", A, "v+"),
    ("sum2", A, "v+"),
    ("topk", A, "n v"),
    ("topk_avg", A, "n v s?"),
    ("topk_last", A, "n v s?"),
    ("topk_max", A, "n v s?"),
    ("topk_median", A, "n v s?"),
    ("topk_min", A, "n v s?"),
    ("zscore", A, "v+"),
];

/// The function with this name, in any case.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))
}

/// The parameters for a call with `count` arguments, or the words for how many are wanted.
pub(super) fn parameters(signature: &str, count: usize) -> Result<Vec<Parameter>, String> {
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
