//! Text of archives of XML parts that no library reads: OpenDocument and Visio.

use crate::archive::Archive;
use crate::body::Body;
use crate::decode::decode;
use crate::xml::{Node, attribute, walk};
use crate::{Limits, Refusal};

/// Reads an OpenDocument file of any sort: what stands in paragraphs and headings, then headers and footers.
///
/// # Errors
/// [`Refusal`] if it is encrypted, broken or too large.
pub(crate) fn read_open_document(bytes: &[u8], limits: &Limits, body: &mut Body) -> Result<(), Refusal> {
    let mut archive = Archive::open(bytes, limits)?;
    let manifest = archive.part("META-INF/manifest.xml")?.unwrap_or_default();
    if decode(&manifest, None).contains("encryption-data") {
        return Err(Refusal::Encrypted);
    }
    let content = archive.part("content.xml")?.ok_or(Refusal::Damaged("it has no content"))?;
    read_paragraphs(&content, body)?;
    if let Some(styles) = archive.part("styles.xml")? {
        body.paragraph();
        read_paragraphs(&styles, body)?;
    }
    Ok(())
}

/// Paragraphs of one part, without what tracked changes deleted.
fn read_paragraphs(part: &[u8], body: &mut Body) -> Result<(), Refusal> {
    let (mut paragraphs, mut deleted) = (0usize, 0usize);
    let walked = walk(&decode(part, None), |node| {
        match node {
            Node::Open(tag) => match tag.local_name().into_inner() {
                "tracked-changes" => deleted += 1,
                "p" | "h" => {
                    paragraphs += 1;
                    body.line();
                }
                "line-break" => body.line(),
                "s" | "tab" => body.blank(),
                _ => {}
            },
            Node::Close("tracked-changes") => deleted = deleted.saturating_sub(1),
            Node::Close("p" | "h") => {
                paragraphs = paragraphs.saturating_sub(1);
                body.line();
            }
            Node::Close(_) => {}
            Node::Text(text) if paragraphs > 0 && deleted == 0 => body.push_flow(text),
            Node::Text(_) => {}
        }
        !body.is_full()
    });
    finished(walked, body)
}

/// Reads a Visio drawing: of each page its name and the texts of its shapes, then the comments.
///
/// # Errors
/// [`Refusal`] if it is broken or too large.
pub(crate) fn read_visio(bytes: &[u8], limits: &Limits, body: &mut Body) -> Result<(), Refusal> {
    let mut archive = Archive::open(bytes, limits)?;
    if let Some(index) = archive.part("visio/pages/pages.xml")? {
        read_page_names(&index, body)?;
    }
    let mut pages: Vec<(u32, String)> = archive.names().into_iter().filter_map(|name| Some((page_number(&name)?, name))).collect();
    pages.sort_unstable();
    for (_, name) in pages {
        if body.is_full() {
            return Ok(());
        }
        body.paragraph();
        read_elements(&archive.part(&name)?.unwrap_or_default(), "Text", body)?;
    }
    if let Some(comments) = archive.part("visio/comments.xml")? {
        body.paragraph();
        read_elements(&comments, "CommentEntry", body)?;
    }
    Ok(())
}

/// Number of the page that a part holds: `visio/pages/page12.xml`.
fn page_number(part: &str) -> Option<u32> {
    part.strip_prefix("visio/pages/page")?.strip_suffix(".xml")?.parse().ok()
}

fn read_page_names(part: &[u8], body: &mut Body) -> Result<(), Refusal> {
    let walked = walk(&decode(part, None), |node| {
        if let Node::Open(tag) = node
            && tag.local_name().into_inner() == "Page"
            && let Some(name) = attribute(tag, "Name").or_else(|| attribute(tag, "NameU"))
        {
            body.line();
            body.push_flow(&name);
        }
        !body.is_full()
    });
    finished(walked, body)
}

/// Text within every element called `wanted`, each on lines of its own.
fn read_elements(part: &[u8], wanted: &str, body: &mut Body) -> Result<(), Refusal> {
    let mut open = 0usize;
    let walked = walk(&decode(part, None), |node| {
        match node {
            Node::Open(tag) if tag.local_name().into_inner() == wanted => {
                open += 1;
                body.line();
            }
            Node::Close(name) if name == wanted => {
                open = open.saturating_sub(1);
                body.line();
            }
            Node::Text(text) if open > 0 => body.push(text),
            _ => {}
        }
        !body.is_full()
    });
    finished(walked, body)
}

/// A part that breaks off has given its text up to there; only one that gave nothing is worth a refusal.
fn finished(walked: Result<(), usize>, body: &Body) -> Result<(), Refusal> {
    match walked {
        Err(_) if body.is_empty() => Err(Refusal::Damaged("its text is not well formed")),
        _ => Ok(()),
    }
}
