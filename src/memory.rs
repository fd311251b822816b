//! How the system hands out memory.

/// Asks for memory in small pages. Where the system offers huge ones, a run that needs 2 MB takes 13 more for them, and is no
/// faster; checking a long file is, so commands that run nothing take them again.
pub(crate) fn in_small_pages(wanted: bool) {
    // Elsewhere, and on a system that refuses, nothing is lost but some memory.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(wanted);
    #[cfg(not(target_os = "linux"))]
    let _ = wanted;
}
