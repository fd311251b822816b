//! A primitive as Rust writes it, and as everybody else reads it.

use futures_util::future::BoxFuture;

use super::{Arguments, Attempts, Context, Foreseen, Param, RawArguments};
use crate::connection::preview::Change;
use crate::value::{Column, Operand, Reflect, StepError, Type, Value};

/// What calling something does to the world; each includes the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing: the same arguments give the same value.
    Pure,
    /// Looks at the world.
    Read,
    /// Changes the world; needs `do`.
    Write,
}

impl Effect {
    /// The word in documentation and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// How a primitive is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// By its verb, from anywhere: `sum(xs)`.
    Prelude,
    /// On a value of its family's type, which is its first parameter: `vm.export(…)`, `xs.take(3)`.
    Method,
    /// By its whole name: `calendars.weekdays(…)`.
    Namespace,
}

/// An expression and what it gives, as text; the tests check and run each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// An expression of the language.
    pub source: &'static str,
    /// How its value prints. Empty for an effect, whose example is only checked.
    pub gives: &'static str,
}

/// What is known of a call before the run.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The arguments' types, by parameter.
    pub types: &'a [Option<Type>],
    /// The arguments that are literals, by parameter.
    pub literals: &'a [Option<Value>],
}

/// What every primitive declares.
pub trait Primitive: 'static {
    /// The parameters.
    type Args: Arguments;
    /// The result.
    type Output: Reflect + 'static;
    /// `family.verb`.
    const NAME: &'static str;
    /// How it is called.
    const FORM: Form;
    /// One sentence with a full stop.
    const SUMMARY: &'static str;
    /// Examples; at least one.
    const EXAMPLES: &'static [Example];

    /// The result type in terms of the parameters' variables.
    fn returns() -> Type {
        Self::Output::ty()
    }

    /// A narrower result type for this call, or why the call cannot be right.
    fn infer(_call: Known<'_>) -> Option<Result<Type, String>> {
        None
    }
}

/// A primitive without effect.
pub trait Pure: Primitive {
    /// Whether [`Pure::columns`] is worth calling.
    const TAKES_COLUMNS: bool = false;

    /// Computes the result.
    fn run(args: Self::Args) -> Result<Self::Output, StepError>;

    /// The results of so many calls at once, from the values of each argument; `None` when they are to be made one by
    /// one, as whenever one of them fails.
    fn columns(_args: &[Option<Operand<'_>>], _calls: usize) -> Option<Column> {
        None
    }
}

/// A primitive without effect that computes for long: thousandths of a second and more. It gets a thread of its own
/// while it does, and its step may have a `timeout` and a `cache`.
pub trait Heavy: Primitive {
    /// Computes the result; asks `attempts` from time to time whether it [must end](Attempts::must_end).
    fn run(args: Self::Args, attempts: &Attempts) -> Result<Self::Output, StepError>;
}

/// A primitive that looks at the world or changes it.
pub trait Effectful: Primitive {
    /// What it does.
    const EFFECT: Effect;
    /// For a write: whether doing it twice leaves the same state as doing it once.
    const IDEMPOTENT: bool;
    /// What it wants to know of types.
    const STATED: Stated = Stated::Nothing;
    /// Does it.
    fn run(args: Self::Args, context: &Context) -> BoxFuture<'_, Result<Self::Output, StepError>>;
    /// For a write: what [`Effectful::run`] would do, found out by reading only. A failure is one that the write would
    /// have, too. Whoever does not say is taken to write what nobody knows.
    fn preview(_args: Self::Args, _context: &Context) -> BoxFuture<'_, Result<Foreseen, StepError>> {
        let change = Change::unknown(format!("what `{}` does cannot be told before it is done", Self::NAME));
        Box::pin(std::future::ready(Ok(Foreseen::Change(change))))
    }
}

/// What a primitive is told of the types around its call, in [`Context::stated`].
#[derive(Debug, Clone, Copy)]
pub enum Stated {
    /// Nothing.
    Nothing,
    /// What `… as T` says of its result, which it gives in that type. The function says why it cannot, before the run.
    Result(fn(&Type) -> Result<(), String>),
    /// The type of the argument of this number, for when there is no value that would show it.
    Argument(usize),
}

/// The function behind a primitive.
#[derive(Clone, Copy)]
pub enum Run {
    /// Computes at once.
    Pure(fn(RawArguments) -> Result<Value, StepError>),
    /// Computes for long.
    Heavy(fn(RawArguments, &Attempts) -> Result<Value, StepError>),
    /// Waits for the world.
    Effectful(for<'a> fn(RawArguments, &'a Context) -> BoxFuture<'a, Result<Value, StepError>>),
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pure(_) => "Pure",
            Self::Heavy(_) => "Heavy",
            Self::Effectful(_) => "Effectful",
        })
    }
}

