//! Text of rich text (RTF), also of such text that wraps a page of a mail.

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::Limits;
use crate::body::Body;
use crate::decode::page_encoding;

/// Reads the document; a broken one gives its text up to the break.
pub(crate) fn read(bytes: &[u8], limits: &Limits, body: &mut Body) {
    let mut reader = Reader::new(limits.max_depth, body);
    let mut scanner = Scanner { bytes };
    while let Some(token) = scanner.next() {
        match token {
            Token::Open => reader.open(),
            Token::Close => reader.close(),
            Token::Byte(byte) => reader.byte(byte),
            Token::Star => reader.starred = true,
            Token::Word("bin", length) => scanner.skip(length),
            Token::Word(word, parameter) => reader.word(word, parameter),
        }
        if reader.body.is_full() {
            return;
        }
    }
    reader.flush();
}

/// What the bytes consist of.
enum Token<'a> {
    Open,
    Close,
    /// `\*`: the destination that follows may be passed over.
    Star,
    /// A control word, or a control symbol that stands for one, with its parameter.
    Word(&'a str, Option<i32>),
    /// A byte of text, written plainly or as `\'hh`.
    Byte(u8),
}

struct Scanner<'a> {
    bytes: &'a [u8],
}

impl<'a> Scanner<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (&first, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            return Some(match first {
                b'{' => Token::Open,
                b'}' => Token::Close,
                b'\\' => return self.control(),
                b'\r' | b'\n' | 0 => continue,
                byte => Token::Byte(byte),
            });
        }
    }

    fn control(&mut self) -> Option<Token<'a>> {
        let (&first, rest) = self.bytes.split_first()?;
        if first.is_ascii_alphabetic() {
            return Some(self.control_word());
        }
        self.bytes = rest;
        Some(match first {
            b'\'' => Token::Byte(self.hex_byte()),
            b'*' => Token::Star,
            b'~' => Token::Word("~", None),
            b'_' => Token::Word("_", None),
            b'\r' | b'\n' => Token::Word("par", None),
            b'\\' | b'{' | b'}' => Token::Byte(first),
            _ => Token::Word("", None),
        })
    }

    fn control_word(&mut self) -> Token<'a> {
        let word = self.take_while(|byte| byte.is_ascii_alphabetic());
        let negative = self.bytes.first() == Some(&b'-');
        if negative {
            self.skip(Some(1));
        }
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        if self.bytes.first() == Some(&b' ') {
            self.skip(Some(1));
        }
        // A number past 32 bits is no parameter that means anything.
        let parameter = digits.parse::<i32>().ok().map(|number| if negative { -number } else { number });
        Token::Word(word, parameter)
    }

    /// The ASCII bytes that come first and pass `test`.
    fn take_while(&mut self, test: impl Fn(&u8) -> bool) -> &'a str {
        let length = self.bytes.iter().take_while(|byte| test(byte)).count();
        let (taken, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        std::str::from_utf8(taken).unwrap_or_default()
    }

    fn hex_byte(&mut self) -> u8 {
        let digits = self.bytes.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                self.skip(Some(2));
                byte
            }
            None => b' ',
        }
    }

    fn skip(&mut self, length: Option<i32>) {
        let length = usize::try_from(length.unwrap_or(0)).unwrap_or(0);
        self.bytes = self.bytes.get(length..).unwrap_or_default();
    }
}

/// What ends with the group it was said in.
#[derive(Clone, Copy)]
struct Group {
    /// Nothing of it is shown.
    hidden: bool,
    /// Text here names fonts.
    fonts: bool,
    /// A note or a box: its words are not those of the text around it.
    apart: bool,
    /// The text around is a page in disguise, and this is what only RTF readers show.
    wrapping: bool,
    font: Option<i32>,
    /// How many characters of fallback follow a `\u`.
    fallback: usize,
}

struct Reader<'a> {
    groups: Vec<Group>,
    group: Group,
    max_depth: usize,
    /// Groups open beyond `max_depth`.
    too_deep: usize,
    /// The group that has just been opened is an optional destination.
    starred: bool,
    /// Of fonts that have no character set of their own.
    default_encoding: &'static Encoding,
    default_font: i32,
    fonts: HashMap<i32, &'static Encoding>,
    /// The font that is being described in the font table.
    described: i32,
    /// Bytes that wait for the rest of their character.
    pending: Vec<u8>,
    /// First half of a character outside the basic plane.
    high: Option<u16>,
    /// Characters of fallback still to be passed over.
    passing: usize,
    body: &'a mut Body,
}

