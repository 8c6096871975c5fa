//! Meets the catalog with what an org offers: which objects this run reads, and which of their fields.

use std::collections::{BTreeMap, BTreeSet};

use super::{CATALOG, ChildPlan, ChildSpec, FileFacts, LINKS, Layout, ObjectPlan, ObjectSpec, custom, links};
use crate::{Fault, Names, SF_NO_OBJECT, Selection};

/// An entry of describe-global.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalObject {
    /// API name.
    pub name: String,
    /// May be queried by the run-as user.
    pub queryable: bool,
    /// Custom object.
    pub custom: bool,
    /// First three characters of its ids.
    pub key_prefix: Option<String>,
}

/// What the describe of one object says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribedObject {
    /// Field name and type, as Salesforce spells them.
    pub fields: Vec<(String, String)>,
    /// Names of child relationships that can be sub-selected.
    pub relationships: Vec<String>,
}

impl DescribedObject {
    /// Whether it has a field, in any case.
    pub fn offers(&self, field: &str) -> bool {
        self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(field))
    }
}

/// The outcome of planning.
#[derive(Debug, Default)]
pub struct Planned {
    /// Objects to read, in order.
    pub objects: Vec<ObjectPlan>,
    /// Objects that were asked for and are left out, with the reason.
    pub skipped: Vec<(String, String)>,
    /// What documents will lack because an object behind it may not be queried: the object, and the keys that show it.
    pub blank: Vec<(String, String)>,
    /// What kinds of values the documents hold.
    pub layout: Layout,
    /// What the org can say of files.
    pub files: FileFacts,
    /// The objects of the org.
    pub global: Vec<GlobalObject>,
}

/// What the org offers, asked without regard to case.
pub(super) struct Offer<'a> {
    global: BTreeMap<String, &'a GlobalObject>,
    described: &'a BTreeMap<String, DescribedObject>,
}

impl Offer<'_> {
    pub(super) fn queryable(&self, object: &str) -> bool {
        self.global.get(&object.to_ascii_lowercase()).is_some_and(|found| found.queryable)
    }

    pub(super) fn key_prefix(&self, object: &str) -> Option<String> {
        self.global.get(&object.to_ascii_lowercase()).and_then(|found| found.key_prefix.clone())
    }

    /// Whether the describe of `object` has a field.
    pub(super) fn offers(&self, object: &str, field: &str) -> bool {
        self.described.get(object).is_some_and(|described| described.offers(field))
    }

    /// Those of `wanted` that the describe of `object` has.
    pub(super) fn wanted(&self, object: &str, wanted: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
        let described = self.described.get(object);
        wanted.iter().copied().filter(move |field| described.is_some_and(|described| described.offers(field)))
    }

    fn columns(&self, object: &str, fixed: &'static [&'static str], wanted: &'static [&'static str]) -> Vec<String> {
        fixed.iter().copied().chain(self.wanted(object, wanted)).map(str::to_owned).collect()
    }

    fn children(&self, specs: &'static [ChildSpec]) -> Vec<ChildPlan> {
        specs.iter().filter(|spec| self.queryable(spec.object)).map(|spec| self.child(spec)).collect()
    }

    fn child(&self, spec: &'static ChildSpec) -> ChildPlan {
        ChildPlan {
            key: spec.key,
            via: spec.via,
            fields: self.columns(spec.object, spec.fixed, spec.wanted),
            filter: None,
            order: spec.order,
            cap: spec.cap,
            shape: spec.shape,
            children: self.children(spec.children),
        }
    }

    /// What the documents of these objects lack: the object that may not be queried, and the keys that it would be behind.
    fn blank(&self, objects: &[ObjectPlan]) -> Vec<(String, String)> {
        fn nested(specs: &'static [ChildSpec]) -> Vec<(&'static str, &'static str)> {
            specs.iter().flat_map(|spec| std::iter::once((spec.object, spec.key)).chain(nested(spec.children))).collect()
        }
        let mut keys = BTreeMap::<&str, BTreeSet<&str>>::new();
        for object in objects {
            let children = CATALOG.iter().find(|spec| spec.name == object.name).map_or_else(Vec::new, |spec| nested(spec.children));
            let lookups = object.lookups.iter().map(|(lookup, _)| (lookup.target.object(), lookup.key));
            let files = links::NEEDED.into_iter().map(|object| (object, LINKS));
            for (behind, key) in children.into_iter().chain(lookups).chain(files).filter(|(behind, _)| !self.queryable(behind)) {
                keys.entry(behind).or_default().insert(key);
            }
        }
        keys.into_iter().map(|(behind, keys)| (behind.to_owned(), keys.into_iter().collect::<Vec<_>>().join(", "))).collect()
    }

    fn standard(&self, spec: &'static ObjectSpec) -> ObjectPlan {
        let mut children = self.children(spec.children);
        children.extend(links::plan(self));
        ObjectPlan {
            name: spec.name.to_owned(),
            key_prefix: self.key_prefix(spec.name),
            fields: self.columns(spec.name, spec.fixed, spec.wanted),
            children,
            lookups: spec.lookups.iter().map(|lookup| (*lookup, self.queryable(lookup.target.object()))).collect(),
            rule: None,
            blob: None,
            filter: None,
        }
    }
}

