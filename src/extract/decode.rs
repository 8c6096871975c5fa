//! Characters from bytes of unknown encoding.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes that a guess is made from.
const SAMPLE: usize = 256 << 10;
/// Where markup names its encoding.
const HEAD: usize = 1024;

/// Text of `bytes`: by byte order mark, else UTF-16 or UTF-8 if it is that, else by `declared` label, else by the best guess,
/// which is windows-1252 when nothing speaks for another. Bytes that stand for no character become U+FFFD.
pub(crate) fn decode<'a>(bytes: &'a [u8], declared: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(length..).unwrap_or_default()).0;
    }
    encoding_of(bytes, declared).decode_without_bom_handling(bytes).0
}

/// The encoding that the head of a page or an XML part declares (`charset=x`, `encoding="x"`).
pub(crate) fn declared_label(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(bytes.get(..HEAD).unwrap_or(bytes)).to_ascii_lowercase();
    let after = ["charset=", "encoding="].iter().find_map(|key| head.split_once(key))?.1;
    let label: String = after
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | ':' | '.'))
        .collect();
    Some(label)
}

/// Text of bytes in a Windows code page by its number; windows-1252 if there is no such page.
pub(crate) fn decode_page(bytes: &[u8], page: u32) -> Cow<'_, str> {
    page_encoding(page).decode_without_bom_handling(bytes).0
}

/// The encoding behind the number of a Windows code page.
pub(crate) fn page_encoding(page: u32) -> &'static Encoding {
    let label = match page {
        932 => "shift_jis".into(),
        936 => "gbk".into(),
        949 => "euc-kr".into(),
        950 => "big5".into(),
        10_000 => "macintosh".into(),
        10_007 => "x-mac-cyrillic".into(),
        20_866 => "koi8-r".into(),
        20_932 | 51_932 => "euc-jp".into(),
        28_591..=28_606 => format!("iso-8859-{}", page - 28_590),
        50_220..=50_222 => "iso-2022-jp".into(),
        54_936 => "gb18030".into(),
        65_001 => "utf-8".into(),
        other => format!("windows-{other}"),
    };
    Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252)
}

/// Text of UTF-16 bytes in the order that Windows writes.
pub(crate) fn decode_wide(bytes: &[u8]) -> Cow<'_, str> {
    UTF_16LE.decode_without_bom_handling(bytes).0
}

fn encoding_of(bytes: &[u8], declared: Option<&str>) -> &'static Encoding {
    if let Some(wide) = wide_encoding(bytes) {
        return wide;
    }
    let has_escapes = bytes.iter().take(SAMPLE).any(|&byte| byte == 0x1b);
    if !has_escapes && is_utf8(bytes) {
        return UTF_8;
    }
    // A label of UTF-16 is wrong here: it could not have been read.
    let by_label = declared.and_then(|label| Encoding::for_label(label.as_bytes())).filter(|named| named.is_ascii_compatible());
    by_label.filter(|&named| named != UTF_8).unwrap_or_else(|| guess(bytes))
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    detector.feed(sample, sample.len() == bytes.len());
    detector.guess(None, Utf8Detection::Allow)
}

/// Whether it is UTF-8: a damaged character in ten does not make it something else.
fn is_utf8(bytes: &[u8]) -> bool {
    let (mut wrong, mut right) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        right += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        wrong += usize::from(!chunk.invalid().is_empty());
    }
    wrong * 10 <= right
}

/// UTF-16 without a mark: its Latin letters, blanks and line ends have a zero as one half of each, always the same half.
fn wide_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    let (pairs, rest) = sample.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    let plain = |half: u8| matches!(half, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let little = pairs.iter().filter(|[low, high]| *high == 0 && plain(*low)).count();
    let big = pairs.iter().filter(|[high, low]| *high == 0 && plain(*low)).count();
    let zeros = sample.iter().filter(|&&byte| byte == 0).count();
    let (found, encoding) = if little >= big { (little, UTF_16LE) } else { (big, UTF_16BE) };
    let is_wide = found * 50 >= pairs.len() && found * 10 >= zeros * 9;
    (is_wide && found > 0).then_some(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUSSIAN: &str = "Съешь же ещё этих мягких французских булок, да выпей чаю";

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn a_byte_order_mark_decides() {
        let marked = |mark: &[u8], rest: Vec<u8>| [mark.to_vec(), rest].concat();
        assert_eq!(decode(&marked(&[0xef, 0xbb, 0xbf], "né".into()), None), "né");
        assert_eq!(decode(&marked(&[0xff, 0xfe], utf16("né 日本", false)), None), "né 日本");
        assert_eq!(decode(&marked(&[0xfe, 0xff], utf16("né 日本", true)), None), "né 日本");
    }

    #[test]
    fn utf16_is_found_without_a_mark_in_latin_and_in_other_scripts() {
        for text in ["plain words", RUSSIAN] {
            for big in [false, true] {
                assert_eq!(decode(&utf16(text, big), None), text);
            }
        }
    }

    #[test]
    fn old_encodings_are_guessed() {
        assert_eq!(decode(b"caf\xe9 cr\xe8me, \x93quoted\x94", None), "café crème, “quoted”");
        let (cyrillic, _, _) = encoding_rs::WINDOWS_1251.encode(RUSSIAN);
        assert_eq!(decode(&cyrillic, None), RUSSIAN);
        let japanese = "これは日本語の文章です。文字コードを当てます。";
        for encoding in [encoding_rs::SHIFT_JIS, encoding_rs::EUC_JP, encoding_rs::ISO_2022_JP] {
            assert_eq!(decode(&encoding.encode(japanese).0, None), japanese, "{}", encoding.name());
        }
    }

    #[test]
    fn a_declared_encoding_is_believed_unless_the_bytes_are_utf8() {
        let page = b"<meta charset=\"iso-8859-2\">\xb1";
        let label = declared_label(page);
        assert_eq!(label.as_deref(), Some("iso-8859-2"));
        assert!(decode(page, label.as_deref()).ends_with('ą'));
        assert_eq!(decode("ż".as_bytes(), Some("iso-8859-2")), "ż");
    }

    #[test]
    fn one_broken_character_does_not_make_utf8_something_else() {
        let mut bytes = RUSSIAN.as_bytes().to_vec();
        bytes.truncate(bytes.len() - 1);
        assert!(decode(&bytes, None).starts_with("Съешь же ещё"));
    }

    #[test]
    fn code_pages_are_known_by_number() {
        assert_eq!(decode_page(b"\xcf\xf0", 1251), "Пр");
        assert_eq!(decode_page(b"\x93\xfa", 932), "日");
        assert_eq!(decode_page(b"\xe9", 9_999_999), "é");
    }
}
