//! Environments: which connections there are, and what protects them.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::connection::Connection;
use super::kinds::{FUTURE_RETENTION_MS, connection};
use super::lifecycle::{Sink, connections_of, sinks};
use super::mask::{MaskWords, Redactor, mask_json};
use super::reading::{self, Reading, or_default, suggest};
use super::secret::Secret;
use super::yaml::{Content, Entry, Field, Mapping, Node, field, fields};
use crate::diagnostic::Diagnostic;

/// The keys of an environment.
pub(super) const KEYS: &[&str] = &["extends", "protected", "connections", "lifecycle"];

/// The longest chain of `extends`.
const LONGEST_CHAIN: usize = 16;

/// An environment, with everything in it substituted and typed.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name.
    pub name: Arc<str>,
    /// Whether `run` wants a saved plan or `--yes`.
    pub protected: bool,
    /// Its connections, by the name that workflows use.
    pub connections: IndexMap<Arc<str>, Connection>,
    /// Who is told of its runs.
    pub sinks: Vec<Sink>,
    /// The connections that sinks write to, by name.
    pub sink_connections: IndexMap<Arc<str>, Connection>,
    /// What is odd without keeping it from working.
    pub warnings: Vec<Diagnostic>,
    pub(super) secrets: Vec<Secret>,
    pub(super) words: MaskWords,
}

impl Environment {
    /// Its connections as they may be shown: the `config` of a run's result.
    pub fn masked_json(&self) -> Value {
        let connections = self.connections.iter();
        let connections = connections.map(|(name, connection)| (name.to_string(), connection.kind.unmasked_json()));
        // Names of connections are no keys: a connection `auth` is not masked throughout.
        let masked = connections.map(|(name, settings)| (name, mask_json(&settings, &self.words)));
        json!({ "connections": Value::Object(masked.collect()) })
    }

    /// Takes the secrets of this environment out of texts.
    pub fn redactor(&self) -> Redactor {
        let connections = self.connections.values().chain(self.sink_connections.values());
        let encoded = connections.flat_map(|connection| connection.kind.basic_credentials());
        Redactor::new(self.secrets.iter().map(|secret| secret.expose().to_owned()).chain(encoded))
    }

    /// The words that make a key sensitive here.
    pub const fn mask_words(&self) -> &MaskWords {
        &self.words
    }
}

/// The environment `name` with what it extends merged in; `None` when a finding says why not.
pub(super) fn merged(reading: &mut Reading<'_>, environments: &Mapping, name: &str) -> Option<Node> {
    let mut chain: Vec<Field<'_>> = Vec::new();
    let mut next = field(environments, name);
    while let Some(current) = next {
        chain.push(current);
        let map = reading.map(current)?;
        next = match field(map, "extends") {
            Some(extends) => Some(parent(reading, environments, &chain, extends)?),
            None => None,
        };
    }
    let mut nodes = chain.into_iter().rev().map(|field| field.node.clone());
    let first = nodes.next()?;
    Some(nodes.fold(first, merge))
}

/// The environment that the last one of `chain` extends.
fn parent<'n>(
    reading: &mut Reading<'_>,
    environments: &'n Mapping,
    chain: &[Field<'n>],
    extends: Field<'n>,
) -> Option<Field<'n>> {
    let name = reading.name(extends)?;
    if chain.iter().any(|seen| seen.key == &*name) {
        let path: Vec<&str> = chain.iter().map(|seen| seen.key).skip_while(|key| *key != &*name).collect();
        let message = format!("environments extend each other: {} → {name}", path.join(" → "));
        reading.report(extends.node.span, message, "remove one `extends`");
        return None;
    }
    if chain.len() >= LONGEST_CHAIN {
        reading.report(extends.node.span, "too many environments extend one another", "extend a base directly");
        return None;
    }
    let found = field(environments, &name);
    if found.is_none() {
        let help = suggest(&name, environments.keys().map(|key| &**key), "environments");
        reading.report(extends.node.span, format!("no environment `{name}` to extend"), help);
    }
    found
}

/// Lays `child` over `parent`, map by map. A map of another `kind` replaces the one below it: the
/// settings of a `victoria_metrics` mean nothing to the `embedded` store that stands in for it.
pub(super) fn merge(parent: Node, child: Node) -> Node {
    match (parent.content, child.content) {
        (Content::Map(below), Content::Map(above)) if same_kind(&below, &above) => {
            Node { content: Content::Map(merge_maps(below, above)), span: child.span }
        }
        (_, content) => Node { content, span: child.span },
    }
}

