//! Charts along the time line: columns on top of each other, or lines.

use super::super::calendar::Zone;
use super::chart::{Drawn, FINE, Ink, Spots, Surface, Told, Width, both, marks, number, text};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::ops::Range;

/// One row of numbers in a chart.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) ink: u8,
    /// By time, in order; where there is no point nothing happened.
    pub(super) points: Vec<(i64, f64)>,
}

/// How they are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Columns, those of one time on top of each other.
    Columns,
    /// Lines that end where nothing is known, the first with a ground under it.
    Lines,
}

/// Where points lie in time.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) span: Range<i64>,
    /// How far apart points are.
    pub(super) step: i64,
    pub(super) zone: Zone,
}

/// What is kept free around the drawing, in pixels.
const TOP: u32 = 12;
const RIGHT: u32 = 8;
const BELOW: u32 = 28;
const LEFT: u32 = 52;

/// The chart. `unit` stands behind the numbers when a place is pointed at.
pub(super) fn timeline(
    told: &Told<'_>,
    axis: &Axis,
    shape: Shape,
    unit: &str,
    series: &[Series],
) -> String {
    both(
        told,
        |width| if width == Width::Wide { 260 } else { 220 },
        |width, surface| draw(width, surface, axis, shape, unit, series),
    )
}

/// The value of a series at a time.
fn at(series: &Series, time: i64) -> Option<f64> {
    series
        .points
        .binary_search_by_key(&time, |(at, _)| *at)
        .ok()
        .map(|found| series.points[found].1)
}

#[expect(clippy::cast_precision_loss, reason = "times and counts are far below 2^53")]
fn draw(
    width: Width,
    surface: &Surface<'_>,
    axis: &Axis,
    shape: Shape,
    unit: &str,
    series: &[Series],
) -> Result<Spots, Box<dyn std::error::Error>> {
    let first = axis.span.start.div_euclid(axis.step) * axis.step;
    let last = first + ((axis.span.end - first + axis.step - 1) / axis.step).max(1) * axis.step;
    let times: Vec<i64> = (0..(last - first) / axis.step).map(|n| first + n * axis.step).collect();
    let sum = |time: i64| series.iter().filter_map(|one| at(one, time)).sum::<f64>();
    let highest = |time: i64| series.iter().filter_map(|one| at(one, time)).fold(0.0, f64::max);
    let height = |time: i64| if shape == Shape::Columns { sum(time) } else { highest(time) };
    let marks = marks(times.iter().map(|time| height(*time)).fold(0.0, f64::max));
    let top = marks.last().copied().unwrap_or(1.0);
    let (wide, high) = surface.dim_in_pixel();
    let mut chart = ChartBuilder::on(surface)
        .margin_top(TOP * FINE)
        .margin_right(RIGHT * FINE)
        .margin_bottom(BELOW * FINE)
        .margin_left(LEFT * FINE)
        .build_cartesian_2d(first as f64..last as f64, 0.0..top)?;
    let (left, right) = (first as f64, last as f64);
    for mark in &marks {
        let line = Ink::Line.color().stroke_width(FINE);
        chart.draw_series([PathElement::new([(left, *mark), (right, *mark)], line)])?;
    }
    match shape {
        Shape::Columns => columns(&mut chart, &times, axis.step, series)?,
        Shape::Lines => lines(&mut chart, &times, axis.step, series)?,
    }
    // What is written beside lies outside of the drawing, on the whole surface.
    let (inner_w, inner_h) = (wide - (LEFT + RIGHT) * FINE, high - (TOP + BELOW) * FINE);
    let across =
        |time: f64| f64::from(LEFT * FINE) + (time - left) / (right - left) * f64::from(inner_w);
    let down = |value: f64| f64::from(TOP * FINE) + (1.0 - value / top) * f64::from(inner_h);
    for mark in &marks {
        let place = (whole(f64::from((LEFT - 10) * FINE)), whole(down(*mark)));
        surface.draw(&Text::new(number(*mark), place, text(12, Ink::Faint, HPos::Right)))?;
    }
    for (time, label) in ticks(axis, first..last, width) {
        let place = (whole(across(time as f64)), whole(f64::from(high - 10 * FINE)));
        surface.draw(&Text::new(label, place, text(12, Ink::Faint, HPos::Center)))?;
    }
    let fine = f64::from(FINE);
    let wide = f64::from(inner_w) / times.len().max(1) as f64 / fine;
    let spots = times.iter().filter(|time| height(**time) > 0.0).map(|time| {
        let values = series.iter().filter_map(|one| {
            let value = at(one, *time).filter(|value| *value > 0.0)?;
            Some(format!("{}: {}{unit}", one.name, number(value)))
        });
        let values: Vec<_> = values.collect();
        let says = format!("{}\n{}", axis.zone.full(*time), values.join("\n"));
        let place = [across(*time as f64) / fine, f64::from(TOP), wide, f64::from(inner_h) / fine];
        (place, says)
    });
    Ok(spots.collect())
}

#[expect(clippy::cast_possible_truncation, reason = "places on a surface are small")]
fn whole(place: f64) -> i32 {
    place.round() as i32
}

type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

