//! Chooses the places of a text that are shown with a hit.

use std::collections::BTreeSet;
use std::ops::Range;

/// Bytes of one place, about; two lines on a screen.
const WIDTH: usize = 200;
/// Bytes shown before its first match.
const BEFORE: usize = 40;
/// Places of one text.
const PLACES: usize = 2;
/// Matches that are looked at; a text with more is full of them from the start.
const MATCHES: usize = 1_000;

const OPEN: char = '\u{1}';
const CLOSE: char = '\u{2}';

/// The best places of a text whose matches stand between `\u{1}` and `\u{2}`, in its order, on one line each; without a match its start.
///
/// A place is good that has many *different* matches.
pub(super) fn of(marked: &str) -> Vec<String> {
    let matches = matches(marked);
    let mut free: Vec<Range<usize>> = std::iter::once(0..matches.len()).collect();
    let mut places = Vec::with_capacity(PLACES);
    while places.len() < PLACES {
        let best = free.iter().enumerate().flat_map(|(no, stretch)| best(marked, &matches, stretch).map(|(value, run)| (value, no, run)));
        // Of equals the first.
        let Some((_, no, run)) = best.reduce(|best, next| if next.0 > best.0 { next } else { best }) else { break };
        let Range { start, end } = free[no].clone();
        free.splice(no..=no, [start..run.start, run.end..end]);
        places.push(around(marked, matches[run.start].start..matches[run.end - 1].end));
    }
    if places.is_empty() {
        places.push(around(marked, 0..0));
    }
    places.sort_unstable_by_key(|place| place.start);
    places.dedup_by(|next, before| overlap(before, next));
    places.into_iter().map(|place| shown(marked, place)).filter(|text| !text.is_empty()).collect()
}

/// Where the matches are, marks included.
fn matches(marked: &str) -> Vec<Range<usize>> {
    let open = marked.match_indices(OPEN).take(MATCHES);
    open.filter_map(|(start, _)| marked[start..].find(CLOSE).map(|length| start..start + length + 1)).collect()
}

/// The run of matches within a stretch that fit into one place and differ most, with their number.
fn best(marked: &str, matches: &[Range<usize>], stretch: &Range<usize>) -> Option<(usize, Range<usize>)> {
    let run_from = |first: usize| {
        let end = matches[first].start + WIDTH - BEFORE;
        let count = matches[first..stretch.end].iter().take_while(|found| found.end <= end).count().max(1);
        let different: BTreeSet<_> = matches[first..first + count].iter().map(|found| marked[found.clone()].to_lowercase()).collect();
        (different.len(), first..first + count)
    };
    stretch.clone().map(run_from).reduce(|best, next| if next.0 > best.0 { next } else { best })
}

/// The words around some matches. Ends between words where there are any, and never inside a match.
fn around(marked: &str, core: Range<usize>) -> Range<usize> {
    let mut start = marked.floor_char_boundary(core.start.saturating_sub(BEFORE));
    if start > 0 {
        start = marked[start..core.start].find(char::is_whitespace).map_or(core.start, |at| start + at);
    }
    let mut end = marked.floor_char_boundary(core.end.max(start + WIDTH).min(marked.len())).max(core.end);
    if end < marked.len() {
        end = marked[core.end..end].rfind(char::is_whitespace).map_or(end, |at| core.end + at);
    }
    outside(marked, start..end)
}

/// Widens a place that cuts through a match.
fn outside(marked: &str, place: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = place;
    if marked[start..end].find([OPEN, CLOSE]).is_some_and(|at| marked[start + at..].starts_with(CLOSE)) {
        start = marked[..start].rfind(OPEN).unwrap_or(start);
    }
    if marked[start..end].rfind([OPEN, CLOSE]).is_some_and(|at| marked[start + at..].starts_with(OPEN)) {
        end = marked[end..].find(CLOSE).map_or(end, |at| end + at + 1);
    }
    start..end
}

