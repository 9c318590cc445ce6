//! Tables for people: columns as wide as what is in them, the last one cut at the width of the terminal.

use mpy6a_untrusted::text;

/// Between two columns.
const GAP: usize = 2;

/// The most that a kind's name takes of a line: it is at most 64 letters long, and there is more to say.
pub const KIND_COLUMNS: usize = 18;

/// Rows under a head. Columns whose head begins with a blank are numbers, to the right.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this head.
    pub fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|name| (*name).to_owned()).collect()] }
    }

    /// Add a row, of as many cells as the head has. Text from outside stays within its cell.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| text::line(cell).into_owned()).collect());
    }

    /// The text, in lines of at most `columns`; none: as long as they are.
    pub fn text(&self, columns: Option<usize>) -> String {
        let count = self.rows[0].len();
        let width = |at: usize| self.rows.iter().map(|row| row[at].trim_start().chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..count).map(width).collect();
        let is_number: Vec<bool> = self.rows[0].iter().map(|name| name.starts_with(' ')).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (at, cell) in row.iter().enumerate() {
                let (cell, width) = (cell.trim_start(), widths[at]);
                let gap = if at + 1 < count { GAP } else { 0 };
                if is_number[at] {
                    line.push_str(&format!("{cell:>width$}{:gap$}", ""));
                } else {
                    line.push_str(&format!("{cell:width$}{:gap$}", ""));
                }
            }
            text.push_str(&cut(line.trim_end(), columns));
            text.push('\n');
        }
        text
    }
}

/// A text of at most so many columns.
pub fn cut(line: &str, columns: Option<usize>) -> String {
    match columns {
        Some(columns) if line.chars().count() > columns => {
            line.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
        }
        _ => line.to_owned(),
    }
}

/// A time span in one or two units, for a column: `35s`, `2h 5m`, `3d 4h`.
pub fn span(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let seconds = ms / 1_000;
    let Some(at) = UNITS.iter().position(|(unit, _)| seconds >= *unit) else { return "0s".to_owned() };
    let (unit, name) = UNITS[at];
    let rest = seconds % unit;
    match UNITS.get(at + 1) {
        Some((smaller, smaller_name)) if rest >= *smaller => {
            format!("{}{name} {}{smaller_name}", seconds / unit, rest / smaller)
        }
        _ => format!("{}{name}", seconds / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them_and_lines_no_wider_than_asked() {
        let mut table = Table::new(&["ID", " N", "WHY"]);
        table.row(vec!["1-2".into(), "7".into(), "because it is so".into()]);
        table.row(vec!["1-1042".into(), "1,000".into(), String::new()]);
        let wide = "ID          N  WHY\n1-2         7  because it is so\n1-1042  1,000\n";
        assert_eq!(table.text(None), wide);
        assert_eq!(table.text(Some(22)), "ID          N  WHY\n1-2         7  becaus…\n1-1042  1,000\n");
        table.row(vec!["1-3\n".into(), "7".into(), "\x1b[2J\u{202e}".into()]);
        assert!(table.text(None).ends_with("1-3\\n       7  \\u{1b}[2J\\u{202e}\n"), "{}", table.text(None));
    }

    #[test]
    fn spans_have_two_units_at_most() {
        let shown = [0, 999, 35_000, 60_000, 7_500_000, 86_400_000, 273_600_000, 86_401_000].map(span);
        assert_eq!(shown, ["0s", "0s", "35s", "1m", "2h 5m", "1d", "3d 4h", "1d"]);
    }
}
