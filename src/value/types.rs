//! Types, and when a value of one may stand where another is wanted.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The kinds of connection a workflow can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConnectionKind {
    /// Any SQL database.
    Sql,
    /// SQLite, insisted on.
    Sqlite,
    /// PostgreSQL, insisted on.
    Postgres,
    /// MySQL or MariaDB, insisted on.
    Mysql,
    /// A store of metrics.
    Metrics,
    /// An HTTP source.
    Http,
    /// A directory of files.
    Files,
}

impl ConnectionKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Sql, Self::Sqlite, Self::Postgres, Self::Mysql, Self::Metrics, Self::Http, Self::Files];

    /// The word in a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Metrics => "metrics",
            Self::Http => "http",
            Self::Files => "files",
        }
    }

    /// The kind with this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The family whose primitives work on it.
    pub const fn family(self) -> &'static str {
        match self {
            Self::Sql | Self::Sqlite | Self::Postgres | Self::Mysql => "sql",
            Self::Metrics => "metrics",
            Self::Http => "http",
            Self::Files => "files",
        }
    }

    /// Whether a connection of this kind may stand where `wanted` is.
    pub fn fits(self, wanted: Self) -> bool {
        self == wanted || (wanted == Self::Sql && self.family() == "sql")
    }
}

/// A field of a record type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    /// The name.
    pub name: Arc<str>,
    /// The type.
    pub ty: Type,
}

/// The fields of a record or the columns of a table, in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RecordType {
    /// The fields.
    pub fields: Vec<Field>,
}

impl RecordType {
    /// A record type from pairs.
    pub fn new(fields: impl IntoIterator<Item = (impl Into<Arc<str>>, Type)>) -> Arc<Self> {
        let fields = fields.into_iter().map(|(name, ty)| Field { name: name.into(), ty }).collect();
        Arc::new(Self { fields })
    }

    /// The type of a field.
    pub fn get(&self, name: &str) -> Option<&Type> {
        self.fields.iter().find(|field| &*field.name == name).map(|field| &field.ty)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| &*field.name)
    }
}

