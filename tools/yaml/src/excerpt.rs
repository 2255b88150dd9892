//! Where something stands in a text, and the line that shows it.

use std::ops::Range;

/// Characters of a line that are shown.
const WIDTH: usize = 120;

/// The line and the column, both from 1, of a byte. Columns count characters.
pub fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(byte)];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}

/// Whether a character takes one place on a terminal's line, as far as it matters here.
fn shows(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// The line where a range begins, and below it carets under the range.
pub fn excerpt(text: &str, range: &Range<usize>) -> Vec<String> {
    let (number, column) = position(text, range.start);
    let line: Vec<char> = text
        .lines()
        .nth(number - 1)
        .unwrap_or_default()
        .chars()
        .map(|c| if shows(c) { c } else { ' ' })
        .collect();
    let first = column - 1;
    // A long line is shown around the range only.
    let from = if line.len() > WIDTH {
        first.saturating_sub(WIDTH / 2)
    } else {
        0
    };
    let shown: String = line.iter().skip(from).take(WIDTH).collect();
    let end = text.floor_char_boundary(range.end);
    let inside = text
        .get(text.floor_char_boundary(range.start)..end)
        .unwrap_or_default();
    let carets = inside.lines().next().unwrap_or_default().chars().count();
    let carets = carets.clamp(1, WIDTH.saturating_sub(first - from).max(1));
    let margin = " ".repeat(number.to_string().len());
    let indent = " ".repeat(first - from);
    vec![
        format!("  {number} | {shown}").trim_end().to_owned(),
        format!("  {margin} | {indent}{}", "^".repeat(carets)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, part: &str) -> Vec<String> {
        let start = text.find(part).expect("is there");
        excerpt(text, &(start..start + part.len()))
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(position("ab\näö x", 8), (2, 4));
        assert_eq!(position("ab", 2), (1, 3));
        assert_eq!(position("", 7), (1, 1));
    }

    #[test]
    fn carets_stand_under_the_part() {
        assert_eq!(
            shown("a\r\n\tä: cd,\r\n", "cd"),
            ["  2 |  ä: cd,", "    |     ^^"]
        );
        // Of several lines, the first.
        assert_eq!(shown("a: b\nc: d", "b\nc"), ["  1 | a: b", "    |    ^"]);
        assert_eq!(excerpt("a", &(1..1)), ["  1 | a", "    |  ^"]);
    }

    #[test]
    fn a_long_line_is_shown_around_the_part() {
        let [line, carets] = &shown(
            &format!("{}here{}", "x".repeat(999), "y".repeat(999)),
            "here",
        )[..] else {
            panic!("two lines");
        };
        assert_eq!(line.len(), WIDTH + "  1 | ".len());
        assert_eq!(line.find("here"), carets.find("^^^^"));
    }
}
