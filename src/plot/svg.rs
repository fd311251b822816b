//! SVG, written by hand: a panel for the forecast, and one for each of its parts. No background of its own, colours that can be
//! read on white and on black, and those of the reader's theme where the viewer knows it.

use std::fmt::Write;

use chrono::NaiveDate;

use super::scale::{Scale, day_ticks, label, number, reach, ticks};
use super::{Across, Part, Picture, Step};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 78.0;
const MAIN: f64 = 340.0;
/// What stands below a panel: its labels.
const BELOW: f64 = 30.0;
const PART: f64 = 120.0;
/// What stands above a part: its name.
const ABOVE: f64 = 34.0;

const STYLE: &str = "\
text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#6e7781}\
.title{font-size:15px;font-weight:600;fill:#57606a}.name{font-weight:600}\
.grid{stroke:#8c959f;stroke-opacity:.22}.frame{stroke:#8c959f;stroke-opacity:.6;fill:none}\
.seen{fill:#6e7781;fill-opacity:.85}.made{fill:none;stroke:#6e7781;stroke-opacity:.7}\
.line{fill:none;stroke:#2f81c7;stroke-width:1.8;stroke-linejoin:round}.band{fill:#2f81c7;fill-opacity:.2}\
.part{fill:none;stroke:#2f81c7;stroke-width:1.6;stroke-linejoin:round}.dot{fill:#2f81c7}\
.change{stroke:#d4792a;stroke-opacity:.75;stroke-dasharray:2 4}.end{stroke:#8c959f;stroke-dasharray:5 4}\
@media(prefers-color-scheme:dark){text{fill:#9ea7b3}.title{fill:#d0d7de}.seen{fill:#adb5bf}.line,.part{stroke:#58a6ff}\
.band,.dot{fill:#58a6ff}}";

/// The picture as one SVG document; its parts below it when they are asked for.
pub fn svg(picture: &Picture, with_parts: bool) -> String {
    let parts: &[Part] = if with_parts { &picture.parts } else { &[] };
    let height = TOP + MAIN + BELOW + 8.0 + parts.len() as f64 * (ABOVE + PART + BELOW);
    let mut out = Out::default();
    out.add(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">"
    ));
    out.add(&format!("<title>{}</title><style>{STYLE}</style>", escaped(&picture.title)));
    out.text("title", LEFT, 24.0, "start", &picture.title);
    out.text("", LEFT, 43.0, "start", &picture.subtitle);
    legend(&mut out, picture);
    main_panel(&mut out, picture);
    for (at, part) in parts.iter().enumerate() {
        let top = TOP + MAIN + BELOW + 8.0 + at as f64 * (ABOVE + PART + BELOW) + ABOVE;
        part_panel(&mut out, part, top, picture.last_day);
    }
    out.add("</svg>\n");
    out.0
}

/// The document so far.
#[derive(Default)]
struct Out(String);

impl Out {
    fn add(&mut self, part: &str) {
        self.0.push_str(part);
    }

    fn text(&mut self, class: &str, x: f64, y: f64, anchor: &str, text: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let text = escaped(text);
        self.add(&format!("<text{class} x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{text}</text>", short(x), short(y)));
    }

    fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(short);
        self.add(&format!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"));
    }

    fn path(&mut self, class: &str, points: impl Iterator<Item = (f64, f64)>, is_closed: bool) {
        let mut d = String::new();
        for (at, (x, y)) in points.enumerate() {
            // Writing to a text cannot fail.
            let _ = write!(d, "{}{} {}", if at == 0 { "M" } else { "L" }, short(x), short(y));
        }
        let end = if is_closed { "Z" } else { "" };
        self.add(&format!("<path class=\"{class}\" d=\"{d}{end}\"/>"));
    }

    fn circle(&mut self, class: &str, x: f64, y: f64, r: f64) {
        self.add(&format!("<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{r}\"/>", short(x), short(y)));
    }
}

