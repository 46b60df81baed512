//! What a run does, as JSON lines in a file.
