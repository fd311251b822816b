//! A forecast in a terminal: eight dots to a letter, in braille.

use std::fmt::Write;

use chrono::NaiveDate;

use super::scale::{Scale, day_ticks, label, number, reach, ticks};
use super::{Part, Picture, Step};

/// Rows of letters.
pub(super) const ROWS: usize = 16;
const PART_ROWS: usize = 6;
/// What stands left of the axis.
pub(super) const MARGIN: usize = 9;
/// Dots of a letter, across and up.
const ACROSS: usize = 2;
const UP: usize = 4;

/// Unicode numbers the dots of a letter down the left, down the right, and the last row behind these.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// How a picture is to look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// How many letters a line may have.
    pub width: usize,
    /// Whether there are colours.
    pub has_color: bool,
    /// Whether the parts follow.
    pub has_parts: bool,
}

/// What a dot belongs to; the later hides the earlier within a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Ink {
    #[default]
    None,
    End,
    Bound,
    History,
    Line,
}

impl Ink {
    const fn color(self) -> &'static str {
        match self {
            Self::None | Self::History => "",
            Self::End => "\u{1b}[2m",
            Self::Bound => "\u{1b}[36m",
            Self::Line => "\u{1b}[94m",
        }
    }
}

/// The picture as lines.
pub fn text(picture: &Picture, look: Look) -> String {
    let mut out = format!("{}\n{}\n", plain(&picture.title), plain(&picture.subtitle));
    let days = picture.course.iter().map(|step| step.day).chain(picture.history.iter().map(|(day, ..)| *day));
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return out };
    let values = picture.history.iter().map(|(_, value, _)| *value);
    let up = reach(values.chain(picture.course.iter().flat_map(|step| [step.value, step.lower, step.upper])));
    let mut dots = Dots::new(look.width.saturating_sub(MARGIN + 1).max(20), ROWS, (number(first), number(last)), up);
    dots.column(number(picture.last_day));
    for step in picture.course.iter().filter(|step| step.day > picture.last_day) {
        dots.dot(number(step.day), step.lower, Ink::Bound);
        dots.dot(number(step.day), step.upper, Ink::Bound);
    }
    for (day, value, _) in &picture.history {
        dots.dot(number(*day), *value, Ink::History);
    }
    let ahead: Vec<&Step> = picture.course.iter().filter(|step| step.day > picture.last_day).collect();
    dots.line(&ahead);
    out.push_str(&dots.drawn(look, 5));
    out.push_str(&days_below(first, last, dots.columns));
    out.push_str(&legend(look));
    for part in picture.parts.iter().filter(|_| look.has_parts) {
        out.push_str(&part_text(part, look));
    }
    out
}

fn legend(look: Look) -> String {
    let ink =
        |ink: Ink, text: &str| if look.has_color { format!("{}{text}\u{1b}[0m", ink.color()) } else { text.to_owned() };
    let (line, bound) = (ink(Ink::Line, "⠒⠒ forecast"), ink(Ink::Bound, "⠁⠁ bounds"));
    format!("{:MARGIN$}  ⠂⠂ history  {line}  {bound}  ┊ the history ends\n", "")
}

fn part_text(part: &Part, look: Look) -> String {
    let (Some(first), Some(last)) = (part.course.first(), part.course.last()) else { return String::new() };
    let factor = if part.is_share { 100.0 } else { 1.0 };
    let up = reach(part.course.iter().map(|step| step.value * factor));
    let columns = look.width.saturating_sub(MARGIN + 1).max(20);
    let mut dots = Dots::new(columns, PART_ROWS, (number(first.day), number(last.day)), up);
    let scaled: Vec<Step> = part.course.iter().map(|step| Step { value: step.value * factor, ..*step }).collect();
    dots.line(&scaled.iter().collect::<Vec<_>>());
    let name = if part.is_share { format!("{}, % of the trend", part.name) } else { part.name.clone() };
    let below = match part.across {
        super::Across::Time => days_below(first.day, last.day, columns),
        super::Across::Year => months_below(first.day, last.day, columns),
        super::Across::Week | super::Across::Period => edges_below(part, columns),
    };
    format!("\n{:MARGIN$}  {}\n{}{below}", "", plain(&name), dots.drawn(look, 2))
}

/// Escapes would be obeyed by the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Dots in columns and rows of letters.
struct Dots {
    columns: usize,
    rows: usize,
    bits: Vec<u8>,
    inks: Vec<Ink>,
    x: Scale,
    y: Scale,
    up: (f64, f64),
}

impl Dots {
    fn new(columns: usize, rows: usize, along: (f64, f64), up: (f64, f64)) -> Self {
        let edge = |letters: usize, dots: usize| (letters * dots).saturating_sub(1) as f64;
        let (x, y) = (Scale::new(along, (0.0, edge(columns, ACROSS))), Scale::new(up, (edge(rows, UP), 0.0)));
        Self { columns, rows, bits: vec![0; columns * rows], inks: vec![Ink::None; columns * rows], x, y, up }
    }

    /// Sets the dot at a place, if it lies within.
    fn set(&mut self, x: f64, y: f64, ink: Ink) {
        let inside = |place: f64, dots: usize| {
            let place = place.round();
            // Checked before: within the picture.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            (place >= 0.0 && place < dots as f64).then_some(place as usize)
        };
        let (Some(x), Some(y)) = (inside(x, self.columns * ACROSS), inside(y, self.rows * UP)) else { return };
        let at = y / UP * self.columns + x / ACROSS;
        let bit = BITS.get(y % UP).and_then(|row| row.get(x % ACROSS)).copied().unwrap_or(0);
        if let (Some(bits), Some(known)) = (self.bits.get_mut(at), self.inks.get_mut(at)) {
            *bits |= bit;
            *known = (*known).max(ink);
        }
    }

