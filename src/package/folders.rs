//! Where packages are.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::check::modules::Reader;
use crate::config::{Config, MANIFEST_NAME, Manifest, is_package_name};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Source, Sources};

/// The folder beside the configuration whose folders are packages without being named.
pub const PLACE: &str = "packages";

/// The folders of all packages: those that the configuration names, in its order, then those in [`PLACE`], by name. One
/// that is named and lies there is one.
pub fn folders(config: &Config) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let mut findings = Vec::new();
    let mut all: Vec<PathBuf> = Vec::new();
    for named in config.packages() {
        if named.node.is_dir() {
            all.push(named.node.clone());
        } else {
            let message = format!("there is no folder `{}`", named.node.display());
            let help = "a package is a folder with `.flow` files; the path is relative to `vmflow.yaml`";
            findings.push(Diagnostic::new(&codes::VF701, named.span, message).help(help));
        }
    }
    all.extend(conventional(config, &all, &mut findings));
    // `./a` and `a` are one folder; the shorter name reads better.
    let mut all: Vec<PathBuf> =
        all.iter().map(|path| path.components().filter(|part| *part != Component::CurDir).collect()).collect();
    let mut seen = HashSet::new();
    all.retain(|folder| seen.insert(canonical(folder)));
    (all, findings)
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// The packages in [`PLACE`]. A link there could lead anywhere, so it counts only when somebody named it.
fn conventional(config: &Config, named: &[PathBuf], findings: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
    let place = config.directory().join(PLACE);
    if !place.is_dir() {
        return Vec::new();
    }
    let top = config.source().span().before();
    let entries = match std::fs::read_dir(&place) {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!("cannot read `{}`: {error}", place.display());
            findings.push(Diagnostic::new(&codes::VF701, top, message));
            return Vec::new();
        }
    };
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.sort();
    found.retain(|path| is_package(path) && !named.contains(path));
    let (links, folders): (Vec<PathBuf>, Vec<PathBuf>) = found.into_iter().partition(|path| path.is_symlink());
    findings.extend(links.into_iter().map(|link| {
        let message = format!("`{}` is a link, and no package by itself", link.display());
        let help =
            format!("name it: `packages: [{}]`", link.strip_prefix(config.directory()).unwrap_or(&link).display());
        Diagnostic::new(&codes::VF701, top, message).help(help)
    }));
    folders
}

/// Whether a folder holds a manifest or a workflow file, at whatever depth.
fn is_package(path: &Path) -> bool {
    let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let holds = |path: &Path| path.join(MANIFEST_NAME).exists() || super::files::holds_any(path);
    !is_hidden && path.is_dir() && holds(path)
}

/// What the package in `folder` is called, without reading more of it than its manifest.
pub fn name_of(folder: &Path, config: &Config, sources: &mut Sources, read: Reader<'_>) -> Arc<str> {
    let (manifest, source, _) = manifest(folder, config, sources, read);
    name(&manifest, folder, &source).0
}

/// The manifest of a package, or what stands for it, and what is wrong with it.
pub(super) fn manifest(
    folder: &Path,
    config: &Config,
    sources: &mut Sources,
    read: Reader<'_>,
) -> (Manifest, Source, Vec<Diagnostic>) {
    let path = folder.join(MANIFEST_NAME);
    let other = path.with_extension("yml");
    if !path.is_symlink() && !path.exists() {
        let source = sources.add(folder.display().to_string(), "");
        let mut findings = Vec::new();
        if other.exists() {
            let message = format!("`{}` is not read", other.display());
            findings.push(Diagnostic::new(&codes::VF701, source.span(), message).help("call it `package.yaml`"));
        }
        return (Manifest::none(&source, folder), source, findings);
    }
    let text = if leads_out(&path, folder) {
        Err("it is a link that leads out of the package".to_owned())
    } else {
        read(&path)
    };
    match text {
        Ok(text) => {
            let source = sources.add(path.display().to_string(), text);
            let (manifest, findings) = Manifest::read(&source, folder, config);
            (manifest, source, findings)
        }
        Err(why) => {
            let source = sources.add(path.display().to_string(), "");
            let message = format!("cannot read `{}`: {why}", path.display());
            let finding = Diagnostic::new(&codes::VF701, source.span(), message);
            (Manifest::none(&source, folder), source, vec![finding])
        }
    }
}

/// What a package is called: by its manifest, else as its folder is.
pub(super) fn name(manifest: &Manifest, folder: &Path, source: &Source) -> (Arc<str>, Option<Diagnostic>) {
    if let Some(name) = &manifest.name {
        return (Arc::clone(&name.node), None);
    }
    let own = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let own = own.or_else(|| Some(canonical(folder).file_name()?.to_string_lossy().into_owned())).unwrap_or_default();
    if is_package_name(&own) {
        return (own.into(), None);
    }
    let message = format!("the folder's name, `{own}`, cannot be the name of a package");
    let help = "give it one in `package.yaml`: `name: rates`";
    let finding = Diagnostic::new(&codes::VF701, source.span().before(), message).help(help);
    (own.into(), Some(finding))
}

/// Whether a file that lies in a folder is really elsewhere. One that is not there leads nowhere.
pub(super) fn leads_out(path: &Path, folder: &Path) -> bool {
    match (path.canonicalize(), folder.canonicalize()) {
        (Ok(path), Ok(folder)) => !path.starts_with(folder),
        _ => false,
    }
}
