//! What the values of a column are, by what the file says of it.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::schema::types::ColumnDescriptor;

/// The most digits of a decimal.
const MOST_DIGITS: i32 = 76;

/// The longest value of a column whose values are all of one length.
const WIDEST: i32 = 4096;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Yes and no.
    Bool,
    /// Whole numbers.
    Int,
    /// Whole numbers that are never negative.
    Unsigned,
    /// Floats, of either width.
    Float,
    /// Decimals of so many places.
    Decimal(i64),
    /// Days.
    Date,
    /// Times of the day; a second has so many of their units.
    Time(i64),
    /// Instants; a second has so many of their units.
    Timestamp(i64),
    /// Texts.
    Text,
    /// JSON in texts.
    Json,
    /// Ids of sixteen bytes.
    Uuid,
    /// Nothing but nulls.
    Nothing,
}

/// How many of a unit are in a second.
const fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    }
}

impl Kind {
    /// What a column holds; or why it is not read.
    pub(super) fn of(column: &ColumnDescriptor) -> Result<Self, String> {
        if column.physical_type() == Physical::FIXED_LEN_BYTE_ARRAY && !(1..=WIDEST).contains(&column.type_length()) {
            return Err(format!("its values are of {} bytes each", column.type_length()));
        }
        let found = match column.logical_type_ref() {
            Some(logical) => Self::of_logical(logical, column),
            None => Self::of_converted(column),
        };
        match found {
            Some(Self::Decimal(_)) if column.type_precision() > MOST_DIGITS => {
                Err(format!("its decimals have {} digits, more than {MOST_DIGITS}", column.type_precision()))
            }
            Some(kind) if kind.goes_with(column) => Ok(kind),
            _ => Err(format!("it holds {}, which is not read", described(column))),
        }
    }

    fn of_logical(logical: &LogicalType, column: &ColumnDescriptor) -> Option<Self> {
        Some(match logical {
            LogicalType::String | LogicalType::Enum => Self::Text,
            LogicalType::Json => Self::Json,
            LogicalType::Uuid => Self::Uuid,
            LogicalType::Date => Self::Date,
            LogicalType::Unknown => Self::Nothing,
            LogicalType::Decimal(decimal) => Self::Decimal(i64::from(decimal.scale)),
            LogicalType::Time(time) => Self::Time(per_second(time.unit)),
            LogicalType::Timestamp(at) => Self::Timestamp(per_second(at.unit)),
            LogicalType::Integer(int) if int.is_signed => Self::Int,
            LogicalType::Integer(_) => Self::Unsigned,
            _ => return Self::of_converted(column).filter(|_| column.converted_type() != ConvertedType::NONE),
        })
    }

    /// As old writers tell it.
    fn of_converted(column: &ColumnDescriptor) -> Option<Self> {
        Some(match column.converted_type() {
            ConvertedType::NONE => Self::of_physical(column.physical_type()),
            ConvertedType::UTF8 | ConvertedType::ENUM => Self::Text,
            ConvertedType::JSON => Self::Json,
            ConvertedType::DECIMAL => Self::Decimal(i64::from(column.type_scale())),
            ConvertedType::DATE => Self::Date,
            ConvertedType::TIME_MILLIS => Self::Time(1_000),
            ConvertedType::TIME_MICROS => Self::Time(1_000_000),
            ConvertedType::TIMESTAMP_MILLIS => Self::Timestamp(1_000),
            ConvertedType::TIMESTAMP_MICROS => Self::Timestamp(1_000_000),
            ConvertedType::INT_8 | ConvertedType::INT_16 | ConvertedType::INT_32 | ConvertedType::INT_64 => Self::Int,
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => {
                Self::Unsigned
            }
            _ => return None,
        })
    }

    const fn of_physical(physical: Physical) -> Self {
        match physical {
            Physical::BOOLEAN => Self::Bool,
            Physical::INT32 | Physical::INT64 => Self::Int,
            // As Hive, Impala and old Spark write instants.
            Physical::INT96 => Self::Timestamp(1_000_000_000),
            Physical::FLOAT | Physical::DOUBLE => Self::Float,
            // Bytes: of some writers these are texts that do not say so. What is no text is refused when it is met.
            Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => Self::Text,
        }
    }

    /// Whether values that are stored so can be this.
    fn goes_with(self, column: &ColumnDescriptor) -> bool {
        let physical = column.physical_type();
        let is_int = matches!(physical, Physical::INT32 | Physical::INT64);
        let is_bytes = matches!(physical, Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY);
        match self {
            Self::Bool => physical == Physical::BOOLEAN,
            Self::Int | Self::Unsigned | Self::Time(_) => is_int,
            Self::Float => matches!(physical, Physical::FLOAT | Physical::DOUBLE),
            Self::Decimal(scale) => (is_int || is_bytes) && (0..=i64::from(MOST_DIGITS)).contains(&scale),
            Self::Date => physical == Physical::INT32,
            Self::Timestamp(_) => matches!(physical, Physical::INT64 | Physical::INT96),
            Self::Text | Self::Json => is_bytes,
            Self::Uuid => physical == Physical::FIXED_LEN_BYTE_ARRAY && column.type_length() == 16,
            Self::Nothing => true,
        }
    }
}

/// A column's type in the format's words.
fn described(column: &ColumnDescriptor) -> String {
    let words = match (column.logical_type_ref(), column.converted_type()) {
        (Some(logical), _) => format!("{logical:?}"),
        (None, ConvertedType::NONE) => String::new(),
        (None, converted) => format!("{converted}"),
    };
    let name = words.split(['(', ' ']).next().unwrap_or_default().to_lowercase();
    let physical = column.physical_type().to_string().to_lowercase();
    if name.is_empty() { format!("`{physical}`") } else { format!("`{name}` as `{physical}`") }
}
