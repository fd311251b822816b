//! The files of a check: those that were asked for, and those they import.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, closest, codes, did_you_mean};
use crate::source::{Source, SourceId, Sources, Span};
use crate::stdlib;
use crate::syntax;
use crate::syntax::ast::{File, Import, ImportTarget, ItemKind, StepBody};

/// An index into [`Modules::all`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleId(pub usize);

/// A parsed file and where its imports lead.
#[derive(Debug)]
pub struct Module {
    /// The text.
    pub source: Source,
    /// What it holds.
    pub file: File,
    /// Whether it was asked for, and not only imported.
    pub is_root: bool,
    /// Its imports that could be resolved.
    pub imports: Vec<Imported>,
    /// The names of its other imports, which mean something that nobody knows.
    pub unresolved: HashSet<Arc<str>>,
    /// Whether something of it could not be read, so that what it binds is not all known.
    pub is_unread: bool,
    /// Whether reading it or its imports found an error.
    pub has_errors: bool,
    path: Option<PathBuf>,
}

/// An import that was found.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The name it has in the importing file.
    pub name: Arc<str>,
    /// The module.
    pub module: ModuleId,
    /// The target as written.
    pub span: Span,
}

/// All files of a check, in the order they were met.
#[derive(Debug, Default)]
pub struct Modules {
    /// The files.
    pub all: Vec<Module>,
    /// The module whose functions are in every scope.
    pub prelude: Option<ModuleId>,
    /// The texts of the programs that external steps name, or why one cannot be read.
    pub programs: HashMap<PathBuf, Result<Arc<str>, String>>,
    by_key: HashMap<String, ModuleId>,
}

impl Module {
    /// Where the file lies; `None` for a module of the standard library.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

impl Modules {
    /// What stands in a file.
    pub(super) fn slice(&self, span: Span) -> &str {
        // Sources get their numbers in the order of the modules.
        let found = self.all.binary_search_by_key(&span.source, |module| module.source.id);
        found.ok().and_then(|at| self.all.get(at)).map_or("", |module| module.source.slice(span))
    }

    /// The sources that could not be read whole, and those that import one, however far away.
    pub(super) fn unread(&self) -> HashSet<SourceId> {
        let mut importers: Vec<Vec<usize>> = vec![Vec::new(); self.all.len()];
        for (at, module) in self.all.iter().enumerate() {
            for import in &module.imports {
                if let Some(list) = importers.get_mut(import.module.0) {
                    list.push(at);
                }
            }
        }
        let mut unread = HashSet::new();
        let mut todo: Vec<usize> =
            (0..self.all.len()).filter(|at| self.all.get(*at).is_some_and(|m| m.is_unread)).collect();
        while let Some(at) = todo.pop() {
            let Some(module) = self.all.get(at) else { continue };
            if unread.insert(module.source.id) {
                todo.extend(importers.get(at).into_iter().flatten());
            }
        }
        unread
    }

    /// Whether a file that was asked for holds tests.
    pub(super) fn have_tests(&self) -> bool {
        let mut items = self.all.iter().filter(|module| module.is_root).flat_map(|module| &module.file.items);
        items.any(|item| matches!(item.kind, ItemKind::Test(_)))
    }

    /// The sources in which reading found an error.
    pub(super) fn wrong(&self) -> impl Iterator<Item = SourceId> {
        self.all.iter().filter(|module| module.has_errors).map(|module| module.source.id)
    }
}

/// Reads the text of a file; errors are shown to people.
pub type Reader<'a> = &'a mut dyn FnMut(&Path) -> Result<String, String>;

/// Parses `roots` (names and texts) and everything that they import.
pub fn load(roots: Vec<(PathBuf, String)>, sources: &mut Sources, read: Reader<'_>) -> (Modules, Vec<Diagnostic>) {
    let mut loader = Loader { modules: Modules::default(), diagnostics: Vec::new(), sources, read, followed: 0 };
    let prelude = stdlib::module("prelude").map(|text| loader.add("std.prelude", "<stdlib>/prelude.flow", text, None));
    loader.modules.prelude = prelude;
    loader.add_roots(roots);
    loader.follow_imports();
    loader.report_cycles();
    loader.note_errors();
    (loader.modules, loader.diagnostics)
}

struct Loader<'a> {
    modules: Modules,
    diagnostics: Vec<Diagnostic>,
    sources: &'a mut Sources,
    read: Reader<'a>,
    /// How many modules' imports are followed.
    followed: usize,
}