impl<'a> Reader<'a> {
    fn new(max_depth: usize, body: &'a mut Body) -> Self {
        let group = Group { hidden: false, fonts: false, apart: false, wrapping: false, font: None, fallback: 1 };
        Self {
            groups: Vec::new(),
            group,
            max_depth,
            too_deep: 0,
            starred: false,
            default_encoding: WINDOWS_1252,
            default_font: 0,
            fonts: HashMap::new(),
            described: 0,
            pending: Vec::new(),
            high: None,
            passing: 0,
            body,
        }
    }

    fn open(&mut self) {
        self.flush();
        self.passing = 0;
        if self.groups.len() < self.max_depth {
            self.groups.push(self.group);
        } else {
            self.too_deep += 1;
        }
    }

    fn close(&mut self) {
        self.flush();
        self.passing = 0;
        self.starred = false;
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if let Some(outer) = self.groups.pop() {
            if self.group.apart && !outer.apart {
                self.body.blank();
            }
            self.group = outer;
        }
    }

    fn is_shown(&self) -> bool {
        !self.group.hidden && !self.group.fonts && !self.group.wrapping && self.too_deep == 0
    }

    fn byte(&mut self, byte: u8) {
        self.starred = false;
        if self.passing > 0 {
            self.passing -= 1;
        } else if self.is_shown() {
            self.pending.push(byte);
        }
    }

    fn word(&mut self, word: &str, parameter: Option<i32>) {
        let starred = std::mem::take(&mut self.starred);
        if self.passing > 0 && word != "u" {
            self.passing -= 1;
            return;
        }
        // Nothing said beyond the limit may change the group that stays in force after it.
        if self.too_deep > 0 {
            return;
        }
        self.flush();
        match word {
            "u" => self.unicode(parameter.unwrap_or(0)),
            "uc" => self.group.fallback = usize::try_from(parameter.unwrap_or(1)).unwrap_or(1).min(64),
            "ansicpg" => {
                self.default_encoding = page_encoding(parameter.and_then(|page| u32::try_from(page).ok()).unwrap_or(1252));
            }
            "mac" => self.default_encoding = page_encoding(10_000),
            "deff" => self.default_font = parameter.unwrap_or(0),
            "f" if self.group.fonts => self.described = parameter.unwrap_or(0),
            "f" => self.group.font = parameter,
            "plain" => self.group.font = None,
            "fcharset" if self.group.fonts => {
                if let Some(page) = page_of_charset(parameter.unwrap_or(0)) {
                    self.fonts.insert(self.described, page_encoding(page));
                }
            }
            "fonttbl" => self.group.fonts = true,
            "htmlrtf" => self.group.wrapping = parameter != Some(0),
            "annotation" | "footnote" | "shptxt" => {
                self.group.apart = true;
                self.body.blank();
            }
            _ if is_hidden_destination(word, starred) => self.group.hidden = true,
            _ => self.separate(word),
        }
    }

    /// Characters and gaps that have a word of their own.
    fn separate(&mut self, word: &str) {
        if !self.is_shown() {
            return;
        }
        match word {
            "par" | "line" | "row" | "nestrow" | "softline" => self.body.push_char('\n'),
            "sect" | "page" | "column" => self.body.paragraph(),
            "tab" | "cell" | "nestcell" | "~" | "emspace" | "enspace" | "qmspace" => self.body.blank(),
            "_" => self.body.push_char('\u{2011}'),
            "emdash" => self.body.push_char('—'),
            "endash" => self.body.push_char('–'),
            "lquote" => self.body.push_char('‘'),
            "rquote" => self.body.push_char('’'),
            "ldblquote" => self.body.push_char('“'),
            "rdblquote" => self.body.push_char('”'),
            "bullet" => self.body.push_char('•'),
            _ => {}
        }
    }

    fn unicode(&mut self, number: i32) {
        self.passing = self.group.fallback;
        // Numbers are signed 16-bit ones by the book; some programs write them unsigned.
        let unit = u16::try_from(number & 0xffff).unwrap_or(0);
        if !self.is_shown() {
            return;
        }
        let units = self.high.take().into_iter().chain([unit]);
        for character in char::decode_utf16(units) {
            match character {
                Ok(character) => self.body.push_char(character),
                Err(lone) if matches!(lone.unpaired_surrogate(), 0xd800..=0xdbff) => self.high = Some(lone.unpaired_surrogate()),
                Err(_) => {}
            }
        }
    }

