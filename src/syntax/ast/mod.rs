//! The syntax tree: what was written and where, with no meaning yet.
//!
//! Every node carries its span. Literals are already values of their kind (a date that does
//! not exist never gets here); query literals keep their text, and `query/` reads them.

mod expression;
pub mod visit;

pub use expression::{
    Argument, BinaryOperator, Comprehension, Entry, Expr, ExprKind, Fragment, Literal, Tag, Tagged, UnaryOperator,
};

use std::sync::Arc;

use crate::source::{Span, Spanned};

/// A name as written, with its place.
pub type Name = Spanned<Arc<str>>;

/// A parsed file.
#[derive(Debug, Clone, Default)]
pub struct File {
    /// Top-level items, in order. Items that did not parse are left out; diagnostics tell of them.
    pub items: Vec<Item>,
    /// Every tagged literal in them, in order.
    pub tagged: Vec<Tagged>,
}

/// A top-level item with the documentation above it.
#[derive(Debug, Clone)]
pub struct Item {
    /// The `##` lines above, joined, without their markers; empty when there are none.
    pub doc: String,
    /// What the item is.
    pub kind: ItemKind,
    /// The whole item.
    pub span: Span,
}

/// The kinds of top-level item.
#[derive(Debug, Clone)]
pub enum ItemKind {
    /// `import std.status`, `import "../lib/markets.flow" as markets`.
    Import(Import),
    /// `type Name = T`.
    Type(TypeDefinition),
    /// `calendar name = expr` at top level.
    Calendar(Binding),
    /// `fn name(…) -> T = expr`.
    Function(FunctionDefinition),
    /// `step name(…) -> T { … }` or `action …`.
    Step(StepDefinition),
    /// `workflow name { … }`.
    Workflow(Workflow),
    /// `test "…" of workflow { … }`.
    Test(Test),
}

/// `import`.
#[derive(Debug, Clone)]
pub struct Import {
    /// A module path (`std.status`) or a file.
    pub target: ImportTarget,
    /// Where the target is written.
    pub target_span: Span,
    /// `as name`.
    pub alias: Option<Name>,
}

/// What an import names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportTarget {
    /// The parts of `std.status`.
    Module(Vec<Name>),
    /// A path relative to the importing file.
    File(Arc<str>),
}

/// `type Name = T`.
#[derive(Debug, Clone)]
pub struct TypeDefinition {
    /// The new name.
    pub name: Name,
    /// What it stands for.
    pub ty: TypeExpr,
}

/// `name = expr`, for `calendar` and `output`.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// `fn name(params) -> T = expr`.
#[derive(Debug, Clone)]
pub struct FunctionDefinition {
    /// The name.
    pub name: Name,
    /// The parameters.
    pub params: Vec<Parameter>,
    /// The stated result type.
    pub returns: TypeExpr,
    /// The expression.
    pub body: Expr,
}

/// `step name(…)` reads, `action name(…)` writes.
#[derive(Debug, Clone)]
pub struct StepDefinition {
    /// `true` for `action`.
    pub is_action: bool,
    /// The word `step` or `action`.
    pub keyword_span: Span,
    /// The name.
    pub name: Name,
    /// The parameters.
    pub params: Vec<Parameter>,
    /// The stated result type.
    pub returns: Option<TypeExpr>,
    /// A block, or `= expr` for an external step.
    pub body: StepBody,
}

/// What a step definition runs.
#[derive(Debug, Clone)]
pub enum StepBody {
    /// `{ … yield v }`.
    Block(Block),
    /// `= external.python(…)`.
    External(Expr),
}

/// A parameter of a `fn`, `step` or `action`.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The `##` lines above.
    pub doc: String,
    /// The name.
    pub name: Name,
    /// The stated type.
    pub ty: TypeExpr,
    /// `= expr`.
    pub default: Option<Expr>,
}

/// `workflow name { … }`.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// The name.
    pub name: Name,
    /// The items of the body, in order.
    pub items: Vec<WorkflowItem>,
}

/// An item of a workflow's body, with the documentation above it.
#[derive(Debug, Clone)]
pub struct WorkflowItem {
    /// The `##` lines above.
    pub doc: String,
    /// What it is.
    pub kind: WorkflowItemKind,
    /// The whole item.
    pub span: Span,
}

/// The kinds of item in a workflow.
#[derive(Debug, Clone)]
pub enum WorkflowItemKind {
    /// `use db: sql`.
    Use(Use),
    /// `param name: T = default require c else "…"`.
    Param(WorkflowParam),
    /// `calendar name = expr`.
    Calendar(Binding),
    /// `defaults { … }`; the record of clauses.
    Defaults(Expr),
    /// `output name = expr`.
    Output(Binding),
    /// `failed { … }`.
    Failed(Block),
    /// `finally { … }`.
    Finally(Block),
    /// A statement.
    Statement(Statement),
}

/// `use name: kind`.
#[derive(Debug, Clone)]
pub struct Use {
    /// The connection's name.
    pub name: Name,
    /// Its kind, as written (`sql`, `postgres`, `metrics`, `http`, `files`).
    pub kind: Name,
}

