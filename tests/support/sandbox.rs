//! A project of its own in a temporary directory, and the built `vmflow` to run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value as Json;

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A copy of the shipped project.
pub(crate) struct Sandbox {
    directory: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a command gave.
pub(crate) struct Ran {
    /// Its exit code.
    pub(crate) code: i32,
    /// Its data.
    pub(crate) stdout: String,
    /// What it told people.
    pub(crate) stderr: String,
}

impl Ran {
    /// Stdout as one document.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}):\n{}\n{}", self.stdout, self.stderr))
    }

    /// The same, after making sure of the exit code.
    pub(crate) fn expect(&self, code: i32) -> Json {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self.json()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Sandbox {
    /// A fresh copy of `vmflow.yaml` and `workflows/`.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::copy(root().join("vmflow.yaml"), directory.path().join("vmflow.yaml")).unwrap();
        copy(&root().join("workflows"), &directory.path().join("workflows"));
        Self { directory, variables: Vec::new() }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file into it.
    pub(crate) fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Reads a file of it.
    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).unwrap()
    }

    /// Sets a variable for all commands.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The command, not yet started; of the test's own variables it sees only the search path.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vmflow"));
        command.args(arguments).current_dir(self.path()).env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.env("CI", "true").envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs `vmflow` with these arguments.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().unwrap().into()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
