//! What a run does, as lines of text.
