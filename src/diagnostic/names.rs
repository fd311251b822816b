//! Near names for a misspelt one.

/// How much longer than the mistakes allow a candidate may be: `_` and letters of several bytes count for nothing.
const SLACK: usize = 4;

/// The candidate closest to `name`, when it is close enough to be what was meant.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name && candidate.len().abs_diff(name.len()) <= limit + SLACK)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Case and `_` against nothing do not count as mistakes of meaning.
fn distance(name: &str, candidate: &str) -> usize {
    let plain = |text: &str| text.to_lowercase().replace(['_', '-'], "");
    if plain(name) == plain(candidate) {
        return 0;
    }
    strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase())
}

/// The help line for a misspelt name: the near one, else all of them when they are few.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut candidates: Vec<&str> = candidates.into_iter().collect();
    candidates.sort_unstable();
    candidates.dedup();
    if let Some(near) = closest(name, candidates.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let few = (1..=10).contains(&candidates.len());
    few.then(|| format!("known here: {}", candidates.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        assert_eq!(closest("dayz", ["days", "today", "label"]), Some("days"));
        assert_eq!(closest("copiedat", ["copied_at", "copies"]), Some("copied_at"));
        assert_eq!(closest("zebra", ["days", "today"]), None);
    }
}
