//! How errors of libraries are worded in faults.

/// The text of an error as the end of a sentence, without the number that the system gives it.
pub(crate) fn plain(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut rest = text.split(" (os error").next().unwrap_or_default().chars();
    rest.next().map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect())
}
