//! Tables of 80 columns: names to the left, numbers to the right.

/// Width of everything that is printed, in columns.
pub const COLUMNS: usize = 80;

/// The columns of a table: how wide each is. The first one is for names.
pub struct Table(pub &'static [usize]);

impl Table {
    /// One line.
    pub fn row<T: AsRef<str>>(&self, cells: &[T]) -> String {
        let mut line = String::new();
        for (n, (cell, &width)) in cells.iter().zip(self.0).enumerate() {
            let cell = cell.as_ref();
            match n {
                0 => line += &format!("{cell:<width$}"),
                _ => line += &format!(" {cell:>width$}"),
            }
        }
        line.trim_end().to_owned()
    }
}

/// A number to three significant digits, with separators: 12,345 or 0.0123.
pub fn number(value: f64) -> String {
    match value {
        value if !value.is_finite() => "–".to_owned(),
        value if value >= 100.0 => thousands(value.round() as u64),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 0.1 || value == 0.0 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}

fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A text in lines of at most so many columns.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.len() - 1;
        let fits = lines[line].is_empty() || lines[line].chars().count() + 1 + word.chars().count() <= columns;
        match (fits, lines[line].is_empty()) {
            (true, true) => lines[line] += word,
            (true, false) => lines[line] += &format!(" {word}"),
            (false, _) => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        let numbers = [1_234_567.4, 999.6, 12.34, 0.5, 0.0123, f64::NAN].map(number);
        assert_eq!(numbers, ["1,234,567", "1,000", "12.3", "0.50", "0.012", "–"]);
    }

    #[test]
    fn text_is_wrapped_at_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 3), ["unbreakable"]);
    }
}
