//! PNG, for where SVG is not taken: the same shapes on white, twice as fine as their size, with a font that comes along.

use std::io::{self, Write};

use flate2::{Compression, Crc, write::ZlibEncoder};
use tiny_skia::{Color, FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform};
use ttf_parser::{Face, OutlineBuilder};

use super::Picture;
use super::scene::{Anchor, Scene, Shape, WIDTH};

/// `DejaVu` Sans, its Latin, Greek and Cyrillic letters; see the licence beside it.
const FONT: &[u8] = include_bytes!("font/DejaVuSans.ttf");
/// Pixels for each unit of the scene.
const FINE: f64 = 2.0;
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

type Colour = [u8; 3];
const GREY: Colour = [0x6e, 0x77, 0x81];
const DARK: Colour = [0x57, 0x60, 0x6a];
const PALE: Colour = [0x8c, 0x95, 0x9f];
const BLUE: Colour = [0x2f, 0x81, 0xc7];
const ORANGE: Colour = [0xd4, 0x79, 0x2a];

/// How a class looks: as the style of the SVG says it.
struct Look {
    colour: Colour,
    opacity: f64,
    /// How wide its line is; none for what is filled.
    line: Option<f64>,
    dash: &'static [f32],
}

fn look(class: &str) -> Look {
    let filled = |colour, opacity| Look { colour, opacity, line: None, dash: &[] };
    let line = |colour, opacity, width, dash| Look { colour, opacity, line: Some(width), dash };
    match class {
        "title" | "name" => filled(DARK, 1.0),
        "grid" => line(PALE, 0.22, 1.0, &[]),
        "frame" => line(PALE, 0.6, 1.0, &[]),
        "seen" => filled(GREY, 0.85),
        "made" => line(GREY, 0.7, 1.0, &[]),
        "line" => line(BLUE, 1.0, 1.8, &[]),
        "part" => line(BLUE, 1.0, 1.6, &[]),
        "band" => filled(BLUE, 0.2),
        "dot" => filled(BLUE, 1.0),
        "change" => line(ORANGE, 0.75, 1.0, &[2.0, 4.0]),
        "end" => line(PALE, 1.0, 1.0, &[5.0, 4.0]),
        _ => filled(GREY, 1.0),
    }
}

/// The picture as a PNG; its parts below it when they are asked for.
pub fn png(picture: &Picture, with_parts: bool) -> io::Result<Vec<u8>> {
    let scene = Scene::of(picture, with_parts);
    let [width, height] = [WIDTH, scene.height].map(pixels);
    let pixmap = Pixmap::new(width, height).ok_or_else(|| io::Error::other("the picture is too large"))?;
    let face = Face::parse(FONT, 0).map_err(io::Error::other)?;
    let mut canvas = Canvas { pixmap, face };
    canvas.pixmap.fill(Color::WHITE);
    for shape in &scene.shapes {
        canvas.draw(shape);
    }
    encoded(&canvas.pixmap)
}

/// So many pixels.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a scene is some thousands high")]
fn pixels(units: f64) -> u32 {
    (units * FINE).ceil() as u32
}

#[allow(clippy::cast_possible_truncation, reason = "pixels need no more digits")]
fn short(value: f64) -> f32 {
    value as f32
}

struct Canvas {
    pixmap: Pixmap,
    face: Face<'static>,
}

impl Canvas {
    fn draw(&mut self, shape: &Shape) {
        let (class, path) = match shape {
            Shape::Text { class, at, anchor, text } => (*class, self.written(class, *at, *anchor, text)),
            Shape::Line { class, from, to } => (*class, joined(&[*from, *to], false)),
            Shape::Path { class, points, is_closed } => (*class, joined(points, *is_closed)),
            Shape::Circle { class, at: (x, y), radius } => {
                (*class, PathBuilder::from_circle(short(*x), short(*y), short(*radius)))
            }
            Shape::Rectangle { class, at: (x, y), size: (width, height) } => {
                let rectangle = Rect::from_xywh(short(*x), short(*y), short(*width), short(*height));
                (*class, rectangle.map(PathBuilder::from_rect))
            }
        };
        if let Some(path) = path {
            self.paint(&path, &look(class));
        }
    }

    fn paint(&mut self, path: &Path, look: &Look) {
        let mut paint = Paint::default();
        let [red, green, blue] = look.colour.map(|part| f32::from(part) / 255.0);
        paint.set_color(Color::from_rgba(red, green, blue, short(look.opacity)).unwrap_or(Color::BLACK));
        paint.anti_alias = true;
        let fine = Transform::from_scale(short(FINE), short(FINE));
        match look.line {
            None => self.pixmap.fill_path(path, &paint, FillRule::Winding, fine, None),
            Some(width) => {
                let dash = StrokeDash::new(look.dash.to_vec(), 0.0);
                let stroke = Stroke { width: short(width), dash, ..Stroke::default() };
                self.pixmap.stroke_path(path, &paint, &stroke, fine, None);
            }
        }
    }

    /// A text as the outlines of its letters; the font's box stands for a letter that it has not.
    fn written(&self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) -> Option<Path> {
        let size = if class == "title" { 15.0 } else { 12.0 };
        let scale = size / f64::from(self.face.units_per_em());
        let letters: Vec<_> = text.chars().map(|letter| self.face.glyph_index(letter).unwrap_or_default()).collect();
        let advance = |letter| f64::from(self.face.glyph_hor_advance(letter).unwrap_or_default()) * scale;
        let width: f64 = letters.iter().map(|letter| advance(*letter)).sum();
        let mut pen = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width,
        };
        let mut outline = Outline { path: PathBuilder::new(), x: 0.0, y: short(y), scale: short(scale) };
        for letter in letters {
            outline.x = short(pen);
            self.face.outline_glyph(letter, &mut outline);
            pen += advance(letter);
        }
        outline.path.finish()
    }
}

fn joined(points: &[(f64, f64)], is_closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (at, (x, y)) in points.iter().enumerate() {
        if at == 0 {
            path.move_to(short(*x), short(*y));
        } else {
            path.line_to(short(*x), short(*y));
        }
    }
    if is_closed {
        path.close();
    }
    path.finish()
}

/// A letter's outline on its way into a path: at its place and size, and the right way up.
struct Outline {
    path: PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Outline {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// Three bytes a pixel, each line as its difference from the one above.
fn encoded(pixmap: &Pixmap) -> io::Result<Vec<u8>> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    let mut above = vec![0; 3 * pixmap.width() as usize];
    for row in pixmap.data().chunks(4 * pixmap.width() as usize) {
        // Everything stands on white: no pixel lets anything through.
        let line: Vec<u8> =
            row.as_chunks::<4>().0.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect();
        let differences: Vec<u8> = line.iter().zip(&above).map(|(new, old)| new.wrapping_sub(*old)).collect();
        packed.write_all(&[2])?;
        packed.write_all(&differences)?;
        above = line;
    }
    let mut head = Vec::new();
    head.extend(pixmap.width().to_be_bytes());
    head.extend(pixmap.height().to_be_bytes());
    head.extend([8, 2, 0, 0, 0]);
    let mut out = SIGNATURE.to_vec();
    for (kind, data) in [(b"IHDR", &head), (b"IDAT", &packed.finish()?), (b"IEND", &Vec::new())] {
        let length = u32::try_from(data.len()).map_err(io::Error::other)?;
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(data);
        out.extend(length.to_be_bytes());
        out.extend(kind);
        out.extend(data);
        out.extend(sum.sum().to_be_bytes());
    }
    Ok(out)
}
