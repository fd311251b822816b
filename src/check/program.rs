//! The typed program: every name is a place, every call a declaration, every expression has a type.
//!
//! The checker writes it, `plan/` orders it, `run/` executes it. Values live in two places: *slots*
//! hold what a block's steps gave (written once, read by later steps and inner blocks), *locals*
//! hold what one expression binds on its way (comprehensions, parameters of a `fn`).

use std::sync::Arc;

use super::test::Test;
use crate::external;
use crate::primitive::{Effect, Property, Spec};
use crate::query::promql::PromqlTemplate;
use crate::query::sql::SqlTemplate;
use crate::source::Span;
pub use crate::syntax::ast::BinaryOperator;
use crate::value::{ConnectionKind, Shape, Type, Value};

/// Everything that the checked files define and can run.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// The workflows of the files that were asked for.
    pub workflows: Vec<Arc<Workflow>>,
    /// The tests of those files.
    pub tests: Vec<Arc<Test>>,
    /// User-defined `fn`s, `step`s and `action`s, by [`FunctionId`].
    pub functions: Vec<Arc<Function>>,
    /// The SQL literals that are given to a connection of the environment.
    pub statements: Vec<Statement>,
}

/// A SQL literal with its connection.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The connection's name.
    pub connection: Arc<str>,
    /// What it says.
    pub template: Arc<SqlTemplate>,
    /// Where its text stands.
    pub text: Span,
}

/// An expression by itself: pure, and closed but for the values that it was given.
#[derive(Debug, Clone)]
pub struct Formula {
    /// The functions that it calls.
    pub program: Arc<Program>,
    /// The values it may name: its locals `0..given.len()`, each of which may look at those before it.
    pub given: Vec<Expr>,
    /// The expression.
    pub expr: Expr,
}

/// An index into [`Program::functions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FunctionId(pub usize);

/// A workflow.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Its name.
    pub name: Arc<str>,
    /// Its documentation.
    pub doc: String,
    /// Where its name stands.
    pub span: Span,
    /// The connections it uses. Their values fill the slots that they name.
    pub connections: Vec<ConnectionUse>,
    /// Its parameters, in order.
    pub params: Vec<WorkflowParam>,
    /// Its calendars, and those of its file, in order; worked out once, before the steps.
    pub calendars: Vec<CalendarBinding>,
    /// `defaults { … }`, for every step that waits for the world.
    pub defaults: Policy,
    /// The steps.
    pub body: Block,
    /// The outputs, in order; their expressions look at the body's slots.
    pub outputs: Vec<Output>,
    /// `failed { … }`; its scope's parent is the body's scope, whose slots may be empty.
    pub failed: Option<Block>,
    /// `finally { … }`, likewise.
    pub finally: Option<Block>,
}

/// `use name: kind`.
#[derive(Debug, Clone)]
pub struct ConnectionUse {
    /// The name, also in the environment.
    pub name: Arc<str>,
    /// The kind.
    pub kind: ConnectionKind,
    /// The slot in the body's scope that holds it.
    pub slot: usize,
    /// Where the name stands.
    pub span: Span,
}

/// `calendar name = …`.
#[derive(Debug, Clone)]
pub struct CalendarBinding {
    /// The name.
    pub name: Arc<str>,
    /// The slot in the body's scope that holds it.
    pub slot: usize,
    /// The calendar; may look at parameters.
    pub value: Expr,
}

/// `param …`.
#[derive(Debug, Clone)]
pub struct WorkflowParam {
    /// The name.
    pub name: Arc<str>,
    /// The documentation.
    pub doc: String,
    /// The type.
    pub ty: Type,
    /// The slot in the body's scope that holds it.
    pub slot: usize,
    /// The value when none is given; may look at earlier parameters.
    pub default: Option<Expr>,
    /// What must hold.
    pub require: Option<Expr>,
    /// What to say when it does not.
    pub message: Option<Expr>,
    /// Where the name stands.
    pub span: Span,
}

/// `output name = expr`.
#[derive(Debug, Clone)]
pub struct Output {
    /// The name.
    pub name: Arc<str>,
    /// The documentation.
    pub doc: String,
    /// The value.
    pub value: Expr,
    /// The slots of the body that it looks at; while one of them is empty the output is absent.
    pub needs: Vec<usize>,
    /// Where the name stands.
    pub span: Span,
}

/// A user-defined `fn`, `step` or `action`.
#[derive(Debug, Clone)]
pub struct Function {
    /// `status.publish`: the module and the name; the name alone within its own file.
    pub name: Arc<str>,
    /// The documentation.
    pub doc: String,
    /// Where the name stands.
    pub span: Span,
    /// The parameters, in order.
    pub params: Vec<FunctionParam>,
    /// The result type.
    pub returns: Type,
    /// What calling it does.
    pub effect: Effect,
    /// Whether it looks at the run's outcome (`run.status`), and so belongs into `failed` or `finally`.
    pub needs_outcome: bool,
    /// What it runs.
    pub body: FunctionBody,
}