/// The function that looks ahead for a primitive that writes.
pub(super) type Preview = for<'a> fn(RawArguments, &'a Context) -> BoxFuture<'a, Result<Foreseen, StepError>>;

/// The function that makes many calls at once.
pub(crate) type Columns = fn(&[Option<Operand<'_>>], usize) -> Option<Column>;

/// A primitive as plain data.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// `family.verb`.
    pub name: &'static str,
    /// How it is called.
    pub form: Form,
    /// One sentence.
    pub summary: &'static str,
    /// What it does to the world.
    pub effect: Effect,
    /// For a write: whether repeating it is safe.
    pub idempotent: bool,
    /// What it wants to know of types.
    pub stated: Stated,
    /// Whether its value is made of the type that the checker worked out: of an empty list nobody knows at run time what it is a list of.
    pub widens: bool,
    /// The parameters, in order.
    pub params: &'static [Param],
    /// The result type.
    pub returns: fn() -> Type,
    /// Examples.
    pub examples: &'static [Example],
    /// A narrower result type for one call.
    pub infer: fn(Known<'_>) -> Option<Result<Type, String>>,
    /// The function.
    pub run: Run,
    /// The function that makes many calls at once, where there is one.
    pub(crate) columns: Option<Columns>,
    /// The function that says what `run` would do, for a write.
    pub preview: Option<Preview>,
}

impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Spec {
    /// What every primitive declares, of one that is safe to repeat.
    const fn of<P: Primitive>(effect: Effect, run: Run) -> Self {
        Self {
            name: P::NAME,
            form: P::FORM,
            summary: P::SUMMARY,
            effect,
            idempotent: true,
            stated: Stated::Nothing,
            widens: false,
            params: <P::Args as Arguments>::PARAMS,
            returns: P::returns,
            examples: P::EXAMPLES,
            infer: P::infer,
            run,
            columns: None,
            preview: None,
        }
    }

    /// Describes a primitive without effect.
    pub const fn pure<P: Pure>() -> Self {
        let columns: Option<Columns> = if P::TAKES_COLUMNS { Some(P::columns) } else { None };
        Self { columns, ..Self::of::<P>(Effect::Pure, Run::Pure(run_pure::<P>)) }
    }

    /// Describes a primitive without effect that computes for long.
    pub const fn heavy<P: Heavy>() -> Self {
        Self::of::<P>(Effect::Pure, Run::Heavy(run_heavy::<P>))
    }

    /// Describes a primitive with an effect.
    pub const fn effectful<P: Effectful>() -> Self {
        Self {
            idempotent: P::IDEMPOTENT,
            stated: P::STATED,
            preview: if matches!(P::EFFECT, Effect::Write) { Some(preview::<P>) } else { None },
            ..Self::of::<P>(P::EFFECT, Run::Effectful(run_effectful::<P>))
        }
    }

    /// The same, with a value of the type that the checker worked out.
    #[must_use]
    pub const fn widened(self) -> Self {
        Self { widens: true, ..self }
    }

    /// `sql` of `sql.query`.
    pub fn family(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(family, _)| family)
    }

    /// `query` of `sql.query`.
    pub fn verb(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, verb)| verb)
    }
}

fn run_pure<P: Pure>(raw: RawArguments) -> Result<Value, StepError> {
    P::run(P::Args::bind(raw)?).map(Reflect::into_value)
}

fn run_heavy<P: Heavy>(raw: RawArguments, attempts: &Attempts) -> Result<Value, StepError> {
    P::run(P::Args::bind(raw)?, attempts).map(Reflect::into_value)
}

fn run_effectful<P: Effectful>(raw: RawArguments, context: &Context) -> BoxFuture<'_, Result<Value, StepError>> {
    match P::Args::bind(raw) {
        Ok(args) => {
            let running = P::run(args, context);
            Box::pin(async move { running.await.map(Reflect::into_value) })
        }
        Err(error) => Box::pin(std::future::ready(Err(error))),
    }
}

fn preview<P: Effectful>(raw: RawArguments, context: &Context) -> BoxFuture<'_, Result<Foreseen, StepError>> {
    match P::Args::bind(raw) {
        Ok(args) => P::preview(args, context),
        Err(error) => Box::pin(std::future::ready(Err(error))),
    }
}
