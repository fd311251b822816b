//! From values and days to places, and the round ones among them that get a label.

use chrono::{Datelike, Days, Months, NaiveDate};

/// A stretch of numbers onto a stretch of a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Puts `low` at `from` and `high` at `to`.
    pub(super) fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, from, to }
    }

    /// The place of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }
}

/// The least and the greatest of some values, with a little room around, and some of it when they are all the same.
pub(super) fn reach(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return (0.0, 1.0);
    }
    let room = if high > low { (high - low) * 0.05 } else { (high.abs() * 0.1).max(0.5) };
    (low - room, high + room)
}

/// Round numbers within a reach, about `wanted` of them, and the step from one to the next.
pub(super) fn ticks((low, high): (f64, f64), wanted: usize) -> (Vec<f64>, f64) {
    let raw = (high - low) / wanted.max(1) as f64;
    if !(raw.is_finite() && raw > 0.0) {
        return (Vec::new(), 1.0);
    }
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|n| n * power).find(|step| *step >= raw).unwrap_or(raw);
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first + 1.0).clamp(0.0, 100.0);
    // Clamped above.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let count = count as usize;
    ((0..count).map(|n| (first + n as f64) * step).collect(), step)
}

/// Large numbers are shortened.
const SUFFIXES: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];

/// A tick's label, with the digits that tell it from its neighbours.
pub(super) fn label(value: f64, step: f64) -> String {
    let size = value.abs().max(step);
    let (unit, suffix) = SUFFIXES.into_iter().find(|(unit, _)| size >= *unit * 10.0).unwrap_or((1.0, ""));
    if step < 1e-6 && size < 1e-3 {
        return if value == 0.0 { "0".to_owned() } else { format!("{value:.1e}") };
    }
    let (value, step) = (value / unit, step / unit);
    let digits = (0..12).find(|digits| {
        let scaled = step * 10_f64.powi(*digits);
        (scaled - scaled.round()).abs() < 1e-6 * scaled
    });
    let digits = usize::try_from(digits.unwrap_or(2)).unwrap_or(2);
    let text = format!("{value:.digits$}");
    let text = if text.trim_start_matches(['-', '0', '.']).is_empty() {
        text.trim_start_matches('-').to_owned()
    } else {
        text
    };
    format!("{text}{suffix}")
}

/// From one tick on a line of days to the next.
#[derive(Debug, Clone, Copy)]
enum Stride {
    Days(u64),
    Months(u32),
}

const STRIDES: [Stride; 13] = [
    Stride::Days(1),
    Stride::Days(2),
    Stride::Days(7),
    Stride::Days(14),
    Stride::Months(1),
    Stride::Months(2),
    Stride::Months(3),
    Stride::Months(6),
    Stride::Months(12),
    Stride::Months(24),
    Stride::Months(60),
    Stride::Months(120),
    Stride::Months(600),
];

/// Days worth a label between two days, at most `most` of them, and their labels.
pub(super) fn day_ticks(first: NaiveDate, last: NaiveDate, most: usize) -> Vec<(NaiveDate, String)> {
    let all = STRIDES.into_iter().map(|stride| (stride, days(stride, first, last, most + 1)));
    let Some((stride, days)) = all.into_iter().find(|(_, days)| days.len() <= most) else { return Vec::new() };
    let mut year = None;
    days.into_iter()
        .map(|day| {
            let is_new = year.replace(day.year()) != Some(day.year());
            (day, day_label(stride, day, is_new))
        })
        .collect()
}

fn day_label(stride: Stride, day: NaiveDate, is_new_year: bool) -> String {
    let format = match (stride, is_new_year) {
        (Stride::Days(_), true) => "%-d %b %Y",
        (Stride::Days(_), false) => "%-d %b",
        (Stride::Months(months), _) if months >= 12 => "%Y",
        (Stride::Months(_), true) => "%b %Y",
        (Stride::Months(_), false) => "%b",
    };
    day.format(format).to_string()
}

/// Days by a stride, weeks from Monday, months and years from their first day.
fn days(stride: Stride, first: NaiveDate, last: NaiveDate, most: usize) -> Vec<NaiveDate> {
    let next = |day: NaiveDate| match stride {
        Stride::Days(count) => day.checked_add_days(Days::new(count)),
        Stride::Months(count) => day.checked_add_months(Months::new(count)),
    };
    let start = match stride {
        Stride::Days(count) if count >= 7 => {
            let back = u64::from(first.weekday().num_days_from_monday());
            first.checked_sub_days(Days::new(back)).unwrap_or(first)
        }
        Stride::Days(_) => first,
        Stride::Months(count) => {
            let month = if count >= 12 { 0 } else { first.month0() / count * count };
            let years = i32::try_from((count / 12).max(1)).unwrap_or(1);
            let year = first.year().div_euclid(years) * years;
            NaiveDate::from_ymd_opt(year, month + 1, 1).unwrap_or(first)
        }
    };
    let days = std::iter::successors(Some(start), |day| next(*day)).take_while(|day| *day <= last);
    days.filter(|day| *day >= first).take(most).collect()
}

/// A day as a number.
pub(super) fn number(day: NaiveDate) -> f64 {
    f64::from(day.num_days_from_ce())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_get_round_ticks_with_enough_digits() {
        let labels = |reach, wanted| -> Vec<String> {
            let (ticks, step) = ticks(reach, wanted);
            ticks.into_iter().map(|tick| label(tick, step)).collect()
        };
        assert_eq!(labels((0.0, 10.0), 5), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(labels((-0.03, 0.021), 5), ["-0.02", "0.00", "0.02"]);
        assert_eq!(labels((1.13, 1.18), 6), ["1.13", "1.14", "1.15", "1.16", "1.17", "1.18"]);
        assert_eq!(labels((1_000_000.0, 31_000_000.0), 4), ["10M", "20M", "30M"]);
        assert_eq!(labels((0.0, 1e-7), 2), ["0", "5.0e-8", "1.0e-7"]);
        assert!(labels((f64::NAN, 1.0), 5).is_empty());
        assert_eq!(reach([5.0, 5.0].into_iter()), (4.5, 5.5));
        assert_eq!(reach(std::iter::empty()), (0.0, 1.0));
    }

    #[test]
    fn days_get_ticks_that_people_would_choose() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let labels = |first, last, most| -> Vec<String> {
            day_ticks(day(first), day(last), most).into_iter().map(|(_, label)| label).collect()
        };
        assert_eq!(labels("2025-11-20", "2026-04-03", 6), ["Dec 2025", "Jan 2026", "Feb", "Mar", "Apr"]);
        assert_eq!(labels("2025-12-30", "2026-01-02", 6), ["30 Dec 2025", "31 Dec", "1 Jan 2026", "2 Jan"]);
        assert_eq!(labels("2025-12-30", "2026-01-28", 6), ["5 Jan 2026", "12 Jan", "19 Jan", "26 Jan"]);
        assert_eq!(labels("2008-03-01", "2026-01-28", 6), ["2010", "2015", "2020", "2025"]);
        assert!(labels("0001-01-01", "9999-12-31", 3).is_empty());
    }
}
