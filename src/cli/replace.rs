//! Writing a text in place of another: wholly or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

/// Puts `after` where `before` was read. The file keeps its permissions, a link stays a link. The error is one line
/// for people, and nothing was changed then.
pub(super) fn replace(path: &Path, before: &str, after: &str) -> Result<(), String> {
    let refused = |error: std::io::Error| format!("cannot write `{}`: {error}", path.display());
    let target = std::fs::canonicalize(path).map_err(refused)?;
    let permissions = std::fs::metadata(&target).map_err(refused)?.permissions();
    if permissions.readonly() {
        return Err(format!("cannot write `{}`: it is read-only", path.display()));
    }
    if std::fs::read(&target).map_err(refused)? != before.as_bytes() {
        return Err(format!("cannot write `{}`: it has changed meanwhile", path.display()));
    }
    let beside = beside(&target);
    let written = write(&beside, after, permissions).and_then(|()| std::fs::rename(&beside, &target));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        refused(error)
    })
}

fn write(path: &Path, text: &str, permissions: std::fs::Permissions) -> std::io::Result<()> {
    let mut file = std::fs::File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(permissions)?;
    file.sync_all()
}

/// A hidden name in the same folder, so that renaming stays within one file system.
fn beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}
