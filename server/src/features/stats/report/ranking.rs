//! What there was most of: bars from the left, each with its name and its number.

use super::chart::{FINE, Ink, Spots, Surface, Told, Width, both, clip, number, text};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// One bar, of one or more parts.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) parts: Vec<(u8, f64)>,
    /// What stands at its end.
    pub(super) says: String,
}

impl Bar {
    /// Of one number.
    pub(super) fn new(name: &str, ink: u8, count: i64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let count = count as f64;
        Self { name: name.to_owned(), parts: vec![(ink, count)], says: number(count) }
    }

    fn sum(&self) -> f64 {
        self.parts.iter().map(|(_, count)| count).sum()
    }
}

/// How high a row is, in pixels: on a phone the name stands above its bar.
fn row(width: Width) -> u32 {
    if width == Width::Wide { 30 } else { 42 }
}

/// Room for the number, in pixels.
const NUMBER: u32 = 64;

/// The chart. Bars are as long as their part of the largest, or of `whole` if that is given.
pub(super) fn ranking(told: &Told<'_>, bars: &[Bar], whole: Option<f64>) -> String {
    let rows = u32::try_from(bars.len()).unwrap_or(0);
    let largest = bars.iter().map(Bar::sum).fold(0.0, f64::max);
    let whole = whole.unwrap_or(largest).max(largest);
    both(told, |width| rows * row(width) + 4, |width, surface| draw(width, surface, bars, whole))
}

fn draw(
    width: Width,
    surface: &Surface<'_>,
    bars: &[Bar],
    whole: f64,
) -> Result<Spots, Box<dyn std::error::Error>> {
    let wide = width == Width::Wide;
    let (row, left) = (row(width), if wide { 220 } else { 0 });
    let room = width.pixels() - left - NUMBER;
    let mut spots = Spots::new();
    for (at, bar) in (0_u32..).zip(bars) {
        let top = at * row;
        let (middle, name) = if wide { (top + 15, top + 15) } else { (top + 30, top + 10) };
        let fits = if wide { left - 16 } else { width.pixels() - 8 };
        let label =
            Text::new(clip(&bar.name, fits, 14), place(0, name), text(14, Ink::Text, HPos::Left));
        surface.draw(&label)?;
        let mut from = f64::from(left);
        for (ink, count) in &bar.parts {
            let to = from + if whole > 0.0 { count / whole * f64::from(room) } else { 0.0 };
            // What is there is to be seen.
            let to = if *count > 0.0 { to.max(from + 2.0) } else { from };
            if to > from {
                let corners = [fine(from, middle - 8), fine(to, middle + 8)];
                surface.draw(&Rectangle::new(corners, Ink::Series(*ink).color().filled()))?;
            }
            from = to;
        }
        let (end, _) = fine(from + 8.0, middle);
        let says = Text::new(
            bar.says.clone(),
            (end, place(0, middle).1),
            text(13, Ink::Faint, HPos::Left),
        );
        surface.draw(&says)?;
        let spot = [0.0, f64::from(top), f64::from(width.pixels()), f64::from(row)];
        spots.push((spot, format!("{}: {}", bar.name, bar.says)));
    }
    Ok(spots)
}

fn place(across: u32, down: u32) -> (i32, i32) {
    let fine = |place: u32| i32::try_from(place * FINE).unwrap_or(i32::MAX);
    (fine(across), fine(down))
}

#[expect(clippy::cast_possible_truncation, reason = "places on a surface are small")]
fn fine(across: f64, down: u32) -> (i32, i32) {
    ((across * f64::from(FINE)).round() as i32, place(0, down).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_stand_beside_their_bars() {
        let told = Told { id: "words", title: "Words", description: "" };
        let bars = [Bar::new("storm & rain", 0, 1200), Bar::new("<b>", 1, 0)];
        let chart = ranking(&told, &bars, None);
        assert!(chart.contains("storm &amp; rain") && chart.contains("1,200"), "{chart}");
        assert!(!chart.contains("<b>"), "{chart}");
        assert_eq!(chart.matches("class=\"f c-0\"").count(), 2, "a bar in each width");
        assert!(!chart.contains("class=\"f c-1\""), "nothing is not drawn");
    }

    #[test]
    fn no_bars_are_a_chart_too() {
        let told = Told { id: "words", title: "Words", description: "" };
        assert!(ranking(&told, &[], None).contains("</svg>"));
    }
}