/// `param name: T = default require c else "…"`.
#[derive(Debug, Clone)]
pub struct WorkflowParam {
    /// The name.
    pub name: Name,
    /// The stated type.
    pub ty: TypeExpr,
    /// `= expr`.
    pub default: Option<Expr>,
    /// `require expr`.
    pub require: Option<Expr>,
    /// `else expr` after `require`.
    pub message: Option<Expr>,
}

/// `{ … }` with statements.
#[derive(Debug, Clone)]
pub struct Block {
    /// The statements, in order.
    pub statements: Vec<Statement>,
    /// With its braces.
    pub span: Span,
}

/// One statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// The whole statement, clauses included.
    pub span: Span,
    /// `with { … }` and `on failure …`, in order.
    pub clauses: Vec<Clause>,
}

/// The kinds of statement.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "nearly every statement is the large one")]
pub enum StatementKind {
    /// `name = action`, `name: T = action`, or an action alone (`do …`, `for each …`, `when …`).
    Step {
        /// The name bound, if any.
        name: Option<Name>,
        /// The stated type.
        ty: Option<TypeExpr>,
        /// What runs.
        action: Action,
    },
    /// `require c else "…"` or `expect c else "…"`.
    Check {
        /// `true` for `expect`, which only warns.
        is_expect: bool,
        /// The condition.
        condition: Expr,
        /// `else expr`.
        message: Option<Expr>,
    },
    /// `yield v`.
    Yield(Expr),
}

/// The right-hand side of a step.
#[derive(Debug, Clone)]
pub enum Action {
    /// A plain expression.
    Expression(Expr),
    /// `do expr`, with the span of the word `do`.
    Do(Span, Expr),
    /// `do transaction db { … }`.
    Transaction {
        /// Where `do` stands; absent when it was left out.
        do_span: Option<Span>,
        /// The connection.
        connection: Name,
        /// The block.
        block: Block,
    },
    /// `for each …`.
    ForEach(ForEach),
    /// `when …`.
    When(When),
}

/// `for each x in xs in parallel n { … }`.
#[derive(Debug, Clone)]
pub struct ForEach {
    /// `x`, or the key of `k, v`.
    pub pattern: Pattern,
    /// What is walked.
    pub over: Expr,
    /// `in parallel [n]`: outer `None` when absent, inner `None` without a number.
    pub parallel: Option<Option<Expr>>,
    /// The body.
    pub block: Block,
}

/// `x` or `k, v`.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The item, or the key.
    pub first: Name,
    /// The value, when a map is walked.
    pub second: Option<Name>,
}

/// `when c { … } else when d { … } else { … }`.
#[derive(Debug, Clone)]
pub struct When {
    /// The condition.
    pub condition: Expr,
    /// The block taken when it holds.
    pub then: Block,
    /// The other branch.
    pub otherwise: Option<Otherwise>,
}

/// What follows `else`.
#[derive(Debug, Clone)]
pub enum Otherwise {
    /// `else when …`.
    When(Box<When>),
    /// `else { … }`.
    Block(Block),
}

/// A clause after a step.
#[derive(Debug, Clone)]
pub struct Clause {
    /// What it is.
    pub kind: ClauseKind,
    /// The whole clause.
    pub span: Span,
}

/// The kinds of clause.
#[derive(Debug, Clone)]
pub enum ClauseKind {
    /// `with { … }`: always an [`ExprKind::Record`].
    With(Expr),
    /// `on failure use v`.
    OnFailureUse(Expr),
    /// `on failure skip`.
    OnFailureSkip,
    /// `on failure continue`.
    OnFailureContinue,
    /// `on failure stop`.
    OnFailureStop,
    /// `on failure { … }`.
    OnFailureBlock(Block),
}

/// `test "…" of workflow { … }`.
#[derive(Debug, Clone)]
pub struct Test {
    /// What it shows.
    pub title: Spanned<Arc<str>>,
    /// The workflow it is of.
    pub workflow: Vec<Name>,
    /// The items of its body.
    pub items: Vec<TestItem>,
}

/// An item of a test.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "most items of a test are statements")]
pub enum TestItem {
    /// `at timestamp`.
    At(Expr),
    /// `set { … }`.
    Set(Expr),
    /// `given path = expr`, or `= failure expr`.
    Given {
        /// The step that is replaced.
        path: Vec<Name>,
        /// `true` after `failure`.
        fails: bool,
        /// What it gives.
        value: Expr,
    },
    /// `expect`, `require` or a helper binding.
    Statement(Statement),
}

/// A type as written.
#[derive(Debug, Clone)]
pub struct TypeExpr {
    /// What it is.
    pub kind: TypeExprKind,
    /// Where.
    pub span: Span,
}

/// The forms of a written type.
#[derive(Debug, Clone)]
pub enum TypeExprKind {
    /// `text`, `list<int>`, `status.Status`.
    Named {
        /// The parts of the path.
        path: Vec<Name>,
        /// What stands between `<` and `>`.
        arguments: Vec<TypeExpr>,
    },
    /// `{ day: date, n: int }`.
    Record(Vec<(Name, TypeExpr)>),
    /// `"trend"`.
    Literal(Arc<str>),
    /// `T?`.
    Optional(Box<TypeExpr>),
    /// `A | B`.
    Union(Vec<TypeExpr>),
}
