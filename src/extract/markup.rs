//! Text of HTML, and of anything with tags that is not well formed.

use std::borrow::Cow;

use html5gum::{DefaultEmitter, SpanBound, StartTag, Token, Tokenizer};

use crate::body::Body;
use crate::decode::{declared_label, decode};

/// Reads a page; blocks of server code (`<% %>`) are left out.
pub(crate) fn read(bytes: &[u8], body: &mut Body) {
    let text = decode(bytes, declared_label(bytes).as_deref());
    read_text(&without_server_code(&text), body);
}

/// Reads markup that is text already. Linear in its length however deep it nests: no tree is built.
pub(crate) fn read_text(markup: &str, body: &mut Body) {
    let mut emitter = DefaultEmitter::default();
    // Without it the text of scripts would be taken for markup.
    emitter.naively_switch_states(true);
    let mut hidden: Option<&'static [u8]> = None;
    let mut verbatim = false;
    for Ok(token) in Tokenizer::new_with_emitter(markup, emitter) {
        if body.is_full() {
            return;
        }
        match token {
            Token::StartTag(tag) => {
                hidden = hidden.or_else(|| hidden_element(&tag.name));
                verbatim |= is_verbatim(&tag.name);
                separate(&tag.name, body);
                if hidden.is_none() {
                    read_control(&tag, body);
                }
            }
            Token::EndTag(tag) => {
                hidden = hidden.filter(|&name| name != &*tag.name as &[u8]);
                verbatim &= !is_verbatim(&tag.name);
                separate(&tag.name, body);
            }
            Token::String(text) if hidden.is_none() => {
                let text = String::from_utf8_lossy(&text.value);
                if verbatim { body.push(&text) } else { body.push_flow(&text) }
            }
            _ => {}
        }
    }
}

/// Elements whose text nobody reads.
fn hidden_element(name: &[u8]) -> Option<&'static [u8]> {
    [&b"script"[..], b"style", b"template", b"iframe", b"noframes", b"noembed"].into_iter().find(|&hidden| hidden == name)
}

fn is_verbatim(name: &[u8]) -> bool {
    matches!(name, b"pre" | b"textarea")
}

/// The text that a control of a server page (`asp:Label`) shows, where it is an attribute.
fn read_control<S: SpanBound>(tag: &StartTag<S>, body: &mut Body) {
    if !tag.name.contains(&b':') {
        return;
    }
    for shown in [&b"text"[..], b"headertext"] {
        if let Some(text) = tag.attributes.get(shown) {
            body.blank();
            body.push_flow(&String::from_utf8_lossy(&text.value));
            body.blank();
        }
    }
}

/// What stands between the words on both sides of a tag.
fn separate(name: &[u8], body: &mut Body) {
    match name {
        b"p" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"table" | b"ul" | b"ol" | b"dl" | b"title" | b"blockquote" | b"pre" => {
            body.paragraph();
        }
        b"br" | b"div" | b"li" | b"tr" | b"dt" | b"dd" | b"hr" | b"section" | b"article" | b"header" | b"footer" | b"main" | b"nav"
        | b"aside" | b"figure" | b"figcaption" | b"caption" | b"address" | b"form" | b"fieldset" | b"legend" | b"details" | b"summary"
        | b"center" | b"body" | b"head" | b"html" => body.line(),
        b"td" | b"th" | b"option" | b"select" | b"button" | b"label" | b"textarea" | b"img" | b"svg" | b"text" | b"video" | b"audio" => {
            body.blank();
        }
        _ => {}
    }
}

/// `markup` without what only the server runs.
fn without_server_code(markup: &str) -> Cow<'_, str> {
    if !markup.contains("<%") {
        return Cow::Borrowed(markup);
    }
    let mut kept = String::with_capacity(markup.len());
    let mut rest = markup;
    // A block that does not end is none.
    while let Some((before, code)) = rest.split_once("<%")
        && let Some((_, after)) = code.split_once("%>")
    {
        kept.push_str(before);
        rest = after;
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(markup: &str) -> String {
        let mut body = Body::new(1 << 20);
        read(markup.as_bytes(), &mut body);
        body.finish().body
    }

    #[test]
    fn tags_go_and_their_words_stay_apart_or_together_as_on_screen() {
        assert_eq!(text("<title>T</title><p>one<b>two</b>\n three<p>four<br>five"), "T\n\nonetwo three\n\nfour\nfive");
        assert_eq!(text("<table><tr><td>a<td>b<tr><td>c</table>"), "a b\nc");
        assert_eq!(text("<pre>a\n b</pre>"), "a\nb");
    }

    #[test]
    fn scripts_and_styles_are_left_out_even_when_they_look_like_markup() {
        assert_eq!(text("a<script>if (1<2) '<p>no</p>'</script><style>p{no:1}</style>b<template><p>no</template>"), "ab");
    }

    #[test]
    fn entities_are_characters() {
        assert_eq!(text("&lt;&eacute;&#x65e5;&#26412;&amp;&nbsp;&unknown;"), "<é日本& &unknown;");
    }

    #[test]
    fn server_code_is_left_out() {
        assert_eq!(text("<%@ Page Language=\"C#\" %><p><%= Name %>kept</p>5<%6"), "kept\n\n5<%6");
    }

    #[test]
    fn controls_of_server_pages_show_their_text() {
        let page = "a<asp:Button Text=\"Save &amp; close\" runat=server />b<asp:X HeaderText=Name>c</asp:X><p text=no>";
        assert_eq!(text(page), "a Save & close b Name c");
    }

    #[test]
    fn two_hundred_thousand_nested_elements_are_read_in_one_pass() {
        let deep = format!("{}deep{}", "<div>".repeat(200_000), "</div>".repeat(200_000));
        assert_eq!(text(&deep), "deep");
    }
}
