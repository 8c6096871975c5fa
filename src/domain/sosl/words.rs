//! What a word is, in a search term and in the text that is searched.

/// The words of a text, as a search index knows them: runs of letters and digits without regard to case; Chinese, Japanese
/// and Korean characters each stand alone, as nothing divides their words.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for character in text.chars() {
        match Class::of(character) {
            Class::InWord => word.extend(fold(character)),
            Class::Alone => {
                words.extend(taken(&mut word));
                words.push(character.to_string());
            }
            Class::Between => words.extend(taken(&mut word)),
        }
    }
    words.extend(taken(&mut word));
    words
}

/// The word that was gathered, unless there is none.
fn taken(word: &mut String) -> Option<String> {
    (!word.is_empty()).then(|| std::mem::take(word))
}

/// What a character does to words.
pub(super) enum Class {
    /// Belongs to the word around it.
    InWord,
    /// Is a word.
    Alone,
    /// Divides words.
    Between,
}

impl Class {
    pub(super) fn of(character: char) -> Self {
        match character {
            // Kana, unified ideographs with their extension A, compatibility ideographs, the further planes of ideographs.
            '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' => Self::Alone,
            '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}' => Self::Alone,
            // Accents that follow their letter are part of the word.
            '\u{300}'..='\u{36f}' => Self::InWord,
            other if other.is_alphanumeric() => Self::InWord,
            _ => Self::Between,
        }
    }
}

/// A character without its case.
pub(super) fn fold(character: char) -> impl Iterator<Item = char> {
    character.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn punctuation_divides_words_and_case_does_not_matter() {
        assert_eq!(
            words("Acme, Inc. <Zoë.MÜLLER@acme.com> +49(0)30-x1"),
            ["acme", "inc", "zoë", "müller", "acme", "com", "49", "0", "30", "x1"]
        );
        assert_eq!(words(" -- "), Vec::<String>::new());
    }

    #[test]
    fn ideographs_stand_alone() {
        assert_eq!(words("ab東京cd"), ["ab", "東", "京", "cd"]);
    }
}
