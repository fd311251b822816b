//! Small builders for programs, and a world that does as it is told.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::check::program::BinaryOperator;
use crate::check::program::{
    Action, Block, Comprehension, ConnectionUse, Expr, ExprKind, ForEach, Loop, OnFailure, Output, Parallel, Policy,
    Program, Step, Workflow,
};
use crate::connection::{Answer, Clock, Metrics, Written};
use crate::plan::Plan;
use crate::primitive::{
    Arguments, Connections, Context, Effect, Example, Form, Known, Param, RawArguments, Run, Spec, Stated,
};
use crate::run::{Interrupt, RunEvent, RunOptions, RunOutcome, Services};
use crate::source::{SourceId, Span};
use crate::value::{ConnectionKind, ErrorKind, Sample, Series, StepError, Timestamp, Type, Value};

pub(crate) fn span() -> Span {
    Span::new(SourceId(0), 0, 1)
}

pub(crate) fn expr(kind: ExprKind) -> Expr {
    typed(kind, Type::Any)
}

pub(crate) fn typed(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, span: span(), effect: Effect::Pure }
}

pub(crate) fn lit(value: impl Into<Value>) -> Expr {
    expr(ExprKind::Literal(value.into()))
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}
impl From<f64> for Value {
    fn from(x: f64) -> Self {
        Self::Float(x)
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

pub(crate) fn bin(op: BinaryOperator, a: Expr, b: Expr) -> Expr {
    let effect = a.effect.max(b.effect);
    Expr { effect, ..expr(ExprKind::Binary(op, Box::new(a), Box::new(b))) }
}

pub(crate) fn slot(index: usize) -> Expr {
    outer(0, index)
}

pub(crate) fn outer(up: usize, index: usize) -> Expr {
    expr(ExprKind::Slot { up, index })
}

pub(crate) fn list(items: impl IntoIterator<Item = i64>) -> Expr {
    lit(Value::list(items.into_iter().map(Value::Int).collect()))
}

/// What takes longer to compute than anybody waits.
pub(crate) fn endless() -> Expr {
    let walk = |first| Loop { first, second: None, over: list(0..3000) };
    let filter = bin(BinaryOperator::Equal, expr(ExprKind::Local(3)), lit(-1));
    let comprehension = Comprehension { loops: (0..4).map(walk).collect(), filter: Some(Box::new(filter)) };
    expr(ExprKind::ListComprehension(Box::new(expr(ExprKind::Local(0))), comprehension))
}

/// A call of the world: `name` looks up what it does, the value comes back.
pub(crate) fn ask(spec: &'static Spec, name: impl Into<Value>, value: Expr) -> Expr {
    let kind = ExprKind::Primitive(spec, vec![Some(lit(name)), Some(value)]);
    Expr { effect: spec.effect, ..expr(kind) }
}

fn run_fake(mut raw: RawArguments, context: &Context) -> BoxFuture<'_, Result<Value, StepError>> {
    let (name, value) = (raw.take().unwrap_or(Value::None).to_string(), raw.take().unwrap_or(Value::None));
    Box::pin(async move {
        context.metrics("vm")?.instant(&name, DateTime::UNIX_EPOCH).await?;
        Ok(value)
    })
}

struct NoArguments;
impl Arguments for NoArguments {
    const PARAMS: &'static [Param] = &[];
    fn bind(_: RawArguments) -> Result<Self, StepError> {
        Ok(Self)
    }
}

const fn fake(name: &'static str, effect: Effect, idempotent: bool) -> Spec {
    fn infer(_: Known<'_>) -> Option<Result<Type, String>> {
        None
    }
    fn returns() -> Type {
        Type::Any
    }
    const NONE: &[Example] = &[];
    let params = NoArguments::PARAMS;
    let run = Run::Effectful(run_fake);
    let stated = Stated::Nothing;
    Spec {
        name,
        form: Form::Prelude,
        summary: "",
        effect,
        idempotent,
        stated,
        widens: false,
        params,
        returns,
        examples: NONE,
        infer,
        run,
        columns: None,
        preview: None,
    }
}

pub(crate) static READ: Spec = fake("fake.read", Effect::Read, true);
pub(crate) static WRITE: Spec = fake("fake.write", Effect::Write, true);
pub(crate) static WRITE_ONCE: Spec = fake("fake.write_once", Effect::Write, false);

/// A step `name` that fills `slot`.
pub(crate) fn step(name: &str, slot: usize, value: Expr) -> Step {
    let idempotent = !matches!(&value.kind, ExprKind::Primitive(spec, _) if !spec.idempotent);
    let effect = value.effect;
    Step { effect, idempotent, ..act(name, Some(slot), Action::Expression(value)) }
}

pub(crate) fn act(name: &str, slot: Option<usize>, action: Action) -> Step {
    Step {
        name: name.into(),
        is_shown: true,
        slot,
        action,
        policy: Policy::default(),
        on_failure: OnFailure::Fail,
        effect: Effect::Pure,
        idempotent: true,
        ty: Type::Any,
        span: span(),
        upstream: Vec::new(),
        after: Vec::new(),
    }
}

pub(crate) fn check(is_expect: bool, condition: Expr, message: &str) -> Step {
    let (message, text) = (Some(lit(message)), "condition".into());
    act(if is_expect { "expect" } else { "require" }, None, Action::Check { is_expect, condition, message, text })
}

impl Step {
    pub(crate) fn after(mut self, upstream: &[usize]) -> Self {
        self.upstream = upstream.to_vec();
        self
    }
    pub(crate) fn with(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }
    pub(crate) fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }
}

