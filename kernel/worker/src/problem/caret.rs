//! A source line with a caret below one of its characters, as wide as a terminal or a browser draws it.
//!
//! Must not know errors. Read [`under`] first.

/// Characters of a long line that are shown on each side of the place.
const AROUND: usize = 80;
/// Joins two emoji into one picture.
const JOINER: char = '\u{200d}';

/// The line, cut around the place when it is long, and the line with the caret. Columns count code points from 1.
pub fn under(line: &str, column: usize) -> (String, String) {
    let letters: Vec<char> = line.chars().collect();
    let place = column.saturating_sub(1).min(letters.len());
    let long = letters.len() > 2 * AROUND;
    let first = if long { place.saturating_sub(AROUND) } else { 0 };
    let last = if long { (place + AROUND).min(letters.len()) } else { letters.len() };
    let cut = |away: bool| if away { "…" } else { "" };
    let text: String = letters[first..last].iter().collect();
    let mut caret = cut(first > 0).replace('…', " ");
    let mut joined = false;
    for letter in &letters[first..place] {
        match letter {
            '\t' => caret.push('\t'),
            other => caret.push_str(&" ".repeat(if joined { 0 } else { columns(*other) })),
        }
        joined = *letter == JOINER;
    }
    (format!("{}{text}{}", cut(first > 0), cut(last < letters.len())), caret + "^")
}

/// Columns that a character takes: none for marks on the one before, two for East Asian wide characters and emoji. The
/// ranges are those of Unicode's `East_Asian_Width` and `Grapheme_Extend` that people meet; a table of all would be a
/// dependency for one caret.
fn columns(character: char) -> usize {
    match u32::from(character) {
        0x300..=0x36f | 0x200b..=0x200f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0x1f3fb..=0x1f3ff | 0xe0100..=0xe01ef => {
            0
        }
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0x4dbf | 0x4e00..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f680..=0x1f6ff => 2,
        0x1f900..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_place() {
        let check = |line: &str, column: usize, caret: &str| assert_eq!(under(line, column).1, caret, "{line}");
        check("1 + x", 5, "    ^");
        check("\tx + y", 6, "\t    ^");
        check("é + x", 5, "    ^");
        check("e\u{301} + x", 6, "    ^");
        check("\"日本\" + x", 8, "         ^");
        check("\"🦀\" + x", 7, "       ^");
        check("\"👩\u{200d}👩\u{200d}👧\" + x", 11, "       ^");
        check("", 1, "^");
        check("ab", 9, "  ^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{}x{}", "a".repeat(1000), "b".repeat(1000));
        let (text, caret) = under(&line, 1001);
        assert_eq!(text, format!("…{}x{}…", "a".repeat(80), "b".repeat(79)));
        assert_eq!(caret.chars().count(), text.chars().position(|c| c == 'x').unwrap() + 1);
        assert_eq!(under(&line, 1).0, format!("{}…", "a".repeat(80)));
    }
}
