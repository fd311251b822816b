//! Regular expressions: whether a text matches, what it holds, what stands in its place.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex as Compiled;

use super::{Example, Form, Known, Primitive, Pure, Spec, args};
use crate::value::{ErrorKind, Labels, Regex, StepError, Type, Value};

pub(super) static SPECS: &[Spec] = &[
    Spec::pure::<Matches>(),
    Spec::pure::<Extract>(),
    Spec::pure::<ExtractAll>(),
    Spec::pure::<Captures>(),
    Spec::pure::<ReplaceMatches>(),
];

/// How many compiled expressions are kept: compiling one takes a thousand times as long as asking it.
const MOST_KEPT: usize = 100;

static COMPILED: LazyLock<Mutex<HashMap<Arc<str>, Arc<Compiled>>>> = LazyLock::new(Mutex::default);

/// The expression, compiled once. A literal was checked before the run.
fn compiled(regex: &Regex) -> Result<Arc<Compiled>, StepError> {
    let mut kept = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(&regex.0) {
        return Ok(known.clone());
    }
    let new = Compiled::new(&regex.0)
        .map_err(|error| StepError::new(ErrorKind::Data, format!("this is no regular expression: {error}")))?;
    if kept.len() >= MOST_KEPT {
        kept.clear();
    }
    let new = Arc::new(new);
    kept.insert(regex.0.clone(), new.clone());
    Ok(new)
}

args! {
    struct MatchArgs {
        /// The text.
        text: Arc<str>,
        /// What to look for; it may stand anywhere in the text unless `^` and `$` say otherwise.
        pattern: Regex,
    }
}

struct Matches;
impl Primitive for Matches {
    type Args = MatchArgs;
    type Output = bool;
    const NAME: &'static str = "regex.matches";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "Whether a regular expression matches somewhere in a text.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"matches("apex_nav", regex"""^apex_""")"#, gives: "true" }];
}
impl Pure for Matches {
    fn run(args: MatchArgs) -> Result<bool, StepError> {
        Ok(compiled(&args.pattern)?.is_match(&args.text))
    }
}

/// The group in parentheses, when there is one, else the whole match.
fn held(found: &regex::Captures<'_>) -> Arc<str> {
    found.iter().skip(1).flatten().next().or_else(|| found.get(0)).map_or("", |part| part.as_str()).into()
}

struct Extract;
impl Primitive for Extract {
    type Args = MatchArgs;
    type Output = Option<Arc<str>>;
    const NAME: &'static str = "regex.extract";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "What a regular expression finds first: its first group in parentheses, or all of it; `none` when it finds nothing.";
    const EXAMPLES: &'static [Example] = &[
        Example { source: r#"extract("run-42.csv", regex"""run-(\d+)""")"#, gives: "42" },
        Example { source: r#"extract("none here", regex"""\d+""") ?? "0""#, gives: "0" },
    ];
}
impl Pure for Extract {
    fn run(args: MatchArgs) -> Result<Option<Arc<str>>, StepError> {
        Ok(compiled(&args.pattern)?.captures(&args.text).map(|found| held(&found)))
    }
}

struct ExtractAll;
impl Primitive for ExtractAll {
    type Args = MatchArgs;
    type Output = Vec<Arc<str>>;
    const NAME: &'static str = "regex.extract_all";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "Everything that a regular expression finds, one after the other: its first group each, or all of it.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"extract_all("a1 b22", regex"""\d+""")"#, gives: "[1, 22]" }];
}
impl Pure for ExtractAll {
    fn run(args: MatchArgs) -> Result<Vec<Arc<str>>, StepError> {
        Ok(compiled(&args.pattern)?.captures_iter(&args.text).map(|found| held(&found)).collect())
    }
}

struct Captures;
impl Primitive for Captures {
    type Args = MatchArgs;
    type Output = Option<Labels>;
    const NAME: &'static str = "regex.captures";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "The named groups `(?<name>…)` of the first match, without those that took no part; `none` when nothing matches.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"captures("BTC/USD", regex"""(?<base>\w+)/(?<quote>\w+)""")"#,
        gives: "{ base: BTC, quote: USD }",
    }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        let Some(Value::Regex(pattern)) = call.literals.get(1)? else { return None };
        let has_names = Compiled::new(pattern).is_ok_and(|regex| regex.capture_names().flatten().next().is_none());
        has_names.then(|| Err("the expression has no named group; write `(?<name>…)`, or use `extract`".to_owned()))
    }
}
impl Pure for Captures {
    fn run(args: MatchArgs) -> Result<Option<Labels>, StepError> {
        let regex = compiled(&args.pattern)?;
        let Some(found) = regex.captures(&args.text) else { return Ok(None) };
        let named = regex.capture_names().flatten();
        Ok(Some(named.filter_map(|name| Some((name, found.name(name)?.as_str()))).collect()))
    }
}

