//! Steps that stand for a program of the user's own: arguments out as JSON, the result in as the declared type.

use serde_json::{Map, Value as Json};

use super::eval::Site;
use super::event::{EventKind, StepPlace};
use super::fault::{Fault, Ran};
use crate::check::program::Function;
use crate::external::{self, Call, Program};
use crate::value::{ErrorKind, StepError, Type, Value, from_json, to_json};

/// Calls the program with the arguments of the function that it stands for.
pub(crate) async fn call(program: &Program, function: &Function, arguments: &[Value], site: Site<'_>) -> Ran<Value> {
    let run = &site.frame.run;
    let secrets: Vec<&str> = arguments.iter().filter_map(secret).collect();
    let place = StepPlace { path: site.frame.path(site.step), item: site.frame.item() };
    let tell = |line: &str| run.journal.emit(EventKind::Said { step: place.clone(), line: masked(line, &secrets) });
    let names = function.params.iter().map(|param| param.name.to_string());
    let arguments: Map<String, Json> = names.zip(arguments.iter().map(argument)).collect();
    let gives_text = matches!(function.returns.required(), Type::Text | Type::Literals(_));
    let call = Call { program, interpreters: &run.interpreters, arguments, gives_text, tell: &tell };
    let answer = external::call(call).await.and_then(|json| {
        if secrets.iter().any(|secret| gives_back(&json, secret)) {
            return Err(told_secret(&function.name));
        }
        from_json(&json, &function.returns, "").map_err(|error| error.context(format!("`{}` gave back", function.name)))
    });
    answer.map_err(|error| Fault::new(masked_error(error, &secrets)))
}

/// A secret goes where it was explicitly sent, and nowhere else.
fn argument(value: &Value) -> Json {
    secret(value).map_or_else(|| to_json(value), |secret| Json::String(secret.to_owned()))
}

fn secret(value: &Value) -> Option<&str> {
    match value {
        Value::Secret(secret) => Some(secret),
        _ => None,
    }
}

/// Fewer characters may stand in any text by chance.
const SHORTEST_SECRET: usize = 4;

/// Whether a secret stands in what a program gave back, which is recorded and shown like any other value.
fn gives_back(json: &Json, secret: &str) -> bool {
    let is_told = |text: &String| secret.chars().count() >= SHORTEST_SECRET && text.contains(secret);
    match json {
        Json::String(text) => is_told(text),
        Json::Array(items) => items.iter().any(|item| gives_back(item, secret)),
        Json::Object(fields) => fields.iter().any(|(name, value)| is_told(name) || gives_back(value, secret)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

fn told_secret(name: &str) -> StepError {
    StepError::new(ErrorKind::Data, format!("`{name}` gave back a secret that it was given")).help(
        "what a program gives back is recorded and shown: let it use the secret itself, and give back what came of it",
    )
}

fn masked(text: &str, secrets: &[&str]) -> String {
    let hide = |text: String, secret: &&str| if secret.is_empty() { text } else { text.replace(*secret, "•••") };
    secrets.iter().fold(text.to_owned(), hide)
}

fn masked_error(error: StepError, secrets: &[&str]) -> StepError {
    let help = error.help.map(|help| masked(&help, secrets));
    StepError { message: masked(&error.message, secrets), help, ..error }
}
