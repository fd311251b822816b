//! The tree that configuration is read from.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Number;

use crate::source::Span;

/// What a scalar is to YAML, before anything is substituted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// Nothing is written, or `null`.
    Null,
    /// `true` or `false`, unquoted.
    Bool(bool),
    /// A number, unquoted.
    Number(Number),
    /// Anything else.
    Text,
}

/// The content of a node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// A single value: its text, numbers as they were spelt, and what YAML makes of it.
    Scalar(Arc<str>, Shape),
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map(Mapping),
}

/// A value with the place it was written at; behind an alias, the place of the anchor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// The value.
    pub(crate) content: Content,
    /// Where it stands.
    pub(crate) span: Span,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Where the key stands.
    pub(crate) key_span: Span,
    /// The value.
    pub(crate) value: Node,
}

/// A map, in the order of the file.
pub(crate) type Mapping = IndexMap<Arc<str>, Entry>;

/// A value together with the key it stands under, as messages name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'n> {
    /// The key.
    pub(crate) key: &'n str,
    /// Where the key stands.
    pub(crate) key_span: Span,
    /// The value.
    pub(crate) node: &'n Node,
}

impl Node {
    /// A node that holds nothing.
    pub(crate) const fn nothing(text: Arc<str>, span: Span) -> Self {
        Self { content: Content::Scalar(text, Shape::Null), span }
    }

    /// Whether nothing is written here.
    pub(crate) const fn is_null(&self) -> bool {
        matches!(self.content, Content::Scalar(_, Shape::Null))
    }

    /// The map, if it is one.
    pub(crate) const fn as_map(&self) -> Option<&Mapping> {
        match &self.content {
            Content::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The word for what it is, in messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match &self.content {
            Content::Scalar(_, Shape::Null) => "nothing",
            Content::Scalar(_, Shape::Bool(_)) => "true or false",
            Content::Scalar(_, Shape::Number(_)) => "a number",
            Content::Scalar(_, Shape::Text) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
}

/// The entry of `map` under `key`, as a field.
pub(crate) fn field<'n>(map: &'n Mapping, key: &str) -> Option<Field<'n>> {
    let (key, entry) = map.get_key_value(key)?;
    Some(Field { key, key_span: entry.key_span, node: &entry.value })
}

/// Every entry of `map`, as fields.
pub(crate) fn fields(map: &Mapping) -> impl Iterator<Item = Field<'_>> {
    map.iter().map(|(key, entry)| Field { key, key_span: entry.key_span, node: &entry.value })
}