/// Standard objects that were chosen, in the order of the catalog. Unknown names are ignored, as in the reference.
fn chosen_standard(selection: &Selection) -> impl Iterator<Item = &'static ObjectSpec> {
    CATALOG.iter().copied().filter(|spec| match &selection.standard {
        Names::All => true,
        Names::Only(names) => names.iter().any(|name| name.eq_ignore_ascii_case(spec.name)),
    })
}

/// Custom objects that were chosen, as the org spells them; a name that the org lacks is a fault that lists all such names.
fn chosen_custom<'a>(selection: &Selection, global: &'a [GlobalObject]) -> Result<Vec<&'a GlobalObject>, Fault> {
    let known = || global.iter().filter(|object| object.custom && object.name.ends_with("__c"));
    let Names::Only(names) = &selection.custom else {
        return Ok(known().collect());
    };
    let wanted: Vec<_> = names.iter().map(|name| if name.ends_with("__c") { name.clone() } else { format!("{name}__c") }).collect();
    let missing: Vec<_> =
        wanted.iter().filter(|name| !known().any(|object| object.name.eq_ignore_ascii_case(name))).map(String::as_str).collect();
    if !missing.is_empty() {
        return Err(Fault::new(&SF_NO_OBJECT, format!("the org has no custom object {}", missing.join(", "))));
    }
    Ok(known().filter(|object| wanted.iter().any(|name| object.name.eq_ignore_ascii_case(name))).collect())
}

/// Names of the objects whose describe [`plan`] will look at: the chosen ones that may be queried, and what is nested in them.
pub fn needed_describes(selection: &Selection, global: &[GlobalObject]) -> Result<Vec<String>, Fault> {
    let mut names: BTreeSet<String> = links::NEEDED[1..].iter().map(|name| (*name).to_owned()).collect();
    fn add(names: &mut BTreeSet<String>, specs: &[ChildSpec]) {
        for spec in specs {
            names.insert(spec.object.to_owned());
            add(names, spec.children);
        }
    }
    for spec in chosen_standard(selection) {
        names.insert(spec.name.to_owned());
        add(&mut names, spec.children);
    }
    names.extend(selection.files.iter().map(|blob| blob.object().to_owned()));
    names.extend(chosen_custom(selection, global)?.into_iter().map(|object| object.name.clone()));
    names.retain(|name| global.iter().any(|object| object.queryable && object.name.eq_ignore_ascii_case(name)));
    Ok(names.into_iter().collect())
}

