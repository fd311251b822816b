//! Failures as values, one constructor for each family: what a test makes a step fail with.

use std::sync::Arc;

use super::{Example, Form, Primitive, Pure, Spec, args};
use crate::value::{ErrorKind, Reflect, ReflectError, StepError, Type, Value};

/// A failure.
struct Failure(StepError);

impl Reflect for Failure {
    fn ty() -> Type {
        Type::Failure
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        match value {
            Value::Error(error) => Ok(Self((*error).clone())),
            other => Err(ReflectError::Type { wanted: Self::ty(), found: other.kind() }),
        }
    }
    fn into_value(self) -> Value {
        Value::Error(Arc::new(self.0))
    }
}

args! {
    struct ErrorArgs {
        /// What happened.
        message: Arc<str>,
    }
}

/// Declares a constructor: its name, what it stands for, the kind of error, and how that kind usually ends.
macro_rules! failures {
    ($($name:ident $verb:literal $kind:ident $build:ident $summary:literal;)*) => {
        pub(super) static SPECS: &[Spec] = &[$(Spec::pure::<$name>()),*];
        $(
            struct $name;
            impl Primitive for $name {
                type Args = ErrorArgs;
                type Output = Failure;
                const NAME: &'static str = concat!("errors.", $verb);
                const FORM: Form = Form::Namespace;
                const SUMMARY: &'static str = $summary;
                const EXAMPLES: &'static [Example] =
                    &[Example { source: concat!("errors.", $verb, "(\"it went wrong\").kind"), gives: $verb }];
            }
            impl Pure for $name {
                fn run(args: ErrorArgs) -> Result<Failure, StepError> {
                    Ok(Failure(StepError::$build(ErrorKind::$kind, &*args.message)))
                }
            }
        )*
    };
}

failures! {
    Connection "connection" Connection transient "The failure of a server that cannot be reached; it is tried again.";
    Timeout "timeout" Timeout transient "The failure of an answer that does not come in time; what may be repeated is tried again.";
    Query "query" Query new "The failure of a query that the server refuses.";
    Write "write" Write new "The failure of a write that the server does not take.";
    Ambiguous "ambiguous" Ambiguous new "The failure of a write of which nobody can say whether it happened.";
    Data "data" Data new "The failure of an answer that does not have the stated type.";
    Missing "missing" Missing new "The failure of a look-up of what is not there.";
    Arithmetic "arithmetic" Arithmetic new "The failure of an operation that has no result.";
    Require "require" Require new "The failure of a `require` that does not hold.";
    Configuration "configuration" Configuration new "The failure of an environment that is not as it should be.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_of_its_kind_and_may_pass_when_that_kind_does() {
        for (spec, is_retryable) in SPECS.iter().map(|spec| (spec, ["connection", "timeout"].contains(&spec.verb()))) {
            let crate::primitive::Run::Pure(run) = spec.run else { panic!("{} is pure", spec.name) };
            let arguments = crate::primitive::RawArguments::new(vec![Some(Value::text("no"))]);
            let Ok(Value::Error(error)) = run(arguments) else { panic!("{} gives an error", spec.name) };
            assert_eq!((error.kind.name(), error.retryable, &*error.message), (spec.verb(), is_retryable, "no"));
        }
    }
}
