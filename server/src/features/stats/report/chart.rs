//! What all charts are drawn with: a surface, and colours that the page's style decides.
//!
//! The chart crate draws SVG with fixed colours. Here each colour is a number, which afterwards
//! becomes a class, so that one picture is light, dark and good on paper. Coordinates of the crate
//! are whole: it draws on a surface that is larger than what is shown, for sharp edges.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, RGBColor, TextStyle};
use std::fmt::Write;

/// How many of the surface's points make one of what is shown.
pub(super) const FINE: u32 = 4;

/// How wide charts are: in a column, and on a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Wide,
    Narrow,
}

impl Width {
    pub(super) const BOTH: [Self; 2] = [Self::Wide, Self::Narrow];

    pub(super) fn pixels(self) -> u32 {
        match self {
            Self::Wide => 760,
            Self::Narrow => 350,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
        }
    }
}

/// What something is drawn in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Of text that says what something is.
    Text,
    /// Of text beside.
    Faint,
    /// Of lines to read by.
    Line,
    /// One of the colours that things are told apart by.
    Series(u8),
    /// The same, as the ground under a line.
    Ground(u8),
}

/// How many colours there are to tell things apart by.
pub(super) const SERIES: u8 = 8;

impl Ink {
    /// The class, by the number that the colour is.
    const ALL: [(u8, &'static str); 19] = [
        (1, "c-text"),
        (2, "c-faint"),
        (3, "c-line"),
        (16, "c-0"),
        (17, "c-1"),
        (18, "c-2"),
        (19, "c-3"),
        (20, "c-4"),
        (21, "c-5"),
        (22, "c-6"),
        (23, "c-7"),
        (32, "g-0"),
        (33, "g-1"),
        (34, "g-2"),
        (35, "g-3"),
        (36, "g-4"),
        (37, "g-5"),
        (38, "g-6"),
        (39, "g-7"),
    ];

    fn number(self) -> u8 {
        match self {
            Self::Text => 1,
            Self::Faint => 2,
            Self::Line => 3,
            Self::Series(one) => 16 + one % SERIES,
            Self::Ground(one) => 32 + one % SERIES,
        }
    }

    /// As the crate knows it.
    pub(super) fn color(self) -> RGBColor {
        RGBColor(0xfe, 0, self.number())
    }
}

pub(super) type Surface<'s> = DrawingArea<SVGBackend<'s>, Shift>;

/// The crate draws into text, which cannot fail: what went wrong would be a chart that is missing.
pub(super) type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Text of so many pixels, in an ink, with the point that it is put at on its left, middle or right.
pub(super) fn text(pixels: u32, ink: Ink, anchor: HPos) -> TextStyle<'static> {
    // The crate makes fonts smaller than it is told to, by this.
    let size = f64::from(pixels * FINE) * 1.24;
    let style = TextStyle::from(("sans-serif", size).into_font());
    TextStyle { color: ink.color().to_backend_color(), ..style }.pos(Pos::new(anchor, VPos::Center))
}

/// What is told of a chart to those who do not see it.
pub(super) struct Told<'t> {
    /// Unique on the page.
    pub(super) id: &'t str,
    pub(super) title: &'t str,
    pub(super) description: &'t str,
}

/// Places of a chart that say something when they are pointed at: left, top, width and height in
/// pixels, and what they say.
pub(super) type Spots = Vec<([f64; 4], String)>;

