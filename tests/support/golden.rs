//! Golden files: what a command printed, kept beside its input. `BLESS=1 cargo test` writes them anew.

use std::path::Path;

/// Compares `text` with the file, or writes the file when blessing.
pub(crate) fn assert(file: &Path, text: &str) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, text).unwrap();
        return;
    }
    let wanted = std::fs::read_to_string(file)
        .unwrap_or_else(|error| panic!("{}: {error}; BLESS=1 writes it\n{text}", file.display()));
    assert_eq!(text, wanted, "{} differs; if the new text is right, bless it with BLESS=1", file.display());
}
