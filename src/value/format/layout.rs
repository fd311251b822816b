//! The format specification `[[fill]align][sign][#][0][width][,|_][.precision][type]`.

/// The greatest width and precision; more is a slip, and would print without end.
const LONGEST: usize = 1000;

/// Where a text stands in its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// `<`
    Left,
    /// `>`
    Right,
    /// `^`
    Centre,
    /// `=`: between the sign and the digits.
    AfterSign,
}

impl Align {
    fn of(c: char) -> Option<Self> {
        Some(match c {
            '<' => Self::Left,
            '>' => Self::Right,
            '^' => Self::Centre,
            '=' => Self::AfterSign,
            _ => return None,
        })
    }
}

/// A format specification, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// What fills the width; a space unless stated.
    pub(super) fill: Option<char>,
    /// Stated alignment.
    pub(super) align: Option<Align>,
    /// `+`, `-` or a space.
    pub(super) sign: Option<char>,
    /// `#`.
    pub(super) alternate: bool,
    /// A `0` before the width.
    pub(super) zero: bool,
    /// The least number of characters.
    pub(super) width: usize,
    /// `,` or `_`.
    pub(super) grouping: Option<char>,
    /// After the point, significant, or kept, by the type.
    pub(super) precision: Option<usize>,
    /// `d`, `f`, `e`, `g`, `%`, `s` or `x`.
    pub(super) kind: Option<char>,
}

struct Reader {
    rest: std::iter::Peekable<std::vec::IntoIter<char>>,
}

impl Reader {
    fn take(&mut self, wanted: impl FnOnce(char) -> bool) -> Option<char> {
        self.rest.next_if(|c| wanted(*c))
    }

    /// A number, `None` when no digit stands here.
    fn number(&mut self) -> Result<Option<usize>, String> {
        let mut number = None;
        while let Some(digit) = self.rest.peek().and_then(|c| c.to_digit(10)) {
            self.rest.next();
            let value = number.unwrap_or(0) * 10 + digit as usize;
            if value > LONGEST {
                return Err(format!("widths and digits go up to {LONGEST}"));
            }
            number = Some(value);
        }
        Ok(number)
    }
}

impl Layout {
    /// Reads a specification.
    pub(super) fn read(format: &str) -> Result<Self, String> {
        let mut chars: Vec<char> = format.chars().collect();
        let (fill, align) = match (chars.first().copied(), chars.get(1).and_then(|c| Align::of(*c))) {
            (Some(fill), Some(align)) => (Some(fill), Some(align)),
            (first, _) => (None, first.and_then(Align::of)),
        };
        chars.drain(..usize::from(fill.is_some()) + usize::from(align.is_some()));
        let mut reader = Reader { rest: chars.into_iter().peekable() };
        let sign = reader.take(|c| matches!(c, '+' | '-' | ' '));
        let alternate = reader.take(|c| c == '#').is_some();
        let zero = reader.take(|c| c == '0').is_some();
        let width = reader.number()?.unwrap_or(0);
        let grouping = reader.take(|c| matches!(c, ',' | '_'));
        let precision = match reader.take(|c| c == '.') {
            Some(_) => Some(reader.number()?.ok_or("a number is missing after the point, as in `.2f`")?),
            None => None,
        };
        let kind = reader.take(|c| matches!(c, 'd' | 'f' | 'e' | 'g' | '%' | 's' | 'x'));
        match reader.rest.next() {
            None => Ok(Self { fill, align, sign, alternate, zero, width, grouping, precision, kind }),
            Some(odd) => Err(unreadable(odd, format)),
        }
    }

    /// Whether anything is stated that only numbers have.
    pub(super) fn has_number_parts(&self) -> bool {
        self.sign.is_some()
            || self.alternate
            || self.zero
            || self.grouping.is_some()
            || self.align == Some(Align::AfterSign)
    }

    /// Puts sign and body into the width.
    pub(super) fn pad(&self, sign: &str, body: &str, default: Align) -> String {
        let missing = self.width.saturating_sub(sign.chars().count() + body.chars().count());
        let (fill, default) = if self.zero { ('0', Align::AfterSign) } else { (' ', default) };
        let fill = self.fill.unwrap_or(fill);
        let filling = |count: usize| fill.to_string().repeat(count);
        match self.align.unwrap_or(default) {
            Align::Left => format!("{sign}{body}{}", filling(missing)),
            Align::Right => format!("{}{sign}{body}", filling(missing)),
            Align::Centre => format!("{}{sign}{body}{}", filling(missing / 2), filling(missing - missing / 2)),
            Align::AfterSign => format!("{sign}{}{body}", filling(missing)),
        }
    }
}

fn unreadable(odd: char, format: &str) -> String {
    let hint = if format.contains('%') {
        "strftime's letters are for dates, times and timestamps"
    } else {
        "write one like `.2f`, `,d` or `>10`"
    };
    format!("`{odd}` is not understood here; {hint}")
}
