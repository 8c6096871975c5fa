//! What is read from configuration files: spellings, unknown keys, the reference page, the example file.

use config::ValueKind;

use super::keys::{CONNECTOR, ROOT, Row};
use super::*;

fn env() -> Environment {
    Environment::from_iter([("SF_CLIENT_ID", "id-of-the-app"), ("SF_CLIENT_SECRET", "the-secret")])
}
fn parse(text: &str) -> Settings {
    Settings::parse(text, &env()).unwrap()
}
fn mistakes(text: &str) -> Vec<String> {
    parse(text).mistakes().0.iter().map(ToString::to_string).collect()
}

#[test]
fn dotted_nested_and_mixed_keys_are_the_same() {
    for text in [
        "salesforce:\n  page_size: 300\nactors:\n  bulk_writer:\n    mailbox: 5000",
        "salesforce.page_size: 300\nactors.bulk_writer.mailbox: 5000",
        "salesforce: {page_size: 300}\nactors.bulk_writer: {mailbox: 5000}",
        "salesforce: {page_size: 300}\nactors: {bulk_writer.mailbox: '5000'}",
    ] {
        let (settings, mut mistakes) = (parse(text), Mistakes::default());
        let mut root = settings.root(&mut mistakes);
        assert_eq!(
            (root.count(&PAGE_SIZE), root.count(&WRITER_MAILBOX), root.count(&BATCH_DOCS)),
            (Some(300), Some(5000), Some(1000)),
            "{text}"
        );
        assert!(mistakes.0.is_empty() && settings.mistakes().0.is_empty());
    }
}

#[test]
fn the_file_of_the_reference_connector_is_accepted() {
    let text = "\
## ======================== a comment with ${NOTHING} ====
#elasticsearch.host: http://localhost:9200
elasticsearch.host: http://localhost:9200
elasticsearch:
  api_key: abc
  bulk.max_concurrency: 3
  bulk:
    display_every: 100
    error_monitor: { enabled: true, max_error_rate: 0.15 }
  headers: { X-Some.Header: yes }
  a_key_of_a_later_version: 1
service.idling: 1
service:
  log_level: DEBUG
  service_types: [salesforce]
extraction_service:
  host: http://localhost:8090
sources:
  salesforce: connectors.sources.salesforce:SalesforceDataSource
connectors:
  - connector_id: 1234
    service_type: salesforce
    api_key: xyz
native_mode: true
";
    let settings = parse(text);
    assert_eq!(settings.mistakes().to_string(), "");
    assert_eq!((settings.connectors(), settings.ignored()), (1, ["native_mode".to_owned()].as_slice()));
    let mut mistakes = Mistakes::default();
    assert_eq!(settings.connector(0, &mut mistakes).and_then(|mut taker| taker.get(&CONNECTOR_ID)).as_deref(), Some("1234"));
}

#[test]
fn the_old_form_with_one_connector_counts_if_there_is_no_list() {
    assert_eq!(parse("connector_id: a\nservice_type: salesforce").connectors(), 1);
    assert_eq!(parse("connector_id: a\nconnectors: [{connector_id: b}, {connector_id: c}]").connectors(), 2);
}

#[test]
fn values_of_a_configuration_may_be_objects_of_the_protocol() {
    let plain = "connectors: [{configuration: {domain: acme, sync_custom_objects: true}}]";
    let protocol =
        "connectors: [{configuration: {domain: {value: acme, label: Domain, order: 1, options: []}, sync_custom_objects: {value: true}}}]";
    let dotted = "connectors: [{configuration.domain.value: acme, configuration.domain.label: Domain, configuration: {sync_custom_objects.value: true}}]";
    for text in [plain, protocol, dotted] {
        let (settings, mut mistakes) = (parse(text), Mistakes::default());
        let mut taker = settings.connector(0, &mut mistakes).unwrap();
        assert_eq!((taker.get(&DOMAIN).as_deref(), taker.get(&SYNC_CUSTOM)), (Some("acme"), Some(true)), "{text}");
        assert!(mistakes.0.is_empty() && settings.mistakes().0.is_empty(), "{}", settings.mistakes());
    }
}

#[test]
fn unknown_keys_of_ours_are_refused_with_the_nearest_known_one() {
    for (text, expected) in [
        ("actors: {bulk_writer: {mailbx: 5}}", "`actors.bulk_writer.mailbx` is not known; did you mean `mailbox`?"),
        ("actors.bulkwriter: {mailbox: 5, linger: 1s}", "`actors.bulkwriter` is not known; did you mean `bulk_writer`?"),
        ("actor: {bulk_writer: {mailbox: 5}}", "`actor` is not known; did you mean `actors`?"),
        ("saleforce.page_size: 5", "`saleforce` is not known; did you mean `salesforce`?"),
        ("run: {page_size: 5}", "`run.page_size` is not known here; did you mean `salesforce.page_size`?"),
        ("page_size: 5", "`page_size` is not known here; did you mean `salesforce.page_size`?"),
        ("index: {shards: 5}", "`index.shards` is not known; known here: `kind`, `path`, `state`, `field_budget`, `adaptive`, `compress`"),
        ("index.kind.name: x", "`index.kind` takes a value, not a group of keys"),
        ("index: {kind: {name: x}}", "`index.kind` is a group of keys, must be `elasticsearch`, `opensearch` or `embedded`"),
        (
            "actors: 5",
            "`actors` is `5`, must be a group of keys: `object_fetcher`, `entity_joiner`, `acl_builder`, `content_extractor`, `bulk_writer`",
        ),
        ("connectors: [{conector_id: x}]", "`connectors[0].conector_id` is not known; did you mean `connector_id`?"),
        (
            "connectors: [{}, {configuration: {client_secrt: x}}]",
            "`connectors[1].configuration.client_secrt` is not known; did you mean `client_secret`?",
        ),
        (
            "connectors: [{configuration: {client_secrt: {value: x}}}]",
            "`connectors[0].configuration.client_secrt` is not known; did you mean `client_secret`?",
        ),
        ("connectors: [{domain: acme}]", "`connectors[0].domain` is not known here; did you mean `configuration.domain`?"),
        ("connectors: {connector_id: x}", "`connectors` is a group of keys, must be a list; start each connector with `-`"),
        ("connectors: [sf]", "`connectors[0]` is `sf`, must be a group of keys"),
        ("run.budget: 1GiB\nrun: {budget: 2GiB}", "`run.budget` is given twice; keep one of the two"),
    ] {
        let (settings, mut found) = (parse(text), Vec::new());
        let mut taken = Mistakes::default();
        settings.root(&mut taken).get(&INDEX_KIND);
        found.extend(mistakes(text).into_iter().chain(taken.0.iter().map(ToString::to_string)));
        assert_eq!(found, [expected], "{text}");
    }
}

