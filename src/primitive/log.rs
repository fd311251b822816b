//! Telling what the author of a workflow wants told.

use std::fmt::Write;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Context, Effect, Effectful, Example, Form, Primitive, Spec, args};
use crate::value::{Sequence, StepError, T, Value};

pub(super) static SPECS: &[Spec] = &[Spec::effectful::<Log>()];

/// How many items of a list are told.
const MOST_ITEMS: usize = 20;

/// The longest line, in characters.
const LONGEST: usize = 2_000;

struct Log;
args! {
    struct LogArgs {
        /// What is told and given back; of a list its first items.
        value: T,
        /// What stands before it.
        label: Arc<str> = Arc::from(""),
    }
}
impl Primitive for Log {
    type Args = LogArgs;
    type Output = T;
    const NAME: &'static str = "run.log";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str =
        "Tells a value in the log of the run, with the step and the loop item that it stands in, and gives it back.";
    const EXAMPLES: &'static [Example] = &[
        Example { source: r#"log([1, 2].count, label: "numbers") + 1"#, gives: "" },
        Example { source: r#"log(f"{run.now:%Y-%m}")"#, gives: "" },
    ];
}
impl Effectful for Log {
    // A read: it changes nothing that a plan or a repeated run could ask about, and so needs no `do`.
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    fn run(args: LogArgs, context: &Context) -> BoxFuture<'_, Result<T, StepError>> {
        let mut line = String::new();
        if !args.label.is_empty() {
            line = format!("{}: ", args.label);
        }
        tell(&args.value.0, &mut line);
        if let Some((end, _)) = line.char_indices().nth(LONGEST) {
            line.truncate(end);
            line.push('…');
        }
        (context.say)(&line);
        Box::pin(std::future::ready(Ok(args.value)))
    }
}

/// A value on one line, without the rest of a long list.
fn tell(value: &Value, line: &mut String) {
    let shown = match Sequence::of(value).filter(|items| items.len() > MOST_ITEMS) {
        Some(items) => {
            let first: Vec<String> = items.iter().take(MOST_ITEMS).map(|item| item.to_string()).collect();
            format!("[{}, … and {} more]", first.join(", "), items.len() - MOST_ITEMS)
        }
        None => value.to_string(),
    };
    // Writing to a text cannot fail.
    let _ = write!(line, "{}", shown.replace(['\n', '\r'], " "));
}
