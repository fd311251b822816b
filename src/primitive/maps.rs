//! Maps: what is read off one, and one with fewer keys.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Example, Form, Primitive, Property, Pure, Spec, args};
use crate::value::{MapValue, StepError, T, Type, Value};

pub(super) static SPECS: &[Spec] = &[Spec::pure::<Without>()];

pub(super) static PROPERTIES: &[Property] = &[
    Property {
        family: "map",
        name: "count",
        docs: "How many keys it has.",
        ty: |_| Type::Int,
        get: |value| match value {
            Value::Map(map) => Some(Value::Int(i64::try_from(map.len()).unwrap_or(i64::MAX))),
            _ => None,
        },
    },
    Property {
        family: "map",
        name: "keys",
        docs: "Its keys, in the order in which they came.",
        ty: |map| match map {
            Type::Map(key, _) => Type::List(key.clone()),
            _ => Type::Error,
        },
        get: |value| match value {
            Value::Map(map) => Some(Value::list(map.keys().cloned().collect())),
            _ => None,
        },
    },
    Property {
        family: "map",
        name: "values",
        docs: "Its values, in the order of their keys.",
        ty: |map| match map {
            Type::Map(_, value) => Type::List(value.clone()),
            _ => Type::Error,
        },
        get: |value| match value {
            Value::Map(map) => Some(Value::list(map.values().cloned().collect())),
            _ => None,
        },
    },
];

struct Without;
args! {
    struct WithoutArgs {
        /// The map.
        map: Arc<MapValue>,
        /// The keys to leave out; those that it does not have do no harm.
        keys: Vec<T>,
    }
}
impl Primitive for Without {
    type Args = WithoutArgs;
    type Output = Arc<MapValue>;
    const NAME: &'static str = "map.without";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str = "A map without some keys.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"{ "a": 1, "b": 2, "c": 3 }.without(["a", "c"])"#, gives: "{ b: 2 }" }];
}
impl Pure for Without {
    fn run(args: WithoutArgs) -> Result<Arc<MapValue>, StepError> {
        let unwanted: HashSet<&Value> = args.keys.iter().map(|key| &key.0).collect();
        let kept = args.map.iter().filter(|(key, _)| !unwanted.contains(key));
        Ok(Arc::new(kept.map(|(key, value)| (key.clone(), value.clone())).collect()))
    }
}