/// A chart for both widths; a browser shows the one that fits.
pub(super) fn both(
    told: &Told<'_>,
    height: impl Fn(Width) -> u32,
    draw: impl Fn(Width, &Surface<'_>) -> Result<Spots, Box<dyn std::error::Error>>,
) -> String {
    let mut charts = String::new();
    for width in Width::BOTH {
        charts.push_str(&one(told, width, height(width), |surface| draw(width, surface)));
    }
    charts
}

fn one(
    told: &Told<'_>,
    width: Width,
    height: u32,
    draw: impl FnOnce(&Surface<'_>) -> Result<Spots, Box<dyn std::error::Error>>,
) -> String {
    use plotters::prelude::IntoDrawingArea;
    let (across, down) = (width.pixels() * FINE, height * FINE);
    let mut svg = String::new();
    let spots = {
        let surface = SVGBackend::with_string(&mut svg, (across, down)).into_drawing_area();
        let spots = draw(&surface).and_then(|spots| {
            surface.present()?;
            Ok(spots)
        });
        match spots {
            Ok(spots) => spots,
            Err(error) => {
                tracing::warn!(%error, chart = told.id, "a chart could not be drawn");
                return String::new();
            }
        }
    };
    let drawn = svg.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</svg>"));
    let drawn = classes(drawn.map_or("", |(drawn, _)| drawn));
    let (id, class) = (format!("{}-{}", told.id, width.class()), width.class());
    let mut out = format!(
        "<svg class=\"chart {class}\" viewBox=\"0 0 {across} {down}\" role=\"img\" \
         aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title>\
         <desc id=\"{id}-d\">{}</desc><g aria-hidden=\"true\">{drawn}</g>",
        escape(told.title),
        escape(told.description),
    );
    for ([left, top, wide, high], says) in spots {
        let fine = f64::from(FINE);
        let _ = write!(
            out,
            "<rect class=\"spot\" x=\"{:.0}\" y=\"{:.0}\" width=\"{:.0}\" height=\"{:.0}\">\
             <title>{}</title></rect>",
            left * fine,
            top * fine,
            wide * fine,
            high * fine,
            escape(&says)
        );
    }
    out.push_str("</svg>");
    out
}

/// Colours become classes; fonts are the page's.
fn classes(svg: &str) -> String {
    let mut svg = svg.replace(" font-family=\"sans-serif\"", "").replace(" opacity=\"1\"", "");
    for (number, class) in Ink::ALL {
        let color = format!("#FE00{number:02X}");
        svg = svg.replace(&format!("fill=\"{color}\""), &format!("class=\"f {class}\""));
        svg = svg.replace(&format!("stroke=\"{color}\""), &format!("class=\"s {class}\""));
    }
    svg
}

/// Text within HTML or SVG.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Not even escaped these may stand in SVG.
            letter if letter.is_control() && !letter.is_whitespace() => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

/// As much of a text as fits into so many pixels of text of this size, about.
pub(super) fn clip(text: &str, pixels: u32, size: u32) -> String {
    let most = usize::try_from(pixels * 100 / (size * 56).max(1)).unwrap_or(usize::MAX).max(4);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // A sign of Chinese, or an emoji, is as wide as two letters.
    let wide = |letter: char| if letter >= '\u{1100}' { 2 } else { 1 };
    if text.chars().map(wide).sum::<usize>() <= most {
        return text;
    }
    let mut taken = 1;
    let kept = text.chars().take_while(|letter| {
        taken += wide(*letter);
        taken <= most
    });
    kept.chain(['…']).collect()
}

/// A number as people read it: `12,345`, or with a fraction where it is small.
pub(super) fn number(value: f64) -> String {
    if value.fract().abs() > 0.005 && value.abs() < 100.0 {
        let text = format!("{value:.2}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    if value <= -0.5 {
        out.push('−');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The marks of an axis from nothing to `most`: few, and round.
pub(super) fn marks(most: f64) -> Vec<f64> {
    let most = most.max(1.0);
    let rough = most / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|one| one * power).into_iter().find(|step| *step >= rough);
    // What is counted is whole.
    let step = step.unwrap_or(rough).max(1.0);
    let mut marks = vec![0.0];
    while marks.last().is_some_and(|last| *last < most) {
        marks.push(marks.last().copied().unwrap_or(0.0) + step);
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_few_round_marks_and_reaches_far_enough() {
        assert_eq!(marks(0.0), [0.0, 1.0]);
        assert_eq!(marks(3.0), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(marks(17.0), [0.0, 5.0, 10.0, 15.0, 20.0]);
        for most in [1.0, 7.0, 99.0, 12_345.0, 1e9] {
            let marks = marks(most);
            assert!(marks.len() <= 6 && *marks.last().unwrap() >= most, "{marks:?}");
        }
    }

    #[test]
    fn numbers_are_easy_to_read() {
        let read = [0.0, 7.0, 1234.0, 1_234_567.0, 1.5, 0.25, -3.0].map(number);
        assert_eq!(read, ["0", "7", "1,234", "1,234,567", "1.5", "0.25", "−3"]);
    }

    #[test]
    fn a_long_name_is_cut_where_it_does_not_fit() {
        assert_eq!(clip("harbour", 200, 13), "harbour");
        assert!(clip(&"harbour ".repeat(40), 100, 13).ends_with('…'));
        assert!(clip(&"港".repeat(40), 100, 13).chars().count() < 9);
    }
}
