//! A short name for everything that decides what a connector's documents look like.

use std::collections::BTreeSet;

use domain::access::Mode;
use domain::{Names, NestedLimit};

use super::{ConnectorPlan, TextPlan};

/// 16 hexadecimal digits that change when documents would: with the selection, the sync rules, the way to the text of files, the shape, the API version, the org's address or the ingest pipeline. Not with
/// secrets, knobs or time-outs. The same over restarts and builds, so it can be stored.
pub fn fingerprint(plan: &ConnectorPlan) -> String {
    let ConnectorPlan { selection, rules, shape, salesforce, pipeline, text, access, .. } = plan;
    let flags = shape.flags;
    let limit = match shape.limit {
        NestedLimit::At(limit) => limit.to_string(),
        NestedLimit::Unlimited => "unlimited".to_owned(),
    };
    let switches = [flags.extract_binary_content, flags.reduce_whitespace, flags.run_ml_inference, shape.as_reference];
    let mut hash = Fnv::new();
    hash.names(&selection.standard);
    hash.names(&selection.custom);
    let pipeline = pipeline.as_deref().unwrap_or_default();
    for text in [shape.base_url.as_str(), &limit, &salesforce.base_url, &salesforce.api_version, pipeline] {
        hash.text(text);
    }
    for rule in rules.basic.iter().chain(&rules.advanced) {
        hash.text(&rule.to_string());
    }
    // Only where it is on, so that runs of earlier versions go on.
    match text {
        TextPlan::Pipeline => {}
        TextPlan::Service => hash.text("text service"),
        TextPlan::Builtin => hash.text("builtin text"),
    }
    match access {
        None => {}
        Some(Mode::Tokens) => hash.text("access tokens"),
        Some(Mode::UserLists) => hash.text("access lists"),
    }
    for blob in &selection.files {
        hash.text(blob.object());
    }
    hash.bytes(&switches.map(u8::from));
    format!("{:016x}", hash.0)
}

/// FNV-1a with 64 bits.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn length(&mut self, length: usize) {
        self.bytes(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
    }

    /// The length goes in first, so that neighbours cannot run into each other.
    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.bytes(text.as_bytes());
    }

    /// Order, case, repetition and the suffix of custom objects do not decide anything.
    fn names(&mut self, names: &Names) {
        match names {
            Names::All => self.text("*"),
            Names::Only(names) => {
                let plain = |name: &String| name.to_ascii_lowercase().trim_end_matches("__c").to_owned();
                let names: BTreeSet<_> = names.iter().map(plain).collect();
                self.length(names.len());
                names.iter().for_each(|name| self.text(name));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        let mut hash = Fnv::new();
        hash.bytes(b"foobar");
        assert_eq!(hash.0, 0x8594_4171_f739_67e8);
    }
}
