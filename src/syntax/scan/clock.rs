//! How long the dates and times are that a text begins with. All bytes are looked at as the grammar does.

/// The length of a date, a time or an instant; 0 when the text begins with none.
pub(super) fn moment(bytes: &[u8]) -> usize {
    let date = date_len(bytes);
    if date > 0 { date + clock_and_zone(bytes.get(date..).unwrap_or_default()) } else { time_len(bytes) }
}

/// Whether a number goes on behind its `e` with a sign: `1.5e-3`.
pub(super) fn is_power(number: Option<&[u8]>) -> bool {
    let Some([digits @ .., b'e' | b'E']) = number else { return false };
    digits.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'))
}

/// How long the date is that a text begins with, `2025-1-31` among them; 0 when it begins with none. In `2025-127` the
/// sign is a minus, as the grammar has it.
fn date_len(bytes: &[u8]) -> usize {
    let is_sign = |at: usize| bytes.get(at) == Some(&b'-');
    let (year, month) = (digits(bytes, 0), digits(bytes, 5));
    if year != 4 || !is_sign(4) || !(1..=2).contains(&month) || !is_sign(5 + month) {
        return 0;
    }
    let day = digits(bytes, 6 + month);
    if (1..=2).contains(&day) { 6 + month + day } else { 0 }
}

/// `06:00`, `06:00:30.5`; 0 when it is none, or goes on with a letter.
fn time_len(bytes: &[u8]) -> usize {
    let pair = |at: usize| digits(bytes, at) == 2;
    let colon = |at: usize| bytes.get(at) == Some(&b':');
    if !(pair(0) && colon(2)) {
        return 0;
    }
    let mut len = if pair(3) { 5 } else { return 0 };
    if colon(len) && pair(len + 1) {
        len += 3;
        let fraction = if bytes.get(len) == Some(&b'.') { digits(bytes, len + 1) } else { 0 };
        len += if fraction > 0 { 1 + fraction } else { 0 };
    }
    if bytes.get(len).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') { 0 } else { len }
}

/// What follows a date: `T06:00`, with a zone or without; 0 when nothing does.
fn clock_and_zone(bytes: &[u8]) -> usize {
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    if !matches!(bytes.first(), Some(b'T' | b't')) {
        return 0;
    }
    let mut len = 1;
    loop {
        len += match bytes.get(len) {
            Some(byte) if byte.is_ascii_digit() => 1,
            Some(b':' | b'.') if is_digit(len + 1) => 2,
            _ => break,
        };
    }
    if len == 1 { 0 } else { len + zone_len(bytes.get(len..).unwrap_or_default()) }
}

/// `Z`, `+01:00`, `[Europe/London]`.
fn zone_len(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(b'Z' | b'z') => 1,
        Some(b'+' | b'-') if digits(bytes, 1) == 2 && bytes.get(3) == Some(&b':') && digits(bytes, 4) == 2 => 6,
        Some(b'[') => {
            let end = bytes.iter().position(|byte| matches!(byte, b']' | b'\n'));
            end.filter(|end| bytes.get(*end) == Some(&b']')).map_or(0, |end| end + 1)
        }
        _ => 0,
    }
}

/// How many digits stand at a byte.
fn digits(bytes: &[u8], from: usize) -> usize {
    bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_as_long_as_the_grammar_has_them() {
        let length = |text: &str| super::moment(text.as_bytes());
        assert_eq!((length("2025-01-31T06:00Z x"), length("2025-1-3"), length("2025-127")), (17, 8, 0));
        assert_eq!((length("2025-01-31T06:00[Europe/London]["), length("2025-01-31T06:00+01:00")), (31, 22));
        assert_eq!(
            (length("06:00"), length("06:00:30.5"), length("06:0"), length("10:05d"), length("6:00")),
            (5, 10, 0, 0, 0)
        );
        assert_eq!((length("2025-01-31T[a]"), length("2025-01-31T06:00[a\n]")), (10, 16));
        assert!(is_power(Some(b"1.5e")) && !is_power(Some(b"0x1e")) && !is_power(Some(b"15")));
    }
}