    fn dot(&mut self, along: f64, up: f64, ink: Ink) {
        self.set(self.x.at(along), self.y.at(up), ink);
    }

    /// A line through days, a dot for each column of dots.
    fn line(&mut self, course: &[&Step]) {
        for pair in course.windows(2) {
            let [from, to] = pair else { continue };
            let (x1, y1) = (self.x.at(number(from.day)), self.y.at(from.value));
            let (x2, y2) = (self.x.at(number(to.day)), self.y.at(to.value));
            let steps = (x2 - x1).abs().max((y2 - y1).abs()).ceil().clamp(1.0, 1_000.0);
            // Clamped above.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            for n in 0..=steps as usize {
                let share = n as f64 / steps;
                self.set(x1 + (x2 - x1) * share, y1 + (y2 - y1) * share, Ink::Line);
            }
        }
        if let [only] = course {
            self.dot(number(only.day), only.value, Ink::Line);
        }
    }

    /// Marks the letters of a column that hold nothing else.
    fn column(&mut self, along: f64) {
        let place = (self.x.at(along).round() / ACROSS as f64).floor();
        if (0.0..self.columns as f64).contains(&place) {
            // Within the columns, as just looked at.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let column = place as usize;
            for row in 0..self.rows {
                if let Some(ink) = self.inks.get_mut(row * self.columns + column) {
                    *ink = (*ink).max(Ink::End);
                }
            }
        }
    }

    /// Lines with labels for about so many rows.
    fn drawn(&self, look: Look, wanted: usize) -> String {
        let (marks, step) = ticks(self.up, wanted);
        let row_of = |mark: &f64| (self.y.at(*mark).round() / UP as f64).floor();
        let mut out = String::new();
        for row in 0..self.rows {
            #[allow(clippy::float_cmp, reason = "both are whole")]
            let mark = marks.iter().find(|mark| row_of(mark) == row as f64);
            let text = mark.map(|mark| label(*mark, step)).unwrap_or_default();
            let axis = if mark.is_some() { "┤" } else { "│" };
            // Writing to a text cannot fail.
            let _ = write!(out, "{text:>MARGIN$} {axis}");
            out.push_str(self.letters(row, look.has_color).trim_end());
            out.push('\n');
        }
        out
    }

    fn letters(&self, row: usize, has_color: bool) -> String {
        let mut out = String::new();
        let mut color = "";
        for column in 0..self.columns {
            let at = row * self.columns + column;
            let (bits, ink) = (self.bits.get(at).copied().unwrap_or(0), self.inks.get(at).copied().unwrap_or_default());
            let letter = match (bits, ink) {
                (0, Ink::End) => '┊',
                (0, _) => ' ',
                (bits, _) => char::from_u32(0x2800 + u32::from(bits)).unwrap_or(' '),
            };
            if has_color && ink.color() != color {
                out.push_str(if color.is_empty() { "" } else { "\u{1b}[0m" });
                out.push_str(ink.color());
                color = ink.color();
            }
            out.push(letter);
        }
        out.push_str(if color.is_empty() { "" } else { "\u{1b}[0m" });
        out
    }
}

/// A line of labels, each under its place; one that would touch the one before is left out.
fn below(labels: impl Iterator<Item = (f64, String)>, columns: usize) -> String {
    let mut line = String::new();
    for (place, text) in labels {
        let half = text.chars().count() as f64 / 2.0;
        // Within the width, as clamped.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let from = (place - half).round().clamp(0.0, (columns as f64 - 2.0 * half).max(0.0)) as usize;
        let end = line.chars().count();
        if from > end || end == 0 {
            line.push_str(&" ".repeat(from - end));
            line.push_str(&text);
        }
    }
    format!("{:MARGIN$} └{}\n{:MARGIN$}  {line}\n", "", "─".repeat(columns), "")
}

fn days_below(first: NaiveDate, last: NaiveDate, columns: usize) -> String {
    let x = Scale::new((number(first), number(last)), (0.0, columns as f64));
    let labels = day_ticks(first, last, (columns / 12).max(2));
    below(labels.into_iter().map(|(day, text)| (x.at(number(day)), text)), columns)
}

fn months_below(first: NaiveDate, last: NaiveDate, columns: usize) -> String {
    let x = Scale::new((number(first), number(last)), (0.0, columns as f64));
    let labels = day_ticks(first, last, 12);
    below(labels.into_iter().map(|(day, _)| (x.at(number(day)), day.format("%b").to_string())), columns)
}

fn edges_below(part: &Part, columns: usize) -> String {
    let days = part.course.iter().map(|step| step.day);
    let (Some(first), Some(last)) = (days.clone().min(), days.clone().max()) else { return String::new() };
    let x = Scale::new((number(first), number(last)), (0.0, columns as f64));
    let is_week = part.across == super::Across::Week;
    let text = |day: NaiveDate| {
        if is_week { day.format("%a").to_string() } else { format!("day {}", (day - first).num_days()) }
    };
    let every = if is_week { 1 } else { (part.course.len() / 8).max(1) };
    below(days.step_by(every).map(|day| (x.at(number(day)), text(day))), columns)
}
