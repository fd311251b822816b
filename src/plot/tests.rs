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
