//! The text of a file as it grows: tidied, and never longer than allowed.

use crate::Text;

/// What stands between the last character written and the next one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Blank,
    Line,
    Paragraph,
}

impl Gap {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Blank => " ",
            Self::Line => "\n",
            Self::Paragraph => "\n\n",
        }
    }
}

/// Collects text. Readers push what they find and may stop early when it [is full](Body::is_full).
pub(crate) struct Body {
    text: String,
    limit: usize,
    gap: Gap,
    /// The last character was a carriage return, so that a line feed now is not a second line end.
    returned: bool,
    cut: bool,
}

impl Body {
    /// An empty one that takes `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { text: String::new(), limit, gap: Gap::None, returned: false, cut: false }
    }

    /// Whether text has been refused for want of room; nothing more is taken.
    pub(crate) fn is_full(&self) -> bool {
        self.cut
    }

    /// Whether nothing has been written yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Adds text whose line ends count.
    pub(crate) fn push(&mut self, text: &str) {
        for character in text.chars() {
            if self.cut {
                return;
            }
            self.push_char(character);
        }
    }

    /// Adds text whose line ends are only blanks, as in markup.
    pub(crate) fn push_flow(&mut self, text: &str) {
        for character in text.chars() {
            if self.cut {
                return;
            }
            match character {
                '\n' | '\r' => self.blank(),
                other => self.push_char(other),
            }
        }
    }

    /// Adds one character.
    pub(crate) fn push_char(&mut self, character: char) {
        let after_return = std::mem::replace(&mut self.returned, character == '\r');
        match character {
            '\n' if after_return => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' => {
                self.gap = if self.gap >= Gap::Line { Gap::Paragraph } else { Gap::Line };
            }
            '\u{2029}' => self.paragraph(),
            // A byte order mark within text, and the hyphen that shows only at the end of a line.
            '\u{feff}' | '\u{ad}' => {}
            other if other.is_whitespace() || other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => self.blank(),
            other => self.write(other),
        }
    }

    /// What follows is another word.
    pub(crate) fn blank(&mut self) {
        self.gap = self.gap.max(Gap::Blank);
    }

    /// What follows begins on a line of its own.
    pub(crate) fn line(&mut self) {
        self.gap = self.gap.max(Gap::Line);
    }

    /// What follows is set off by an empty line.
    pub(crate) fn paragraph(&mut self) {
        self.gap = Gap::Paragraph;
    }

    fn write(&mut self, character: char) {
        let gap = if self.text.is_empty() { "" } else { self.gap.as_str() };
        if self.cut || self.text.len() + gap.len() + character.len_utf8() > self.limit {
            self.cut = true;
            return;
        }
        self.text.push_str(gap);
        self.text.push(character);
        self.gap = Gap::None;
    }

    /// There is more in the file, and it is not read.
    pub(crate) fn cut(&mut self) {
        self.cut = true;
    }

    /// The text.
    pub(crate) fn finish(self) -> Text {
        Text { body: self.text, is_cut: self.cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tidy(text: &str, limit: usize) -> Text {
        let mut body = Body::new(limit);
        body.push(text);
        body.finish()
    }

    #[test]
    fn blanks_and_control_characters_become_one_space() {
        assert_eq!(tidy(" a\0\u{1}\t b\u{a0}c ", 100).body, "a b c");
    }

    #[test]
    fn line_ends_of_every_system_are_line_feeds_and_two_at_most() {
        assert_eq!(tidy("a\r\nb\rc\n \r\n\n\nd\u{2028}e\u{2029}f\n", 100).body, "a\nb\nc\n\nd\ne\n\nf");
    }

    #[test]
    fn hyphens_that_do_not_show_do_not_split_words() {
        assert_eq!(tidy("ex\u{ad}tract", 100).body, "extract");
    }

    #[test]
    fn text_is_cut_at_a_character_and_says_so() {
        assert_eq!(tidy("日本語", 7), Text { body: "日本".into(), is_cut: true });
        assert_eq!(tidy("日本", 6), Text { body: "日本".into(), is_cut: false });
    }

    proptest! {
        #[test]
        fn tidied_text_stays_as_it_is(text in ".{0,60}", limit in 0usize..80) {
            let once = tidy(&text, limit);
            prop_assert!(once.body.len() <= limit);
            prop_assert_eq!(tidy(&once.body, limit).body, once.body);
        }
    }
}
