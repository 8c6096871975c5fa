//! What a browser sees at a record's address, `/<id>`: its fields in a plain table.
//!
//! Salesforce would ask a person to sign in and show its own page. Documents carry this address as their `url`, so it has to lead somewhere.

use std::fmt::Write as _;

use super::reply::{Body, Reply};
use crate::org::{Org, text_of};

/// The page of a record, or one that says that there is none.
pub(super) fn record(org: &Org, id: &str) -> Reply {
    let Some(row) = org.row(id).filter(|row| !row.is_deleted()) else {
        return html(404, "No such record", &format!("<p>This org has no record <code>{}</code>.</p>", escaped(id)));
    };
    let schema = row.schema();
    let mut table = String::from("<table>");
    for field in &schema.fields {
        let Some(json) = row.json(&field.name) else { continue };
        // Writing into a string cannot fail.
        let _ = write!(table, "<tr><th>{}</th><td>{}</td></tr>", escaped(&field.name), escaped(&text_of(json)));
    }
    table.push_str("</table>");
    html(200, &format!("{} {id}", schema.label), &table)
}

fn html(status: u16, title: &str, body: &str) -> Reply {
    let title = escaped(title);
    let style = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
                 th{text-align:left;vertical-align:top;padding:.25rem 1.5rem .25rem 0}td{white-space:pre-wrap;overflow-wrap:anywhere}";
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{style}</style></head><body><h1>{title}</h1><p>A record of a simulated org.</p>{body}</body></html>"
    );
    Reply { status, headers: Vec::new(), body: Body::Html(page) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
