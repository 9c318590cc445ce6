//! Lines over time, all from zero on one scale.

use std::collections::BTreeMap;

use super::svg::{MARGIN, TOP, WIDTH, page, text};
use crate::report::table::number;

/// Height of the drawing, in pixels.
const HEIGHT: f64 = 240.0;
/// What the numbers of the scale take on the left, and the names of the lines on the right, in pixels.
const SCALE: f64 = 50.0;
const NAMES: f64 = 90.0;
/// How many lines of the grid there are above zero.
const GRID: u32 = 4;

/// The chart; none without points.
pub fn lines(title: &str, series: &BTreeMap<String, Vec<(f64, f64)>>) -> Option<String> {
    let points = || series.values().flatten();
    let (last, most) = (points().map(|p| p.0).reduce(f64::max)?, points().map(|p| p.1).reduce(f64::max)?);
    let (left, right, bottom) = (MARGIN + SCALE, WIDTH - MARGIN - NAMES, TOP + HEIGHT);
    let x = |time: f64| left + time / last.max(1.0) * (right - left);
    let y = |value: f64| bottom - value / most.max(1.0) * HEIGHT;
    let mut inside = String::new();
    for step in 0..=GRID {
        let value = most * f64::from(step) / f64::from(GRID);
        inside += &format!("<path class=\"grid\" d=\"M{left} {0:.1}H{right}\"/>\n", y(value));
        inside += &text("small", left - 8.0, y(value) + 4.0, "end", &number(value));
    }
    for (n, (name, points)) in series.iter().enumerate() {
        let path: Vec<_> = points.iter().map(|&(time, value)| format!("{:.1},{:.1}", x(time), y(value))).collect();
        inside += &format!("<polyline class=\"line line{n}\" points=\"{}\"/>\n", path.join(" "));
        if let Some(&(_, value)) = points.last() {
            inside += &text("small", right + 8.0, y(value) + 4.0, "start", name);
        }
    }
    inside += &text("small", left, bottom + 20.0, "start", "0");
    inside += &text("small", right, bottom + 20.0, "end", &format!("{} s", number(last)));
    Some(page(title, bottom + 20.0 + MARGIN, &inside))
}
