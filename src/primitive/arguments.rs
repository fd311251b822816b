//! Parameters of primitives: a Rust struct is the declaration, [`args!`] derives the rest.

use chrono::Timelike;

use crate::value::{ErrorKind, ReflectError, StepError, Type, Value};

/// A parameter, as the checker and the documentation see it.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// The name.
    pub name: &'static str,
    /// What it is for, a sentence.
    pub docs: &'static str,
    /// Its language type.
    pub ty: fn() -> Type,
    /// What stands in for it when a call leaves it out; `None` when the argument must be given.
    pub default: Option<fn() -> Value>,
    /// Whether a value known before the run is acceptable; says what types cannot (a zone's name, a format).
    pub accepts: fn(Value) -> Result<(), ReflectError>,
}

impl Param {
    /// Whether a call may leave it out.
    pub fn is_optional(&self) -> bool {
        self.default.is_some() || (self.ty)().is_optional()
    }

    /// The default as a workflow would write it: `"UTC"`, `06:00`, `{}`.
    pub fn default_source(&self) -> Option<String> {
        let value = self.default?();
        Some(match &value {
            Value::Text(text) => format!("{text:?}"),
            Value::Time(time) if time.num_seconds_from_midnight() % 60 == 0 => time.format("%H:%M").to_string(),
            Value::Map(map) if map.is_empty() => "{}".to_owned(),
            other => other.to_string(),
        })
    }
}

/// Arguments by parameter, in the parameters' order; `None` where none was given.
#[derive(Debug, Default)]
pub struct RawArguments {
    values: std::vec::IntoIter<Option<Value>>,
}

impl RawArguments {
    /// One entry for each parameter, in order.
    pub fn new(values: Vec<Option<Value>>) -> Self {
        Self { values: values.into_iter() }
    }

    /// The next parameter's argument.
    pub fn take(&mut self) -> Option<Value> {
        self.values.next().flatten()
    }
}

/// A struct that a call's arguments fill.
pub trait Arguments: Sized {
    /// The parameters, in order.
    const PARAMS: &'static [Param];
    /// Fills the struct.
    fn bind(raw: RawArguments) -> Result<Self, StepError>;
}

/// The error for an argument that does not fit at run time.
pub(crate) fn misfit(parameter: &str, error: &ReflectError) -> StepError {
    StepError::new(ErrorKind::Data, format!("argument `{parameter}`: {error}"))
}

/// The error for an argument that is not there; the checker has refused the call before.
pub(crate) fn missing(parameter: &str) -> StepError {
    StepError::new(ErrorKind::Internal, format!("argument `{parameter}` is missing"))
}

/// Declares the parameters of a primitive as a struct. A field's doc comment is the parameter's
/// documentation, its type the parameter's type, `= expr` its default; `Option<T>` may be left out.
macro_rules! args {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[doc = $doc:literal])+ $field:ident : $ty:ty $(= $default:expr)?),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug)]
        $vis struct $name { $($(#[doc = $doc])+ $field: $ty),* }
        impl $crate::primitive::Arguments for $name {
            const PARAMS: &'static [$crate::primitive::Param] = &[$($crate::primitive::Param {
                name: stringify!($field),
                docs: concat!($($doc),+),
                ty: <$ty as $crate::value::Reflect>::ty,
                default: $crate::primitive::args!(@value $ty $(, $default)?),
                accepts: |value| <$ty as $crate::value::Reflect>::from_value(value).map(|_| ()),
            }),*];
            #[allow(unused_mut, unused_variables)]
            fn bind(mut raw: $crate::primitive::RawArguments) -> Result<Self, $crate::value::StepError> {
                Ok(Self { $($field: match raw.take() {
                    Some(value) => <$ty as $crate::value::Reflect>::from_value(value)
                        .map_err(|error| $crate::primitive::arguments::misfit(stringify!($field), &error))?,
                    None => $crate::primitive::args!(@default $field, $ty $(, $default)?),
                }),* })
            }
        }
    };
    (@value $ty:ty) => { None };
    (@value $ty:ty, $default:expr) => { Some(|| <$ty as $crate::value::Reflect>::into_value($default)) };
    (@default $field:ident, $ty:ty) => {
        <$ty as $crate::value::Reflect>::from_value($crate::value::Value::None)
            .map_err(|_| $crate::primitive::arguments::missing(stringify!($field)))?
    };
    (@default $field:ident, $ty:ty, $default:expr) => { $default };
}
pub(crate) use args;