/// Joins `next` to `before` if they share words.
fn overlap(before: &mut Range<usize>, next: &Range<usize>) -> bool {
    let shared = next.start <= before.end;
    if shared {
        before.end = before.end.max(next.end);
    }
    shared
}

fn shown(marked: &str, place: Range<usize>) -> String {
    let mut out = String::with_capacity(place.len() + 6);
    for word in marked[place.clone()].split_whitespace() {
        let gap = if out.is_empty() { "" } else { " " };
        out.push_str(gap);
        out.push_str(word);
    }
    if out.is_empty() {
        return out;
    }
    if place.start > 0 {
        out.insert(0, '…');
    }
    if place.end < marked.len() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_text_is_shown_whole() {
        assert_eq!(of("the \u{1}red\u{2}\n door"), ["the \u{1}red\u{2} door"]);
        assert_eq!(of("the door"), ["the door"]);
        assert_eq!(of(" \n"), [""; 0]);
        assert_eq!(of(""), [""; 0]);
    }

    #[test]
    fn the_place_with_most_different_matches_wins_and_the_second_best_is_shown_too() {
        let filler = "lorem ipsum ".repeat(40);
        let text = format!("{filler}\u{1}red\u{2} \u{1}red\u{2} {filler}\u{1}Red\u{2} \u{1}door\u{2} {filler}\u{1}door\u{2} {filler}");
        let places = of(&text);
        assert_eq!(places.len(), 2);
        assert!(places[0].contains("\u{1}red\u{2} \u{1}red\u{2}") && places[1].contains("\u{1}Red\u{2} \u{1}door\u{2}"), "{places:?}");
        assert!(places.iter().all(|place| place.starts_with("…") && place.ends_with("…") && place.len() < 2 * WIDTH), "{places:?}");
    }

    #[test]
    fn the_second_best_may_stand_on_either_side_of_the_best() {
        let filler = "lorem ipsum ".repeat(40);
        let clusters = ["\u{1}red\u{2}", "\u{1}red\u{2} \u{1}door\u{2} \u{1}key\u{2}", "\u{1}door\u{2} \u{1}key\u{2}"];
        for order in [[0, 1, 2], [2, 1, 0]] {
            let text: String = order.iter().map(|no| format!("{filler}{} {filler}", clusters[*no])).collect();
            let places = of(&text);
            let shown: Vec<_> = order.iter().filter(|no| **no > 0).map(|no| clusters[*no]).collect();
            assert!(places.len() == 2 && places.iter().zip(shown).all(|(place, cluster)| place.contains(cluster)), "{places:?}");
        }
    }

    #[test]
    fn places_that_meet_become_one() {
        let text = format!("\u{1}red\u{2} {}\u{1}door\u{2}", "word ".repeat(36));
        assert_eq!(of(&text), [text]);
    }

    #[test]
    fn a_text_of_nothing_but_matches_is_no_trouble() {
        let places = of(&"\u{1}0\u{2},".repeat(500_000));
        assert!(places.len() <= PLACES && places.iter().all(|place| place.len() < 4 * WIDTH), "{places:?}");
    }

    proptest! {
        #[test]
        fn marks_stay_in_pairs_and_words_in_order(words in proptest::collection::vec(("[a-zé東]{0,60}", any::<bool>(), "[ \n,]{0,3}"), 0..60)) {
            let text: String = words.iter().map(|(word, marked, gap)| if *marked { format!("\u{1}{word}\u{2}{gap}") } else { format!("{word}{gap}") }).collect();
            let plain = |text: &str| text.replace([OPEN, CLOSE], "").split_whitespace().collect::<Vec<_>>().join(" ");
            for place in of(&text) {
                let marks: String = place.chars().filter(|c| [OPEN, CLOSE].contains(c)).collect();
                prop_assert_eq!(&marks, &"\u{1}\u{2}".repeat(marks.len() / 2));
                prop_assert!(plain(&text).contains(&plain(place.trim_matches('…'))));
            }
            prop_assert_eq!(of(&text).is_empty(), text.trim().is_empty());
        }
    }
}
