//! The `vmflow` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    vmflow::cli::main()
}
