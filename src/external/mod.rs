//! Programs of the user's own, in Python and shell: started, fed, listened to, ended.
//!
//! Arguments go in as JSON on stdin and the result comes back as JSON on stdout; what a program says
//! otherwise goes to stderr, line by line to the log. It sees a small environment, never a secret in
//! it, and when its step is over, in whatever way, so is everything that it started.

mod call;
mod process;
mod syntax;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use call::{Call, call};
pub use syntax::{Slip, slip};

/// What a program is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// `external.python(…)`: a function of it is called.
    Python,
    /// `external.shell(…)`: a script for bash.
    Shell,
}

impl Language {
    /// The language that `external.…` and a tagged literal name.
    pub fn find(name: &str) -> Option<Self> {
        [Self::Python, Self::Shell].into_iter().find(|language| language.name() == name)
    }

    /// The word in a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Shell => "shell",
        }
    }
}

/// Where a program's text stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Code {
    /// In a file.
    File(PathBuf),
    /// In the step itself.
    Inline {
        /// The text, its common indentation removed.
        text: Arc<str>,
        /// The file that the step stands in.
        file: PathBuf,
        /// The line of that file on which the text begins, from 1.
        line: usize,
    },
}

/// A program that a step stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Program {
    /// What it is written in.
    pub language: Language,
    /// Its text.
    pub code: Code,
    /// The function that is called, in Python; the step's name in shell.
    pub entry: Arc<str>,
    /// The directory of the file that declares the step: where the program runs.
    pub directory: PathBuf,
}

impl Program {
    /// The file that people would look into.
    fn file(&self) -> &Path {
        match &self.code {
            Code::File(file) | Code::Inline { file, .. } => file,
        }
    }
}

/// The variables that programs see, when they are set.
const PASSED: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR"];

/// What runs programs, and the environment that they see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreters {
    python: String,
    environment: Vec<(String, String)>,
}

impl Interpreters {
    /// From the variables of the process: `VMFLOW_PYTHON` names the Python, else it is `python3` on the `PATH`.
    pub fn new<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Self {
        let passed = PASSED.iter().filter_map(|name| Some(((*name).to_owned(), variable(name)?.to_owned())));
        let python = variable("VMFLOW_PYTHON").filter(|python| !python.is_empty()).unwrap_or("python3");
        Self { python: python.to_owned(), environment: passed.collect() }
    }

    /// The program that runs a language.
    fn of(&self, language: Language) -> &str {
        match language {
            Language::Python => &self.python,
            Language::Shell => "bash",
        }
    }
}

impl Default for Interpreters {
    fn default() -> Self {
        Self::new(|_| None)
    }
}

/// A text without the white space that all its lines begin with; as many lines as before.
pub fn dedent(text: &str) -> String {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let first = lines().next().unwrap_or_default();
    let common = lines().fold(indentation(first), |common, line| {
        line.bytes().zip(first.bytes()).take(common).take_while(|(a, b)| a == b).count()
    });
    text.split('\n').map(|line| line.get(common..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation_that_all_lines_have_goes() {
        assert_eq!(dedent("\n    a\n      b\n\n    c\n  "), "\na\n  b\n\nc\n");
        assert_eq!(dedent("a\n  b"), "a\n  b");
        assert_eq!(dedent("\n\tä\n\t\tb"), "\nä\n\tb");
        assert_eq!(dedent("\n\ta\n    b"), "\n\ta\n    b");
        assert_eq!(dedent(""), "");
    }
}
