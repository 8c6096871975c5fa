//! Plans of connectors: what is missing, what is refused, what decides the fingerprint.

use domain::access::Mode;
use domain::catalog::{Blob, PipelineFlags};
use domain::{Names, NestedLimit};

use super::*;

const FULL: &str = "domain: acme, client_id: c, client_secret: s";

fn with(configuration: &str, beside: &str, more: &str) -> Result<Plan, Mistakes> {
    let text = format!(
        "index: {{kind: embedded}}\nconnectors: [{{connector_id: a, index_name: i, configuration: {{{configuration}}}{beside}}}]\n{more}"
    );
    Plan::try_from(Settings::parse(&text, &Environment::default())?)
}
fn connector(configuration: &str) -> ConnectorPlan {
    with(&format!("{FULL}, {configuration}"), "", "").unwrap().connectors.remove(0)
}
fn problems(configuration: &str, beside: &str) -> Vec<String> {
    let strip = |mistake: &crate::settings::Mistake| mistake.to_string().replace("connectors[0].", "").replace("configuration.", "");
    with(configuration, beside, "").unwrap_err().0.iter().map(strip).collect()
}
/// The problems of a configuration that is right but for `configuration`.
fn wrong(configuration: &str) -> String {
    let found = problems(&format!("{FULL}, {configuration}"), "");
    assert_eq!(found.len(), 1, "{found:?}");
    found.concat()
}
fn only(names: &[&str]) -> Names {
    Names::Only(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn a_connector_has_the_defaults_of_the_reference() {
    let plan = connector("");
    assert_eq!((plan.id.as_str(), plan.index.as_str(), plan.compat), ("a", "i", false));
    assert_eq!(plan.selection, Selection { standard: Names::All, custom: only(&[]), files: vec![] });
    assert_eq!(plan.shape.base_url, "https://acme.my.salesforce.com");
    assert_eq!(plan.shape.flags, PipelineFlags { extract_binary_content: true, reduce_whitespace: true, run_ml_inference: true });
    assert_eq!((plan.shape.limit, plan.shape.as_reference), (NestedLimit::At(500), false));
    let org = plan.salesforce;
    assert_eq!((org.base_url.as_str(), org.api_version.as_str(), org.page_size), ("https://acme.my.salesforce.com", "64.0", 2000));
    assert_eq!(org.auth, Auth::ClientCredentials { client_id: "c".into(), client_secret: Secret::new("s") });
}

#[test]
fn everything_that_is_missing_is_named() {
    let paths = |text: &str| {
        let settings = Settings::parse(text, &Environment::default()).unwrap();
        let paths: Vec<_> = Plan::try_from(settings).unwrap_err().0.into_iter().map(|mistake| mistake.path).collect();
        paths.join(" ").replace("connectors[0].", "").replace("configuration.", "")
    };
    let all = "index.kind: embedded\nconnectors: [{}]";
    assert_eq!(paths(all), "connector_id index_name domain client_id client_secret");
    let empty =
        "index.kind: embedded\nconnectors: [{connector_id: '', index_name: ' ', configuration: {domain: '', client_id: {value: ''}}}]";
    assert_eq!(paths(empty), "connector_id index_name domain client_id client_secret");
    let address = format!("{all}\nsalesforce.base_url: http://127.0.0.1:1");
    assert_eq!(paths(&address), "connector_id index_name client_id client_secret");
    let old = "index.kind: embedded\nconnector_id: a\nservice_type: salesforce";
    assert_eq!(paths(old), "index_name domain client_id client_secret");
}

#[test]
fn selections_are_read_as_the_reference_reads_them() {
    let selection = |configuration| connector(configuration).selection;
    assert_eq!(selection("standard_objects_to_sync: 'case, Account,account'").standard, only(&["Case", "Account"]));
    assert_eq!(selection("standard_objects_to_sync: [Lead]").standard, only(&["Lead"]));
    assert_eq!(selection("standard_objects_to_sync: 'Account, Opportunity, Contact, Lead, Campaign, Case'").standard, Names::All);
    assert_eq!(selection("custom_objects_to_sync: Foo").custom, only(&[]), "custom objects are off");
    assert_eq!(selection("sync_custom_objects: true, custom_objects_to_sync: 'Foo, Bar__c'").custom, only(&["Foo", "Bar__c"]));
    assert_eq!(selection("sync_custom_objects: {value: 'yes'}, custom_objects_to_sync: {value: '*'}").custom, Names::All);
    assert_eq!(selection("standard_objects_to_sync: '', sync_custom_objects: true, custom_objects_to_sync: Foo").standard, only(&[]));
}

#[test]
fn selections_that_cannot_be_meant_are_refused() {
    assert!(wrong("standard_objects_to_sync: Acount").ends_with("names `Acount`, which is not known; did you mean `Account`?"));
    assert!(wrong("standard_objects_to_sync: Quote").ends_with("must be among Account, Opportunity, Contact, Lead, Campaign, Case"));
    assert!(wrong("sync_custom_objects: true").starts_with("`custom_objects_to_sync` is missing"));
    assert!(wrong("sync_custom_objects: true, custom_objects_to_sync: 'Foo FROM'").contains("no API name"));
    assert!(wrong("standard_objects_to_sync: ''").ends_with("there is nothing to sync"));
    assert_eq!(connector("compatibility: elastic, standard_objects_to_sync: 'Account, Quote'").selection.standard, only(&["Account"]));
}

#[test]
fn an_org_is_reached_by_its_domain_unless_an_address_is_given() {
    assert!(
        problems("domain: login.salesforce.com, client_id: c, client_secret: s", "")
            .concat()
            .contains("is `login.salesforce.com`, must be the My Domain name")
    );
    let plan =
        with(FULL, "", "salesforce: {base_url: 'http://127.0.0.1:8266/', api_version: 61, page_size: 200}").unwrap().connectors.remove(0);
    assert_eq!((plan.shape.base_url.as_str(), plan.salesforce.base_url.as_str()), ("http://127.0.0.1:8266", "http://127.0.0.1:8266"));
    assert_eq!((plan.salesforce.api_version.as_str(), plan.salesforce.page_size), ("61.0", 200));
}

#[test]
fn a_sign_in_is_either_by_secret_or_by_key() {
    let key = "'-----BEGIN PRIVATE KEY----- QUJD -----END PRIVATE KEY-----'";
    let plan =
        with(&format!("domain: acme, client_id: c, username: u@x, audience: 'https://test.salesforce.com', private_key: {key}"), "", "");
    let Auth::JwtBearer { client_id, username, private_key, audience } = plan.unwrap().connectors.remove(0).salesforce.auth else {
        panic!("another sign-in");
    };
    assert_eq!((client_id.as_str(), username.as_str(), audience.as_deref()), ("c", "u@x", Some("https://test.salesforce.com")));
    assert_eq!(private_key.reveal(), "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n");
    assert!(wrong(&format!("private_key: {key}")).starts_with("`private_key` is given together with `client_secret`"));
    assert!(wrong("username: u").starts_with("`username` counts only with `private_key`"));
    assert!(problems(&format!("domain: acme, client_id: c, private_key: {key}"), "").concat().starts_with("`username` is missing"));
    assert!(
        problems("domain: acme, client_id: c, username: u, private_key: /nowhere.pem", "")
            .concat()
            .contains("leads to no file that can be read")
    );
    assert!(wrong("client_secret: x").ends_with("a key is given twice in one group"));
}

#[test]
fn documents_say_who_may_read_them_by_permissions_or_as_the_reference_does() {
    let access = |text: &str| connector(text).access;
    assert_eq!(access(""), None);
    assert_eq!(access("use_document_level_security: true"), Some(Mode::Tokens));
    assert_eq!(access("use_document_level_security: true, compatibility: elastic"), Some(Mode::UserLists));
    assert_eq!(access("compatibility: elastic"), None);
    let old = |version: u32| with(&format!("{FULL}, use_document_level_security: true"), "", &format!("salesforce.api_version: {version}"));
    assert!(old(55).is_ok() && old(54).unwrap_err().to_string().contains("needs `salesforce.api_version` 55 or later"));
}

#[test]
fn text_comes_from_the_service_of_the_section_if_the_connector_wants_it() {
    let planned =
        |section: &str| with(&format!("{FULL}, use_text_extraction_service: true"), "", &format!("extraction_service: {section}"));
    let plan = planned("{host: 'http://extract:8090/'}").unwrap();
    let expected = super::ExtractionPlan {
        host: "http://extract:8090".into(),
        timeout: std::time::Duration::from_secs(30),
        chunk: 65536,
        shared: None,
    };
    assert_eq!((plan.connectors[0].text, plan.files.service), (TextPlan::Service, Some(expected)));
    let pointed =
        planned("{host: 'http://e', use_file_pointers: true, stream_chunk_size: 4096, timeout: 5}").unwrap().files.service.unwrap();
    assert_eq!((pointed.shared, pointed.chunk), (Some("/app/files".into()), 4096));
    assert_eq!(planned("{timeout: 5}").unwrap().files.service, None);
    let wrong = planned("{host: 'http://user:marker@e'}").unwrap_err().to_string();
    assert!(wrong.starts_with("`extraction_service.host` must be an address") && !wrong.contains("marker"), "{wrong}");
}

#[test]
fn text_of_files_is_made_by_whoever_is_named_or_else_by_whoever_can() {
    let text = |configuration: &str, beside: &str, kind: &str| {
        let text = format!(
            "index.kind: {kind}\nconnectors: [{{connector_id: a, index_name: i, configuration: {{{FULL}, {configuration}}}{beside}}}]"
        );
        let plan = Plan::try_from(Settings::parse(&text, &Environment::default()).unwrap()).map_err(|mistakes| mistakes.to_string());
        plan.map(|plan| plan.connectors[0].text)
    };
    let none = ", pipeline: {name: _none}";
    for (configuration, beside, kind, expected) in [
        ("", "", "elasticsearch", TextPlan::Pipeline),
        ("", none, "elasticsearch", TextPlan::Builtin),
        ("", "", "opensearch", TextPlan::Builtin),
        ("", "", "embedded", TextPlan::Builtin),
        ("compatibility: elastic", "", "embedded", TextPlan::Pipeline),
        ("use_text_extraction_service: true", "", "embedded", TextPlan::Service),
        ("text_extraction: builtin", "", "elasticsearch", TextPlan::Builtin),
        ("text_extraction: pipeline", none, "opensearch", TextPlan::Pipeline),
        ("text_extraction: service", "", "embedded", TextPlan::Service),
        ("text_extraction: service, use_text_extraction_service: true", "", "embedded", TextPlan::Service),
        ("text_extraction: builtin, use_text_extraction_service: false", "", "embedded", TextPlan::Builtin),
    ] {
        assert_eq!(text(configuration, beside, kind), Ok(expected), "{configuration} {beside} {kind}");
    }
    let both = text("text_extraction: builtin, use_text_extraction_service: true", "", "embedded").unwrap_err();
    assert!(both.contains("text_extraction` is `builtin`, but `use_text_extraction_service` is `true`"), "{both}");
}

#[test]
fn content_is_kept_beside_an_embedded_index_and_elsewhere_only_where_it_is_said() {
    let cache = |more: &str| with(FULL, "", more).unwrap().files.cache.map(|cache| (cache.path.display().to_string(), cache.size));
    let gib = 1 << 30;
    assert_eq!(cache("index.path: /x"), Some(("/x/content.db".into(), gib)));
    assert_eq!(cache("content_cache: {path: /y/z, size: 5MiB}"), Some(("/y/z".into(), 5 << 20)));
    assert_eq!(cache("content_cache: {path: /x, size: 0}"), Some(("/x".into(), 0)));
    for section in ["builtin_extraction: {timeout: 300}", "extraction_service: {host: 'http://e', timeout: 300}"] {
        assert!(with(FULL, "", section).unwrap_err().to_string().contains("must be shorter than `run.stall_after`"), "{section}");
    }
    let cluster = format!("index.kind: opensearch\nconnectors: [{{connector_id: a, index_name: i, configuration: {{{FULL}}}}}]");
    let plan = |text: &str| Plan::try_from(Settings::parse(text, &Environment::default()).unwrap()).unwrap();
    assert_eq!(plan(&cluster).files.cache, None);
    assert_eq!(plan(&format!("{cluster}\ncontent_cache.path: /z")).files.cache, Some(CachePlan { path: "/z".into(), size: gib }));
}

#[test]
fn objects_that_are_files_are_chosen_by_name() {
    let files = |names: &str| connector(&format!("file_objects_to_sync: '{names}'")).selection.files;
    assert_eq!(connector("").selection.files, []);
    assert_eq!(files("staticresource, Attachment, attachment"), [Blob::Attachment, Blob::StaticResource]);
    assert_eq!(files("*"), Blob::OBJECTS);
    assert_eq!(connector("standard_objects_to_sync: '', file_objects_to_sync: Document").selection.standard, only(&[]));
    let problem = problems(&format!("{FULL}, file_objects_to_sync: Note"), "").concat();
    assert!(problem.contains("names `Note`, must be among Attachment, Document, StaticResource"), "{problem}");
}

#[test]
fn sync_rules_are_read_with_the_file_and_told_by_their_key() {
    let rules = |rules: &str| problems(FULL, &format!(", sync_rules: {rules}")).concat();
    let rule = "{id: r, policy: exclude, field: Name, rule: regex, value: '(', order: 1}";
    assert!(rules(&format!("{{basic: [{rule}]}}")).contains("`sync_rules.basic` cannot be applied: rule 1 (r)"));
    assert!(rules("{advanced: {value: [{query: 'SELECT COUNT() FROM Lead', language: SOQL}]}}").contains("rule 1"));
    assert!(rules("{basic: none}").ends_with("must be a list of rules"));
    let right = ", sync_rules: {basic: [{id: DEFAULT, policy: include, field: _, rule: regex, value: '.*', order: 0}], \
                 advanced: [{query: SELECT Id FROM Lead, language: SOQL}]}";
    let plan = with(FULL, right, "").unwrap();
    assert_eq!((plan.connectors[0].rules.basic.len(), plan.connectors[0].rules.advanced.len()), (1, 1));
    assert!(with(FULL, ", sync_rules: {advanced: {}}", "").is_ok());
}

#[test]
fn compatibility_restores_the_reference_s_documents() {
    let plan = connector("compatibility: Elastic");
    assert!(plan.compat && plan.shape.as_reference);
    assert!(wrong("compatibility: yes").contains("must be `elastic`"));
}

#[test]
fn limits_of_nested_entities_are_numbers_or_unlimited() {
    assert_eq!(connector("nested_entity_limit: unlimited").shape.limit, NestedLimit::Unlimited);
    assert_eq!(connector("nested_entity_limit: {value: '20'}").shape.limit, NestedLimit::At(20));
    assert!(wrong("nested_entity_limit: 0").ends_with("is `0`, must be `unlimited` or a whole number from 1 to 1000000"));
}

#[test]
fn ids_are_there_once_and_index_names_hold_the_rules() {
    let entry = |id: &str, index: &str| format!("{{connector_id: {id}, index_name: '{index}', configuration: {{{FULL}}}}}");
    let plan = |entries: &[String]| {
        let text = format!("index: {{kind: embedded}}\nconnectors: [{}]", entries.join(", "));
        Plan::try_from(Settings::parse(&text, &Environment::default()).unwrap())
    };
    let twice = plan(&[entry("7", "i"), entry("7", "i")]).unwrap_err().to_string();
    assert_eq!(
        twice,
        "`connectors[1].connector_id` is `7`, which another connector has already\n\
         `connectors[1].index_name` is `i`, which another connector has already: each would delete the other's documents"
    );
    for name in ["Upper", "a b", "a/b", "-a", "_a", ".a", "a*", &"x".repeat(256)] {
        assert!(plan(&[entry("a", name)]).unwrap_err().to_string().contains("must be lower case"), "{name}");
    }
    assert!(plan(&[entry("a", "search-salesforce.v1_ä")]).is_ok());
}

#[test]
fn the_fingerprint_changes_with_the_documents_and_with_nothing_else() {
    let base = fingerprint(&connector(""));
    assert_eq!(base.len(), 16);
    for same in [
        "client_secret: s",
        "standard_objects_to_sync: 'Case, Lead, Account, Contact, Campaign, Opportunity'",
        "custom_objects_to_sync: Foo",
    ] {
        let text = if same.starts_with("client") { String::new() } else { same.to_owned() };
        assert_eq!(fingerprint(&connector(&text)), base, "{same}");
    }
    let other_secret = with(
        "domain: acme, client_id: d, client_secret: t",
        "",
        "actors.acl_builder.mailbox: 1\nsalesforce: {page_size: 200, timeout: 1s}",
    );
    assert_eq!(fingerprint(&other_secret.unwrap().connectors[0]), base);
    let mut seen = std::collections::BTreeSet::from([base]);
    for other in [
        "standard_objects_to_sync: Case",
        "sync_custom_objects: true, custom_objects_to_sync: Case",
        "sync_custom_objects: true, custom_objects_to_sync: '*'",
        "nested_entity_limit: 501",
        "nested_entity_limit: unlimited",
        "compatibility: elastic",
        "use_text_extraction_service: true",
        "text_extraction: pipeline",
        "file_objects_to_sync: Attachment",
        "use_document_level_security: true",
        "use_document_level_security: true, compatibility: elastic",
    ] {
        assert!(seen.insert(fingerprint(&connector(other))), "{other}");
    }
    for (beside, more) in [
        (", pipeline: {run_ml_inference: false}", ""),
        (", pipeline: {reduce_whitespace: false}", ""),
        ("", "salesforce.api_version: 63"),
        ("", "salesforce.base_url: http://x"),
    ] {
        assert!(seen.insert(fingerprint(&with(FULL, beside, more).unwrap().connectors[0])), "{beside}{more}");
    }
    let custom = |names: &str| fingerprint(&connector(&format!("sync_custom_objects: true, custom_objects_to_sync: '{names}'")));
    assert_eq!(custom("Foo__c, Bar"), custom("bar__c,FOO,Foo"));
}

#[test]
fn a_fingerprint_is_the_same_in_every_build() {
    assert_eq!(fingerprint(&connector("")), "8ddda722b7724eec");
}
