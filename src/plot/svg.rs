//! SVG, written by hand. No background of its own, colours that can be read on white and on black, and those of the reader's
//! theme where the viewer knows it.

use std::fmt::Write;

use super::Picture;
use super::scene::{Anchor, Scene, Shape, WIDTH};

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
    let Scene { height, shapes } = Scene::of(picture, with_parts);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">"
    );
    // Writing to a text cannot fail.
    let _ = write!(out, "<title>{}</title><style>{STYLE}</style>", escaped(&picture.title));
    for shape in &shapes {
        out.push_str(&element(shape));
    }
    out.push_str("</svg>\n");
    out
}

fn element(shape: &Shape) -> String {
    match shape {
        Shape::Text { class, at: (x, y), anchor, text } => {
            let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let (x, y, text) = (short(*x), short(*y), escaped(text));
            format!("<text{class} x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>")
        }
        Shape::Line { class, from: (x1, y1), to: (x2, y2) } => {
            let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(|place| short(*place));
            format!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>")
        }
        Shape::Path { class, points, is_closed } => {
            let mut d = String::new();
            for (at, (x, y)) in points.iter().enumerate() {
                let _ = write!(d, "{}{} {}", if at == 0 { "M" } else { "L" }, short(*x), short(*y));
            }
            format!("<path class=\"{class}\" d=\"{d}{}\"/>", if *is_closed { "Z" } else { "" })
        }
        Shape::Circle { class, at: (x, y), radius } => {
            format!("<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{radius}\"/>", short(*x), short(*y))
        }
        Shape::Rectangle { class, at: (x, y), size: (width, height) } => {
            let [x, y, width, height] = [x, y, width, height].map(|place| short(*place));
            format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>")
        }
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
