//! The known name that somebody probably meant.

/// The nearest of `known` to `typed`, when it is near enough to be worth a suggestion: about one slip in three letters.
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = plain(typed);
    known
        .into_iter()
        .map(|name| (distance(&typed, &plain(name)), name))
        .filter(|(slips, name)| *slips <= (typed.len().max(name.len()) / 3).clamp(1, 4))
        .min()
        .map(|(_, name)| name)
}

/// Case, hyphens and underscores are not what names differ in.
fn plain(name: &str) -> Vec<char> {
    name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Letters to insert, drop, replace or swap with their neighbour to turn one into the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(x != y);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        let known = ["mailbox", "concurrency", "batch_docs", "batch_bytes", "linger"];
        for (typed, meant) in [
            ("mailbx", "mailbox"),
            ("mialbox", "mailbox"),
            ("concurency", "concurrency"),
            ("batch-docs", "batch_docs"),
            ("Linger", "linger"),
        ] {
            assert_eq!(nearest(typed, known), Some(meant), "{typed}");
        }
        assert_eq!(nearest("timeout", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn the_distance_is_symmetric_and_zero_only_for_equals() {
        let words = ["", "a", "ab", "ba", "abc", "acb", "mailbox", "mial box", "über"].map(|word| word.chars().collect::<Vec<_>>());
        for a in &words {
            for b in &words {
                assert_eq!(distance(a, b), distance(b, a));
                assert_eq!(distance(a, b) == 0, a == b);
                assert!(distance(a, b) <= a.len().max(b.len()));
            }
        }
    }
}