/// A parameter of a function. A call gives an expression for every parameter, defaults filled in.
#[derive(Debug, Clone)]
pub struct FunctionParam {
    /// The name.
    pub name: Arc<str>,
    /// The type.
    pub ty: Type,
    /// The documentation.
    pub doc: String,
    /// The value when none is given; closed, looks at nothing.
    pub default: Option<Expr>,
    /// Where it is declared, name and type.
    pub span: Span,
}

/// What a function runs.
#[derive(Debug, Clone)]
pub enum FunctionBody {
    /// A `fn`: its parameters are the locals `0..params.len()`.
    Expression(Expr),
    /// A `step` or `action`: its parameters are the slots `0..params.len()` of the block's scope, which has no parent.
    Block(Block),
    /// `external.python(…)` or `external.shell(…)`.
    External(External),
}

/// A program of the user's own: JSON in, JSON out.
#[derive(Debug, Clone)]
pub struct External {
    /// The program.
    pub program: external::Program,
    /// Where its text stands, or the name of its file.
    pub span: Span,
}

/// Steps that share a scope.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// How many slots the scope has.
    pub slots: usize,
    /// The steps, in the order of the file.
    pub steps: Vec<Step>,
    /// `yield`.
    pub result: Option<Expr>,
}

/// A step: a node of the graph.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name; unnamed steps are called after what they do (`do vm.write`, `require`).
    pub name: Arc<str>,
    /// Whether it shows in results and progress; checks that hold do not.
    pub is_shown: bool,
    /// The slot that its value goes to.
    pub slot: Option<usize>,
    /// What runs.
    pub action: Action,
    /// `with { … }`.
    pub policy: Policy,
    /// `on failure …`.
    pub on_failure: OnFailure,
    /// What it does to the world, inner blocks included.
    pub effect: Effect,
    /// For a write: whether repeating it is safe by the nature of what it calls.
    pub idempotent: bool,
    /// The type of its value.
    pub ty: Type,
    /// The whole statement.
    pub span: Span,
    /// The steps of the same block that come before it, by index, sorted: those whose values it or
    /// its inner blocks use, earlier writes through the same connection, earlier `require`s when it writes, and `after:`.
    pub upstream: Vec<usize>,
    /// Those of `upstream` that stand in `after:`.
    pub after: Vec<usize>,
}

/// What a step runs.
#[derive(Debug, Clone)]
pub enum Action {
    /// An expression, with or without `do`.
    Expression(Expr),
    /// `do transaction db { … }`.
    Transaction {
        /// The connection: an expression of a SQL connection type.
        connection: Expr,
        /// The writes.
        block: Block,
    },
    /// `for each …`; shared, so that items may run on tasks of their own.
    ForEach(Arc<ForEach>),
    /// `when …`: the first arm whose condition holds; no arm gives `none`.
    When {
        /// Conditions and their blocks.
        arms: Vec<(Expr, Block)>,
        /// `else { … }`.
        otherwise: Option<Block>,
    },
    /// `require` or `expect`.
    Check {
        /// `true` for `expect`.
        is_expect: bool,
        /// The condition.
        condition: Expr,
        /// The message; the condition's text stands in for it.
        message: Option<Expr>,
        /// The condition as written.
        text: Arc<str>,
    },
}

/// `for each …`. The block's scope holds the item in slot 0, and of a map the key in 0 and the value in 1.
#[derive(Debug, Clone)]
pub struct ForEach {
    /// What is walked: a list, a table, points or a map.
    pub over: Expr,
    /// Whether a map is walked, with a key and a value.
    pub is_map: bool,
    /// How many items at once.
    pub parallel: Parallel,
    /// The body.
    pub block: Block,
    /// `on failure continue`: the other items go on and the value is an `outcomes`.
    pub continues: bool,
}

/// How many items of a loop run at once.
#[derive(Debug, Clone)]
pub enum Parallel {
    /// One after the other, in order.
    No,
    /// As many as the smallest pool of these connections, slots of enclosing scopes; 1 when there are none.
    Pool(Vec<Expr>),
    /// This many; at least 1.
    Count(Expr),
}

/// `with { … }` and `defaults { … }`. Records come from the policy primitives.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The longest an attempt may take: a `duration`.
    pub timeout: Option<Expr>,
    /// How many more attempts after the first: an `int`.
    pub retry: Option<Expr>,
    /// `exponential(…)`: `{ initial: duration, factor: float, max: duration? }`.
    pub backoff: Option<Expr>,
    /// `per_second(n)`: `{ count: int, per: duration }`.
    pub rate: Option<Expr>,
    /// The idempotency key: a list of values.
    pub key: Option<Expr>,
    /// How old a value that an earlier run read may be: a `duration`.
    pub cache: Option<Expr>,
}

