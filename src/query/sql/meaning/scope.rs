//! The tables that a query names, and the columns that its names mean.

use sqlparser::ast::{Expr, Ident, ObjectName, ObjectNamePart, Select, SelectItem};

use super::expression::Known;
use super::{Reader, Rows};
use crate::diagnostic::codes::VF404;
use crate::diagnostic::{Diagnostic, closest, did_you_mean, is_sure};
use crate::schema::database_type;
use crate::source::Span;

/// A column that a name may mean.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) known: Known,
}

/// Columns; `None` where nobody knows all of them.
pub(super) type Columns = Option<Vec<Column>>;

/// A table of a query.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// What the query calls it.
    pub(super) name: String,
    /// What the database calls it.
    pub(super) table: Option<String>,
    pub(super) columns: Columns,
    /// Whether some of them are one with those of another, so that `*` gives fewer.
    pub(super) is_merged: bool,
    /// How many rows it has, as far as it is a query.
    pub(super) rows: Rows,
}

/// The names that a select list gives.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    names: Vec<String>,
    /// The columns of the result that are called as those of a table.
    plain: Vec<String>,
    /// Whether they are seen from the clause that is being read.
    pub(super) are_seen: bool,
}

impl Aliases {
    /// Those of a query.
    pub(super) fn of(select: &Select) -> Self {
        let names = select.projection.iter().filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
            _ => None,
        });
        let plain = select.projection.iter().filter_map(|item| match item {
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(path)) => path.last().map(|name| name.value.clone()),
            _ => None,
        });
        Self { names: names.collect(), plain: plain.collect(), are_seen: false }
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }
}

/// Columns that every table has.
const HIDDEN: &[&str] = &["rowid", "oid", "_rowid_", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "rank"];

/// Values that are written like columns.
const VALUES: &[&str] = &[
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "utc_date",
    "utc_time",
    "utc_timestamp",
    "current_user",
    "session_user",
    "user",
    "current_role",
    "current_catalog",
    "current_schema",
    "default",
    "true",
    "false",
    "null",
    "excluded",
];

/// Tables of the databases' own.
const SYSTEM: &[&str] = &["pg_", "sqlite_", "pragma_", "json_each", "json_tree", "generate_series", "dual"];

