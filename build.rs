//! How the program is linked.

// The one thing this reads is what Cargo tells it.
#![allow(clippy::disallowed_methods)]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    // At a fixed address, as Go links its programs: otherwise the loader writes 76,000 addresses into 1.7 MB before the first
    // instruction, in each process anew: nearly half of what it takes to start. What is lost is that the program's own code
    // lies elsewhere each time; libraries, stack and heap still do.
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
        if is("CARGO_CFG_TARGET_ARCH", "x86_64") {
            // What every run executes side by side, so that fewer pages are needed: see scripts/link-order.
            println!("cargo::rerun-if-changed=link-order.ld");
            println!("cargo::rustc-link-arg-bins=-Wl,-T,{}/link-order.ld", env!("CARGO_MANIFEST_DIR"));
        }
    }
}