    /// Writes the bytes that have been waiting.
    fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.high = None;
            let font = self.group.font.unwrap_or(self.default_font);
            let encoding = self.fonts.get(&font).copied().unwrap_or(self.default_encoding);
            let (text, _) = encoding.decode_without_bom_handling(&self.pending);
            self.body.push(&text);
            self.pending.clear();
        }
    }
}

/// Destinations that hold no text of the document; an optional one is passed over unless it is known to hold some.
fn is_hidden_destination(word: &str, starred: bool) -> bool {
    match word {
        "colortbl" | "stylesheet" | "info" | "pict" | "objdata" | "objclass" | "objname" | "fldinst" | "filetbl" | "listtable"
        | "revtbl" | "sn" | "sv" | "shprslt" | "nonshppict" | "xe" | "tc" | "bkmkstart" | "bkmkend" | "template" | "datafield"
        | "private" => true,
        "shpinst" | "" => false,
        _ => starred,
    }
}

/// Code page of a character set of Windows fonts; `None` for those that follow the document.
fn page_of_charset(charset: i32) -> Option<u32> {
    Some(match charset {
        77 => 10_000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(rtf: &str) -> String {
        let mut body = Body::new(1 << 20);
        read(rtf.as_bytes(), &Limits::default(), &mut body);
        body.finish().body
    }

    #[test]
    fn text_is_read_and_tables_of_the_document_are_not() {
        let rtf = r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\colortbl;\red0;}{\stylesheet{\s0 Normal;}}{\info{\title T}}{\*\generator G;}\pard one {\b two}\par three\tab four\'21}";
        assert_eq!(text(rtf), "one two\nthree four!");
    }

    #[test]
    fn characters_come_by_number_with_their_fallback_passed_over() {
        assert_eq!(text(r"{\rtf1\uc1 \u26085?\u26412\'3f{\uc2\u233 xx}\u-10179?\u-8704?}"), "日本é😀");
    }

    #[test]
    fn bytes_are_in_the_code_page_of_the_document_or_of_the_font() {
        assert_eq!(text(r"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8}"), "При");
        assert_eq!(text(r"{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset128 B;}}\f0 \'e9 {\f1\'93\'fa\'96\'7b}\f0\'e9}"), "é 日本é");
    }

    #[test]
    fn text_without_a_font_is_in_the_default_one() {
        let rtf = r"{\rtf1\ansi\ansicpg1252\deff1{\fonttbl{\f0 A;}{\f1\fcharset204 B;}}\'cf {\f0\'e9\plain\'cf}}";
        assert_eq!(text(rtf), "П éП");
    }

    #[test]
    fn text_boxes_are_read_and_their_properties_are_not() {
        assert_eq!(text(r"{\rtf1{\shp{\*\shpinst{\sp{\sn name}{\sv value}}{\shptxt box}}{\shprslt old}}}"), "box");
    }

    #[test]
    fn notes_and_boxes_are_not_glued_to_the_words_around_them() {
        let rtf = r"{\rtf1 a{\*\annotation note}b{\footnote {\b fo}ot}c}";
        assert_eq!(text(rtf), "a note b foot c");
    }

    #[test]
    fn a_page_in_disguise_gives_the_page() {
        assert_eq!(text(r"{\rtf1\fromhtml1{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 words{\*\htmltag72 </p>}\htmlrtf\par}\htmlrtf0}"), "words");
    }

    #[test]
    fn binary_data_is_passed_over_and_may_claim_any_length() {
        assert_eq!(text("{\\rtf1 a{\\pict\\bin4 }}}{x}b}"), "ab");
        assert_eq!(text(r"{\rtf1 a\bin999999999 b}"), "a");
        assert_eq!(text(r"{\rtf1 a\bin-5 b}"), "ab");
    }

    #[test]
    fn groups_that_nest_too_deep_are_left_out_and_the_rest_is_read() {
        let rtf = format!(r"{{\rtf1 a{}{}deep{} b}}", "{".repeat(100_000), r"\f1 ", "}".repeat(100_000));
        assert_eq!(text(&rtf), "a b");
    }

    #[test]
    fn a_broken_end_keeps_what_came_before() {
        for rtf in [r"{\rtf1 kept\'", r"{\rtf1 kept\", r"{\rtf1 kept\u", "{\\rtf1 kept}}}}"] {
            assert_eq!(text(rtf), "kept", "{rtf}");
        }
    }
}
