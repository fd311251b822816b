//! The process environment, as a value.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Variables of the process, or those a test sets. Cheap to clone.
#[derive(Clone, Default)]
pub struct Variables {
    all: Arc<BTreeMap<String, String>>,
}

impl Variables {
    /// The variables of this process. Those that are not Unicode are left out.
    ///
    /// The one place in the crate that reads them: everything else is given a [`Variables`].
    #[allow(clippy::disallowed_methods, reason = "this is where `config` reads the process environment")]
    pub fn from_process() -> Self {
        let unicode =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        unicode.collect()
    }

    /// The value of `name`, also when it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all.get(name).map(String::as_str)
    }

    /// The value of `name`, unless it is unset or empty.
    pub fn set(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The W3C trace context of who started this process: `TRACEPARENT`.
    pub fn traceparent(&self) -> Option<String> {
        self.set("TRACEPARENT").map(str::to_owned)
    }

    /// Whether colours are unwanted: `NO_COLOR` holds anything.
    pub fn no_color(&self) -> bool {
        self.set("NO_COLOR").is_some()
    }

    /// Whether a build server runs this: `CI` holds anything but `false`.
    pub fn ci(&self) -> bool {
        self.set("CI").is_some_and(|value| value != "false")
    }

    /// Our own settings by the part of their name behind `VMFLOW_`: `get("ENV")` is `VMFLOW_ENV`. Empty is unset.
    pub fn vmflow(&self, name: &str) -> Option<&str> {
        self.set(&format!("VMFLOW_{name}"))
    }

    /// The names of all variables, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.keys().map(String::as_str)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let all = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { all: Arc::new(all) }
    }
}

/// Names only: the values may be secrets.
impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.all.keys()).finish()
    }
}
