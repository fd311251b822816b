//! Which series a selector matches.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures_util::stream::TryStreamExt;
use sqlx::Sqlite;
use sqlx::query_builder::QueryBuilder;

use super::store::Store;
use crate::query::promql::{MatchSign, Matcher, MatcherValue, Pattern};
use crate::value::{ErrorKind, Labels, StepError};

/// Texts that are kept to be shared.
const MOST_TEXTS: usize = 10_000;

/// A series, without its points.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub id: i64,
    pub name: Arc<str>,
    pub labels: Labels,
}

impl Store {
    /// The series that all matchers match, in order of name and labels.
    pub(super) async fn find(&self, matchers: &[Matcher]) -> Result<Vec<Stored>, StepError> {
        // A server answers nothing for `{}` too.
        if matchers.is_empty() {
            return Ok(Vec::new());
        }
        let tests = matchers.iter().map(Test::new).collect::<Result<Vec<_>, _>>()?;
        let mut query = QueryBuilder::<Sqlite>::new("select id, name, labels from series where true");
        for test in &tests {
            test.narrow(&mut query);
        }
        let query = query.build_query_as::<(i64, String, String)>();
        let mut rows = query.fetch(&self.reader).map_err(|error| self.failure(&error));
        let (mut found, mut texts) = (Vec::new(), Texts::default());
        while let Some((id, name, labels)) = rows.try_next().await? {
            let stored = Stored { id, name: texts.shared(&name), labels: self.labels(&labels, &mut texts)? };
            let (unsure, sure): (Vec<&Test>, Vec<&Test>) = tests.iter().partition(|test| test.is_unsure_of(&stored));
            if !sure.iter().all(|test| test.holds(&stored)) {
                continue;
            }
            if let Some(test) = unsure.first() {
                return Err(test.unsure());
            }
            found.push(stored);
        }
        found.sort_unstable_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
        Ok(found)
    }

    fn labels(&self, text: &str, texts: &mut Texts) -> Result<Labels, StepError> {
        let labels: BTreeMap<String, String> = serde_json::from_str(text).map_err(|error| {
            StepError::new(ErrorKind::Data, format!("the embedded store {} is damaged: {error}", self.shown))
        })?;
        Ok(labels.iter().map(|(name, value)| (texts.shared(name), texts.shared(value))).collect())
    }
}

/// Texts that many series have in common, kept once: the first ones met, which names of labels are among.
#[derive(Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        if self.0.len() < MOST_TEXTS {
            self.0.insert(new.clone());
        }
        new
    }
}

/// A matcher, ready to be used.
struct Test {
    label: Arc<str>,
    is_positive: bool,
    value: Comparison,
}

enum Comparison {
    Text(Arc<str>),
    Pattern(Pattern),
}

impl Test {
    fn new(matcher: &Matcher) -> Result<Self, StepError> {
        let MatcherValue::Text(text) = &matcher.value else {
            return Err(StepError::new(ErrorKind::Internal, "a matcher without a value"));
        };
        // A server takes this one for "the label is absent", though no value differs from all values.
        if matcher.sign == MatchSign::NotMatches && &**text == ".*" {
            return Ok(Self { label: matcher.label.clone(), is_positive: true, value: Comparison::Text("".into()) });
        }
        let value = if matcher.sign.is_regex() {
            Comparison::Pattern(Pattern::new(text).map_err(|why| StepError::new(ErrorKind::Query, why))?)
        } else {
            Comparison::Text(text.clone())
        };
        let is_positive = matches!(matcher.sign, MatchSign::Equal | MatchSign::Matches);
        Ok(Self { label: matcher.label.clone(), is_positive, value })
    }

    /// Lets the file look up what must be equal; the rest is tested on what comes back.
    fn narrow(&self, query: &mut QueryBuilder<Sqlite>) {
        let Comparison::Text(text) = &self.value else { return };
        if !self.is_positive || text.is_empty() {
            return;
        }
        if &*self.label == "__name__" {
            query.push(" and name = ").push_bind(text.to_string());
        } else {
            query.push(" and id in (select series_id from label where name = ").push_bind(self.label.to_string());
            query.push(" and value = ").push_bind(text.to_string()).push(")");
        }
    }

    /// A label that a series does not have is empty.
    fn value_in<'a>(&self, stored: &'a Stored) -> &'a str {
        if &*self.label == "__name__" { &stored.name } else { stored.labels.get(&self.label).map_or("", |value| value) }
    }

    fn is_unsure_of(&self, stored: &Stored) -> bool {
        matches!(&self.value, Comparison::Pattern(pattern) if pattern.is_unsure_of(self.value_in(stored)))
    }

    fn unsure(&self) -> StepError {
        let message = format!("the label `{}` holds a line break, and the pattern for it a `.`", self.label);
        StepError::new(ErrorKind::Query, message).help("write `(?s:.)` or `[^\\n]` for the `.`")
    }

    fn holds(&self, stored: &Stored) -> bool {
        let value = self.value_in(stored);
        let matches = match &self.value {
            Comparison::Text(text) => value == &**text,
            Comparison::Pattern(pattern) => pattern.matches(value),
        };
        matches == self.is_positive
    }
}