impl Loader<'_> {
    /// Parses the files that were asked for, several at a time. A file that is named twice is one.
    fn add_roots(&mut self, roots: Vec<(PathBuf, String)>) {
        let mut seen = HashSet::new();
        let roots = roots.into_iter().map(|(path, text)| (key_of(&path), path, text));
        let roots: Vec<_> = roots.filter(|(key, ..)| seen.insert(key.clone())).collect();
        let add = |(_, path, text): &(String, PathBuf, String)| self.sources.add(path.display().to_string(), &**text);
        let sources: Vec<Source> = roots.iter().map(add).collect();
        for ((key, path, _), (source, parsed)) in roots.into_iter().zip(sources.iter().zip(syntax::parse_all(&sources)))
        {
            let id = self.keep(&key, source.clone(), parsed, Some(path));
            if let Some(module) = self.modules.all.get_mut(id.0) {
                module.is_root = true;
            }
        }
    }

    fn add(&mut self, key: &str, name: &str, text: &str, path: Option<PathBuf>) -> ModuleId {
        let source = self.sources.add(name, text);
        let parsed = syntax::parse(&source);
        self.keep(key, source, parsed, path)
    }

    fn keep(
        &mut self,
        key: &str,
        source: Source,
        (file, findings): (File, Vec<Diagnostic>),
        path: Option<PathBuf>,
    ) -> ModuleId {
        let is_unread = findings.iter().any(|finding| finding.is_error() && *finding.code != codes::VF003);
        self.diagnostics.extend(findings);
        let id = ModuleId(self.modules.all.len());
        self.modules.all.push(Module {
            source,
            file,
            is_root: false,
            imports: Vec::new(),
            unresolved: HashSet::new(),
            is_unread,
            has_errors: false,
            path,
        });
        self.modules.by_key.insert(key.to_owned(), id);
        id
    }

    /// Modules that are added while this walks are walked too.
    fn follow_imports(&mut self) {
        while let Some(module) = self.modules.all.get(self.followed) {
            let importer = ModuleId(self.followed);
            let wanted: Vec<Import> = imports_of(&module.file).cloned().collect();
            let base = module.path.clone().unwrap_or_default();
            let programs: Vec<PathBuf> = programs_of(&module.file).map(|path| resolved(&base, &path)).collect();
            for path in programs {
                let read = &mut self.read;
                self.modules.programs.entry(path).or_insert_with_key(|path| read(path).map(Arc::from));
            }
            for import in &wanted {
                self.follow(importer, import);
            }
            self.followed += 1;
        }
    }

    fn follow(&mut self, importer: ModuleId, import: &Import) {
        let target = match &import.target {
            ImportTarget::Module(parts) => {
                let name = parts.iter().map(|part| &*part.node).collect::<Vec<_>>().join(".");
                self.resolve_std(&name, import.target_span)
            }
            ImportTarget::File(path) => self.resolve_file(importer, path, import.target_span),
        };
        let name = import.alias.as_ref().map_or_else(|| default_name(&import.target), |alias| alias.node.clone());
        if target.is_some() && !syntax::is_name(&name) {
            self.refuse_name(import, &name);
        }
        let Some(module) = self.modules.all.get_mut(importer.0) else { return };
        let before = module.imports.iter().find(|before| before.name == name).map(|before| before.span);
        match (target, before) {
            (None, _) => {
                if let ImportTarget::Module(parts) = &import.target {
                    module.unresolved.extend(parts.iter().map(|part| part.node.clone()));
                }
                module.unresolved.insert(name);
            }
            (Some(target), None) => module.imports.push(Imported { name, module: target, span: import.target_span }),
            (Some(_), Some(before)) => self.refuse_second(import, &name, before),
        }
    }

    fn refuse_second(&mut self, import: &Import, name: &str, before: Span) {
        let finding = Diagnostic::new(&codes::VF102, import.target_span, format!("two imports have the name `{name}`"))
            .label(before, "the first")
            .help("give one of them another name: `import … as …`");
        self.diagnostics.push(finding);
    }

    /// A file's own name is what it is called here, unless no name can look like that.
    fn refuse_name(&mut self, import: &Import, name: &str) {
        let possible = syntax::name_like(name);
        let span = import.target_span;
        let finding = Diagnostic::new(&codes::VF001, span, format!("`{name}` cannot be a name"))
            .help(format!("give it another one here: `import … as {possible}`"))
            .fix("name it", span.after(), format!(" as {possible}"));
        self.diagnostics.push(finding);
    }

    /// Notes which modules have errors already.
    fn note_errors(&mut self) {
        let wrong: HashSet<SourceId> = self
            .diagnostics
            .iter()
            .filter(|finding| finding.is_error())
            .filter_map(|finding| finding.span().map(|span| span.source))
            .collect();
        for module in &mut self.modules.all {
            module.has_errors = wrong.contains(&module.source.id);
        }
    }

    fn resolve_std(&mut self, name: &str, span: Span) -> Option<ModuleId> {
        if let Some(known) = self.modules.by_key.get(name) {
            return Some(*known);
        }
        let text = name.strip_prefix("std.").and_then(stdlib::module);
        if let Some(text) = text {
            let file = format!("<stdlib>/{}.flow", name.trim_start_matches("std."));
            return Some(self.add(name, &file, text, None));
        }
        let known: Vec<String> = stdlib::names().map(|name| format!("std.{name}")).collect();
        let mut finding = Diagnostic::new(&codes::VF101, span, format!("no module is called `{name}`"));
        finding.help = did_you_mean(name, known.iter().map(String::as_str));
        let whole =
            known.iter().find(|known| name.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with('.')));
        if let Some(whole) = whole {
            finding.help = Some(format!("a module is imported whole: write `import {whole}`"));
            finding = finding.fix(format!("write `{whole}`"), span, whole.as_str());
        } else if let Some(near) = closest(name, known.iter().map(String::as_str)) {
            finding = finding.respell(name, near, span);
        }
        self.diagnostics.push(finding);
        None
    }

    fn resolve_file(&mut self, importer: ModuleId, relative: &str, span: Span) -> Option<ModuleId> {
        let base = self.modules.all.get(importer.0)?.path.clone().unwrap_or_default();
        let path = resolved(&base, relative);
        let key = key_of(&path);
        if let Some(known) = self.modules.by_key.get(&key) {
            return Some(*known);
        }
        match (self.read)(&path) {
            Ok(text) => Some(self.add(&key, &path.display().to_string(), &text, Some(path.clone()))),
            Err(why) => {
                let message = format!("cannot read `{}`: {why}", path.display());
                let help = "an import's path is relative to the file that it stands in";
                self.diagnostics.push(Diagnostic::new(&codes::VF101, span, message).help(help));
                None
            }
        }
    }

    /// Modules must form a tree of uses: a cycle is told once, and cut.
    fn report_cycles(&mut self) {
        let order = super::order::Graph::new(
            self.modules.all.len(),
            self.modules
                .all
                .iter()
                .enumerate()
                .flat_map(|(at, module)| module.imports.iter().map(move |i| (at, i.module.0))),
        );
        for cycle in order.cycles() {
            self.report_cycle(&cycle);
            for at in &cycle {
                if let Some(module) = self.modules.all.get_mut(*at) {
                    let (kept, cut): (Vec<Imported>, Vec<Imported>) =
                        module.imports.drain(..).partition(|import| !cycle.contains(&import.module.0));
                    module.imports = kept;
                    module.unresolved.extend(cut.into_iter().map(|import| import.name));
                }
            }
        }
    }

    fn report_cycle(&mut self, cycle: &[usize]) {
        let members: Vec<&Module> = cycle.iter().filter_map(|at| self.modules.all.get(*at)).collect();
        let names: Vec<&str> = members.iter().map(|module| &*module.source.name).collect();
        let next = cycle.get(1).or(cycle.first()).copied();
        let import =
            members.first().and_then(|module| module.imports.iter().find(|import| Some(import.module.0) == next));
        let Some(import) = import else { return };
        let finding = if let [_] = cycle {
            Diagnostic::new(&codes::VF105, import.span, "this file imports itself")
                .help("remove the line: what stands in the file needs no import")
        } else {
            Diagnostic::new(&codes::VF105, import.span, "these files import each other")
                .note(super::order::draw(&names))
                .help("move what both need into a file that imports neither")
        };
        self.diagnostics.push(finding);
    }
}

fn imports_of(file: &File) -> impl Iterator<Item = &Import> {
    file.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => Some(import),
        _ => None,
    })
}

fn programs_of(file: &File) -> impl Iterator<Item = Arc<str>> {
    file.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Step(step) => match &step.body {
            StepBody::External(call) => super::external::file_of(call),
            StepBody::Block(_) => None,
        },
        _ => None,
    })
}

/// A path that a file names: relative to the directory that the file lies in.
pub(super) fn resolved(file: &Path, path: &str) -> PathBuf {
    normal(&file.parent().unwrap_or(Path::new("")).join(path))
}

/// `status` of `std.status` and of `"../lib/status.flow"`.
fn default_name(target: &ImportTarget) -> Arc<str> {
    match target {
        ImportTarget::Module(parts) => parts.last().map_or_else(|| "".into(), |part| part.node.clone()),
        ImportTarget::File(path) => {
            Path::new(&**path).file_stem().map_or_else(|| "".into(), |stem| stem.to_string_lossy().as_ref().into())
        }
    }
}

fn key_of(path: &Path) -> String {
    normal(path).display().to_string()
}

/// The path without `.` and with `..` resolved by its text: a file has one key however it is reached.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if parts.file_name().is_some() => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts
}