/// What happens when a step has failed for good.
#[derive(Debug, Clone)]
pub enum OnFailure {
    /// Its block fails. Also `on failure stop`, and `on failure continue` of a loop, which the loop itself handles.
    Fail,
    /// `use v`.
    Use(Expr),
    /// `skip`: the value is `none`.
    Skip,
    /// `{ … yield v }`; its scope's parent is the step's scope.
    Block(Block),
}

/// A typed expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The type of its value.
    pub ty: Type,
    /// Where it was written.
    pub span: Span,
    /// What evaluating it does to the world; a pure one needs no waiting.
    pub effect: Effect,
}

/// The facts of a run that a workflow can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunField {
    /// `run.now`: the frozen instant.
    Now,
    /// `run.id`.
    Id,
    /// `run.job`: the job's id, or the workflow's name without a job.
    Job,
    /// `run.env`.
    Env,
    /// `run.workflow`.
    Workflow,
    /// `run.status`, in `failed` and `finally` only.
    Status,
    /// `run.error`, in `failed` and `finally` only: an `error?`.
    Error,
}

impl RunField {
    /// The name behind `run.`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Id => "id",
            Self::Job => "job",
            Self::Env => "env",
            Self::Workflow => "workflow",
            Self::Status => "status",
            Self::Error => "error",
        }
    }
}

/// The forms of a typed expression.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A value.
    Literal(Value),
    /// A slot of the scope `up` levels out.
    Slot {
        /// 0 is the innermost scope.
        up: usize,
        /// Which of its slots.
        index: usize,
    },
    /// A local of the expression.
    Local(usize),
    /// A fact of the run.
    Run(RunField),
    /// `f"…"`.
    Interpolated(Vec<Fragment>),
    /// A SQL literal with its arguments, one for each hole.
    Sql(Arc<SqlTemplate>, Vec<Expr>),
    /// A PromQL literal with its arguments, one for each hole.
    Promql(Arc<PromqlTemplate>, Vec<Expr>),
    /// `xs.count`.
    Property {
        /// The left side.
        of: Box<Expr>,
        /// What is read.
        property: &'static Property,
        /// `?.`: `none` stays `none`.
        optional: bool,
    },
    /// `r.day` of a record, `m.k` of a map (fails when absent), `t.column` of a table, `j.a` of a json (`none` when absent).
    Field {
        /// The left side.
        of: Box<Expr>,
        /// The name.
        name: Arc<str>,
        /// `?.`: `none` stays `none`.
        optional: bool,
    },
    /// `m[k]` (`none` when absent), `l[i]` (fails out of range), `j["a"]`, `j[0]`.
    Index(Box<Expr>, Box<Expr>),
    /// `e as T`, to the expression's own type; with what the author calls `e`, for messages about JSON.
    Cast(Box<Expr>, Option<Arc<str>>),
    /// A value where a wider type is wanted, the expression's own: an `int` as a `float`, a record with the optional fields it lacks.
    Widen(Box<Expr>),
    /// `-e`.
    Negate(Box<Expr>),
    /// `not e`.
    Not(Box<Expr>),
    /// Every operator; `and`, `or` and `??` evaluate the right side only when they need it.
    Binary(BinaryOperator, Box<Expr>, Box<Expr>),
    /// `date ± bdays`, in this calendar; the left side, the calendar, the signed right side.
    AddBusinessDays(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `if a then b else c`.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `[e for …]`.
    ListComprehension(Box<Expr>, Comprehension),
    /// `{ a: 1 }` as a record.
    Record(Shape, Vec<Expr>),
    /// `{ "a": 1 }` as a map.
    Map(Vec<(Expr, Expr)>),
    /// `{ k: v for … }`; a key that comes twice keeps its last value.
    MapComprehension(Box<(Expr, Expr)>, Comprehension),
    /// `table { … }`, by rows.
    Table(Shape, Vec<Vec<Expr>>),
    /// A call of a primitive; arguments by parameter, `None` for a default.
    Primitive(&'static Spec, Vec<Option<Expr>>),
    /// A call of a function; an argument for each parameter.
    Function(FunctionId, Vec<Expr>),
}

/// `for … in … [for …] [if …]`.
#[derive(Debug, Clone)]
pub struct Comprehension {
    /// The loops, outermost first.
    pub loops: Vec<Loop>,
    /// The filter.
    pub filter: Option<Box<Expr>>,
}

/// One `for x in xs` or `for k, v in m`.
#[derive(Debug, Clone)]
pub struct Loop {
    /// The local that takes the item, or the key.
    pub first: usize,
    /// The local that takes the value of a map.
    pub second: Option<usize>,
    /// What is walked.
    pub over: Expr,
}

/// A part of an interpolated text.
#[derive(Debug, Clone)]
pub enum Fragment {
    /// Text.
    Text(Arc<str>),
    /// A value, printed with a format (`%d/%m/%Y` for dates, `.2f` for numbers) or as it is.
    Hole(Expr, Option<Arc<str>>),
}
