//! The `vmflow` command.

use std::process::ExitCode;

/// The system's takes a page at a time for every thread but the first: a quarter of what checking a long file takes. Chosen
/// for the program alone: a library leaves that to whoever links it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    vmflow::cli::main()
}
