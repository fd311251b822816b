//! What a file of the language defines, as plain data.

use serde::Serialize;

use crate::check::Deprecation;

/// A module of the standard library, or a file.
#[derive(Debug, Clone, Serialize)]
pub struct Module {
    /// `std.status`, or the file's path.
    pub name: String,
    /// What stands before its names where it is imported; absent for the prelude and for files.
    pub alias: Option<String>,
    /// The comment at its head.
    pub doc: String,
    /// What that comment says of it when others should stop using it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Deprecation>,
    /// What it imports.
    pub imports: Vec<Import>,
    /// Its types.
    pub types: Vec<TypeAlias>,
    /// Its calendars.
    pub calendars: Vec<Calendar>,
    /// Its `fn`s, `step`s and `action`s.
    pub functions: Vec<Function>,
    /// Its workflows.
    pub workflows: Vec<Workflow>,
    /// Whether something in it was asked for, and not the whole.
    #[serde(skip)]
    pub is_part: bool,
}

/// An import.
#[derive(Debug, Clone, Serialize)]
pub struct Import {
    /// The name it has in the file.
    pub name: String,
    /// What is imported, as written.
    pub target: String,
}

/// `type Name = T`.
#[derive(Debug, Clone, Serialize)]
pub struct TypeAlias {
    /// The name.
    pub name: String,
    /// What it stands for, as written.
    #[serde(rename = "type")]
    pub ty: String,
    /// The documentation.
    pub doc: String,
    /// What its documentation says of it when others should stop using it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Deprecation>,
}

/// `calendar name = expr`.
#[derive(Debug, Clone, Serialize)]
pub struct Calendar {
    /// The name.
    pub name: String,
    /// The expression, as written.
    pub value: String,
    /// The documentation.
    pub doc: String,
}

/// The kinds of function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One pure expression.
    Fn,
    /// A block that reads.
    Step,
    /// A block that writes.
    Action,
}

impl Kind {
    /// The word in a file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fn => "fn",
            Self::Step => "step",
            Self::Action => "action",
        }
    }
}

/// A `fn`, `step` or `action`.
#[derive(Debug, Clone, Serialize)]
pub struct Function {
    /// The name.
    pub name: String,
    /// The kind.
    pub kind: Kind,
    /// Its head, as written, with the result's type.
    pub signature: String,
    /// The documentation.
    pub doc: String,
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
    /// The result's type.
    pub returns: String,
    /// `pure`, `read`, `write`.
    pub effect: &'static str,
    /// Whether it looks at the run's outcome, and so belongs into `failed` or `finally`.
    pub needs_outcome: bool,
    /// What its documentation says of it when others should stop using it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Deprecation>,
}

/// A parameter of a function or a workflow.
#[derive(Debug, Clone, Serialize)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub ty: String,
    /// The default, as written; absent where there is none.
    pub default: Option<String>,
    /// What must hold, as written.
    pub require: Option<String>,
    /// What is said when it does not, as written.
    pub message: Option<String>,
    /// The documentation.
    pub doc: String,
    /// What its documentation says of it when others should stop using it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Deprecation>,
}

/// A workflow.
#[derive(Debug, Clone, Serialize)]
pub struct Workflow {
    /// The name.
    pub name: String,
    /// The documentation.
    pub doc: String,
    /// The connections that it uses.
    pub connections: Vec<Connection>,
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
    /// Its calendars.
    pub calendars: Vec<Calendar>,
    /// The steps of its body, in the order of the file.
    pub steps: Vec<Step>,
    /// The outputs, in order.
    pub outputs: Vec<Output>,
    /// What its documentation says of it when others should stop using it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Deprecation>,
    /// The steps drawn, inner blocks included.
    #[serde(skip)]
    pub drawing: String,
}

/// A connection that a workflow uses.
#[derive(Debug, Clone, Serialize)]
pub struct Connection {
    /// The name, also in the configuration.
    pub name: String,
    /// `sql`, `metrics`, …
    pub kind: &'static str,
}

/// A step of a workflow's body.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// The name.
    pub name: String,
    /// The type of its value.
    #[serde(rename = "type")]
    pub ty: String,
    /// `pure`, `read`, `write`.
    pub effect: &'static str,
    /// The steps that it waits for.
    pub after: Vec<String>,
}

/// An output of a workflow.
#[derive(Debug, Clone, Serialize)]
pub struct Output {
    /// The name.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub ty: String,
    /// The documentation.
    pub doc: String,
}
