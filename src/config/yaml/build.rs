//! From the parser's tree to [`Node`]s: byte spans, duplicate keys, merges.

use std::sync::Arc;

use indexmap::map::Entry as Slot;
use serde_saphyr::{Location, Spanned};

use super::node::{Content, Entry, Mapping, Node, Shape};
use super::raw::Raw;
use super::shield::Shield;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Source, Span};

/// Turns a parsed document into nodes of `source`, whose text began `mark` bytes before what was parsed.
pub(super) fn build(
    raw: Spanned<Raw>,
    source: &Source,
    mark: usize,
    shield: Option<&Shield>,
) -> (Node, Vec<Diagnostic>) {
    let mut builder = Builder { source, mark, shield, findings: Vec::new() };
    let node = builder.node(raw);
    (node, builder.findings)
}

/// The bytes of a location, in a source whose parsed text begins at byte `mark`.
pub(super) fn bytes(location: Location, source: &Source, mark: usize) -> Span {
    let offset = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX).saturating_add(mark);
    let start = offset(location.span().byte_offset().unwrap_or(0)).min(source.text.len());
    let end = offset(location.span().byte_offset().unwrap_or(0) + location.span().byte_len().unwrap_or(0));
    let narrow = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
    Span::new(source.id, narrow(start), narrow(end.clamp(start, source.text.len())))
}

struct Builder<'a> {
    source: &'a Source,
    mark: usize,
    shield: Option<&'a Shield>,
    findings: Vec<Diagnostic>,
}

impl Builder<'_> {
    fn node(&mut self, raw: Spanned<Raw>) -> Node {
        let span = bytes(raw.defined, self.source, self.mark);
        match raw.value {
            Raw::Null => Node::nothing(self.written(span), span),
            Raw::Bool(value) => self.scalar(Shape::Bool(value), span),
            Raw::Number(number) => self.scalar(Shape::Number(number), span),
            Raw::Text(text) => {
                let text = self.shield.map_or_else(|| text.as_str().into(), |shield| shield.restore(&text).into());
                Node { content: Content::Scalar(text, Shape::Text), span: self.trimmed(span) }
            }
            Raw::List(items) => self.list(items, span),
            Raw::Map(entries) => self.map(entries, span),
        }
    }

    /// Numbers keep their spelling, so that the text `007` stays one.
    fn scalar(&self, shape: Shape, span: Span) -> Node {
        Node { content: Content::Scalar(self.written(span), shape), span }
    }

    fn written(&self, span: Span) -> Arc<str> {
        Arc::from(self.source.slice(span).trim())
    }

    /// A block scalar reaches to the next line's indentation; the finding should not.
    fn trimmed(&self, span: Span) -> Span {
        span.slice(0, self.source.slice(span).trim_end().len())
    }

    fn list(&mut self, items: Vec<Spanned<Raw>>, span: Span) -> Node {
        let items: Vec<Node> = items.into_iter().map(|item| self.node(item)).collect();
        let span = around(span, items.iter().map(|item| item.span));
        Node { content: Content::List(items), span }
    }

    fn map(&mut self, entries: Vec<(Spanned<Raw>, Spanned<Raw>)>, span: Span) -> Node {
        let mut map = Mapping::with_capacity(entries.len());
        let mut merges = Vec::new();
        for (key, value) in entries {
            let key_span = self.trimmed(bytes(key.defined, self.source, self.mark));
            let value = self.node(value);
            match self.key(key.value, key_span) {
                Some(key) if &*key == "<<" => merges.push((key_span, value)),
                Some(key) => self.insert(&mut map, key, Entry { key_span, value }),
                None => {}
            }
        }
        let span = around(span, map.values().flat_map(|entry| [entry.key_span, entry.value.span]));
        for (key_span, value) in merges {
            self.merge(&mut map, value, key_span);
        }
        Node { content: Content::Map(map), span }
    }

    /// A key as text; numbers and booleans keep their spelling.
    fn key(&mut self, raw: Raw, span: Span) -> Option<Arc<str>> {
        let key: Arc<str> = match raw {
            Raw::Text(text) => self.shield.map_or_else(|| text.as_str().into(), |shield| shield.restore(&text).into()),
            Raw::Number(_) | Raw::Bool(_) => self.written(span),
            Raw::Null | Raw::List(_) | Raw::Map(_) => {
                let finding = Diagnostic::new(&codes::VF701, span, "a key is a name, and this is none");
                self.findings.push(finding.help("write `name: value`"));
                return None;
            }
        };
        Some(key)
    }

    fn insert(&mut self, map: &mut Mapping, key: Arc<str>, entry: Entry) {
        match map.entry(key) {
            Slot::Vacant(slot) => {
                slot.insert(entry);
            }
            Slot::Occupied(slot) => {
                let message = format!("`{}` is given twice", slot.key());
                let finding = Diagnostic::new(&codes::VF701, entry.key_span, message)
                    .at("the second time")
                    .label(slot.get().key_span, "the first time")
                    .help("keep one of them");
                self.findings.push(finding);
            }
        }
    }

    /// `<<: *base` and `<<: [*a, *b]`: keys that are not there yet, the first giver winning.
    fn merge(&mut self, map: &mut Mapping, value: Node, key_span: Span) {
        let givers = match value.content {
            Content::List(items) => items,
            content => vec![Node { content, span: value.span }],
        };
        for giver in givers {
            let Content::Map(entries) = giver.content else {
                let finding = Diagnostic::new(&codes::VF701, key_span, "`<<` merges maps, and this is none");
                self.findings.push(finding.help("write `<<: *anchor`, with `&anchor` at a map above"));
                continue;
            };
            for (key, entry) in entries {
                map.entry(key).or_insert(entry);
            }
        }
    }
}

/// A collection reaches to the end of what stands in it; what an alias brought stands elsewhere.
fn around(span: Span, inner: impl Iterator<Item = Span>) -> Span {
    let end = inner.filter(|inner| inner.start >= span.start).map(|inner| inner.end).max();
    Span { end: end.unwrap_or(span.end).max(span.end), ..span }
}
