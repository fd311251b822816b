//! The tree of a query.

use std::sync::Arc;

/// An expression with the bytes it stands at, counted from the start of the query.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// How many nodes lie on the longest way down, itself included.
    pub(super) depth: usize,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// `1.5`, `5m` (300), `1Ki`, `Inf`.
    Number(f64),
    /// `"a"`, escapes resolved.
    Text(Arc<str>),
    /// The hole with this number.
    Hole(usize),
    /// `name{label="value"}`; the name is a matcher on `__name__`.
    Selector(Vec<Matcher>),
    /// `f(a, b)`, `sum by (x) (a)`.
    Call(Call),
    /// `a + b`.
    Binary(Binary),
    /// `-a`.
    Negate(Box<Node>),
    /// `a[5m:1m] offset 1h @ 5`.
    Rolled {
        /// What is looked back on.
        of: Box<Node>,
        /// `[5m:1m]`.
        window: Option<Window>,
        /// `offset 5m`; negative looks ahead.
        offset: Option<Length>,
        /// `@ 5`.
        at: Option<Box<Node>>,
    },
    /// `(a)`, `(a, b)`, `()`.
    List(Vec<Node>),
    /// `WITH (x = a) b`.
    With(Vec<Definition>, Box<Node>),
}

/// A function or an aggregate with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The name as written.
    pub name: Arc<str>,
    /// Where the name ends.
    pub name_end: usize,
    /// The arguments.
    pub arguments: Vec<Node>,
    /// `by (a)`, `without (a)`.
    pub grouping: Option<Grouping>,
    /// Where `limit 5` stands.
    pub limit: Option<(usize, usize)>,
    /// Where `keep_metric_names` stands.
    pub keep: Option<(usize, usize)>,
}

/// `by (a, b)` or `without (a, b)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// `true` for `without`.
    pub without: bool,
    /// The labels.
    pub labels: Vec<Arc<str>>,
    /// Where it stands.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

/// Two expressions and what joins them.
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// `+`, `and`, …, in lower case.
    pub operator: Arc<str>,
    /// Where the operator stands.
    pub operator_at: (usize, usize),
    /// `bool`.
    pub is_bool: bool,
    /// `on (a) group_left (b)`.
    pub matching: Option<Matching>,
    /// The left side.
    pub left: Box<Node>,
    /// The right side.
    pub right: Box<Node>,
}

/// `on (a)` or `ignoring (a)`, and the `group_left (b)` or `group_right (b)` that may follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// `true` for `on`.
    pub on: bool,
    /// The labels that are compared, or that are not.
    pub labels: Vec<Arc<str>>,
    /// What `group_left` or `group_right` takes over from the other side.
    pub joined: Vec<Arc<str>>,
}

/// `[range:step]`; either part may be missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// How far back.
    pub range: Option<Length>,
    /// The step of a subquery; `Some(None)` is `[5m:]`.
    pub step: Option<Option<Length>>,
}

/// A stretch of time: fixed, in steps of the query, or a hole.
#[derive(Debug, Clone, PartialEq)]
pub enum Length {
    /// Milliseconds and steps (`5i`); steps depend on the request.
    Fixed {
        /// Milliseconds.
        ms: f64,
        /// Steps.
        steps: f64,
    },
    /// The hole with this number.
    Hole(usize),
}

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchSign {
    /// `=`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `=~`.
    Matches,
    /// `!~`.
    NotMatches,
}

impl MatchSign {
    /// As written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::NotMatches => "!~",
        }
    }

    /// Whether the right side is a regular expression.
    pub const fn is_regex(self) -> bool {
        matches!(self, Self::Matches | Self::NotMatches)
    }
}

/// `label="value"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Matcher {
    /// The label; `__name__` for the metric's name.
    pub label: Arc<str>,
    /// The comparison.
    pub sign: MatchSign,
    /// The other side.
    pub value: MatcherValue,
    /// Whether it is a name without a comparison: `{f}`.
    pub is_bare: bool,
    /// Where the value stands.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

/// The right side of a matcher.
#[derive(Debug, Clone, PartialEq)]
pub enum MatcherValue {
    /// A text, escapes resolved.
    Text(Arc<str>),
    /// The hole with this number.
    Hole(usize),
    /// Something that a `WITH` names: filters (`{f}`) or a text.
    Name(Arc<str>),
}

/// `name(a, b) = value` in a `WITH`.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The name.
    pub name: Arc<str>,
    /// Where the name stands.
    pub name_at: (usize, usize),
    /// `(a, b)`, when it is a function.
    pub parameters: Option<Vec<Arc<str>>>,
    /// What it stands for.
    pub value: Node,
}

impl Node {
    pub(super) fn new(kind: NodeKind, start: usize, end: usize) -> Self {
        let depth = 1 + kind.children().map(|child| child.depth).max().unwrap_or(0);
        Self { kind, start, end, depth }
    }

    /// Without the parentheses around it.
    pub fn bare(&self) -> &Self {
        match &self.kind {
            NodeKind::List(items) => match items.as_slice() {
                [only] => only.bare(),
                _ => self,
            },
            _ => self,
        }
    }

    /// Whether its value is a range of points (`m[5m]`), not one value per series.
    pub fn is_range(&self) -> bool {
        match &self.bare().kind {
            NodeKind::Rolled { window, .. } => window.is_some(),
            NodeKind::With(_, body) => body.is_range(),
            _ => false,
        }
    }

    /// The function that is applied last, in lower case.
    pub fn function(&self) -> Option<String> {
        match &self.bare().kind {
            NodeKind::Call(call) => Some(call.name.to_ascii_lowercase()),
            _ => None,
        }
    }

    /// The name of the one metric that a selector takes, with or without a window and an offset.
    pub fn metric(&self) -> Option<&str> {
        match &self.bare().kind {
            NodeKind::Rolled { of, .. } => of.metric(),
            NodeKind::Selector(matchers) => matchers.iter().find_map(|matcher| match &matcher.value {
                MatcherValue::Text(name) if &*matcher.label == "__name__" && matcher.sign == MatchSign::Equal => {
                    Some(&**name)
                }
                _ => None,
            }),
            _ => None,
        }
    }

    /// Calls `look` for the node and every one inside it.
    pub fn visit<'a>(&'a self, look: &mut impl FnMut(&'a Self)) {
        let mut waiting = vec![self];
        while let Some(node) = waiting.pop() {
            look(node);
            waiting.extend(node.kind.children());
        }
    }

    /// The matchers, when it is a selector and nothing more.
    pub fn matchers(&self) -> Option<&[Matcher]> {
        match &self.kind {
            NodeKind::Selector(matchers) => Some(matchers),
            _ => None,
        }
    }
}

impl NodeKind {
    /// The expressions directly inside.
    pub(crate) fn children(&self) -> Box<dyn Iterator<Item = &Node> + '_> {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Hole(_) | Self::Selector(_) => Box::new(std::iter::empty()),
            Self::Call(call) => Box::new(call.arguments.iter()),
            Self::Binary(binary) => Box::new([&*binary.left, &*binary.right].into_iter()),
            Self::Negate(of) => Box::new(std::iter::once(&**of)),
            Self::Rolled { of, at, .. } => Box::new(std::iter::once(&**of).chain(at.as_deref())),
            Self::List(items) => Box::new(items.iter()),
            Self::With(definitions, body) => {
                Box::new(definitions.iter().map(|definition| &definition.value).chain(std::iter::once(&**body)))
            }
        }
    }
}