#[expect(clippy::cast_precision_loss, reason = "times are far below 2^53")]
fn columns(chart: &mut Chart<'_, '_>, times: &[i64], step: i64, series: &[Series]) -> Drawn {
    let gap = if times.len() > 1 { 0.14 * step as f64 } else { 0.35 * step as f64 };
    for time in times {
        let (left, right) = (*time as f64 + gap, (*time + step) as f64 - gap);
        let mut below = 0.0;
        for one in series {
            let Some(value) = at(one, *time).filter(|value| *value > 0.0) else { continue };
            let style = Ink::Series(one.ink).color().filled();
            let column = Rectangle::new([(left, below), (right, below + value)], style);
            chart.draw_series([column])?;
            below += value;
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "times are far below 2^53")]
fn lines(chart: &mut Chart<'_, '_>, times: &[i64], step: i64, series: &[Series]) -> Drawn {
    for (number, one) in series.iter().enumerate() {
        let mut pieces: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
        for time in times {
            match (at(one, *time), pieces.last_mut()) {
                (Some(value), Some(piece)) => {
                    piece.push((*time as f64 + step as f64 / 2.0, value));
                }
                (None, Some(piece)) if !piece.is_empty() => pieces.push(Vec::new()),
                _ => {}
            }
        }
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            let ends = piece.first().zip(piece.last()).map(|(first, last)| (first.0, last.0));
            let Some((from, to)) = ends else { continue };
            if number == 0 && piece.len() > 1 {
                let mut ground = piece.clone();
                ground.extend([(to, 0.0), (from, 0.0)]);
                chart.draw_series([Polygon::new(ground, Ink::Ground(one.ink).color())])?;
            }
            if piece.len() == 1 {
                let style = Ink::Series(one.ink).color().filled();
                let dots = piece.iter().map(|place| Circle::new(*place, 3 * FINE, style));
                chart.draw_series(dots)?;
            } else {
                let style = Ink::Series(one.ink).color().stroke_width(2 * FINE);
                chart.draw_series([PathElement::new(piece, style)])?;
            }
        }
    }
    Ok(())
}

/// The times that stand below the chart: those of a clock, as many as there is room for.
fn ticks(axis: &Axis, span: Range<i64>, width: Width) -> Vec<(i64, String)> {
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;
    let most = if width == Width::Wide { 7 } else { 4 };
    let length = span.end - span.start;
    let steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map(|minutes| minutes * MINUTE);
    let days = [1, 2, 5, 7, 14, 28, 56, 112, 364].map(|days| days * DAY);
    let step = steps.into_iter().chain(days).find(|step| length / step <= most);
    let step = step.unwrap_or(length / most);
    let mut ticks = Vec::new();
    let mut time = axis.zone.next(span.start, step.max(1));
    while time <= span.end {
        let clock = axis.zone.clock(time);
        let label = if step >= DAY || clock == "00:00" { axis.zone.date(time) } else { clock };
        // What stands at the very edge would be cut.
        let edge = length / 40;
        if (span.start + edge..=span.end - edge).contains(&time) || step >= length {
            ticks.push((time, label));
        }
        time += step.max(1);
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(minutes: i64, step: i64) -> Axis {
        let start = 1_790_000_000_000 / 60_000 * 60_000;
        Axis { span: start..start + minutes * 60_000, step: step * 60_000, zone: Zone::default() }
    }

    fn draw(shape: Shape, points: Vec<(i64, f64)>, axis: &Axis) -> String {
        let told = Told { id: "items", title: "Items <1>", description: "Few" };
        let series = [Series { name: "<script>".to_owned(), ink: 0, points }];
        timeline(&told, axis, shape, "", &series)
    }

    #[test]
    fn a_chart_is_told_to_those_who_do_not_see_it_and_nothing_in_it_is_markup() {
        let axis = axis(60, 1);
        let chart = draw(Shape::Columns, vec![(axis.span.start, 3.0)], &axis);
        assert_eq!(chart.matches("role=\"img\"").count(), 2, "one for each width");
        assert!(chart.contains("<title id=\"items-wide-t\">Items &lt;1&gt;</title>"), "{chart}");
        assert!(chart.contains("&lt;script&gt;: 3") && !chart.contains("<script>"), "{chart}");
        assert!(!chart.contains("#FE00") && chart.contains("class=\"f c-0\""), "{chart}");
        assert!(!chart.contains("style="), "no style that the policy forbids: {chart}");
    }

    #[test]
    fn nothing_and_a_single_point_can_be_drawn() {
        for shape in [Shape::Columns, Shape::Lines] {
            let axis = axis(1, 1);
            assert!(draw(shape, Vec::new(), &axis).contains("</svg>"));
            assert!(draw(shape, vec![(axis.span.start, 1.0)], &axis).contains("class=\"spot\""));
        }
    }

    #[test]
    fn there_is_room_for_every_time_below() {
        for minutes in [1, 5, 60, 90, 24 * 60, 3 * 24 * 60, 400 * 24 * 60] {
            for width in Width::BOTH {
                let axis = axis(minutes, 1);
                let ticks = ticks(&axis, axis.span.clone(), width);
                assert!(ticks.len() <= 8, "{minutes}: {ticks:?}");
            }
        }
    }
}
