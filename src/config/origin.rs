//! Where each setting of an environment comes from.

use std::fmt;

use super::mask::{MaskWords, Redactor, mask_text};
use super::reading::Reading;
use super::secret::Url;
use super::substitute::{self, Otherwise, Part};
use super::yaml::{Content, Field, Mapping, Node, fields};
use crate::source::Span;

/// What is shown for a value that needs a variable nobody set.
const NOT_SET: &str = "(not set)";

/// A scalar of an environment, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The keys down to it: `connections`, `db`, `host`. An item of a list is `[0]`.
    pub path: Vec<String>,
    /// The value, masked; `None` when a variable that it needs is not set.
    pub value: Option<String>,
    /// Where its value stands in the file.
    pub span: Span,
    /// The environment in which it stands, which may be one that the chosen one extends.
    pub environment: Option<String>,
    /// The variables that it is made of, each with what they came to.
    pub variables: Vec<(String, Filled)>,
}

/// What a variable came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// The process has it.
    Set,
    /// The default behind `:-`.
    Default,
    /// Nothing: it is missing.
    Missing,
}

impl Setting {
    /// `connections.db.host`.
    pub fn key(&self) -> String {
        self.path.join(".").replace(".[", "[")
    }

    /// The value for people.
    pub fn shown(&self) -> &str {
        self.value.as_deref().unwrap_or(NOT_SET)
    }
}

impl fmt::Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Set => "set",
            Self::Default => "default",
            Self::Missing => "missing",
        })
    }
}

/// Every scalar of a merged environment, in order. `environments` tells which one each stands in.
pub(super) fn settings(reading: &mut Reading<'_>, environment: &Node, environments: &Mapping) -> Vec<Setting> {
    let mut walk = Walk { reading, environments, path: Vec::new(), found: Vec::new() };
    let top = Field { key: "", key_span: environment.span, node: environment };
    walk.node(top);
    let Walk { mut found, reading, .. } = walk;
    // A secret may turn up under a key that does not look like one.
    let redactor = Redactor::new(&reading.secrets);
    for setting in found.iter_mut().filter(|setting| !is_sensitive(&setting.path, reading.words)) {
        setting.value = setting.value.take().map(|value| redactor.redact(&value).into_owned());
    }
    found
}

struct Walk<'r, 'a> {
    reading: &'r mut Reading<'a>,
    environments: &'r Mapping,
    path: Vec<String>,
    found: Vec<Setting>,
}

impl Walk<'_, '_> {
    fn node(&mut self, field: Field<'_>) {
        match &field.node.content {
            Content::Map(map) => {
                for inner in fields(map) {
                    self.under(inner.key.to_owned(), inner);
                }
            }
            Content::List(items) => {
                for (at, node) in items.iter().enumerate() {
                    self.under(format!("[{at}]"), Field { node, ..field });
                }
            }
            Content::Scalar(text, _) => self.scalar(field, text),
        }
    }

    fn under(&mut self, key: String, field: Field<'_>) {
        self.path.push(key);
        self.node(field);
        self.path.pop();
    }

    fn scalar(&mut self, field: Field<'_>, text: &str) {
        let sensitive = is_sensitive(&self.path, self.reading.words);
        let read = if field.node.is_null() {
            Some(text.into())
        } else {
            self.reading.scalar(field, "a value").map(|scalar| scalar.text)
        };
        if let Some(value) = read.as_ref().filter(|_| sensitive) {
            self.reading.secrets.push(value.clone());
        }
        let value = read.map(|value| if sensitive { mask_text(&value) } else { Url::new(value).to_string() });
        let parts = substitute::parse(text).unwrap_or_default();
        let mut variables = Vec::new();
        self.variables(&parts, &mut variables);
        let span = field.node.span;
        let holds = |field: &Field<'_>| field.node.span.start <= span.start && span.end <= field.node.span.end;
        let environment = fields(self.environments).find(holds).map(|field| field.key.to_owned());
        self.found.push(Setting { path: self.path.clone(), value, span, environment, variables });
    }

    fn variables(&self, parts: &[Part], found: &mut Vec<(String, Filled)>) {
        for part in parts {
            let Part::Variable { name, otherwise, .. } = part else { continue };
            let set = match otherwise {
                Otherwise::Nothing => self.reading.variables.get(name),
                Otherwise::Default(_) | Otherwise::Required(_) => self.reading.variables.set(name),
            };
            match (set, otherwise) {
                (Some(_), _) => found.push((name.clone(), Filled::Set)),
                (None, Otherwise::Default(parts)) => {
                    found.push((name.clone(), Filled::Default));
                    self.variables(parts, found);
                }
                (None, _) => found.push((name.clone(), Filled::Missing)),
            }
        }
    }
}

/// Whether a value is masked: some key above it is sensitive, or it is a header. Names of connections are no keys.
fn is_sensitive(path: &[String], words: &MaskWords) -> bool {
    let is_named = |at: usize| at == 1 && path.first().is_some_and(|first| first == "connections");
    path.iter().enumerate().any(|(at, key)| !is_named(at) && (words.is_sensitive(key) || key == "headers"))
}