#[test]
fn empty_groups_and_empty_values_are_as_if_they_were_not_there() {
    let settings = parse("run:\nactors: {}\nsalesforce: {base_url: null, ca_file: '', api_version: ~}\nconnectors:\n");
    let mut mistakes = settings.mistakes();
    let mut root = settings.root(&mut mistakes);
    assert!(!root.given(&BASE_URL) && !root.given(&CA_FILE));
    assert_eq!(root.get(&API_VERSION).as_deref(), Some("64.0"));
    assert_eq!(parse("\u{feff}connectors: [{}]").connectors(), 1);
    assert!(mistakes.0.is_empty() && parse("").connectors() == 0 && parse("# nothing\n").connectors() == 0);
}

#[test]
fn an_emulator_wins_over_the_address_in_the_file() {
    let emulator = Environment::from_iter([("RUNNING_FTEST", "True"), ("SALESFORCE_EMULATOR_HOST", "http://localhost:10338")]);
    let settings = Settings::parse("salesforce: {base_url: 'https://other'}", &emulator).unwrap();
    assert_eq!(settings.root(&mut Mistakes::default()).get(&BASE_URL).as_deref(), Some("http://localhost:10338"));
}

#[test]
fn what_is_not_yaml_is_said_with_its_place_and_without_its_content() {
    for (text, place) in [
        ("a: 1\nb: [marker\n", "line "),
        ("a: marker: marker", "line 1"),
        ("a: 1\nmarker1: 1\nmarker1: 2", "line 3"),
        ("marker", "one YAML document"),
        ("[marker]", "one YAML document"),
        ("a: 1\n---\nb: 2", "one YAML document"),
        ("? [marker]\n: 1", "one YAML document"),
        ("a: .inf", "finite numbers"),
    ] {
        let problem = Settings::parse(text, &env()).unwrap_err().to_string();
        assert!(problem.contains(place) && !problem.contains("marker") && !problem.contains('\n'), "{text:?}: {problem}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let problem = Settings::load(Path::new("/nowhere/config.yml"), &env()).unwrap_err().to_string();
    assert_eq!(problem, "/nowhere/config.yml cannot be read: no such file or directory; give the path of a configuration file with `-c`");
}

/// Rows of a table that a level of the example file must show, with what it shows.
fn compare(level: &Entries, rows: &[&dyn Row], differ: &[&str]) {
    for row in rows {
        let typed = level.get(row.path());
        match (typed, row.default().map(ValueKind::from)) {
            _ if differ.contains(&row.path()) => assert!(typed.is_some(), "{}: is not shown", row.path()),
            (None, Some(default)) => assert!(row.same(&default, &ValueKind::from("")), "{}: is not shown", row.path()),
            (Some(typed), Some(default)) => assert!(row.same(typed, &default), "{}: differs from its default", row.path()),
            (Some(_), None) => panic!("{}: has no default to show", row.path()),
            (None, None) => {}
        }
    }
}

#[test]
fn the_example_file_shows_every_key_with_its_default() {
    let text = include_str!("../../deploy/config.example.yml");
    let settings = parse(text);
    assert_eq!((settings.mistakes().to_string(), settings.ignored()), (String::new(), [].as_slice()));
    compare(&settings.root, ROOT.rows, &["index.kind"]);
    let needed = ["connector_id", "index_name", "configuration.domain", "configuration.client_id", "configuration.client_secret"];
    compare(&settings.connectors[0], CONNECTOR.rows, &needed);
    // Those without a default cannot be compared, but they must be mentioned.
    for row in ROOT.rows.iter().chain(CONNECTOR.rows) {
        let name = row.path().rsplit('.').next().unwrap_or_default();
        assert!(text.contains(&format!("{name}:")), "{}: is not mentioned", row.path());
    }
    assert!(crate::plan::Plan::try_from(settings).is_ok());
}

#[test]
fn the_reference_page_is_the_one_in_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/config.md");
    let page = reference_page();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "docs/reference/config.md is not up to date; write it with UPDATE_EXPECT=1");
    assert!(page.contains("| `actors.bulk_writer.mailbox` | a whole number from 1 to 1000000 | `2000` |"), "{page}");
}
