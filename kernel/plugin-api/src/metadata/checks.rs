//! What metadata must satisfy beyond its types. Read [`Metadata::check`] first.

use super::Metadata;
use semver::Version;

/// Longest name and version (seed 001).
const NAME: usize = 256;
/// Longest description (seed 001).
const DESCRIPTION: usize = 4096;
/// Longest id of a package or component (seed 001).
const ID: usize = 128;

impl Metadata {
    /// Names the first field that cannot be right.
    ///
    /// # Errors
    /// The field, what was found, and what it takes.
    pub fn check(&self) -> Result<(), String> {
        if !self.version.is_empty()
            && let Err(error) = Version::parse(&self.version)
        {
            return Err(format!("version `{}` is not a semantic version ({error}); write `1.0.0`", self.version));
        }
        for (field, text, longest) in [
            ("name", &self.name, NAME),
            ("version", &self.version, NAME),
            ("description", &self.description, DESCRIPTION),
        ] {
            if text.chars().count() > longest {
                return Err(format!("{field} has {} characters; it takes at most {longest}", text.chars().count()));
            }
        }
        for (field, id) in [("gid", &self.gid), ("cid", &self.cid)] {
            if !id.is_empty() && !is_id(id) {
                return Err(format!(
                    "{field} `{id}` is no id; it takes letters, digits, `.`, `_` and `-`, begins with a letter or digit \
                     and has at most {ID} of them"
                ));
            }
        }
        for (field, date) in [("created_at", &self.created_at), ("updated_at", &self.updated_at)] {
            if !date.is_empty() && !is_date(date) {
                return Err(format!("{field} `{date}` is no date; write `2026-11-20` or `2026-11-20T09:30:00Z`"));
            }
        }
        if !(self.required_memory_gb >= 0.0 && self.required_memory_gb.is_finite()) {
            return Err(format!("required_memory_gb is {}; it takes a number from 0", self.required_memory_gb));
        }
        if !(0.0..=1.0).contains(&self.test_coverage) {
            return Err(format!("test_coverage is {}; it takes a share from 0 to 1", self.test_coverage));
        }
        Ok(())
    }
}

/// Whether a text is an id of a package or component: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}` (seed 001).
pub(super) fn is_id(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    text.len() <= ID && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(inside)
}

/// A calendar date, alone or followed by `T` and a time of day, with or without a zone (ISO 8601).
fn is_date(text: &str) -> bool {
    let (date, time) = text.split_once(['T', ' ']).map_or((text, None), |(date, time)| (date, Some(time)));
    is_day(date) && time.is_none_or(is_time)
}

fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |text: &str, digits: usize| text.parse::<u32>().ok().filter(|_| text.len() == digits);
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_time(text: &str) -> bool {
    let clock = text.trim_end_matches('Z').split(['+', '-']).next().unwrap_or_default();
    let parts: Vec<&str> = clock.split(':').collect();
    let below = |text: &str, limit: f64| text.parse::<f64>().is_ok_and(|number| (0.0..limit).contains(&number));
    match parts[..] {
        [hour, minute] => below(hour, 24.0) && below(minute, 60.0),
        [hour, minute, second] => below(hour, 24.0) && below(minute, 60.0) && below(second, 61.0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_pattern() {
        let check = |text: &str, expect| assert_eq!(is_id(text), expect, "{text}");
        check("a", true);
        check("aiverify.stock-1_x", true);
        check("9a", true);
        check("", false);
        check(".a", false);
        check("a b", false);
        check("é", false);
        check(&"a".repeat(128), true);
        check(&"a".repeat(129), false);
    }

    #[test]
    fn dates_are_on_the_calendar() {
        let check = |text: &str, expect| assert_eq!(is_date(text), expect, "{text}");
        check("2026-11-20", true);
        check("2024-02-29", true);
        check("2100-02-29", false);
        check("2026-13-01", false);
        check("2026-1-1", false);
        check("2026-11-20T09:30", true);
        check("2026-11-20T09:30:00.5Z", true);
        check("2026-11-20 09:30:00+02:00", true);
        check("2026-11-20T25:00", false);
    }
}
