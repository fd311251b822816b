//! What a test expects: bindings and checks that look at what the run gave.

use std::sync::Arc;

use super::BlockScope;
use crate::check::Checker;
use crate::check::expression::{broken, pure};
use crate::check::modules::ModuleId;
use crate::check::program::{Block, Expr, ExprKind, Workflow};
use crate::check::scope::{Role, Scope};
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::WRITES;
use crate::source::Span;
use crate::syntax::ast::{self, Action, Argument, Statement, StatementKind, TestItem};
use crate::value::{ConnectionKind, RecordType, Type, Value};

impl Checker<'_> {
    /// The outputs that can be named, with their slots, and the block of everything that is expected.
    pub(super) fn expectations(
        &mut self,
        module: ModuleId,
        test: &ast::Test,
        workflow: &Workflow,
    ) -> (Vec<(Arc<str>, usize)>, Block) {
        let statements: Vec<&Statement> = test
            .items
            .iter()
            .filter_map(|item| match item {
                TestItem::Statement(statement) if self.is_for_tests(statement) => Some(statement),
                _ => None,
            })
            .collect();
        let mut scope = Scope::new(module);
        scope.knows_outcome = true;
        let body = self.homes.get(workflow.span).map(|body| (**body).clone()).unwrap_or_default();
        // The middle one is the record of writes: a slot without a name.
        scope.blocks = vec![body, BlockScope::default(), BlockScope::default()];
        scope.record = Some(1);
        let mut outputs = Vec::new();
        for output in &workflow.outputs {
            // A step of the same name goes first; it is what the output was made of.
            if scope.bound_at(&output.name).is_none() {
                let slot = scope.bind(&output.name, output.span, output.value.ty.clone(), Role::Step);
                outputs.push((output.name.clone(), slot));
            }
        }
        let mut block = self.statements(&mut scope, statements, None).block;
        block.steps.iter().for_each(|step| {
            crate::check::walk::step_expressions(step, &mut |expr| self.only_computes(expr));
        });
        block.slots = self.close_block(&mut scope, &block.steps);
        (outputs, block)
    }

    /// Only what computes and checks belongs into a test.
    fn is_for_tests(&mut self, statement: &Statement) -> bool {
        let is_right = match &statement.kind {
            StatementKind::Check { .. } => true,
            StatementKind::Step { name: Some(_), action: Action::Expression(_), .. } => statement.clauses.is_empty(),
            StatementKind::Step { .. } | StatementKind::Yield(_) => false,
        };
        if !is_right {
            let finding = Diagnostic::new(&codes::VF001, statement.span, "this does not belong into a test");
            self.report(finding.help("a test holds `at`, `set`, `given`, `name = …`, `expect` and `require`"));
        }
        is_right
    }

    /// `writes(db, table: "nav")`.
    pub(in crate::check) fn writes_call(
        &mut self,
        scope: &mut Scope,
        level: usize,
        arguments: &[Argument],
        (arguments_span, span): (Span, Span),
    ) -> Expr {
        let help = "write `writes(connection)`, or with one of `table:`, `metric:` and `path:`";
        let Some((first, more)) = arguments.split_first().filter(|(first, _)| first.name.is_none()) else {
            let finding = Diagnostic::new(&codes::VF106, arguments_span, "`writes` needs the connection first");
            self.report(finding.help(help));
            return broken(span);
        };
        let connection = self.expr(scope, &first.value, None);
        let (Type::Connection(kind), ast::ExprKind::Name(name)) = (&connection.ty, &first.value.kind) else {
            if connection.ty != Type::Error {
                let message = format!("`writes` needs a connection, found `{}`", connection.ty);
                self.report(Diagnostic::new(&codes::VF201, first.value.span, message).help(help));
            }
            return broken(span);
        };
        let wanted = filter(*kind);
        let mut chosen = None;
        for argument in more {
            match &argument.name {
                Some(name) if &*name.node == wanted && chosen.is_none() => {
                    chosen = Some(self.expr_of(scope, &argument.value, &Type::Text, &format!("`{wanted}`")));
                }
                written => {
                    let place = written.as_ref().map_or(argument.value.span, |name| name.span);
                    let text = self.text(place);
                    let message = format!("writes through a `{}` connection are not chosen by `{text}`", kind.name());
                    let finding = Diagnostic::new(&codes::VF106, place, message);
                    self.report(finding.help(format!(
                        "choose by `{wanted}`: `writes({}, {wanted}: \"…\")`",
                        self.text(first.value.span)
                    )));
                    return broken(span);
                }
            }
        }
        let record = ExprKind::Slot { up: scope.blocks.len().saturating_sub(1 + level), index: 0 };
        let all = pure(record, Type::list(Type::Any), span);
        let connection = pure(ExprKind::Literal(Value::Text(name.clone())), Type::Text, first.value.span);
        let call = ExprKind::Primitive(&WRITES, vec![Some(all), Some(connection), chosen]);
        pure(call, Type::list(written(*kind)), span)
    }
}

/// What writes through a connection are chosen by.
const fn filter(kind: ConnectionKind) -> &'static str {
    match kind {
        ConnectionKind::Sql | ConnectionKind::Sqlite | ConnectionKind::Postgres | ConnectionKind::Mysql => "table",
        ConnectionKind::Metrics => "metric",
        ConnectionKind::Http | ConnectionKind::Files => "path",
    }
}

/// The type of one thing written. What a row's columns are the tables know.
fn written(kind: ConnectionKind) -> Type {
    match kind {
        ConnectionKind::Sql | ConnectionKind::Sqlite | ConnectionKind::Postgres | ConnectionKind::Mysql => Type::Any,
        ConnectionKind::Metrics => Type::Sample,
        ConnectionKind::Http => Type::Record(RecordType::new([
            ("method", Type::Text),
            ("path", Type::Text),
            ("query", Type::map(Type::Text, Type::Text)),
            ("body", Type::Any),
        ])),
        ConnectionKind::Files => {
            Type::Record(RecordType::new([("path", Type::Text), ("format", Type::Text), ("rows", Type::Any)]))
        }
    }
}
