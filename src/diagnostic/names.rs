//! Near names for a misspelt one.

/// How much longer than the mistakes allow a candidate may be: `_` and letters of several bytes count for nothing.
const SLACK: usize = 4;

/// The fewest characters of two names that differ of which one may surely be meant by the other.
const SURE: usize = 3;

/// The most names that are equally near and still help.
const MOST_NEAR: usize = 3;

/// The candidate closest to `name`, when it is close enough to be what was meant and no other one is as close.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    match nearest(name, candidates).as_slice() {
        [near] => Some(near),
        _ => None,
    }
}

/// All candidates that are closest to `name`, in order: several where nobody can say which one was meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    // Of a single letter any other is as near.
    let limit = match name.chars().count() {
        0 | 1 => 0,
        count => (count / 3).clamp(1, 3),
    };
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter(|candidate| *candidate != name && candidate.len().abs_diff(name.len()) <= limit + SLACK)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    let least = near.first().map(|(distance, _)| *distance);
    near.into_iter().take_while(|(distance, _)| Some(*distance) == least).map(|(_, candidate)| candidate).collect()
}

/// Whether `near` may be written for `name` without asking: names of a letter or two are near to anything.
pub fn is_sure(name: &str, near: &str) -> bool {
    distance(name, near) == 0 || name.chars().count().min(near.chars().count()) >= SURE
}

/// Case and `_` against nothing do not count as mistakes of meaning.
fn distance(name: &str, candidate: &str) -> usize {
    let plain = |text: &str| text.to_lowercase().replace(['_', '-'], "");
    if plain(name) == plain(candidate) {
        return 0;
    }
    strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase())
}

/// The help line for a misspelt name: the near one, or those that are equally near, else all of them when they are few.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut candidates: Vec<&str> = candidates.into_iter().collect();
    candidates.sort_unstable();
    candidates.dedup();
    let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let near = nearest(name, candidates.iter().copied());
    if (1..=MOST_NEAR).contains(&near.len()) {
        return Some(format!("did you mean {}?", quoted(&near).join(" or ")));
    }
    let few = (1..=10).contains(&candidates.len());
    few.then(|| format!("known here: {}", quoted(&candidates).join(", ")))
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

    #[test]
    fn of_names_that_are_equally_near_none_is_chosen() {
        assert_eq!(closest("dsc", ["asc", "desc"]), None);
        assert_eq!(did_you_mean("dsc", ["asc", "desc"]).unwrap(), "did you mean `asc` or `desc`?");
        assert_eq!(closest("abc", ["abd", "abd"]), Some("abd"));
        assert_eq!(did_you_mean("c", ["a", "b"]).unwrap(), "known here: `a`, `b`");
    }

    #[test]
    fn short_names_are_near_to_anything() {
        assert!(!is_sure("c", "a") && !is_sure("dbx", "db"));
        assert!(is_sure("N", "n") && is_sure("dya", "day"));
    }
}
