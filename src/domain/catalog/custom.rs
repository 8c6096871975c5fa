//! Custom objects: every field that the describe offers, found at run time.

use super::plan::{DescribedObject, Offer};
use super::{LINKS, ObjectPlan, links};

/// Field types whose values are bytes behind a URL; they are never asked for.
const BYTES: &str = "base64";

/// Plans a custom object from its describe.
pub(super) fn plan(name: &str, described: &DescribedObject, offer: &Offer<'_>) -> ObjectPlan {
    let mut fields: Vec<_> = described.fields.iter().filter(|(_, kind)| kind != BYTES).map(|(field, _)| field.clone()).collect();
    // The page query needs `Id` to go on from; every describe has it, and first is where a person looks for it.
    fields.retain(|field| !field.eq_ignore_ascii_case("Id"));
    fields.insert(0, "Id".to_owned());
    let has_links = described.relationships.is_empty() || described.relationships.iter().any(|name| name == LINKS);
    let children = if has_links { links::plan(offer).into_iter().collect() } else { Vec::new() };
    ObjectPlan {
        name: name.to_owned(),
        key_prefix: offer.key_prefix(name),
        fields,
        children,
        lookups: Vec::new(),
        rule: None,
        blob: None,
        filter: None,
    }
}
