//! The words of the language itself, for completion and inspection.
//!
//! Must not know where they may stand. Read [`KEYWORDS`] first.

/// Each word with how it is written and what it does.
pub const KEYWORDS: [(&str, &str, &str); 30] = [
    ("let", "let name = value;", "makes a variable; later cells see it too"),
    ("const", "const NAME = value;", "makes a constant; functions see it, as they do not see variables"),
    ("if", "if condition { … } else { … }", "runs one of two blocks, and gives its value"),
    ("else", "if condition { … } else { … }", "the block that runs when the condition does not hold"),
    ("switch", "switch value { 1 => …, \"a\" | \"b\" => …, _ => … }", "runs the arm that the value fits"),
    ("while", "while condition { … }", "repeats a block as long as the condition holds"),
    ("loop", "loop { … break; }", "repeats a block until break"),
    ("for", "for x in array { … } or for (x, index) in array { … }", "runs a block for each element"),
    ("in", "for x in array { … } or x in array", "what a loop goes through; or whether something is contained"),
    ("do", "do { … } while condition", "repeats a block, at least once"),
    ("until", "do { … } until condition", "repeats a block until the condition holds, at least once"),
    ("break", "break; or break value;", "ends the loop; the loop then gives the value"),
    ("continue", "continue;", "goes on with the loop's next round"),
    ("return", "return value;", "ends the function, or the cell, with a value"),
    ("throw", "throw value;", "ends with an error, which catch can take"),
    ("try", "try { … } catch (error) { … }", "runs a block whose errors are caught"),
    ("catch", "try { … } catch (error) { … }", "takes an error; error.name and error.message say which"),
    ("fn", "fn name(parameter, …) { … }", "defines a function; comments with /// before it are its help"),
    ("private", "private fn name() { … }", "a function that importing scripts do not see"),
    ("import", "import \"path\" as name;", "loads a script's functions and exported variables: name::function()"),
    ("export", "export name;", "lets importing scripts see a variable"),
    ("as", "import \"path\" as name;", "gives an import its name"),
    ("is_def_var", "is_def_var(\"name\")", "whether there is a variable of that name"),
    (
        "is_def_fn",
        "is_def_fn(\"name\", parameters)",
        "whether there is a function of that name and number of parameters",
    ),
    ("type_of", "type_of(value) -> string", "the name of a value's type"),
    ("print", "print(value)", "prints a value and a new line"),
    ("debug", "debug(value)", "prints a value with its place to standard error"),
    ("this", "this.name", "what a method, or a plugin's hook, is called on; in a hook it is the plugin's state"),
    ("true", "true", "the truth value that holds"),
    ("false", "false", "the truth value that does not hold"),
];

/// The entry of that word.
pub fn keyword(name: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    KEYWORDS.iter().find(|(word, ..)| *word == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_stands_in_its_own_form() {
        for (word, form, doc) in KEYWORDS {
            assert!(form.contains(word) && !doc.is_empty(), "{word}");
        }
    }
}