/// Plans a run. `described` is keyed by the names that [`needed_describes`] gave.
pub fn plan(selection: &Selection, global: &[GlobalObject], described: &BTreeMap<String, DescribedObject>) -> Result<Planned, Fault> {
    let offer = Offer { global: global.iter().map(|object| (object.name.to_ascii_lowercase(), object)).collect(), described };
    let mut planned = Planned::default();
    let not_queryable = || "the run-as user may not query it".to_owned();
    for spec in chosen_standard(selection) {
        if offer.queryable(spec.name) {
            planned.objects.push(offer.standard(spec));
        } else {
            planned.skipped.push((spec.name.to_owned(), not_queryable()));
        }
    }
    for object in chosen_custom(selection, global)? {
        match described.get(&object.name) {
            Some(found) if object.queryable => planned.objects.push(custom::plan(&object.name, found, &offer)),
            _ => planned.skipped.push((object.name.clone(), not_queryable())),
        }
    }
    for blob in &selection.files {
        if offer.queryable(blob.object()) {
            planned.objects.push(blob.plan(&offer));
        } else {
            planned.skipped.push((blob.object().to_owned(), not_queryable()));
        }
    }
    planned.blank = offer.blank(&planned.objects);
    planned.layout = Layout::new(&planned.objects, described);
    planned.files = FileFacts::offered(described);
    Ok(planned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org(objects: &[(&str, bool)]) -> Vec<GlobalObject> {
        let object = |(name, queryable): &(&str, bool)| GlobalObject {
            name: (*name).to_owned(),
            queryable: *queryable,
            custom: name.ends_with("__c"),
            key_prefix: None,
        };
        objects.iter().map(object).collect()
    }
    fn describes(objects: &[(&str, &[&str])]) -> BTreeMap<String, DescribedObject> {
        let fields = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), "string".to_owned())).collect();
        objects
            .iter()
            .map(|(name, names)| ((*name).to_owned(), DescribedObject { fields: fields(names), relationships: Vec::new() }))
            .collect()
    }
    fn custom(names: &str) -> Selection {
        Selection { standard: Names::Only(Vec::new()), custom: Names::parse(names), ..Selection::default() }
    }

    #[test]
    fn only_fields_that_the_org_offers_are_asked_for() {
        let global = org(&[("Account", true), ("Case", false)]);
        let planned = plan(&Selection::default(), &global, &describes(&[("Account", &["id", "NAME", "Rating", "Secret"])])).unwrap();
        assert_eq!(planned.objects.len(), 1);
        assert_eq!(planned.objects[0].fields[8..], ["Name", "Rating"]);
        assert!(planned.objects[0].children.is_empty(), "neither opportunities nor files may be queried");
        assert_eq!(
            planned.skipped.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["Opportunity", "Contact", "Lead", "Campaign", "Case"]
        );
    }

    #[test]
    fn what_documents_will_lack_is_named() {
        let global = org(&[("Contact", true), ("Account", true), ("Case", true), ("EmailMessage", true), ("CaseFeed", true)]);
        let selection = Selection { standard: Names::parse("Contact, Case"), custom: Names::Only(Vec::new()), ..Selection::default() };
        let planned = plan(&selection, &global, &describes(&[])).unwrap();
        let blank: Vec<_> = planned.blank.iter().map(|(object, keys)| (object.as_str(), keys.as_str())).collect();
        let files = ["ContentDocument", "ContentDocumentLink", "ContentVersion"].map(|object| (object, LINKS));
        let mut expected = vec![("CaseComment", "CaseComments"), ("FeedComment", "FeedComments"), ("User", "Owner")];
        expected.splice(1..1, files);
        assert_eq!(blank, expected);
    }

    #[test]
    fn custom_objects_are_found_with_and_without_their_suffix() {
        let global = org(&[("Project__c", true), ("Hidden__c", false)]);
        let described = describes(&[("Project__c", &["Name", "Id", "Budget__c"])]);
        let planned = plan(&custom("Project"), &global, &described).unwrap();
        assert_eq!(planned.objects[0].fields, ["Id", "Name", "Budget__c"]);
        let planned = plan(&custom("*"), &global, &described).unwrap();
        assert_eq!((planned.objects.len(), planned.skipped.len()), (1, 1));
    }

    #[test]
    fn every_custom_object_that_the_org_lacks_is_named() {
        let fault = plan(&custom("Foo,Project__c,Bar__c"), &org(&[("Project__c", true)]), &describes(&[])).unwrap_err();
        assert!(fault.message.contains("Foo__c, Bar__c"), "{fault}");
    }

    #[test]
    fn only_what_is_chosen_and_queryable_is_described() {
        let global = org(&[
            ("Account", true),
            ("Opportunity", true),
            ("Case", true),
            ("EmailMessage", true),
            ("CaseFeed", false),
            ("ContentVersion", true),
        ]);
        let selection = Selection { standard: Names::parse("case"), custom: Names::Only(Vec::new()), ..Selection::default() };
        assert_eq!(needed_describes(&selection, &global).unwrap(), ["Case", "ContentVersion", "EmailMessage"]);
    }
}