/// A type of the language.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// The type of an expression that already has an error; fits everything, so one mistake is told once.
    Error,
    /// A value whose type nobody stated, such as a column without `as`; fits everything, checked at run time.
    Any,
    /// The type of `none`, and the result of what gives nothing.
    None,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `float`.
    Float,
    /// `decimal`.
    Decimal,
    /// `text`.
    Text,
    /// `json`.
    Json,
    /// `date`.
    Date,
    /// `time`.
    Time,
    /// `timestamp`.
    Timestamp,
    /// `duration`.
    Duration,
    /// `period`.
    Period,
    /// `bdays`.
    BusinessDays,
    /// `calendar`.
    Calendar,
    /// `sql`.
    Sql,
    /// `promql`.
    Promql,
    /// `url`.
    Url,
    /// `regex`.
    Regex,
    /// `secret`.
    Secret,
    /// `sample`.
    Sample,
    /// `series`.
    Series,
    /// What went wrong: `{ kind, message, help }`.
    Failure,
    /// A union of literals, `"trend" | "lower"`; also a single literal.
    Literals(Arc<BTreeSet<Arc<str>>>),
    /// `range<date>` or `range<timestamp>`.
    Range(Box<Type>),
    /// `list<T>`.
    List(Box<Type>),
    /// `map<K, V>`.
    Map(Box<Type>, Box<Type>),
    /// `{ day: date, n: int }`; `point` is `{ at: timestamp, value: float }`.
    Record(Arc<RecordType>),
    /// `table<{…}>`.
    Table(Arc<RecordType>),
    /// `T?`.
    Optional(Box<Type>),
    /// `outcomes<T>`: the item's type and the result's.
    Outcomes(Box<Type>, Box<Type>),
    /// A connection.
    Connection(ConnectionKind),
    /// In a signature: any type, the same wherever the letter stands.
    Variable(&'static str),
    /// In a signature: a type that can be added up (`int`, `float`, `decimal`, `duration`).
    Number(&'static str),
    /// In a signature: a type with an order.
    Ordered(&'static str),
}

/// Why a value does not fit: where in the type, what was wanted, what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// `""`, `"of the list's items"`, `"of field `day`"`.
    pub place: String,
    /// The inner type that was wanted.
    pub wanted: Type,
    /// The inner type that was found.
    pub found: Type,
}

impl Type {
    /// `{ at: timestamp, value: float }`.
    pub fn point() -> Self {
        Self::Record(RecordType::new([("at", Self::Timestamp), ("value", Self::Float)]))
    }

    /// `list<T>`.
    pub fn list(item: Self) -> Self {
        Self::List(Box::new(item))
    }

    /// `map<K, V>`.
    pub fn map(key: Self, value: Self) -> Self {
        Self::Map(Box::new(key), Box::new(value))
    }

    /// A union of literals.
    pub fn literals<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Literals(Arc::new(values.into_iter().map(Arc::from).collect()))
    }

    /// `T?`; an optional stays what it is.
    #[must_use]
    pub fn optional(self) -> Self {
        match self {
            Self::Optional(_) | Self::Error | Self::Any | Self::None => self,
            other => Self::Optional(Box::new(other)),
        }
    }

    /// `T` of `T?`; any other type as it is.
    #[must_use]
    pub fn required(&self) -> Self {
        match self {
            Self::Optional(inner) => (**inner).clone(),
            other => other.clone(),
        }
    }

    /// Whether the type says nothing: after an error, or for want of a statement.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Error | Self::Any)
    }

    /// Whether some part of it already has an error.
    pub fn has_error(&self) -> bool {
        match self {
            Self::Error => true,
            Self::List(inner) | Self::Optional(inner) | Self::Range(inner) => inner.has_error(),
            Self::Map(a, b) | Self::Outcomes(a, b) => a.has_error() || b.has_error(),
            Self::Record(record) | Self::Table(record) => record.fields.iter().any(|field| field.ty.has_error()),
            _ => false,
        }
    }

    /// Whether some part of its values is a secret.
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Secret => true,
            Self::List(inner) | Self::Optional(inner) => inner.has_secret(),
            Self::Map(a, b) | Self::Outcomes(a, b) => a.has_secret() || b.has_secret(),
            Self::Record(record) | Self::Table(record) => record.fields.iter().any(|field| field.ty.has_secret()),
            _ => false,
        }
    }

    /// Whether `none` is among its values.
    pub const fn is_optional(&self) -> bool {
        matches!(self, Self::Optional(_) | Self::None)
    }

    /// The family whose methods and properties its values have.
    pub const fn family(&self) -> Option<&'static str> {
        Some(match self {
            Self::List(_) | Self::Table(_) => "list",
            Self::Map(..) => "map",
            Self::Text | Self::Literals(_) => "text",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Duration => "duration",
            Self::Period => "period",
            Self::Range(_) => "range",
            Self::Calendar => "calendar",
            Self::Sample => "sample",
            Self::Series => "series",
            Self::Failure => "error",
            Self::Outcomes(..) => "outcomes",
            Self::Connection(kind) => kind.family(),
            _ => return None,
        })
    }

    /// Whether its values are texts.
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Literals(_))
    }

    /// Whether its values can be added up.
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Float | Self::Decimal | Self::Duration | Self::Any | Self::Error)
    }

    /// What an author writes to read a `text` as a value of this type; `as` reads none.
    pub const fn reader(&self) -> Option<&'static str> {
        Some(match self {
            Self::Int => "parse_int(text)",
            Self::Float => "parse_float(text)",
            Self::Decimal => "parse_decimal(text)",
            Self::Date => "parse_date(text, \"%d/%m/%Y\")",
            Self::Timestamp => "parse_timestamp(text, \"%Y-%m-%d %H:%M\", \"UTC\")",
            Self::Json => "parse_json(text)",
            _ => return None,
        })
    }

    /// Whether `<` compares its values.
    pub const fn is_ordered(&self) -> bool {
        self.is_number()
            || self.is_text()
            || matches!(self, Self::Date | Self::Time | Self::Timestamp | Self::Period | Self::BusinessDays)
    }

    /// The item when the type can be walked: list, table.
    pub fn item(&self) -> Option<Self> {
        match self {
            Self::List(item) => Some((**item).clone()),
            Self::Table(row) => Some(Self::Record(row.clone())),
            Self::Any => Some(Self::Any),
            Self::Error => Some(Self::Error),
            _ => None,
        }
    }

    /// Whether a value of type `self` may stand where `wanted` is; if not, the innermost reason.
    pub fn fits(&self, wanted: &Self) -> Result<(), Mismatch> {
        let no = || Mismatch { place: String::new(), wanted: wanted.clone(), found: self.clone() };
        let within = |place: &str, mut mismatch: Mismatch| {
            mismatch.place =
                if mismatch.place.is_empty() { place.to_owned() } else { format!("{} {place}", mismatch.place) };
            mismatch
        };
        match (self, wanted) {
            (found, wanted) if found.is_unknown() || wanted.is_unknown() || found == wanted => Ok(()),
            (Self::None, Self::Optional(_)) | (Self::Int, Self::Float) | (Self::Literals(_), Self::Text) => Ok(()),
            (Self::Optional(found), Self::Optional(wanted)) => found.fits(wanted),
            (found, Self::Optional(wanted)) => found.fits(wanted).map_err(|_| no()),
            (Self::Literals(found), Self::Literals(wanted)) if found.is_subset(wanted) => Ok(()),
            (Self::Range(found), Self::Range(wanted)) => {
                found.fits(wanted).map_err(|m| within("of the range's ends", m))
            }
            (Self::List(found), Self::List(wanted)) => found.fits(wanted).map_err(|m| within("of the list's items", m)),
            (Self::Table(found), Self::List(wanted)) => {
                Self::Record(found.clone()).fits(wanted).map_err(|m| within("of the table's rows", m))
            }
            (Self::Map(key, value), Self::Map(wanted_key, wanted_value)) => {
                key.fits(wanted_key).map_err(|m| within("of the map's keys", m))?;
                value.fits(wanted_value).map_err(|m| within("of the map's values", m))
            }
            (Self::Record(found), Self::Record(wanted)) | (Self::Table(found), Self::Table(wanted)) => {
                found.fits(wanted)?.map_or(Ok(()), |(name, m)| Err(within(&format!("of field `{name}`"), m)))
            }
            (Self::Connection(found), Self::Connection(wanted)) if found.fits(*wanted) => Ok(()),
            _ => Err(no()),
        }
    }

    /// Whether values of this type, which [fits](Self::fits), are converted where `wanted` is: an `int` to a `float`, a record
    /// that lacks optional fields.
    pub fn is_widened_to(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::Int, Self::Float) => true,
            (Self::Optional(found), Self::Optional(wanted)) => found.is_widened_to(wanted),
            (found, Self::Optional(wanted)) => found.is_widened_to(wanted),
            (Self::List(found), Self::List(wanted)) => found.is_widened_to(wanted),
            (Self::Table(found), Self::List(wanted)) => Self::Record(found.clone()).is_widened_to(wanted),
            (Self::Map(key, value), Self::Map(wanted_key, wanted_value)) => {
                key.is_widened_to(wanted_key) || value.is_widened_to(wanted_value)
            }
            (Self::Record(found), Self::Record(wanted)) | (Self::Table(found), Self::Table(wanted)) => {
                let of_field = |field: &Field| match found.get(&field.name) {
                    Some(found) => found.is_widened_to(&field.ty),
                    None => field.ty.is_optional(),
                };
                wanted.fields.iter().any(of_field)
            }
            _ => false,
        }
    }

    /// The one type that values of both have, as branches of an `if` or items of a list need; `None` when there is none.
    pub fn join(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::None, ty) | (ty, Self::None) => Some(ty.clone().optional()),
            (Self::Optional(a), b) | (b, Self::Optional(a)) => Some(a.join(&b.required())?.optional()),
            (Self::Literals(a), Self::Literals(b)) => Some(Self::Literals(Arc::new(a.union(b).cloned().collect()))),
            (Self::List(a), Self::List(b)) => Some(Self::list(a.join(b)?)),
            (Self::Map(ak, av), Self::Map(bk, bv)) => Some(Self::map(ak.join(bk)?, av.join(bv)?)),
            (Self::Record(a), Self::Record(b)) => a.join(b).map(Self::Record),
            (a, b) if a.fits(b).is_ok() => Some(b.clone()),
            (a, b) if b.fits(a).is_ok() => Some(a.clone()),
            (Self::Table(row), Self::List(item)) | (Self::List(item), Self::Table(row)) => {
                Some(Self::list(Self::Record(row.clone()).join(item)?))
            }
            _ => None,
        }
    }
}