/// `retry: n`, waits of a second each.
pub(crate) fn retry(n: i64) -> Policy {
    let backoff =
        Value::record([("initial", Value::Duration(1000)), ("factor", Value::Float(1.0)), ("max", Value::None)]);
    Policy { retry: Some(lit(n)), backoff: Some(lit(backoff)), ..Policy::default() }
}

pub(crate) fn timeout(ms: i64) -> Policy {
    Policy { timeout: Some(lit(Value::Duration(ms))), ..Policy::default() }
}

/// A loop whose body's scope has three slots; slot 0 is the item.
pub(crate) fn foreach(over: Expr, parallel: Parallel, continues: bool, steps: Vec<Step>, result: Expr) -> Action {
    let block = Block { slots: 3, steps, result: Some(result) };
    Action::ForEach(Arc::new(ForEach { over, is_map: false, parallel, block, continues }))
}

pub(crate) fn at_once(n: i64) -> Parallel {
    Parallel::Count(lit(n))
}

/// A workflow whose slot 0 is the connection `vm`.
pub(crate) fn workflow(slots: usize, steps: Vec<Step>) -> Workflow {
    Workflow {
        name: "trial".into(),
        doc: String::new(),
        span: span(),
        connections: vec![ConnectionUse { name: "vm".into(), kind: ConnectionKind::Metrics, slot: 0, span: span() }],
        params: Vec::new(),
        calendars: Vec::new(),
        defaults: Policy::default(),
        body: Block { slots, steps, result: None },
        outputs: Vec::new(),
        failed: None,
        finally: None,
    }
}

pub(crate) fn output(name: &str, value: Expr, needs: &[usize]) -> Output {
    Output { name: name.into(), doc: String::new(), value, needs: needs.to_vec(), span: span() }
}

/// What the fake world does when it is called.
#[derive(Debug, Clone)]
pub(crate) enum Reaction {
    Fail(StepError),
    Hang,
    Take(u64),
    Panic,
}

/// Calls are named; each name may have reactions, one for each call, then all goes well.
#[derive(Default)]
pub(crate) struct FakeWorld {
    reactions: Mutex<HashMap<String, VecDeque<Reaction>>>,
    pub(crate) calls: Mutex<Vec<String>>,
    pub(crate) ended: Mutex<Vec<String>>,
    pub(crate) most_at_once: Mutex<(usize, usize)>,
}