struct ReplaceMatches;
args! {
    struct ReplaceArgs {
        /// The text.
        text: Arc<str>,
        /// What to look for.
        pattern: Regex,
        /// What to put in the place of each match; `$1` and `${name}` stand for its groups, `$$` for a dollar.
        by: Arc<str>,
    }
}
impl Primitive for ReplaceMatches {
    type Args = ReplaceArgs;
    type Output = Arc<str>;
    const NAME: &'static str = "regex.replace_matches";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "A text with every match of a regular expression replaced.";
    const EXAMPLES: &'static [Example] = &[Example {
        source: r#"replace_matches("2025-01-31", regex"""(\d+)-(\d+)-(\d+)""", by: "$3.$2.$1")"#,
        gives: "31.01.2025",
    }];
}
impl Pure for ReplaceMatches {
    fn run(args: ReplaceArgs) -> Result<Arc<str>, StepError> {
        let regex = compiled(&args.pattern)?;
        Ok(regex.replace_all(&args.text, &*by_groups(&args.by, &regex)?).into())
    }
}

/// What to put in the place of a match, with every group in braces: left to itself, `$1_` would be a group of the name `1_`, which is
/// empty because there is none.
fn by_groups(by: &str, regex: &regex::Regex) -> Result<String, StepError> {
    let mut made = String::with_capacity(by.len());
    let mut rest = by;
    while let Some((before, behind)) = rest.split_once('$') {
        made.push_str(before);
        let (group, after) = group_at(behind);
        match group {
            Some(group) if has_group(regex, group) => made.extend(["${", group, "}"]),
            Some(group) => return Err(no_group(group)),
            None => made.push_str("$$"),
        }
        rest = after;
    }
    made.push_str(rest);
    Ok(made)
}

/// The group that is named behind a dollar, and what follows it.
fn group_at(text: &str) -> (Option<&str>, &str) {
    if let Some(after) = text.strip_prefix('$') {
        return (None, after);
    }
    if let Some((name, after)) = text.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
        return (Some(name), after);
    }
    let is_number = text.starts_with(|c: char| c.is_ascii_digit());
    let belongs = |c: char| if is_number { c.is_ascii_digit() } else { c.is_ascii_alphanumeric() || c == '_' };
    let (name, after) = text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()));
    (Some(name).filter(|name| !name.is_empty()), after)
}

fn has_group(regex: &regex::Regex, group: &str) -> bool {
    match group.parse::<usize>() {
        Ok(number) => number < regex.captures_len(),
        Err(_) => regex.capture_names().flatten().any(|name| name == group),
    }
}

fn no_group(group: &str) -> StepError {
    StepError::new(ErrorKind::Data, format!("the regular expression has no group `{group}`"))
        .help("count its round brackets from 1, or write `$$` for a dollar")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str, pattern: &str) -> MatchArgs {
        MatchArgs { text: text.into(), pattern: Regex(pattern.into()) }
    }

    #[test]
    fn groups_are_put_where_they_are_named() {
        let replaced = |pattern: &str, by: &str| {
            let args = ReplaceArgs { text: "2025-01".into(), pattern: Regex(pattern.into()), by: by.into() };
            ReplaceMatches::run(args).map(|text| text.to_string()).map_err(|error| error.message)
        };
        assert_eq!(replaced(r"(\d+)-(?<m>\d+)", "$2_$1x$$ $ ${m}$m"), Ok("01_2025x$ $ 0101".to_owned()));
        assert_eq!(replaced(r"\d+", "[$0]"), Ok("[2025]-[01]".to_owned()));
        for (by, group) in [("$2", "2"), ("${n}", "n"), ("$day", "day"), ("${}", "")] {
            assert_eq!(replaced(r"(\d+)", by), Err(format!("the regular expression has no group `{group}`")));
        }
    }

    #[test]
    fn groups_that_took_no_part_are_left_out() {
        let found = Captures::run(args("x", "(?<a>x)|(?<b>y)")).unwrap().unwrap();
        assert_eq!(Value::to_string(&found.to_value()), "{ a: x }");
        assert_eq!(Captures::run(args("z", "(?<a>x)")).unwrap(), None);
        assert_eq!(Extract::run(args("y", "(x)|(y)")).unwrap().as_deref(), Some("y"));
    }

    #[test]
    fn more_expressions_than_are_kept_still_work() {
        for n in 0..3 * MOST_KEPT {
            assert!(Matches::run(args(&format!("n{n}"), &format!("^n{n}$"))).unwrap());
        }
        assert!(COMPILED.lock().unwrap().len() <= MOST_KEPT);
    }

    #[test]
    fn an_expression_that_is_none_fails_when_only_the_run_knows_it() {
        assert_eq!(Matches::run(args("", "(")).unwrap_err().kind, ErrorKind::Data);
    }
}