fn merge_maps(mut below: Mapping, above: Mapping) -> Mapping {
    for (key, entry) in above {
        let value = match below.get_mut(&key) {
            Some(under) => {
                let nothing = Node::nothing(Arc::from(""), entry.key_span);
                merge(std::mem::replace(&mut under.value, nothing), entry.value)
            }
            None => entry.value,
        };
        below.insert(key, Entry { key_span: entry.key_span, value });
    }
    below
}

fn same_kind(below: &Mapping, above: &Mapping) -> bool {
    let kind = |map| match field(map, "kind").map(|field| &field.node.content) {
        Some(Content::Scalar(kind, _)) => Some(Arc::clone(kind)),
        _ => None,
    };
    match (kind(below), kind(above)) {
        (Some(below), Some(above)) => below == above,
        _ => true,
    }
}

/// What the file tells of a connection without asking for any variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionOutline {
    /// The name that workflows use.
    pub name: Arc<str>,
    /// The word after `kind:`.
    pub kind: Arc<str>,
    /// `pool:`, unless a variable gives it.
    pub pool: Option<usize>,
    /// How far ahead of now a `victoria_metrics` keeps samples, in milliseconds, unless a variable says it.
    pub future_retention_ms: Option<i64>,
    /// `schema:` of a `sqlite`, as it is written: the file that makes its tables.
    pub schema: Option<Arc<str>>,
}

/// The outlines of an environment's connections, nothing of them typed.
pub(super) fn outlines(environment: &Node) -> Option<Vec<ConnectionOutline>> {
    let connections = field(environment.as_map()?, "connections")?.node.as_map()?;
    Some(fields(connections).filter_map(|field| outline(field.key, field.node.as_map()?)).collect())
}

fn outline(name: &str, map: &Mapping) -> Option<ConnectionOutline> {
    let scalar = |key| match field(map, key).map(|field| &field.node.content) {
        Some(Content::Scalar(text, _)) => Some(text.clone()),
        _ => None,
    };
    let pool = scalar("pool").and_then(|pool| pool.parse().ok());
    let kind = scalar("kind")?;
    let future_retention_ms = match scalar("future_retention") {
        Some(text) => reading::duration_ms(&text),
        None => (&*kind == "victoria_metrics").then_some(FUTURE_RETENTION_MS),
    };
    let future_retention_ms = future_retention_ms.and_then(|ms| i64::try_from(ms).ok());
    let schema = scalar("schema").filter(|_| &*kind == "sqlite");
    Some(ConnectionOutline { name: Arc::from(name), kind, pool, future_retention_ms, schema })
}

/// Types an environment whose `extends` have been merged; of its connections, those that are `wanted`.
pub(super) fn environment(
    reading: &mut Reading<'_>,
    name: &str,
    map: &Mapping,
    wanted: &dyn Fn(&str) -> bool,
) -> Option<Environment> {
    // Without the name, so that what several environments inherit is said once.
    reading.check_keys(map, KEYS, "an environment");
    let protected = or_default(map, "protected", false, |field| reading.boolean(field));
    let connections = or_default(map, "connections", IndexMap::new(), |field| all_connections(reading, field, wanted));
    let lifecycle = or_default(map, "lifecycle", Vec::new(), |field| sinks(reading, field));
    let (connections, sinks) = (connections?, lifecycle?);
    let sink_connections = connections_of(reading, &sinks, field(map, "connections"), &connections)?;
    Some(Environment {
        name: Arc::from(name),
        protected: protected?,
        connections,
        sinks,
        sink_connections,
        warnings: Vec::new(),
        secrets: Vec::new(),
        words: reading.words.clone(),
    })
}

fn all_connections(
    reading: &mut Reading<'_>,
    field: Field<'_>,
    wanted: &dyn Fn(&str) -> bool,
) -> Option<IndexMap<Arc<str>, Connection>> {
    let map = reading.map(field)?;
    let read: Vec<Option<Connection>> =
        fields(map).filter(|field| wanted(field.key)).map(|field| connection(reading, field)).collect();
    read.into_iter().map(|connection| connection.map(|it| (Arc::clone(&it.name), it))).collect()
}
