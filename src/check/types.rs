//! Written types.

use std::collections::HashMap;
use std::sync::Arc;

use super::Checker;
use super::deprecation::Deprecation;
use super::foreign;
use super::modules::ModuleId;
use super::order::{Graph, draw};
use crate::diagnostic::{Diagnostic, closest, codes, nearest};
use crate::source::Span;
use crate::stdlib;
use crate::syntax::ast::{ItemKind, Name, TypeDefinition, TypeExpr, TypeExprKind};
use crate::value::{ConnectionKind, RecordType, Type};

/// Types without arguments, by name.
const PLAIN: &[(&str, Type)] = &[
    ("bool", Type::Bool),
    ("int", Type::Int),
    ("float", Type::Float),
    ("decimal", Type::Decimal),
    ("text", Type::Text),
    ("json", Type::Json),
    ("date", Type::Date),
    ("time", Type::Time),
    ("timestamp", Type::Timestamp),
    ("duration", Type::Duration),
    ("period", Type::Period),
    ("bdays", Type::BusinessDays),
    ("calendar", Type::Calendar),
    ("sample", Type::Sample),
    ("series", Type::Series),
    ("sql", Type::Connection(ConnectionKind::Sql)),
    ("sqlite", Type::Connection(ConnectionKind::Sqlite)),
    ("postgres", Type::Connection(ConnectionKind::Postgres)),
    ("mysql", Type::Connection(ConnectionKind::Mysql)),
    ("metrics", Type::Connection(ConnectionKind::Metrics)),
    ("http", Type::Connection(ConnectionKind::Http)),
    ("files", Type::Connection(ConnectionKind::Files)),
    ("promql", Type::Promql),
    ("url", Type::Url),
    ("regex", Type::Regex),
    ("secret", Type::Secret),
    ("error", Type::Failure),
];

/// What the other names are called with.
const GENERIC: &[&str] = &["list", "map", "range", "table", "point", "outcomes"];

/// The most parts that a type may have, and the most levels: whatever shows or compares types goes through all of them.
const MOST_PARTS: usize = 5_000;
const MOST_LEVELS: usize = 128;

/// How large a type is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    parts: usize,
    levels: usize,
    /// Whether it holds one that was too large, which was told.
    is_refused: bool,
}

impl Size {
    fn beside(self, other: Self) -> Self {
        Self {
            parts: self.parts.saturating_add(other.parts),
            levels: self.levels.max(other.levels),
            is_refused: self.is_refused || other.is_refused,
        }
    }

    fn around(self) -> Self {
        Self { parts: self.parts.saturating_add(1), levels: self.levels + 1, ..self }
    }

    /// What is too much of it.
    fn fault(self) -> Option<String> {
        if self.is_refused {
            return None;
        }
        if self.levels > MOST_LEVELS {
            return Some(format!("is nested more than {MOST_LEVELS} levels deep"));
        }
        (self.parts > MOST_PARTS).then(|| format!("has more than {MOST_PARTS} parts"))
    }
}

