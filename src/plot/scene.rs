//! What a picture shows and where: the shapes that SVG and PNG are both drawn from.

use chrono::NaiveDate;

use super::scale::{Scale, day_ticks, label, number, reach, ticks};
use super::{Across, Part, Picture, Step};

/// How wide every picture is.
pub(super) const WIDTH: f64 = 960.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 78.0;
const MAIN: f64 = 340.0;
/// What stands below a panel: its labels.
const BELOW: f64 = 30.0;
const PART: f64 = 120.0;
/// What stands above a part: its name.
const ABOVE: f64 = 34.0;

/// Shapes, the lowest first, and the size that they need.
pub(super) struct Scene {
    pub(super) height: f64,
    pub(super) shapes: Vec<Shape>,
}

/// A shape. Its class says how it looks.
pub(super) enum Shape {
    Text { class: &'static str, at: (f64, f64), anchor: Anchor, text: String },
    Line { class: &'static str, from: (f64, f64), to: (f64, f64) },
    Path { class: &'static str, points: Vec<(f64, f64)>, is_closed: bool },
    Circle { class: &'static str, at: (f64, f64), radius: f64 },
    Rectangle { class: &'static str, at: (f64, f64), size: (f64, f64) },
}

/// What of a text stands at its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Scene {
    /// The picture; its parts below it when they are asked for.
    pub(super) fn of(picture: &Picture, with_parts: bool) -> Self {
        let parts: &[Part] = if with_parts { &picture.parts } else { &[] };
        let height = TOP + MAIN + BELOW + 8.0 + parts.len() as f64 * (ABOVE + PART + BELOW);
        let mut out = Self { height, shapes: Vec::new() };
        out.text("title", LEFT, 24.0, Anchor::Start, &picture.title);
        out.text("", LEFT, 43.0, Anchor::Start, &picture.subtitle);
        legend(&mut out, picture);
        main_panel(&mut out, picture);
        for (at, part) in parts.iter().enumerate() {
            let top = TOP + MAIN + BELOW + 8.0 + at as f64 * (ABOVE + PART + BELOW) + ABOVE;
            part_panel(&mut out, part, top, picture.last_day);
        }
        out
    }

    fn text(&mut self, class: &'static str, x: f64, y: f64, anchor: Anchor, text: &str) {
        let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.shapes.push(Shape::Text { class, at: (x, y), anchor, text });
    }

    fn line(&mut self, class: &'static str, from: (f64, f64), to: (f64, f64)) {
        self.shapes.push(Shape::Line { class, from, to });
    }

    fn path(&mut self, class: &'static str, points: impl Iterator<Item = (f64, f64)>, is_closed: bool) {
        self.shapes.push(Shape::Path { class, points: points.collect(), is_closed });
    }

    fn circle(&mut self, class: &'static str, x: f64, y: f64, radius: f64) {
        self.shapes.push(Shape::Circle { class, at: (x, y), radius });
    }

    fn rectangle(&mut self, class: &'static str, at: (f64, f64), size: (f64, f64)) {
        self.shapes.push(Shape::Rectangle { class, at, size });
    }
}

/// What is what, from right to left along the top.
fn legend(out: &mut Scene, picture: &Picture) {
    let y = 58.0;
    let mut x = LEFT + 6.0;
    out.circle("seen", x, y, 2.2);
    out.text("", x + 10.0, y + 4.0, Anchor::Start, "history");
    x += 70.0;
    if picture.history.iter().any(|(_, _, filled)| *filled) {
        out.circle("made", x, y, 2.2);
        out.text("", x + 10.0, y + 4.0, Anchor::Start, "filled in");
        x += 78.0;
    }
    out.line("line", (x - 4.0, y), (x + 14.0, y));
    out.text("", x + 20.0, y + 4.0, Anchor::Start, "forecast");
    x += 86.0;
    out.rectangle("band", (x - 4.0, y - 5.0), (18.0, 10.0));
    out.text("", x + 20.0, y + 4.0, Anchor::Start, "interval");
    x += 84.0;
    if !picture.changes.is_empty() {
        out.line("change", (x + 5.0, y - 6.0), (x + 5.0, y + 6.0));
        out.text("", x + 14.0, y + 4.0, Anchor::Start, "the trend changes");
    }
}

/// Where a panel stands, and what its axes reach.
struct Panel {
    top: f64,
    bottom: f64,
    x: Scale,
    y: Scale,
}

fn main_panel(out: &mut Scene, picture: &Picture) {
    let days = picture.course.iter().map(|step| step.day).chain(picture.history.iter().map(|(day, ..)| *day));
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return };
    let values = picture.history.iter().map(|(_, value, _)| *value);
    let values = values.chain(picture.course.iter().flat_map(|step| [step.value, step.lower, step.upper]));
    let panel = frame(out, (TOP, MAIN), (number(first), number(last)), reach(values), false);
    days_along(out, &panel, first, last);
    for day in &picture.changes {
        let x = panel.x.at(number(*day));
        out.line("change", (x, panel.top), (x, panel.bottom));
    }
    end_of_history(out, &panel, picture.last_day, last);
    band(out, &panel, &picture.course);
    let place = |step: &Step| (panel.x.at(number(step.day)), panel.y.at(step.value));
    for (day, value, filled) in &picture.history {
        let radius = if picture.history.len() > 800 { 1.2 } else { 1.8 };
        out.circle(if *filled { "made" } else { "seen" }, panel.x.at(number(*day)), panel.y.at(*value), radius);
    }
    out.path("line", picture.course.iter().map(place), false);
}

fn end_of_history(out: &mut Scene, panel: &Panel, day: NaiveDate, last: NaiveDate) {
    if day < last {
        let x = panel.x.at(number(day));
        out.line("end", (x, panel.top), (x, panel.bottom));
    }
}

/// The bounds, where there are any.
fn band(out: &mut Scene, panel: &Panel, course: &[Step]) {
    let has_width = course.iter().any(|step| step.upper > step.lower);
    if has_width {
        let x = |step: &Step| panel.x.at(number(step.day));
        let above = course.iter().map(|step| (x(step), panel.y.at(step.upper)));
        let below = course.iter().rev().map(|step| (x(step), panel.y.at(step.lower)));
        out.path("band", above.chain(below), true);
    }
}

/// A panel's frame, its lines across and their labels.
fn frame(out: &mut Scene, (top, height): (f64, f64), along: (f64, f64), up: (f64, f64), is_share: bool) -> Panel {
    let bottom = top + height;
    let panel = Panel { top, bottom, x: Scale::new(along, (LEFT, WIDTH - RIGHT)), y: Scale::new(up, (bottom, top)) };
    let wanted = if height > 200.0 { 6 } else { 3 };
    let factor = if is_share { 100.0 } else { 1.0 };
    let (marks, step) = ticks((up.0 * factor, up.1 * factor), wanted);
    for mark in marks {
        let y = panel.y.at(mark / factor);
        out.line("grid", (LEFT, y), (WIDTH - RIGHT, y));
        let text = format!("{}{}", label(mark, step), if is_share { " %" } else { "" });
        out.text("", LEFT - 8.0, y + 4.0, Anchor::End, &text);
    }
    out.rectangle("frame", (LEFT, top), (WIDTH - RIGHT - LEFT, height));
    panel
}

fn days_along(out: &mut Scene, panel: &Panel, first: NaiveDate, last: NaiveDate) {
    for (day, text) in day_ticks(first, last, 9) {
        mark_along(out, panel, panel.x.at(number(day)), &text);
    }
}

fn mark_along(out: &mut Scene, panel: &Panel, x: f64, text: &str) {
    out.line("grid", (x, panel.top), (x, panel.bottom + 4.0));
    out.text("", x.clamp(LEFT + 12.0, WIDTH - RIGHT - 12.0), panel.bottom + 19.0, Anchor::Middle, text);
}

fn part_panel(out: &mut Scene, part: &Part, top: f64, last_day: NaiveDate) {
    let (Some(first), Some(last)) = (part.course.first(), part.course.last()) else { return };
    let name = if part.is_share { format!("{}, of the trend", part.name) } else { part.name.clone() };
    out.text("name", LEFT, top - 9.0, Anchor::Start, &name);
    let values = part.course.iter().flat_map(|step| [step.value, step.lower, step.upper]);
    let along = match part.across {
        // Weekdays stand in the middle of their share of the width.
        Across::Week => (number(first.day) - 0.5, number(last.day) + 0.5),
        _ => (number(first.day), number(last.day)),
    };
    let panel = frame(out, (top, PART), along, reach(values), part.is_share);
    match part.across {
        Across::Time => {
            days_along(out, &panel, first.day, last.day);
            end_of_history(out, &panel, last_day, last.day);
        }
        Across::Year => {
            for (day, _) in day_ticks(first.day, last.day, 12) {
                mark_along(out, &panel, panel.x.at(number(day)), &day.format("%b").to_string());
            }
        }
        Across::Week => {
            for step in &part.course {
                mark_along(out, &panel, panel.x.at(number(step.day)), &step.day.format("%a").to_string());
            }
        }
        Across::Period => {
            let (marks, step) = ticks((0.0, number(last.day) - number(first.day)), 8);
            for mark in marks {
                let text = format!("day {}", label(mark, step));
                mark_along(out, &panel, panel.x.at(number(first.day) + mark), &text);
            }
        }
    }
    band(out, &panel, &part.course);
    let place = |step: &Step| (panel.x.at(number(step.day)), panel.y.at(step.value));
    out.path("part", part.course.iter().map(place), false);
    if part.across == Across::Week {
        part.course.iter().map(place).for_each(|(x, y)| out.circle("dot", x, y, 2.6));
    }
}