impl RecordType {
    /// `Ok(None)` when it fits; `Ok(Some((field, why)))` for the first field that does not.
    fn fits(&self, wanted: &Self) -> Result<Option<(Arc<str>, Mismatch)>, Mismatch> {
        let no = || Mismatch {
            place: String::new(),
            wanted: Type::Record(Arc::new(wanted.clone())),
            found: Type::Record(Arc::new(self.clone())),
        };
        if self.fields.iter().any(|field| wanted.get(&field.name).is_none()) {
            return Err(no());
        }
        for field in &wanted.fields {
            match self.get(&field.name) {
                Some(found) => {
                    if let Err(mismatch) = found.fits(&field.ty) {
                        return Ok(Some((field.name.clone(), mismatch)));
                    }
                }
                // A type that nobody knows might have been optional.
                None if field.ty.is_optional() || field.ty.has_error() => {}
                None => return Err(no()),
            }
        }
        Ok(None)
    }

    fn join(&self, other: &Self) -> Option<Arc<Self>> {
        let same_names = self.fields.len() == other.fields.len() && self.names().all(|name| other.get(name).is_some());
        if !same_names {
            return None;
        }
        let fields =
            self.fields.iter().map(|field| Some((field.name.clone(), field.ty.join(other.get(&field.name)?)?)));
        Some(Self::new(fields.collect::<Option<Vec<_>>>()?))
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<String> = self.fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
        if fields.is_empty() { f.write_str("{}") } else { write!(f, "{{ {} }}", fields.join(", ")) }
    }
}

