//! The frame of every chart: size, colours, title.

/// Width of every chart, in pixels: what a page on GitHub shows unscaled.
pub const WIDTH: f64 = 800.0;
/// Space around everything, in pixels.
pub const MARGIN: f64 = 20.0;
/// Where the drawing begins, below the title, in pixels.
pub const TOP: f64 = 56.0;

/// Texts and bars have classes; the style gives each class a colour for light pages and one for dark ones. The background is drawn,
/// so that the texts are readable whatever the page's own colour is.
const STYLE: &str = "
  text { font: 14px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .small { font-size: 12px; fill: #59636e }
  .page { fill: #ffffff; stroke: #d1d9e0 }
  .ours { fill: #0969da } .theirs { fill: #8c959f }
  .mark { stroke: #59636e; stroke-width: 2 }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .line0 { stroke: #0969da } .line1 { stroke: #bc4c00 } .line { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 }
    .page { fill: #0d1117; stroke: #3d444d }
    .ours { fill: #4493f8 } .theirs { fill: #656c76 }
    .mark { stroke: #9198a1 } .grid { stroke: #3d444d }
    .line0 { stroke: #4493f8 } .line1 { stroke: #f0883e }
  }
";

/// A whole chart of this height, with this inside.
pub fn page(title: &str, height: f64, inside: &str) -> String {
    let title = escape(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" aria-label=\"{title}\">\n<style>{STYLE}</style>\n\
         <rect class=\"page\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n\
         <text class=\"title\" x=\"{MARGIN}\" y=\"32\">{title}</text>\n{inside}</svg>\n",
        WIDTH - 1.0,
        height - 1.0,
    )
}

/// A text at a place; `anchor` is start, middle or end.
pub fn text(class: &str, x: f64, y: f64, anchor: &str, text: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>\n", escape(text))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
