//! The index templates of `deploy/index-template`: what an index of the standard objects is given, for people who make theirs themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use domain::catalog::{CATALOG, DescribedObject, GlobalObject, plan};
use domain::{Names, Selection};
use serde_json::{Value, json};

use crate::elasticsearch::{Server, ServerKind, mapping};

/// The default of `index.field_budget`; the standard objects need a tenth of it.
const BUDGET: usize = 700;

/// Types of the fields that the catalog asks for, as describes give them (Object Reference, the six standard objects).
const TYPES: &str = "
    id: Id
    reference: AccountId ConvertedAccountId ConvertedContactId ConvertedOpportunityId OwnerId ParentId
    string: CaseNumber Company Name Subject Title
    textarea: Description
    picklist: LeadSource Rating StageName Status Type
    email: Email
    phone: Phone
    url: PhotoUrl Website
    address: BillingAddress
    boolean: IsActive IsClosed IsDeleted
    date: ConvertedDate EndDate StartDate
    datetime: CreatedDate LastModifiedDate";

/// Asked for because the reference connector does, though no org has it by itself.
const UNUSUAL: [&str; 1] = ["Department"];

fn types() -> BTreeMap<&'static str, &'static str> {
    let lines = TYPES.lines().filter_map(|line| line.trim().split_once(": "));
    lines.flat_map(|(kind, names)| names.split(' ').map(move |name| (name, kind))).collect()
}

/// The fields of an object's own, without those of records that it refers to.
fn asked(spec: &domain::catalog::ObjectSpec) -> impl Iterator<Item = &'static str> + use<> {
    spec.fixed.iter().chain(spec.wanted).copied().filter(|name| !name.contains('.') && !UNUSUAL.contains(name))
}

/// The template for a kind of server, from an org that has the standard objects and nothing else.
fn template(kind: ServerKind) -> Value {
    let types = types();
    let described = CATALOG.iter().map(|spec| {
        let fields = asked(spec).map(|name| (name.to_owned(), types[name].to_owned())).collect();
        (spec.name.to_owned(), DescribedObject { fields, relationships: Vec::new() })
    });
    let global: Vec<_> =
        CATALOG.iter().map(|spec| GlobalObject { name: spec.name.to_owned(), queryable: true, custom: false, key_prefix: None }).collect();
    let selection = Selection { standard: Names::All, custom: Names::Only(Vec::new()), ..Selection::default() };
    let layout = plan(&selection, &global, &described.collect()).unwrap().layout;
    let server = Server { kind, version: String::new() };
    json!({
        "_meta": { "description": "What sluice gives an index of the six standard objects when it makes it" },
        "index_patterns": ["search-salesforce*"],
        "priority": 200,
        "template": mapping::index(&layout, BUDGET, server.flat_type()),
    })
}

#[test]
fn the_templates_are_what_an_index_of_the_standard_objects_is_given() {
    for (name, kind) in [("elasticsearch", ServerKind::Elasticsearch), ("opensearch", ServerKind::OpenSearch)] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../deploy/index-template/{name}.json"));
        let text = serde_json::to_string_pretty(&template(kind)).unwrap() + "\n";
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == text, "{} is not up to date; write it with UPDATE_EXPECT=1", path.display());
    }
}

#[test]
fn every_field_that_the_catalog_asks_for_has_a_place_in_the_template() {
    let asked: BTreeSet<_> = CATALOG.iter().flat_map(|spec| asked(spec)).collect();
    assert_eq!(asked, types().into_keys().collect(), "the types above are those of the catalog's fields");
    let template = template(ServerKind::Elasticsearch);
    let properties = &template["template"]["mappings"]["properties"];
    assert!(asked.iter().all(|name| properties.get(name).is_some()));
    assert_eq!(properties["BillingAddress"]["type"], "flattened");
    assert_eq!(properties["_allow_access_control"]["fields"]["keyword"]["type"], "keyword");
}