impl Reader<'_> {
    /// The names of a path; `None` where a part is no name.
    pub(super) fn path(name: &ObjectName) -> Option<Vec<Ident>> {
        name.0.iter().map(ObjectNamePart::as_ident).map(Option::<&Ident>::cloned).collect()
    }

    /// The table that a name means.
    pub(super) fn table(&mut self, name: &ObjectName, alias: Option<&Ident>) -> Relation {
        let path = Self::path(name).unwrap_or_default();
        let written = path.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        let own = path.last().map_or("", |part| part.value.as_str());
        let called = alias.map_or(own, |alias| alias.value.as_str()).to_owned();
        let same = |cte: &&Relation| path.len() == 1 && cte.name.eq_ignore_ascii_case(&written);
        if let Some(cte) = self.ctes.iter().rev().find(same) {
            return Relation { name: called, ..cte.clone() };
        }
        let is_system = SYSTEM.iter().any(|system| own.to_lowercase().starts_with(system));
        if path.len() == 1 && !is_system {
            let place = self.across(&path);
            self.tables.push((written.clone(), place));
        }
        let unknown = || Relation::named(called.clone());
        let Some(schema) = self.surroundings.schema.filter(|_| !path.is_empty()) else { return unknown() };
        if let Some((table, found)) = schema.table(&written) {
            let column = |(name, column): (&String, &crate::schema::Column)| Column {
                name: name.clone(),
                known: Known {
                    ty: database_type(&column.ty),
                    // Of a view the database does not say.
                    nullable: (!found.view).then_some(column.nullable),
                    column: Some((table.to_owned(), name.clone(), column.ty.clone())),
                    is_comparable: true,
                    ..Known::default()
                },
            };
            let is_changed = (self.surroundings.is_made_here)(table);
            let columns = (!is_changed).then(|| found.columns.iter().map(column).collect());
            return Relation { table: Some(table.to_owned()), columns, ..unknown() };
        }
        self.no_public(&path);
        let is_elsewhere =
            path.len() > 2 || path.first().is_some_and(|first| path.len() == 2 && !schema.knows(&first.value));
        if !is_system
            && !is_elsewhere
            && !(self.surroundings.is_made_here)(own)
            && let Some((near, help)) = schema.missing_table(&written)
        {
            let finding = Diagnostic::new(&VF404, self.across(&path), format!("the database has no table `{written}`"));
            let finding = match (near, path.as_slice()) {
                (Some(near), [only]) => finding.fix(format!("write `{near}`"), self.at(only), near),
                _ => finding,
            };
            let finding = self.noted(finding.help(help));
            self.findings.push(finding);
        }
        unknown()
    }

    /// `public.t`, as PostgreSQL has it.
    fn no_public(&mut self, path: &[Ident]) {
        let [schema, table] = path else { return };
        if self.is_sqlite() && schema.value.eq_ignore_ascii_case("public") {
            let span = Span { end: self.at(table).start, ..self.at(schema) };
            let finding = Diagnostic::new(&VF404, self.at(schema), "SQLite has no schema `public`");
            self.findings.push(finding.fix(format!("write `{}`", table.value), span, ""));
        }
    }

    /// The column that a bare name means.
    pub(super) fn column(&mut self, ident: &Ident) -> Known {
        for scope in self.scopes.iter().rev() {
            let mut found = scope.iter().filter_map(|relation| relation.column(&ident.value));
            if let Some(column) = found.next() {
                let known = column.known.clone();
                self.one_of_several(ident);
                return known;
            }
            if scope
                .iter()
                .any(|relation| relation.columns.is_none() || relation.name.eq_ignore_ascii_case(&ident.value))
            {
                return Known::default();
            }
        }
        // A quoted name that is none is a text for SQLite, which says nothing of a slip: only what is no name can be meant.
        let is_text = ident.quote_style.is_some()
            && (self.surroundings.dialect.is_none() || (self.is_sqlite() && !may_be_name(&ident.value)));
        if self.sees_alias(&ident.value) || self.scopes.is_empty() || is_special(&ident.value) || is_text {
            return Known::default();
        }
        let known: Vec<(String, String)> = self
            .scopes
            .iter()
            .flatten()
            .flat_map(|relation| relation.columns.iter().flatten())
            .map(|column| (column.name.clone(), column.known.shown()))
            .collect();
        let tables: Vec<String> =
            self.scopes.last().into_iter().flatten().map(|relation| format!("`{}`", relation.title())).collect();
        let place = match tables.as_slice() {
            [] => format!("no table is read here that could have a column `{}`", ident.value),
            [only] => format!("{only} has no column `{}`", ident.value),
            _ => format!("none of {} has a column `{}`", tables.join(", "), ident.value),
        };
        self.no_column(ident, place, &known);
        Known::default()
    }

    /// A bare name that two tables of this query have.
    fn one_of_several(&mut self, ident: &Ident) {
        // A write has the rows that it is given beside the table, and a name of the result may be meant.
        let is_query = self.aliases.len() == self.scopes.len();
        let is_result = |aliases: &Aliases| {
            aliases.has(&ident.value) || aliases.plain.iter().any(|name| name.eq_ignore_ascii_case(&ident.value))
        };
        let Some(scope) = self.scopes.last().filter(|_| is_query && !self.aliases.iter().any(is_result)) else {
            return;
        };
        let is_apart = scope.iter().all(|relation| !relation.is_merged && relation.columns.is_some());
        let having: Vec<&str> = scope
            .iter()
            .filter(|relation| relation.column(&ident.value).is_some())
            .map(|relation| &*relation.name)
            .collect();
        if let ([first, second, ..], true) = (having.as_slice(), is_apart) {
            let message = format!("both `{first}` and `{second}` have a column `{}`", ident.value);
            let help = format!("say which: `{first}.{}`", ident.value);
            self.findings.push(Diagnostic::new(&VF404, self.at(ident), message).help(help));
        }
    }

    /// The column that `table.column` means.
    pub(super) fn qualified(&mut self, path: &[Ident]) -> Known {
        let [.., table, column] = path else { return Known::default() };
        let same = |relation: &&Relation| relation.name.eq_ignore_ascii_case(&table.value);
        let found = self.scopes.iter().rev().find_map(|scope| scope.iter().find(same));
        let Some(relation) = found else {
            let names: Vec<String> = self.scopes.iter().flatten().map(|relation| relation.name.clone()).collect();
            if path.len() == 2 && !names.is_empty() && !is_special(&table.value) {
                let message = format!("no table of this query is called `{}`", table.value);
                let finding = Diagnostic::new(&VF404, self.at(table), message);
                let help = did_you_mean(&table.value, names.iter().map(String::as_str));
                self.findings.push(finding.help(help.unwrap_or_else(|| "name it behind `from`".to_owned())));
            }
            return Known::default();
        };
        let Some(columns) = &relation.columns else { return Known::default() };
        if let Some(found) = relation.column(&column.value) {
            return found.known.clone();
        }
        if !is_special(&column.value) {
            let known: Vec<(String, String)> =
                columns.iter().map(|column| (column.name.clone(), column.known.shown())).collect();
            let message = format!("`{}` has no column `{}`", relation.title(), column.value);
            self.no_column(column, message, &known);
        }
        Known::default()
    }

    /// Whether a name may be one of the select list, which the clause that is being read sees. MySQL sees those of the
    /// queries around from everywhere.
    fn sees_alias(&self, name: &str) -> bool {
        let innermost = self.aliases.len().saturating_sub(1);
        let is_seen = |at: usize, aliases: &Aliases| aliases.are_seen || (self.is_mysql() && at < innermost);
        self.aliases.iter().enumerate().any(|(at, aliases)| aliases.has(name) && is_seen(at, aliases))
    }

    /// The finding for a column that is not there; `known` are names with their types.
    pub(super) fn no_column(&mut self, ident: &Ident, message: String, known: &[(String, String)]) {
        let finding = Diagnostic::new(&VF404, self.at(ident), message);
        let finding = if self.aliases.last().is_some_and(|aliases| !aliases.are_seen && aliases.has(&ident.value)) {
            let help =
                format!("`{}` is named by this query itself and not known yet here: repeat what it is", ident.value);
            finding.help(help)
        } else {
            self.with_near(finding, ident, known)
        };
        let finding = self.noted(finding);
        self.findings.push(finding);
    }

    /// Adds the near name with its type, as text and as fix.
    fn with_near(&self, finding: Diagnostic, ident: &Ident, known: &[(String, String)]) -> Diagnostic {
        let (name, span) = (ident.value.as_str(), self.at(ident));
        let names = || known.iter().map(|(name, _)| name.as_str());
        let near = closest(name, names()).and_then(|near| known.iter().find(|(known, _)| known == near));
        match near {
            Some((near, ty)) => {
                let ty = if ty.is_empty() { String::new() } else { format!(" ({ty})") };
                let written = if is_plain_name(near) { near.clone() } else { format!("\"{near}\"") };
                let finding = finding.at(format!("did you mean `{near}`{ty}?"));
                if is_sure(name, near) { finding.fix(format!("write `{written}`"), span, written) } else { finding }
            }
            None if ident.quote_style == Some('"') => {
                let text = format!("'{name}'");
                let finding = finding.help(format!("double quotes are for names, single ones for texts: `{text}`"));
                if self.is_sqlite() { finding.fix(format!("write `{text}`"), span, text) } else { finding }
            }
            None => {
                finding.help(did_you_mean(name, names()).unwrap_or_else(|| "look at the table's columns".to_owned()))
            }
        }
    }
}

/// Whether what stands in quotes may be meant as a name, and is no format, path or separator.
fn may_be_name(quoted: &str) -> bool {
    quoted.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && quoted.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == ' ')
}

/// Whether a name means itself without quotes.
fn is_plain_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_lowercase() || first == '_')
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

fn is_special(name: &str) -> bool {
    HIDDEN.iter().chain(VALUES).any(|special| special.eq_ignore_ascii_case(name))
}

impl Relation {
    /// A table of which nothing is known but what it is called.
    pub(super) fn named(name: String) -> Self {
        Self { name, table: None, columns: None, is_merged: false, rows: Rows::default() }
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        let columns = self.columns.as_ref()?;
        columns
            .iter()
            .find(|column| column.name == name)
            .or_else(|| columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)))
    }

    /// What messages call it.
    pub(super) fn title(&self) -> &str {
        self.table.as_deref().unwrap_or(&self.name)
    }

    /// Its rows may be missing, as on the outer side of a join.
    pub(super) fn may_be_missing(&mut self) {
        for column in self.columns.iter_mut().flatten() {
            column.known.nullable = Some(true);
        }
    }
}
