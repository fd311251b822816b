//! `with { … }`, `defaults { … }` and `on failure …`.

use super::Checker;
use super::program::{self, Action, Block, Expr, OnFailure, Policy, Step};
use super::scope::Scope;
use super::walk;
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::{Effect, Run};
use crate::source::Span;
use crate::syntax::ast::{self, ClauseKind, Entry, ExprKind, Statement};
use crate::value::{RecordType, Type, Value, unkeepable};

/// The entries of `with`; `defaults` has those before `key`.
const ENTRIES: [&str; 7] = ["timeout", "retry", "backoff", "rate", "key", "cache", "after"];

impl Checker<'_> {
    /// Checks a step's clauses; gives the type of the step with them.
    pub(super) fn clauses(&mut self, scope: &mut Scope, statement: &Statement, step: &mut Step, gives: &Type) -> Type {
        let mut ty = gives.clone();
        let mut has_with = false;
        let mut has_failure = false;
        for clause in &statement.clauses {
            let is_with = matches!(clause.kind, ClauseKind::With(_));
            let seen = if is_with { &mut has_with } else { &mut has_failure };
            if std::mem::replace(seen, true) {
                let word = if is_with { "with" } else { "on failure" };
                self.report(
                    Diagnostic::new(&codes::VF106, clause.span, format!("this step has two `{word}` clauses"))
                        .help("put them into one"),
                );
                continue;
            }
            match &clause.kind {
                ClauseKind::With(record) => {
                    step.policy = self.policy(scope, record, false);
                    self.check_cache(record, step, gives);
                    self.warn_of_retry(step, setting(record, "retry").unwrap_or(clause.span), scope);
                }
                _ => ty = self.on_failure(scope, clause, step, ty),
            }
        }
        ty
    }

    fn on_failure(&mut self, scope: &mut Scope, clause: &ast::Clause, step: &mut Step, ty: Type) -> Type {
        match &clause.kind {
            ClauseKind::OnFailureUse(value) => {
                let value = self.expr(scope, value, Some(&ty));
                let joined = self.replaced(&ty, &value.ty, value.span);
                step.on_failure = OnFailure::Use(value);
                joined
            }
            ClauseKind::OnFailureSkip => {
                step.on_failure = OnFailure::Skip;
                ty.optional()
            }
            ClauseKind::OnFailureBlock(block) => {
                let checked = self.inner_block(scope, block, Some(&ty), |_, _| {});
                let span = checked.block.result.as_ref().map_or(block.span, |result| result.span);
                let joined = self.replaced(&ty, &checked.yields, span);
                step.effect = step.effect.max(super::block::block_effect(&checked.block));
                step.on_failure = OnFailure::Block(checked.block);
                joined
            }
            ClauseKind::OnFailureContinue | ClauseKind::OnFailureStop => {
                if !matches!(step.action, Action::ForEach(_)) {
                    let finding = Diagnostic::new(&codes::VF001, clause.span, "only a loop can go on after a failure")
                        .help("write `on failure skip` or `on failure use …`");
                    self.report(finding);
                }
                ty
            }
            ClauseKind::With(_) => ty,
        }
    }

    /// The type of a step whose failure is replaced by a value of type `other`.
    fn replaced(&mut self, ty: &Type, other: &Type, span: Span) -> Type {
        if *ty == Type::Any {
            return Type::Any;
        }
        ty.join(other).unwrap_or_else(|| {
            let message = format!("what stands in for a failure has the type of the step, `{ty}`; this is `{other}`");
            self.report(
                Diagnostic::new(&codes::VF201, span, message)
                    .help(format!("give a `{ty}`, or write `on failure skip`")),
            );
            ty.clone()
        })
    }

    /// An explicit retry of a write that is not safe to repeat will not be done.
    fn warn_of_retry(&mut self, step: &Step, span: Span, scope: &Scope) {
        let is_unsafe = scope.footprint.is_unsafe_to_repeat && !matches!(step.action, Action::Transaction { .. });
        let never = |retry: &Expr| matches!(retry.kind, program::ExprKind::Literal(Value::Int(0)));
        let is_retried = step.policy.retry.as_ref().is_some_and(|retry| !never(retry));
        if step.effect == Effect::Write && is_retried && step.policy.key.is_none() && is_unsafe {
            let finding = Diagnostic::new(
                &codes::VF604,
                span,
                "this write may not be repeated safely, so it is not retried once it may have happened",
            )
            .help("give it a `key:` that names what it writes, or use a write that can be repeated, such as `upsert`");
            self.report(finding);
        }
    }

    /// Only what a step reads or computes for long is kept, and only if it comes back exactly.
    fn check_cache(&mut self, record: &ast::Expr, step: &Step, gives: &Type) {
        let Some(span) = setting(record, "cache").filter(|_| *gives != Type::Error) else { return };
        let (found, help) = match &step.action {
            Action::Expression(expr) if expr.effect == Effect::Read || computes_for_long(expr) => {
                return self.check_kept(span, gives);
            }
            Action::Expression(expr) if expr.effect == Effect::Pure => ("reads nothing", "leave it out"),
            Action::Expression(_) | Action::Transaction { .. } => ("writes", "leave it out"),
            Action::ForEach(_) => ("is a loop", "write it in the `with { … }` of a step inside that reads"),
            Action::When { .. } => ("is a branch", "write it in the `with { … }` of a step inside that reads"),
            Action::Check { .. } => ("is a check", "leave it out"),
        };
        let message = format!("`cache` keeps what a step reads; this step {found}");
        self.report(Diagnostic::new(&codes::VF106, span, message).help(help));
    }

    fn check_kept(&mut self, span: Span, gives: &Type) {
        let Some(part) = unkeepable(gives) else { return };
        let is_whole = part == gives;
        let message = if is_whole {
            format!("a `{part}` cannot be kept from one run to the next")
        } else {
            format!("`{}` cannot be kept from one run to the next: it holds a `{part}`", gives.brief())
        };
        let help = "leave `cache` out, or let the step give only what can be written down";
        self.report(Diagnostic::new(&codes::VF201, span, message).help(help));
    }

    /// A transaction sees what is its own, which no other run may see.
    pub(super) fn refuse_cache_within(&mut self, transaction: &Block) {
        walk::steps(transaction, &mut |site| {
            if let Some(cache) = &site.step.policy.cache {
                let message =
                    "`cache` keeps what all runs may see; inside a transaction a step sees what is not there yet";
                let finding = Diagnostic::new(&codes::VF106, cache.span, message);
                self.report(finding.help("leave it out, or read before the transaction"));
            }
        });
    }

    /// `{ timeout: 30s, retry: 3, … }`.
    pub(super) fn policy(&mut self, scope: &mut Scope, record: &ast::Expr, is_default: bool) -> Policy {
        let mut policy = Policy::default();
        let ExprKind::Record(entries) = &record.kind else {
            self.report(
                Diagnostic::new(&codes::VF001, record.span, "`with` takes settings in braces")
                    .help("write `with { timeout: 30s }`"),
            );
            return policy;
        };
        let mut seen: Vec<&str> = Vec::new();
        for entry in entries {
            let name = match &entry.key.kind {
                ExprKind::Name(name) => &**name,
                _ => "",
            };
            if seen.contains(&name) {
                let finding = Diagnostic::new(&codes::VF106, entry.key.span, format!("`{name}` is there twice"));
                self.report(finding.help("leave one out"));
                continue;
            }
            seen.push(name);
            self.policy_entry(scope, &mut policy, name, entry, is_default);
        }
        policy
    }

    fn policy_entry(&mut self, scope: &mut Scope, policy: &mut Policy, name: &str, entry: &Entry, is_default: bool) {
        let value = &entry.value;
        match name {
            "timeout" => policy.timeout = Some(self.lasting(scope, value, "`timeout`")),
            "retry" => {
                let retry = self.expr_of(scope, value, &Type::Int, "`retry`");
                self.within(&retry, |value| !matches!(value, Value::Int(n) if *n < 0), "a number that is not negative");
                policy.retry = Some(retry);
            }
            "backoff" => {
                policy.backoff = Some(self.made(scope, entry, &backoff_type(), &["exponential(1s)", "constant(5s)"]));
            }
            "rate" => policy.rate = Some(self.made(scope, entry, &rate_type(), &["per_second(5)", "per_minute(60)"])),
            "key" if !is_default => policy.key = Some(self.expr_of(scope, value, &Type::list(Type::Any), "`key`")),
            "cache" if !is_default => policy.cache = Some(self.lasting(scope, value, "`cache`")),
            "after" if !is_default => self.after(scope, value),
            _ => self.unknown_entry(name, entry, is_default),
        }
    }

    fn lasting(&mut self, scope: &mut Scope, value: &ast::Expr, what: &str) -> Expr {
        let checked = self.expr_of(scope, value, &Type::Duration, what);
        self.within(&checked, |value| !matches!(value, Value::Duration(ms) if *ms <= 0), "a duration above zero");
        checked
    }

    /// A setting whose values are made by calls: the record behind them is nobody's business.
    fn made(&mut self, scope: &mut Scope, entry: &Entry, wanted: &Type, calls: &[&str]) -> Expr {
        let checked = self.expr(scope, &entry.value, None);
        if checked.ty.fits(wanted).is_err() {
            let calls: Vec<String> = calls.iter().map(|call| format!("`{call}`")).collect();
            let message = format!("`{}` does not take a `{}`", self.text(entry.key.span), checked.ty);
            let finding = Diagnostic::new(&codes::VF201, entry.value.span, message).at(format!("`{}`", checked.ty));
            self.report(finding.help(format!("write {}", calls.join(" or "))));
        }
        checked
    }

    fn unknown_entry(&mut self, name: &str, entry: &Entry, is_default: bool) {
        let known = if is_default { ENTRIES.iter().take(4) } else { ENTRIES.iter().take(ENTRIES.len()) };
        let known: Vec<&str> = known.copied().collect();
        let word = if is_default { "defaults" } else { "with" };
        let is_step_only = ENTRIES.contains(&name);
        let (message, help) = match name {
            _ if is_step_only => (format!("`{name}` belongs to one step"), "write it in the `with { … }` of that step"),
            _ => (format!("`{word}` has no setting `{name}`"), ""),
        };
        let mut finding = Diagnostic::new(&codes::VF106, entry.key.span, message);
        if help.is_empty() {
            finding = self.suggest(finding, name, known, entry.key.span);
        } else {
            finding = finding.help(help);
        }
        self.report(finding);
    }
}

/// Whether an expression calls what takes so long that its value is worth keeping.
fn computes_for_long(expr: &Expr) -> bool {
    let mut found = false;
    walk::visit(expr, &mut |part| {
        found |=
            matches!(&part.kind, super::program::ExprKind::Primitive(spec, _) if matches!(spec.run, Run::Heavy(_)));
    });
    found && expr.effect == Effect::Pure
}

/// Where a setting's name stands.
fn setting(record: &ast::Expr, name: &str) -> Option<Span> {
    let ExprKind::Record(entries) = &record.kind else { return None };
    let is_it = |entry: &&Entry| matches!(&entry.key.kind, ExprKind::Name(key) if &**key == name);
    entries.iter().find(is_it).map(|entry| entry.key.span)
}

/// What `exponential(…)` and `constant(…)` give.
fn backoff_type() -> Type {
    Type::Record(RecordType::new([
        ("initial", Type::Duration),
        ("factor", Type::Float),
        ("max", Type::Duration.optional()),
    ]))
}

/// What `per_second(…)` and its like give.
fn rate_type() -> Type {
    Type::Record(RecordType::new([("count", Type::Int), ("per", Type::Duration)]))
}