/// A number to a hundredth of a pixel, without zeros at its end.
fn short(x: f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What is what, from right to left along the top.
fn legend(out: &mut Out, picture: &Picture) {
    let y = 58.0;
    let mut x = LEFT + 6.0;
    out.circle("seen", x, y, 2.2);
    out.text("", x + 10.0, y + 4.0, "start", "history");
    x += 70.0;
    if picture.history.iter().any(|(_, _, filled)| *filled) {
        out.circle("made", x, y, 2.2);
        out.text("", x + 10.0, y + 4.0, "start", "filled in");
        x += 78.0;
    }
    out.line("line", (x - 4.0, y), (x + 14.0, y));
    out.text("", x + 20.0, y + 4.0, "start", "forecast");
    x += 86.0;
    out.add(&format!(
        "<rect class=\"band\" x=\"{}\" y=\"{}\" width=\"18\" height=\"10\"/>",
        short(x - 4.0),
        short(y - 5.0)
    ));
    out.text("", x + 20.0, y + 4.0, "start", "interval");
    x += 84.0;
    if !picture.changes.is_empty() {
        out.line("change", (x + 5.0, y - 6.0), (x + 5.0, y + 6.0));
        out.text("", x + 14.0, y + 4.0, "start", "the trend changes");
    }
}

/// Where a panel stands, and what its axes reach.
struct Panel {
    top: f64,
    bottom: f64,
    x: Scale,
    y: Scale,
}

fn main_panel(out: &mut Out, picture: &Picture) {
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

fn end_of_history(out: &mut Out, panel: &Panel, day: NaiveDate, last: NaiveDate) {
    if day < last {
        let x = panel.x.at(number(day));
        out.line("end", (x, panel.top), (x, panel.bottom));
    }
}

/// The bounds, where there are any.
fn band(out: &mut Out, panel: &Panel, course: &[Step]) {
    let has_width = course.iter().any(|step| step.upper > step.lower);
    if has_width {
        let x = |step: &Step| panel.x.at(number(step.day));
        let above = course.iter().map(|step| (x(step), panel.y.at(step.upper)));
        let below = course.iter().rev().map(|step| (x(step), panel.y.at(step.lower)));
        out.path("band", above.chain(below), true);
    }
}

/// A panel's frame, its lines across and their labels.
fn frame(out: &mut Out, (top, height): (f64, f64), along: (f64, f64), up: (f64, f64), is_share: bool) -> Panel {
    let bottom = top + height;
    let panel = Panel { top, bottom, x: Scale::new(along, (LEFT, WIDTH - RIGHT)), y: Scale::new(up, (bottom, top)) };
    let wanted = if height > 200.0 { 6 } else { 3 };
    let factor = if is_share { 100.0 } else { 1.0 };
    let (marks, step) = ticks((up.0 * factor, up.1 * factor), wanted);
    for mark in marks {
        let y = panel.y.at(mark / factor);
        out.line("grid", (LEFT, y), (WIDTH - RIGHT, y));
        let text = format!("{}{}", label(mark, step), if is_share { " %" } else { "" });
        out.text("", LEFT - 8.0, y + 4.0, "end", &text);
    }
    out.add(&format!(
        "<rect class=\"frame\" x=\"{LEFT}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
        short(top),
        short(WIDTH - RIGHT - LEFT),
        short(height)
    ));
    panel
}

fn days_along(out: &mut Out, panel: &Panel, first: NaiveDate, last: NaiveDate) {
    for (day, text) in day_ticks(first, last, 9) {
        mark_along(out, panel, panel.x.at(number(day)), &text);
    }
}

fn mark_along(out: &mut Out, panel: &Panel, x: f64, text: &str) {
    out.line("grid", (x, panel.top), (x, panel.bottom + 4.0));
    out.text("", x.clamp(LEFT + 12.0, WIDTH - RIGHT - 12.0), panel.bottom + 19.0, "middle", text);
}

fn part_panel(out: &mut Out, part: &Part, top: f64, last_day: NaiveDate) {
    let (Some(first), Some(last)) = (part.course.first(), part.course.last()) else { return };
    let name = if part.is_share { format!("{}, of the trend", part.name) } else { part.name.clone() };
    out.text("name", LEFT, top - 9.0, "start", &name);
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
