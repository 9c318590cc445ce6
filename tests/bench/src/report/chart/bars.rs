//! Horizontal bars, the longest as long as there is room.

use super::svg::{MARGIN, TOP, WIDTH, page, text};

/// Height of a bar and of its row, in pixels.
const BAR: f64 = 22.0;
const ROW: f64 = 34.0;
/// What names take on the left and numbers on the right, in pixels.
const NAMES: f64 = 150.0;
const NUMBERS: f64 = 120.0;

/// One bar.
pub struct Bar {
    pub name: &'static str,
    pub value: f64,
    /// A second value beyond the first, shown as a line with an end: a 99th percentile.
    pub mark: Option<f64>,
    /// What stands to its right.
    pub text: String,
    pub ours: bool,
}

/// The chart; none without bars.
pub fn bars(title: &str, bars: Vec<Bar>) -> Option<String> {
    let most = bars.iter().map(|bar| bar.mark.unwrap_or(bar.value).max(bar.value)).reduce(f64::max)?;
    let scale = (WIDTH - 2.0 * MARGIN - NAMES - NUMBERS) / most;
    let left = MARGIN + NAMES;
    let mut inside = String::new();
    for (n, bar) in bars.iter().enumerate() {
        let y = TOP + n as f64 * ROW;
        let (middle, baseline) = (y + BAR / 2.0, y + BAR / 2.0 + 5.0);
        let class = if bar.ours { "ours" } else { "theirs" };
        let width = (bar.value * scale).max(1.0);
        inside += &text("", left - 10.0, baseline, "end", bar.name);
        inside += &format!(
            "<rect class=\"{class}\" x=\"{left}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"3\"/>\n"
        );
        let mut end = left + width;
        if let Some(mark) = bar.mark {
            let to = left + mark * scale;
            let (top, bottom) = (y + 5.0, y + BAR - 5.0);
            inside +=
                &format!("<path class=\"mark\" d=\"M{end:.1} {middle:.1}H{to:.1}M{to:.1} {top:.1}V{bottom:.1}\"/>\n");
            end = end.max(to);
        }
        inside += &text("", end + 8.0, baseline, "start", &bar.text);
    }
    Some(page(title, TOP + bars.len() as f64 * ROW + MARGIN / 2.0, &inside))
}
