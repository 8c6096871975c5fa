//! The private key of the JWT bearer flow: PEM text, or the file that has it.

use std::path::Path;

use ports::Secret;

use crate::settings::reason;

const BEGIN: &str = "-----BEGIN ";
const RULE: &str = "-----";

/// The key as well-formed PEM.
///
/// Variables and YAML's quotes turn line breaks into spaces or into `\n`; both are mended.
///
/// # Errors
/// A problem that continues the key's path. It never holds what was typed, which may be a key that lost its first line.
pub(super) fn read(typed: &Secret) -> Result<Secret, String> {
    if typed.reveal().contains(BEGIN) {
        return pem(typed.reveal());
    }
    let text = std::fs::read_to_string(Path::new(typed.reveal()))
        .map_err(|error| format!("is not PEM text, and as a path it leads to no file that can be read: {}", reason(&error)))?;
    pem(&text)
}

fn pem(text: &str) -> Result<Secret, String> {
    let text = text.replace("\\n", "\n");
    let found = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(RULE)).and_then(|(label, rest)| {
        let body = rest.split_once(&format!("-----END {label}-----"))?.0;
        Some((label, body))
    });
    let Some((label, body)) = found else {
        return Err("has no complete PEM block from `-----BEGIN` to `-----END`".to_owned());
    };
    if label == "ENCRYPTED PRIVATE KEY" || body.contains("ENCRYPTED") {
        return Err("is encrypted; give it without a passphrase".to_owned());
    }
    if !matches!(label, "PRIVATE KEY" | "RSA PRIVATE KEY") {
        return Err("must be a block `PRIVATE KEY` or `RSA PRIVATE KEY`".to_owned());
    }
    let body: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if body.is_empty() || !body.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)) {
        return Err("has a PEM block that is not base64".to_owned());
    }
    let mut out = format!("{BEGIN}{label}{RULE}\n");
    for line in body.chunks(64) {
        out.extend(line.iter().copied().map(char::from));
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    Ok(Secret::new(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(label: &str, gap: &str) -> String {
        format!("-----BEGIN {label}-----{gap}{}{gap}{}{gap}-----END {label}-----", "QUJD".repeat(16), "Rk8=")
    }
    fn well_formed() -> String {
        key("PRIVATE KEY", "\n") + "\n"
    }

    #[test]
    fn line_breaks_that_got_lost_are_mended() {
        for gap in ["\n", " ", "\\n", "\r\n", ""] {
            let read = read(&Secret::new(key("PRIVATE KEY", gap))).unwrap();
            assert_eq!(read.reveal(), well_formed());
        }
    }

    #[test]
    fn a_path_leads_to_the_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key.pem");
        std::fs::write(&path, format!("# made by hand\n{}", well_formed())).unwrap();
        assert_eq!(read(&Secret::new(path.to_str().unwrap())).unwrap().reveal(), well_formed());
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        let marker = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo";
        let bad = [
            marker.to_owned(),
            format!("-----BEGIN PRIVATE KEY-----\n{marker}"),
            key("ENCRYPTED PRIVATE KEY", "\n"),
            key("EC PRIVATE KEY", "\n"),
            format!("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{marker}\n-----END RSA PRIVATE KEY-----"),
            format!("-----BEGIN PRIVATE KEY-----\n{marker}!\n-----END PRIVATE KEY-----"),
        ];
        for typed in bad {
            let problem = read(&Secret::new(typed.clone())).unwrap_err();
            assert!(!problem.contains(marker) && !problem.is_empty(), "{problem}");
        }
    }
}