impl Checker<'_> {
    /// Reads every `type Name = …`, each module's own first.
    pub(super) fn type_definitions(&mut self) {
        let modules = self.modules;
        for id in self.module_order() {
            let Some(module) = modules.all.get(id.0) else { continue };
            let mut definitions: Vec<&TypeDefinition> = Vec::new();
            for item in &module.file.items {
                let ItemKind::Type(definition) = &item.kind else { continue };
                let old = Deprecation::of(&item.doc);
                self.old_types.extend(old.map(|old| ((id, definition.name.node.clone()), (old, definition.name.span))));
                definitions.push(definition);
            }
            self.define_types(id, &definitions);
        }
    }

    fn define_types(&mut self, module: ModuleId, definitions: &[&TypeDefinition]) {
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (at, definition) in definitions.iter().enumerate() {
            places.entry(&definition.name.node).or_insert(at);
        }
        let place = |name: &str| places.get(name).copied();
        let edges = definitions.iter().enumerate().flat_map(|(at, definition)| {
            names_in(&definition.ty).into_iter().filter_map(move |name| Some((at, place(&name)?)))
        });
        let graph = Graph::new(definitions.len(), edges.collect::<Vec<_>>());
        for cycle in graph.cycles() {
            let names: Vec<&str> = cycle.iter().filter_map(|at| Some(&*definitions.get(*at)?.name.node)).collect();
            let Some(first) = cycle.first().and_then(|at| definitions.get(*at)) else { continue };
            let message = format!("the type `{}` contains itself", first.name.node);
            let finding = Diagnostic::new(&codes::VF105, first.name.span, message).note(draw(&names));
            self.report(finding.help("use `json` for what may be nested without end"));
            for at in &cycle {
                if let Some(definition) = definitions.get(*at) {
                    self.types.insert((module, definition.name.node.clone()), Type::Error);
                }
            }
        }
        for definition in graph.order().into_iter().filter_map(|at| definitions.get(at)) {
            self.define_type(module, definition);
        }
    }

    fn define_type(&mut self, module: ModuleId, definition: &TypeDefinition) {
        let name = &definition.name;
        if PLAIN.iter().any(|(plain, _)| *plain == &*name.node) || GENERIC.contains(&&*name.node) {
            let message = format!("`{}` is a type of the language already", name.node);
            self.report(Diagnostic::new(&codes::VF102, name.span, message).help("choose another name"));
            return;
        }
        let key = (module, name.node.clone());
        if self.types.get(&key).is_some_and(|known| *known != Type::Error) {
            let finding =
                Diagnostic::new(&codes::VF102, name.span, format!("the type `{}` is defined twice", name.node));
            self.report(finding.help("give one of them another name"));
            return;
        }
        let mut size = self.size_of(module, &definition.ty);
        if let Some(fault) = size.fault() {
            size.is_refused = true;
            let finding = Diagnostic::new(&codes::VF001, name.span, format!("the type `{}` {fault}", name.node));
            self.report(finding.help("use `json` for some of its parts"));
        }
        self.type_sizes.insert(key.clone(), size);
        // What holds a refused type is as large.
        if size.is_refused {
            self.types.insert(key, Type::Error);
            return;
        }
        let is_inside = std::mem::replace(&mut self.is_inside_old, self.old_types.contains_key(&key));
        let ty = self.read_type(module, &definition.ty);
        self.is_inside_old = is_inside;
        self.types.entry(key).or_insert(ty);
    }

    /// How large a written type is once its names stand for what they mean: a few lines can say a type of a billion parts.
    fn size_of(&self, module: ModuleId, ty: &TypeExpr) -> Size {
        let all = |parts: &mut dyn Iterator<Item = Size>| parts.fold(Size::default(), Size::beside);
        match &ty.kind {
            TypeExprKind::Literal(_) => Size::default().around(),
            TypeExprKind::Optional(inner) => self.size_of(module, inner),
            TypeExprKind::Record(fields) => all(&mut fields.iter().map(|(_, ty)| self.size_of(module, ty))).around(),
            TypeExprKind::Union(parts) => all(&mut parts.iter().map(|ty| self.size_of(module, ty))),
            TypeExprKind::Named { path, arguments } => {
                let home = match path.as_slice() {
                    [alias, _] => {
                        let imports = self.modules.all.get(module.0).map(|module| module.imports.as_slice());
                        imports.unwrap_or_default().iter().find(|import| import.name == alias.node).map(|it| it.module)
                    }
                    _ => Some(module),
                };
                let key = home.zip(path.last()).map(|(home, own)| (home, own.node.clone()));
                let own = key.and_then(|key| self.type_sizes.get(&key)).copied();
                let inner = all(&mut arguments.iter().map(|ty| self.size_of(module, ty))).around();
                own.map_or(inner, |own| own.beside(inner))
            }
        }
    }

    /// The type that was written; what is wrong with it is told, and then it is [`Type::Error`].
    pub(super) fn read_type(&mut self, module: ModuleId, written: &TypeExpr) -> Type {
        match &written.kind {
            TypeExprKind::Literal(text) => Type::literals([&**text]),
            TypeExprKind::Optional(inner) => self.read_type(module, inner).optional(),
            TypeExprKind::Record(fields) => self.read_record(module, fields),
            TypeExprKind::Union(parts) => self.read_union(module, parts, written.span),
            TypeExprKind::Named { path, arguments } => self.read_named(module, path, arguments, written.span),
        }
    }

    fn read_record(&mut self, module: ModuleId, fields: &[(Name, TypeExpr)]) -> Type {
        let mut read: Vec<(Arc<str>, Type)> = Vec::with_capacity(fields.len());
        for (name, ty) in fields {
            if read.iter().any(|(known, _)| *known == name.node) {
                let finding =
                    Diagnostic::new(&codes::VF102, name.span, format!("the field `{}` is there twice", name.node));
                self.report(finding.help("leave one out"));
                continue;
            }
            read.push((name.node.clone(), self.read_type(module, ty)));
        }
        Type::Record(RecordType::new(read))
    }

    fn read_union(&mut self, module: ModuleId, parts: &[TypeExpr], span: Span) -> Type {
        let mut values = std::collections::BTreeSet::new();
        for part in parts {
            match self.read_type(module, part) {
                Type::Literals(more) => values.extend(more.iter().cloned()),
                Type::Error => return Type::Error,
                other => {
                    let message = format!("a union is of literal texts, `{other}` is none");
                    let finding = Diagnostic::new(&codes::VF201, part.span, message).label(span, "this union");
                    self.report(finding.help("write its members in quotes: `\"low\" | \"high\"`"));
                    return Type::Error;
                }
            }
        }
        Type::Literals(Arc::new(values))
    }

    fn read_named(&mut self, module: ModuleId, path: &[Name], arguments: &[TypeExpr], span: Span) -> Type {
        let written: Vec<Type> = arguments.iter().map(|argument| self.read_type(module, argument)).collect();
        let name = path.iter().map(|part| &*part.node).collect::<Vec<_>>().join(".");
        match (name.as_str(), written.as_slice()) {
            ("list", [item]) => Type::list(item.clone()),
            ("map", [key, value]) => Type::map(key.clone(), value.clone()),
            ("range", [Type::Date | Type::Timestamp | Type::Error]) => {
                Type::Range(Box::new(written.into_iter().next().unwrap_or(Type::Error)))
            }
            ("table", [Type::Record(row)]) => Type::Table(row.clone()),
            ("table", [Type::Error]) => Type::Error,
            ("point", []) => Type::point(),
            (_, []) if GENERIC.contains(&name.as_str()) => self.bad_arguments(&name, span),
            (_, []) => self.read_plain(module, path, &name, span),
            _ if GENERIC.contains(&name.as_str()) => self.bad_arguments(&name, span),
            _ => {
                let finding = self.takes_no_types(&name, arguments, span);
                self.report(finding);
                Type::Error
            }
        }
    }

    /// The finding for `Name<…>`, where that is no type.
    fn takes_no_types(&self, name: &str, arguments: &[TypeExpr], span: Span) -> Diagnostic {
        let unknown = || Diagnostic::new(&codes::VF101, span, format!("no type is called `{name}`"));
        let lower = name.to_ascii_lowercase();
        if let ("optional" | "option" | "nullable" | "maybe", [of]) = (lower.as_str(), arguments) {
            let of = self.short(of.span);
            return unknown().help(format!("a type that may be `none` ends with `?`: write `{of}?`"));
        }
        let known = GENERIC.iter().find(|known| **known == lower).copied();
        if let Some(near) = known.or_else(|| closest(name, GENERIC.iter().copied())) {
            return unknown().help(format!("did you mean `{near}`?")).respell(name, near, span.slice(0, name.len()));
        }
        match foreign::ty(name).filter(|ours| ours.contains('<')) {
            Some(ours) => unknown().help(format!("write `{ours}`")),
            None => Diagnostic::new(&codes::VF201, span, format!("`{name}` takes no types in `<…>`"))
                .help("leave `<…>` out"),
        }
    }

    fn bad_arguments(&mut self, name: &str, span: Span) -> Type {
        let form = match name {
            "list" => "list<T>",
            "map" => "map<K, V>",
            "range" => "range<date>` or `range<timestamp>",
            "table" => "table<{ column: type }>",
            "outcomes" => "for each … on failure continue",
            _ => name,
        };
        self.report(
            Diagnostic::new(&codes::VF201, span, format!("`{name}` is not complete like this"))
                .help(format!("write `{form}`")),
        );
        Type::Error
    }

    fn read_plain(&mut self, module: ModuleId, path: &[Name], name: &str, span: Span) -> Type {
        if let Some((_, ty)) = PLAIN.iter().find(|(plain, _)| *plain == name) {
            return ty.clone();
        }
        let home = match path {
            [_] => Some(module),
            [alias, _] => self.imported(module, &alias.node),
            _ => None,
        };
        let key = home.zip(path.last()).map(|(home, own)| (home, own.node.clone()));
        let found = key.as_ref().and_then(|key| self.types.get(key).cloned());
        if let (Some(key), Some(own), Some(found)) = (&key, path.last(), &found) {
            self.old_type(module, key, found, own.span);
        }
        found.unwrap_or_else(|| {
            let is_unresolved = path.len() == 2 && path.first().is_some_and(|of| self.is_unresolved(module, &of.node));
            if !is_unresolved {
                self.unknown_type(module, name, span);
            }
            Type::Error
        })
    }

    /// Tells of a type that its author says others should stop using.
    fn old_type(&mut self, module: ModuleId, key: &(ModuleId, Arc<str>), ty: &Type, span: Span) {
        let is_root = self.modules.all.get(module.0).is_some_and(|module| module.is_root);
        let Some((old, defined)) = self.old_types.get(key).filter(|_| is_root && !self.is_inside_old) else { return };
        let finding = old.finding(&format!("the type `{}`", key.1), span).label(*defined, "defined here");
        let other = old.replacement.as_deref().map(|name| (key.0, Arc::from(name)));
        let is_same = other
            .as_ref()
            .is_some_and(|other| self.types.get(other) == Some(ty) && !self.old_types.contains_key(other));
        let finding = match other.filter(|_| is_same) {
            Some((_, name)) => finding.fix(format!("write `{name}`"), span, &*name),
            None => finding,
        };
        self.warn(finding);
    }

    fn unknown_type(&mut self, module: ModuleId, name: &str, span: Span) {
        let finding = Diagnostic::new(&codes::VF101, span, format!("no type is called `{name}`"));
        if let Some(ours) = foreign::ty(name) {
            self.report(if ours.contains('T') {
                finding.help(format!("write `{ours}`, with a type for `T`"))
            } else {
                finding.help(format!("write `{ours}`")).fix(format!("write `{ours}`"), span, ours)
            });
            return;
        }
        let (alias, name) = name.split_once('.').map_or((None, name), |(alias, name)| (Some(alias), name));
        let home = match alias {
            Some(alias) => self.imported(module, alias),
            None => Some(module),
        };
        let own: Vec<String> =
            self.types.keys().filter(|(of, _)| Some(*of) == home).map(|(_, name)| name.to_string()).collect();
        let plain = PLAIN.iter().map(|(plain, _)| *plain).chain(GENERIC.iter().copied()).filter(|_| alias.is_none());
        let behind_alias = span.slice(alias.map_or(0, |alias| alias.len() + 1), span.len() as usize);
        let finding = finding.help("define it: `type Name = …`");
        let finding = self.suggest(finding, name, own.iter().map(String::as_str).chain(plain), behind_alias);
        self.report(finding);
    }

    /// Whether a name is an import's that was not found, which has a finding of its own.
    pub(super) fn is_unresolved(&self, module: ModuleId, name: &str) -> bool {
        let Some(module) = self.modules.all.get(module.0).filter(|module| !module.unresolved.is_empty()) else {
            return false;
        };
        // A misspelt import is used under the name that was meant.
        module.unresolved.contains(name) || !nearest(name, module.unresolved.iter().map(|name| &**name)).is_empty()
    }

    /// Tells, once for a file, that `name` is a module of the library that the file does not import under this name.
    pub(super) fn lacks_import(&mut self, module: ModuleId, name: &str, span: Span) -> bool {
        if !stdlib::names().any(|known| known == name) {
            return false;
        }
        let imports = self.modules.all.get(module.0).map(|module| module.imports.as_slice()).unwrap_or_default();
        let written = format!("std.{name}");
        let alias = imports.iter().find(|import| self.source_text(import.span) == written);
        let finding = match alias.map(|import| (import.name.clone(), import.span)) {
            Some((alias, place)) => {
                self.used_imports.insert((module, alias.clone()));
                Diagnostic::new(&codes::VF101, span, format!("`{written}` is called `{alias}` in this file"))
                    .label(place, "imported here")
                    .help(format!("write `{alias}`, or leave `as {alias}` out"))
            }
            None => Diagnostic::new(&codes::VF101, span, format!("the module `{name}` is not imported"))
                .help(format!("write `import {written}` at the top of the file")),
        };
        if self.missed_imports.insert((module, Arc::from(name))) {
            self.report(finding);
        }
        true
    }

    /// The module that an alias names, noting that the import is used.
    pub(super) fn imported(&mut self, module: ModuleId, alias: &str) -> Option<ModuleId> {
        let import = self.modules.all.get(module.0)?.imports.iter().find(|import| &*import.name == alias)?;
        self.used_imports.insert((module, import.name.clone()));
        Some(import.module)
    }
}

fn names_in(ty: &TypeExpr) -> Vec<Arc<str>> {
    match &ty.kind {
        TypeExprKind::Literal(_) => Vec::new(),
        TypeExprKind::Optional(inner) => names_in(inner),
        TypeExprKind::Record(fields) => fields.iter().flat_map(|(_, ty)| names_in(ty)).collect(),
        TypeExprKind::Union(parts) => parts.iter().flat_map(names_in).collect(),
        TypeExprKind::Named { path, arguments } => {
            let own = match path.as_slice() {
                [name] => Some(name.node.clone()),
                _ => None,
            };
            own.into_iter().chain(arguments.iter().flat_map(names_in)).collect()
        }
    }
}
