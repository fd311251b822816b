//! What can be read off the outcomes of a loop, and off an error.

use super::Property;
use crate::value::{RecordType, Type, Value};

pub(super) static PROPERTIES: &[Property] = &[
    Property {
        family: "outcomes",
        name: "ok",
        docs: "The results of the items that went well, in the items' order.",
        ty: |ty| match ty {
            Type::Outcomes(_, result) => Type::List(result.clone()),
            _ => Type::Error,
        },
        get: |value| match value {
            Value::Outcomes(outcomes) => Some(Value::List(outcomes.ok.clone())),
            _ => None,
        },
    },
    Property {
        family: "outcomes",
        name: "failed",
        docs: "The items that failed, each as `{ item, error }`, in the items' order.",
        ty: |ty| match ty {
            Type::Outcomes(item, _) => Type::list(failed(item)),
            _ => Type::Error,
        },
        get: |value| match value {
            Value::Outcomes(outcomes) => Some(Value::List(outcomes.failed.clone())),
            _ => None,
        },
    },
    Property {
        family: "outcomes",
        name: "all_ok",
        docs: "Whether no item failed.",
        ty: |_| Type::Bool,
        get: |value| match value {
            Value::Outcomes(outcomes) => Some(Value::Bool(outcomes.failed.is_empty())),
            _ => None,
        },
    },
    Property {
        family: "error",
        name: "kind",
        docs: "The family of the error, such as `\"timeout\"`.",
        ty: |_| Type::Text,
        get: |value| match value {
            Value::Error(error) => Some(Value::text(error.kind.name())),
            _ => None,
        },
    },
    Property {
        family: "error",
        name: "message",
        docs: "What happened.",
        ty: |_| Type::Text,
        get: |value| match value {
            Value::Error(error) => Some(Value::text(error.message.as_str())),
            _ => None,
        },
    },
    Property {
        family: "error",
        name: "help",
        docs: "What to do about it, when there is something to say.",
        ty: |_| Type::Text.optional(),
        get: |value| match value {
            Value::Error(error) => Some(error.help.as_deref().map_or(Value::None, Value::text)),
            _ => None,
        },
    },
];

fn failed(item: &Type) -> Type {
    Type::Record(RecordType::new([("item", item.clone()), ("error", Type::Failure)]))
}