/// A type longer than this is cut in the middle of a sentence.
const LONGEST_BRIEF: usize = 64;

impl Type {
    /// The type for a message: of a long one the beginning, with dots for what follows.
    pub fn brief(&self) -> String {
        let whole = self.to_string();
        if whole.chars().count() <= LONGEST_BRIEF {
            return whole;
        }
        let head: String = whole.chars().take(LONGEST_BRIEF).collect();
        let head = head.rfind(", ").map_or(head.as_str(), |end| head.get(..end).unwrap_or_default());
        let mut open = Vec::new();
        for letter in head.chars() {
            match letter {
                '{' => open.push(" }"),
                '<' => open.push(">"),
                '}' | '>' => drop(open.pop()),
                _ => {}
            }
        }
        open.reverse();
        format!("{head}, …{}", open.concat())
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error => f.write_str("unknown"),
            Self::Any => f.write_str("any"),
            Self::None => f.write_str("none"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Float => f.write_str("float"),
            Self::Decimal => f.write_str("decimal"),
            Self::Text => f.write_str("text"),
            Self::Json => f.write_str("json"),
            Self::Date => f.write_str("date"),
            Self::Time => f.write_str("time"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::Period => f.write_str("period"),
            Self::BusinessDays => f.write_str("bdays"),
            Self::Calendar => f.write_str("calendar"),
            Self::Sql => f.write_str("sql"),
            Self::Promql => f.write_str("promql"),
            Self::Url => f.write_str("url"),
            Self::Regex => f.write_str("regex"),
            Self::Secret => f.write_str("secret"),
            Self::Sample => f.write_str("sample"),
            Self::Series => f.write_str("series"),
            Self::Failure => f.write_str("error"),
            Self::Literals(values) => {
                let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
                f.write_str(&values.join(" | "))
            }
            Self::Range(of) => write!(f, "range<{of}>"),
            Self::List(of) => write!(f, "list<{of}>"),
            Self::Map(key, value) => write!(f, "map<{key}, {value}>"),
            Self::Record(record) if Self::Record(record.clone()) == Self::point() => f.write_str("point"),
            Self::Record(record) => record.fmt(f),
            Self::Table(row) => write!(f, "table<{row}>"),
            Self::Optional(of) => match **of {
                Self::Literals(_) => write!(f, "({of})?"),
                _ => write!(f, "{of}?"),
            },
            Self::Outcomes(_, of) => write!(f, "outcomes<{of}>"),
            Self::Connection(kind) => f.write_str(kind.name()),
            Self::Variable(name) | Self::Number(name) | Self::Ordered(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn int_widens_to_float_and_nothing_else_widens() {
        assert!(Type::Int.fits(&Type::Float).is_ok());
        assert!(Type::Float.fits(&Type::Int).is_err());
        assert!(Type::Text.fits(&Type::Sql).is_err());
        assert!(Type::list(Type::Int).fits(&Type::list(Type::Float)).is_ok());
    }

    #[test]
    fn an_optional_needs_a_decision() {
        assert!(Type::Text.fits(&Type::Text.optional()).is_ok());
        assert!(Type::Text.optional().fits(&Type::Text).is_err());
        assert!(Type::None.fits(&Type::Date.optional()).is_ok());
    }

    #[test]
    fn a_mismatch_names_the_innermost_place() {
        let found = Type::list(Type::Record(RecordType::new([("day", Type::Text)])));
        let wanted = Type::list(Type::Record(RecordType::new([("day", Type::Date)])));
        let mismatch = found.fits(&wanted).unwrap_err();
        assert_eq!((mismatch.wanted, mismatch.found), (Type::Date, Type::Text));
        assert_eq!(mismatch.place, "of field `day` of the list's items");
    }

    #[test]
    fn branches_join() {
        assert_eq!(Type::None.join(&Type::Int), Some(Type::Int.optional()));
        assert_eq!(Type::Int.join(&Type::Float), Some(Type::Float));
        assert_eq!(Type::Int.join(&Type::Text), None);
        let row = |ty: Type| RecordType::new([("a", ty)]);
        let (table, list) = (Type::Table(row(Type::Int.optional())), |ty: Type| Type::list(Type::Record(row(ty))));
        assert_eq!(table.join(&list(Type::None)), Some(list(Type::Int.optional())));
        assert_eq!(list(Type::None).join(&table), Some(list(Type::Int.optional())));
        assert_eq!(table.join(&list(Type::Text)), None);
    }
}
