//! What kinds of values documents hold, met from the describes, so that an index can be made for them.

use std::collections::BTreeMap;

use super::{DescribedObject, ObjectPlan};

/// How the values of a field behave in a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldKind {
    /// Ids, picklists, references, addresses of the net: compared as they are.
    Keyword,
    /// Words.
    Text,
    /// A number of any size.
    Number,
    /// A date, with or without time.
    Date,
    /// True or false.
    Boolean,
    /// An object whose parts are looked at rarely.
    Object,
    /// Children, file links, or the record behind a reference: objects, lists of objects, or null.
    Nested,
}

/// Top-level fields of the documents that a run makes of records, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Kind by field. A field that differs between objects is taken as text if one of them says so, else as a keyword.
    pub fields: BTreeMap<String, FieldKind>,
}

impl FieldKind {
    /// The kind behind a type of a describe (SOAP API guide, "Field Types").
    pub fn of(kind: &str) -> Self {
        match kind {
            "string" | "textarea" | "encryptedstring" => Self::Text,
            "int" | "long" | "double" | "percent" | "currency" => Self::Number,
            "date" | "datetime" => Self::Date,
            "boolean" => Self::Boolean,
            "address" | "location" | "complexvalue" | "json" | "anyType" => Self::Object,
            _ => Self::Keyword,
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            _ if self == other => self,
            (Self::Text, _) | (_, Self::Text) => Self::Text,
            _ => Self::Keyword,
        }
    }
}

impl Layout {
    /// Of the columns that these objects read, and of what is nested in them.
    pub fn new(objects: &[ObjectPlan], described: &BTreeMap<String, DescribedObject>) -> Self {
        let mut fields = BTreeMap::new();
        for object in objects {
            let types = object.kinds().filter_map(|kind| described.get(kind)).flat_map(|described| &described.fields);
            for (name, kind) in types.filter(|(name, _)| object.fields.iter().any(|field| field.eq_ignore_ascii_case(name))) {
                let kind = FieldKind::of(kind);
                fields.entry(name.clone()).and_modify(|known: &mut FieldKind| *known = known.or(kind)).or_insert(kind);
            }
            let nested = object.children.iter().map(|child| child.key).chain(object.lookups.iter().map(|(lookup, _)| lookup.key));
            fields.extend(nested.map(|key| (key.to_owned(), FieldKind::Nested)));
        }
        Self { fields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str, fields: &[&str]) -> ObjectPlan {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        ObjectPlan { name: name.into(), key_prefix: None, fields, children: vec![], lookups: vec![], rule: None, blob: None, filter: None }
    }
    fn described(fields: &[(&str, &str)]) -> DescribedObject {
        let fields = fields.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect();
        DescribedObject { fields, relationships: vec![] }
    }

    #[test]
    fn fields_that_are_read_get_the_kind_that_suits_all_objects() {
        let objects = [object("A__c", &["Id", "name", "X__c", "Y__c"]), object("B__c", &["Id", "X__c", "Y__c"])];
        let describes = [
            ("A__c".to_owned(), described(&[("Id", "id"), ("Name", "string"), ("X__c", "double"), ("Y__c", "date"), ("Unread", "int")])),
            ("B__c".to_owned(), described(&[("Id", "id"), ("X__c", "textarea"), ("Y__c", "boolean")])),
        ];
        let layout = Layout::new(&objects, &describes.into());
        let expected = [("Id", FieldKind::Keyword), ("Name", FieldKind::Text), ("X__c", FieldKind::Text), ("Y__c", FieldKind::Keyword)];
        assert_eq!(layout.fields, expected.map(|(name, kind)| (name.to_owned(), kind)).into());
    }
}
