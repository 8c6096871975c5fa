//! Text of XML.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::body::Body;
use crate::decode::{declared_label, decode};
use crate::markup;

/// What a walk through XML comes by. An empty element is opened and closed.
pub(crate) enum Node<'a> {
    /// A start tag.
    Open(&'a BytesStart<'a>),
    /// An end tag, by its local name.
    Close(&'a str),
    /// Characters, also those that references stand for.
    Text(&'a str),
}

/// Visits the nodes of `xml` in order until `visit` returns false. Entities that the document declares are never expanded.
///
/// # Errors
/// The position in bytes from where on it is not XML.
pub(crate) fn walk(xml: &str, mut visit: impl FnMut(Node<'_>) -> bool) -> Result<(), usize> {
    let mut reader = Reader::from_str(xml);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    loop {
        let goes_on = match reader.read_event() {
            Ok(Event::Start(tag)) => visit(Node::Open(&tag)),
            Ok(Event::Empty(tag)) => visit(Node::Open(&tag)) && visit(Node::Close(tag.local_name().into_inner())),
            Ok(Event::End(tag)) => visit(Node::Close(tag.local_name().into_inner())),
            Ok(Event::Text(text)) => visit(Node::Text(&text.xml10_content())),
            Ok(Event::CData(text)) => visit(Node::Text(&text.xml10_content())),
            Ok(Event::GeneralRef(reference)) => visit(Node::Text(resolve(&reference).encode_utf8(&mut [0; 4]))),
            Ok(Event::Eof) => return Ok(()),
            Ok(_) => true,
            Err(_) => return Err(usize::try_from(reader.error_position()).unwrap_or(usize::MAX)),
        };
        if !goes_on {
            return Ok(());
        }
    }
}

/// The character of a reference; a blank for one that the document declares.
fn resolve(reference: &BytesRef<'_>) -> char {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character;
    }
    match &*reference.xml10_content() {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => ' ',
    }
}

/// Value of an attribute by its local name, references resolved.
pub(crate) fn attribute(tag: &BytesStart<'_>, local: &str) -> Option<String> {
    let found = tag.attributes().with_checks(false).flatten().find(|attribute| attribute.key.local_name().into_inner() == local)?;
    Some(quick_xml::escape::unescape(&found.value).map_or_else(|_| found.value.to_string(), |value| value.into_owned()))
}

/// Reads XML of any vocabulary; from where it is not well formed it is read as tag soup.
pub(crate) fn read(bytes: &[u8], body: &mut Body) {
    let text = decode(bytes, declared_label(bytes).as_deref());
    let mut vocabulary = Vocabulary::default();
    let walked = walk(&text, |node| {
        vocabulary.visit(&node, body);
        !body.is_full()
    });
    if let Err(position) = walked {
        // An error may be told from within a character.
        let start = (position..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
        markup::read_text(text.get(start..).unwrap_or_default(), body);
    }
}

/// What is known of the elements of a document once its root has been seen.
#[derive(Default)]
struct Vocabulary {
    has_root: bool,
    /// The root is of a language that browsers show: `script` and `style` mean what they mean there.
    is_shown: bool,
    /// Open elements within one that is left out, itself included.
    hidden: usize,
}

impl Vocabulary {
    fn visit(&mut self, node: &Node<'_>, body: &mut Body) {
        match node {
            Node::Open(tag) => {
                let local = tag.local_name().into_inner();
                if !self.has_root {
                    self.has_root = true;
                    self.is_shown = matches!(local, "svg" | "html");
                }
                let hides = self.is_shown && matches!(local, "script" | "style");
                if hides || self.hidden > 0 {
                    self.hidden += 1;
                }
                separate(local, body);
            }
            Node::Close(local) => {
                self.hidden = self.hidden.saturating_sub(1);
                separate(local, body);
            }
            Node::Text(text) if self.hidden == 0 => body.push(text),
            Node::Text(_) => {}
        }
    }
}

/// Elements part words, but for those that only dress them (in pictures, pages and the XML of word processors).
fn separate(local: &str, body: &mut Body) {
    match local {
        "tspan" | "textPath" | "a" | "b" | "i" | "em" | "strong" | "span" | "sub" | "sup" | "u" | "r" | "t" | "rPr" | "proofErr" => {}
        "text" | "p" | "Row" | "tr" | "title" | "desc" => body.line(),
        _ => body.blank(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(xml: &str) -> String {
        let mut body = Body::new(1 << 20);
        read(xml.as_bytes(), &mut body);
        body.finish().body
    }

    #[test]
    fn text_references_and_character_data_are_read() {
        assert_eq!(text("<?xml version=\"1.0\"?><a><b>один &amp; два</b><c><![CDATA[<三>]]></c>&#233;</a>"), "один & два <三> é");
    }

    #[test]
    fn a_picture_gives_its_labels_without_its_styles() {
        assert_eq!(
            text("<svg><style>.a{}</style><title>Plan</title><text>Lo<tspan>ad</tspan></text><text>next</text></svg>"),
            "Plan\nLoad\nnext"
        );
    }

    #[test]
    fn elements_called_style_count_where_they_are_data() {
        assert_eq!(text("<songs><style>jazz</style></songs>"), "jazz");
    }

    #[test]
    fn what_is_not_well_formed_is_read_as_tag_soup() {
        assert_eq!(text("<a>one <b attr=>two</a> three <p>four & five"), "one two three\nfour & five");
    }

    #[test]
    fn declared_entities_are_not_expanded() {
        let laughs: String = (1..30).map(|n| format!("<!ENTITY l{n} \"&l{};&l{};\">", n - 1, n - 1)).collect();
        let bomb = format!("<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY l0 \"ha\">{laughs}]><l>before &l29; after</l>");
        assert_eq!(text(&bomb), "before after");
    }
}
