//! Pictures hold what they are of, whatever it is called.

use chrono_tz::Tz;

use super::text::{MARGIN, ROWS};
use super::*;
use crate::calendar::Calendar;
use crate::forecast::{EtsSettings, Seasonal, Settings};
use crate::outlook::Prophet;

fn subject(method: Method) -> Subject {
    let open = Calendar::weekdays(Tz::UTC);
    let first: NaiveDate = "2025-01-01".parse().unwrap();
    let days: Vec<NaiveDate> = first.iter_days().filter(|day| open.is_open(*day)).take(160).collect();
    let value = |at: usize| 100.0 + at as f64 * 0.2 + [2.0, 0.0, -1.0, 0.0, 1.0][at % 5];
    let values = (0..days.len()).map(value).collect();
    let filled = (0..days.len()).map(|at| at % 40 == 7).collect();
    let history = History { days, values, filled, closed: 0 };
    let days = history.ahead(10, &open).unwrap();
    Subject { title: "nav{auid=\"<A1>\", \u{1b}[31m}".to_owned(), history, method, days }
}

fn prophet() -> Method {
    let settings = Settings { weekly_seasonality: Seasonal::On, n_changepoints: 5, ..Settings::default() };
    Method::Prophet(Box::new(Prophet { settings, ..Prophet::default() }))
}

#[test]
fn a_picture_has_history_forecast_and_parts() {
    let picture = Picture::of(&subject(prophet())).unwrap();
    assert_eq!((picture.history.len(), picture.course.len()), (160, 170));
    let parts: Vec<(&str, Across)> = picture.parts.iter().map(|part| (part.name.as_str(), part.across)).collect();
    assert_eq!(parts, [("trend", Across::Time), ("weekly", Across::Week)]);
    assert_eq!(picture.parts[1].course.len(), 5, "the history has no weekend");
    assert!(picture.course.iter().all(|step| step.lower <= step.value && step.value <= step.upper));
}

#[test]
fn an_svg_is_whole_and_takes_any_name() {
    let picture = Picture::of(&subject(prophet())).unwrap();
    let drawn = svg(&picture, true);
    assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"));
    assert!(drawn.contains("nav{auid=&quot;&lt;A1&gt;&quot;") && !drawn.contains('\u{1b}'));
    assert_eq!(drawn.matches("class=\"seen\"").count(), 160 - 4 + 1, "a circle for each day and one in the legend");
    assert_eq!(drawn.matches("class=\"made\"").count(), 4 + 1);
    assert!(drawn.contains(">weekly<") && drawn.contains(">Mon<") && !drawn.contains("NaN"));
    assert!(!svg(&picture, false).contains(">weekly<"));
}

/// Reads what it wrote: the parts of the file, their checksums, and the colours of the lines.
#[test]
fn a_png_is_whole_and_shows_the_colours_of_the_picture() {
    let picture = Picture::of(&subject(prophet())).unwrap();
    let drawn = png(&picture, true).unwrap();
    let mut rest = drawn.strip_prefix(b"\x89PNG\r\n\x1a\n").unwrap();
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap()) as usize;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let length = number(&rest[..4]);
        let (kind, data) = (&rest[4..8], &rest[8..8 + length]);
        let mut sum = flate2::Crc::new();
        sum.update(&rest[4..8 + length]);
        assert_eq!(number(&rest[8 + length..12 + length]), sum.sum() as usize);
        parts.push((kind, data));
        rest = &rest[12 + length..];
    }
    assert!(matches!(&parts[..], [(b"IHDR", _), (b"IDAT", _), (b"IEND", b"")]));
    let (width, height) = (number(&parts[0].1[..4]), number(&parts[0].1[4..8]));
    assert_eq!((width, height), (1920, 2 * (78 + 340 + 30 + 8 + 2 * 184)));
    let mut lines = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(parts[1].1), &mut lines).unwrap();
    let mut above = vec![0_u8; 3 * width];
    let mut blue = 0;
    let mut ink_by_row = Vec::new();
    for line in lines.chunks(1 + 3 * width) {
        assert_eq!(line[0], 2);
        above.iter_mut().zip(&line[1..]).for_each(|(above, difference)| *above = above.wrapping_add(*difference));
        blue += above.as_chunks::<3>().0.iter().filter(|pixel| **pixel == [0x2f, 0x81, 0xc7]).count();
        ink_by_row.push(above.iter().filter(|part| **part != 0xff).count());
    }
    assert_eq!(ink_by_row.len(), height);
    assert!(blue > 1000, "the line of the forecast: {blue}");
    assert!(ink_by_row[2 * 14..2 * 24].iter().all(|ink| *ink > 0), "the title is written");
    assert!(png(&picture, false).unwrap().len() < drawn.len());
}

#[test]
fn a_terminal_gets_dots_within_its_width() {
    let picture =
        Picture::of(&subject(Method::Ets(EtsSettings { season_length: 5, ..EtsSettings::default() }))).unwrap();
    for width in [10, 60, 100] {
        let look = Look { width, has_color: false, has_parts: true };
        let drawn = text(&picture, look);
        assert!(!drawn.contains('\u{1b}'), "{drawn}");
        let axis = drawn.lines().skip(2).take(ROWS + 2);
        assert!(axis.clone().all(|line| line.chars().count() <= width.max(MARGIN + 22) + 1), "{drawn}");
        assert!(axis.clone().any(|line| line.contains('┊')) && drawn.contains("2025"));
    }
    assert!(text(&picture, Look { width: 80, has_color: true, has_parts: false }).contains("\u{1b}[94m"));
}
