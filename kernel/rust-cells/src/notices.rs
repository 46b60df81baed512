//! What the user is told of the Rust session after a process of it was started anew.
//!
//! Pure functions: must not know processes. Read [`Kept`] first.

/// Names in a notice before it only counts them.
const NAMES: usize = 12;

/// What is there of a session after the compiler was started anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Names of items.
    pub items: Vec<String>,
    /// Dependencies.
    pub dependencies: Vec<String>,
    /// Variables whose values are there.
    pub variables: Vec<String>,
    /// What is gone.
    pub lost: Vec<String>,
}

impl Kept {
    /// The notice; none when there was nothing that could be lost.
    pub fn notice(&self) -> Option<String> {
        let parts = [("items", &self.items), ("dependencies", &self.dependencies), ("variables", &self.variables)];
        let mut there = parts.iter().filter(|(_, names)| !names.is_empty()).peekable();
        if there.peek().is_none() && self.lost.is_empty() {
            return None;
        }
        let there: Vec<String> = there.map(|(what, names)| format!("{what} {}", listed(names))).collect();
        let mut text = "the compiler of Rust cells was started anew".to_owned();
        if !there.is_empty() {
            text += &format!("; still there: {}", there.join("; "));
        }
        if !self.lost.is_empty() {
            text += &format!("; lost: {}: run the cells that define them again", listed(&self.lost));
        }
        Some(text)
    }
}

/// The notice that a worker's end has taken variables with it; none when there were none.
pub(crate) fn lost_with_worker(variables: &[String]) -> Option<String> {
    (!variables.is_empty()).then(|| {
        format!(
            "the Rust variables {} were lost with the process that held them; items and dependencies are still there",
            listed(variables)
        )
    })
}

/// The notice that values were lost because their types are other ones now.
pub(crate) fn lost_by_type(variables: &[String]) -> Option<String> {
    (!variables.is_empty())
        .then(|| format!("the variables {} were lost, because their types were defined anew", listed(variables)))
}

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES).map(|name| format!("`{name}`")).collect();
    let rest = names.len().saturating_sub(NAMES);
    if rest == 0 { shown.join(", ") } else { format!("{} and {rest} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_is_there_and_what_is_not_is_said() {
        let check = |items: &[&str], variables: &[&str], lost: &[&str], expect: Option<&str>| {
            let kept =
                Kept { items: names(items), dependencies: vec![], variables: names(variables), lost: names(lost) };
            assert_eq!(kept.notice().as_deref(), expect);
        };
        check(&[], &[], &[], None);
        check(
            &["f"],
            &["x"],
            &[],
            Some("the compiler of Rust cells was started anew; still there: items `f`; variables `x`"),
        );
        let lost = "the compiler of Rust cells was started anew; lost: `y`: run the cells that define them again";
        check(&[], &[], &["y"], Some(lost));
    }

    #[test]
    fn many_names_are_counted() {
        let many: Vec<String> = (0..14).map(|number| format!("v{number}")).collect();
        assert!(lost_with_worker(&many).unwrap().contains("`v11` and 2 more were lost"));
        assert_eq!((lost_with_worker(&[]), lost_by_type(&[])), (None, None));
    }
}