impl FakeWorld {
    pub(crate) fn with(reactions: &[(&str, &[Reaction])]) -> Arc<Self> {
        let world = Self::default();
        for (name, reactions) in reactions {
            world.reactions.lock().unwrap().insert((*name).to_owned(), reactions.iter().cloned().collect());
        }
        Arc::new(world)
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    async fn react(&self, name: &str) -> Result<(), StepError> {
        let reaction = self.reactions.lock().unwrap().get_mut(name).and_then(VecDeque::pop_front);
        match reaction {
            None => {}
            Some(Reaction::Fail(error)) => return Err(error),
            Some(Reaction::Panic) => panic!("told to"),
            Some(Reaction::Hang) => std::future::pending().await,
            Some(Reaction::Take(ms)) => tokio::time::sleep(std::time::Duration::from_millis(ms)).await,
        }
        Ok(())
    }
}

impl Metrics for FakeWorld {
    fn pool_size(&self) -> usize {
        3
    }
    fn instant<'a>(&'a self, query: &'a str, _: Timestamp) -> Answer<'a, Vec<Sample>> {
        Box::pin(async move {
            self.calls.lock().unwrap().push(query.to_owned());
            {
                let mut busy = self.most_at_once.lock().unwrap();
                busy.0 += 1;
                busy.1 = busy.1.max(busy.0);
            }
            let result = self.react(query).await;
            self.most_at_once.lock().unwrap().0 -= 1;
            self.ended.lock().unwrap().push(query.to_owned());
            result.map(|()| Vec::new())
        })
    }
    fn export<'a>(&'a self, _: &'a str, _: i64, _: i64) -> BoxStream<'a, Result<Series, StepError>> {
        Box::pin(futures_util::stream::empty())
    }
    fn write<'a>(&'a self, _: &'a [Series]) -> Answer<'a, Written> {
        Box::pin(async { Ok(Written::default()) })
    }
}

/// A clock on which waiting takes no time.
pub(crate) struct FakeClock {
    now: Mutex<DateTime<Utc>>,
    pub(crate) waits: Mutex<Vec<u64>>,
}

impl FakeClock {
    pub(crate) fn new() -> Arc<Self> {
        let now = "2025-01-31T07:00:00Z".parse().unwrap();
        Arc::new(Self { now: Mutex::new(now), waits: Mutex::default() })
    }
}

impl Clock for FakeClock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }
    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        *self.now.lock().unwrap() += TimeDelta::milliseconds(i64::try_from(ms).unwrap());
        self.waits.lock().unwrap().push(ms);
        Box::pin(tokio::task::yield_now())
    }
}

/// A trial: a workflow in a fake world.
pub(crate) struct Trial {
    pub(crate) workflow: Workflow,
    pub(crate) program: Program,
    pub(crate) world: Arc<FakeWorld>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) connections: Connections,
    pub(crate) interrupt: Interrupt,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) events: Arc<Mutex<Vec<RunEvent>>>,
}

impl Trial {
    pub(crate) fn new(workflow: Workflow, world: Arc<FakeWorld>) -> Self {
        Self {
            workflow,
            program: Program::default(),
            world,
            clock: FakeClock::new(),
            connections: Connections::default(),
            interrupt: Interrupt::default(),
            timeout_ms: None,
            events: Arc::default(),
        }
    }

    /// Runs it on a runtime of its own; more than 20 seconds are a failure.
    pub(crate) fn run(&self) -> RunOutcome {
        crate::run::runtime().unwrap().block_on(async {
            tokio::time::timeout(std::time::Duration::from_secs(20), self.start()).await.expect("the run hangs")
        })
    }

    pub(crate) fn start(&self) -> impl Future<Output = RunOutcome> + Send + 'static {
        let program = Arc::new(self.program.clone());
        let plan = Plan { program, workflow: Arc::new(self.workflow.clone()), arguments: Vec::new() };
        let mut connections = self.connections.clone();
        connections.metrics.insert("vm".into(), self.world.clone());
        let services = Services {
            connections,
            clock: self.clock.clone(),
            interrupt: self.interrupt.clone(),
            keeping: None,
            preview: None,
            records: None,
        };
        let options = RunOptions {
            id: uuid::Uuid::nil(),
            now: self.clock.now(),
            job: None,
            environment: "local".into(),
            timeout_ms: self.timeout_ms,
            interpreters: crate::external::Interpreters::default(),
        };
        let events = self.events.clone();
        crate::run::run(plan, services, options, Arc::new(move |event| events.lock().unwrap().push(event)))
    }
}

pub(crate) fn refused() -> Reaction {
    Reaction::Fail(StepError::transient(ErrorKind::Connection, "connection refused"))
}

pub(crate) fn broken(kind: ErrorKind) -> Reaction {
    Reaction::Fail(StepError::transient(kind, "it broke"))
}
