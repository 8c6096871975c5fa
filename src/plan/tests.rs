//! Plans as a whole: defaults, ranges, all mistakes at once, printing.

use super::*;

/// A configuration that is right, with `more` behind it.
fn right(more: &str) -> String {
    let connector = "connectors: [{connector_id: a, index_name: i, configuration: {domain: acme, client_id: c, client_secret: s}}]";
    format!("{connector}\nindex: {{kind: embedded}}\n{more}")
}
fn plan(text: &str) -> Result<Plan, Mistakes> {
    Plan::try_from(Settings::parse(text, &Environment::default())?)
}
fn mistakes(text: &str) -> Vec<String> {
    plan(text).err().map_or_else(Vec::new, |mistakes| mistakes.0.iter().map(ToString::to_string).collect())
}

#[test]
fn everything_has_its_default() {
    let plan = plan(&right("")).unwrap();
    assert_eq!(plan.index, IndexPlan::Embedded { path: "./data".into() });
    let knobs = |concurrency, mailbox| Knobs { concurrency, mailbox };
    let bulk_writer = WriterKnobs { knobs: knobs(5, 2000), batch_docs: 1000, batch_bytes: 5 << 20, linger: Duration::from_secs(1) };
    let tuning = TuningPlan {
        object_fetcher: knobs(4, 8),
        entity_joiner: knobs(8, 8),
        acl_builder: knobs(2, 8),
        content_extractor: knobs(12, 32),
        bulk_writer,
    };
    assert_eq!(plan.tuning, tuning);
    assert_eq!(bulk_writer.limits(), BatchLimits { ops: 1000, bytes: 5 << 20 });
    let run = RunPlan {
        budget: 64 << 20,
        file_budget: 48 << 20,
        drain_limit: Duration::from_secs(25),
        stall_after: Duration::from_secs(300),
        brake: domain::Brake::at(0.2),
        error_monitor: domain::monitor::ErrorLimits::default(),
        restart: RestartBudget::default(),
        lookup_cache: 100_000,
        max_document: 3 << 20,
        max_file: 10 << 20,
    };
    assert_eq!(plan.run, run);
    assert_eq!(plan.admin, "127.0.0.1:9464".parse().unwrap());
}

#[test]
fn what_is_typed_arrives() {
    let more = "
actors: {object_fetcher: {concurrency: 7}, bulk_writer: {mailbox: 50, batch_docs: 50, batch_bytes: 1MiB, linger: 250ms}}
run: {budget: 1GiB, file_budget: 64MiB, drain_limit: 1m30s, restarts: 0}
elasticsearch.bulk.max_text_document_size: 0
service: {max_file_download_size: 1048576}
admin.listen: '[::1]:80'";
    let plan = plan(&right(more)).unwrap();
    assert_eq!(plan.tuning.object_fetcher, Knobs { concurrency: 7, mailbox: 8 });
    let writer = plan.tuning.bulk_writer;
    assert_eq!((writer.knobs.mailbox, writer.batch_docs, writer.batch_bytes, writer.linger), (50, 50, 1 << 20, Duration::from_millis(250)));
    assert_eq!((plan.run.budget, plan.run.file_budget, plan.run.drain_limit), (1 << 30, 64 << 20, Duration::from_secs(90)));
    assert_eq!((plan.run.restart.restarts, plan.run.max_document, plan.run.max_file), (0, 0, 1 << 20));
    assert_eq!(plan.admin.to_string(), "[::1]:80");
}

#[test]
fn values_outside_of_their_range_are_refused_with_the_range() {
    for (text, expected) in [
        ("actors: {acl_builder: {concurrency: 0}}", "`actors.acl_builder.concurrency` is `0`, must be a whole number from 1 to 256"),
        ("actors: {acl_builder: {mailbox: -1}}", "`actors.acl_builder.mailbox` is `-1`, must be a whole number from 1 to 100000"),
        ("actors: {acl_builder: {mailbox: 1.5}}", "`actors.acl_builder.mailbox` is `1.5`, must be a whole number from 1 to 100000"),
        ("actors: {acl_builder: {mailbox: [1]}}", "`actors.acl_builder.mailbox` is a list, must be a whole number from 1 to 100000"),
        ("salesforce: {page_size: 2001}", "`salesforce.page_size` is `2001`, must be a whole number from 200 to 2000"),
        ("salesforce: {api_version: 30.0}", "`salesforce.api_version` is `30`, must be an API version from 31.0 to 99.0"),
        ("run: {drain_limit: 25}", "`run.drain_limit` is `25`, must be a duration with a unit from 1s to 1h"),
        ("run: {budget: 1KiB}", "`run.budget` is `1KiB`, must be a size from 8MiB to 1TiB"),
        ("run: {budget: lots}", "`run.budget` is `lots`, must be a size from 8MiB to 1TiB"),
        ("admin: {listen: localhost}", "`admin.listen` is `localhost`, must be an address with a port, such as `127.0.0.1:9464`"),
        (
            "elasticsearch: {bulk: {max_text_document_size: -1}}",
            "`elasticsearch.bulk.max_text_document_size` is `-1`, must be a size from 0B to 2GiB",
        ),
        ("salesforce: {ca_file: /nowhere.pem}", "`salesforce.ca_file` is `/nowhere.pem`, must be the path of a PEM file"),
    ] {
        assert_eq!(mistakes(&right(text)), [expected], "{text}");
    }
}

#[test]
fn knobs_that_contradict_each_other_are_refused() {
    let small = "actors: {bulk_writer: {mailbox: 999}}";
    assert_eq!(mistakes(&right(small)), ["`actors.bulk_writer.mailbox` is `999`, must be at least `batch_docs`, which is `1000`"]);
    let large = mistakes(&right("service.max_file_download_size: 30MiB"));
    let expected =
        "`run.file_budget` is `48MiB`, must be at least `70MiB` for one file of `service.max_file_download_size` with its base64 text";
    assert_eq!(large, [expected]);
}

#[test]
fn all_mistakes_are_reported_together() {
    let text = "
index: {kind: opensearch}
actors: {bulk_writer: {mailbx: 5, concurrency: 0}}
run: {budget: x, stall_after: 5}
admin: {listen: 1}
salesforce: {base_url: nowhere, page_size: 1}
connectors:
  - {service_type: jira, configuration: {nested_entity_limit: 0}}
  - {connector_id: b, index_name: UPPER, configuration: {client_id: c, client_secret: s, standard_objects_to_sync: Acount}}
";
    let paths: Vec<_> = plan(text).unwrap_err().0.into_iter().map(|mistake| mistake.path).collect();
    let expected = [
        "actors.bulk_writer.mailbx",
        "actors.bulk_writer.concurrency",
        "run.budget",
        "run.stall_after",
        "admin.listen",
        "salesforce.base_url",
        "salesforce.page_size",
        "connectors[0].service_type",
        "connectors[0].connector_id",
        "connectors[0].index_name",
        "connectors[0].configuration.client_id",
        "connectors[0].configuration.client_secret",
        "connectors[0].configuration.nested_entity_limit",
        "connectors[1].index_name",
        "connectors[1].configuration.standard_objects_to_sync",
    ];
    assert_eq!(paths, expected);
}

#[test]
fn an_index_that_nobody_names_is_a_cluster_as_in_the_reference() {
    for kind in ["index: {kind: elasticsearch}", "index: {kind: opensearch}", ""] {
        let planned = plan(&right("").replace("index: {kind: embedded}", kind)).unwrap();
        let IndexPlan::Cluster(cluster) = planned.index else { panic!("{kind}") };
        assert_eq!(cluster.hosts, ["http://localhost:9200"]);
    }
}

#[test]
fn a_connector_without_a_configuration_is_defined_in_the_cluster() {
    let cluster = "connectors: [{connector_id: 5, service_type: salesforce, api_key: marker}]";
    let planned = plan(cluster).unwrap();
    assert_eq!(planned.service.managed, [ManagedPlan { id: domain::ConnectorId::new("5"), api_key: Some(Secret::new("marker")) }]);
    assert!(planned.connectors.is_empty() && planned.service.asks_the_cluster());
    assert!(planned.connector(None).unwrap_err().to_string().contains("`sluice run` serves it"));
    let old_form = plan("connector_id: a\nservice_type: salesforce").unwrap();
    assert_eq!(old_form.service.managed.len(), 1);
    // The embedded index has no place for definitions.
    let embedded = mistakes(&format!("index: {{kind: embedded}}\n{cluster}")).concat();
    assert!(embedded.contains("`connectors[0].index_name` is missing"), "{embedded}");
}

#[test]
fn a_service_may_live_on_the_connectors_of_a_type_alone() {
    let planned = plan("service: {service_types: [salesforce]}").unwrap();
    assert_eq!(planned.service.service_types, ["salesforce"]);
    assert!(mistakes("service: {service_types: [jira]}").concat().contains("only `salesforce` is served"));
}

#[test]
fn a_definition_of_the_cluster_becomes_a_plan_by_the_same_rules() {
    let planned = plan("connectors: [{connector_id: a, api_key: marker}]").unwrap();
    let configuration = serde_json::json!({
        "domain": "acme", "client_id": "c", "client_secret": "s", "standard_objects_to_sync": "Account, Contact",
        "sync_custom_objects": false, "custom_objects_to_sync": "", "use_document_level_security": false, "of_kibana": 5,
    });
    let serde_json::Value::Object(configuration) = configuration else { panic!("an object") };
    let definition = Definition {
        connector: domain::ConnectorId::new("a"),
        index: domain::IndexName::new("search-a"),
        configuration,
        pipeline: serde_json::Map::from_iter([("name".to_owned(), "p".into()), ("reduce_whitespace".to_owned(), false.into())]),
        basic_rules: vec![],
        advanced_rules: vec![],
    };
    let defined = planned.define(&definition).unwrap();
    assert_eq!((defined.id.as_str(), defined.index.as_str(), defined.pipeline.as_deref()), ("a", "search-a", Some("p")));
    assert_eq!(defined.api_key, Some(Secret::new("marker")));
    assert!(!defined.shape.flags.reduce_whitespace && defined.shape.flags.extract_binary_content);
    let rules = Definition { basic_rules: vec![serde_json::json!({"id": "1", "policy": "exclude"})], ..definition.clone() };
    let wrong = planned.define(&rules).unwrap_err();
    assert!(
        wrong.to_string().starts_with("`sync_rules.basic` cannot be applied") && domain::Fault::from(wrong).code == &domain::SR_INVALID
    );
    let advanced =
        Definition { advanced_rules: vec![serde_json::json!({"query": "SELECT Id FROM Lead", "language": "SOQL"})], ..definition.clone() };
    assert_eq!(planned.define(&advanced).unwrap().rules.advanced, advanced.advanced_rules);
    let of_the_file =
        plan("connectors: [{connector_id: f, index_name: search-a, configuration: {domain: acme, client_id: c, client_secret: s}}]");
    let shared = of_the_file.unwrap().define(&definition).unwrap_err().to_string();
    assert!(shared.contains("`search-a`, which another connector has already"), "{shared}");
    let empty = Definition { configuration: serde_json::Map::new(), ..definition };
    assert!(planned.define(&empty).unwrap_err().to_string().contains("`configuration.domain` is missing"));
}

#[test]
fn schedules_are_read_where_they_are_on() {
    let scheduled = |section: &str| {
        let entry = format!(
            "{{connector_id: a, index_name: i, scheduling: {section}, configuration: {{domain: acme, client_id: c, client_secret: s}}}}"
        );
        plan(&format!("connectors: [{entry}]"))
    };
    let kinds: Vec<_> = scheduled("{full: {enabled: true}, incremental: {enabled: true, interval: '0 0/15 * * * ?'}}").unwrap().connectors
        [0]
    .schedules
    .iter()
    .map(|(kind, _)| *kind)
    .collect();
    assert_eq!(kinds, [JobType::Full, JobType::Incremental]);
    assert!(scheduled("{full: {enabled: false, interval: nonsense}}").unwrap().connectors[0].schedules.is_empty());
    let mistake = scheduled("{full: {enabled: true, interval: nonsense}}").unwrap_err().to_string();
    assert!(mistake.contains("`connectors[0].scheduling.full.interval` is `nonsense`"), "{mistake}");
    assert_eq!(scheduled("{access_control: {enabled: true}}").unwrap().connectors[0].schedules[0].0, JobType::AccessControl);
}

#[test]
fn the_index_alone_is_planned_whatever_else_is_wrong() {
    let settings = |text| Settings::parse(text, &Environment::default()).unwrap();
    let path = "/var/lib/sluice".into();
    assert_eq!(IndexPlan::of(&settings("index: {kind: embedded, path: /var/lib/sluice}\nrun: 5")), Ok(IndexPlan::Embedded { path }));
    assert!(IndexPlan::of(&settings("index: {kind: nothing}")).is_err());
}

#[test]
fn a_connector_is_chosen_by_its_id() {
    let one = plan(&right("")).unwrap();
    assert_eq!(one.connector(None).unwrap().id.as_str(), "a");
    let second = ", {connector_id: b, index_name: other, configuration: {domain: acme, client_id: c, client_secret: s}}]";
    let two = plan(&right("").replace("}}]", &format!("}}}}{second}"))).unwrap();
    assert_eq!(two.connector(Some("b")).unwrap().id.as_str(), "b");
    assert!(two.connector(None).unwrap_err().to_string().ends_with("choose one with `--connector`: `a`, `b`"));
    assert!(two.connector(Some("c")).unwrap_err().to_string().ends_with("there are: `a`, `b`"));
}

#[test]
fn a_file_without_connectors_is_refused() {
    for text in ["index: {kind: embedded}", "index: {kind: embedded}\nconnectors: []"] {
        assert!(mistakes(text).concat().starts_with("`connectors` names no connector"), "{text}");
    }
    assert_eq!(mistakes("index: {kind: embedded}\nconnectors: 5"), ["`connectors` is `5`, must be a list; start each connector with `-`"]);
}

#[test]
fn the_demo_syncs_everything_by_default() {
    let client_secret = Secret::new("marker");
    let demo = Demo {
        base_url: "http://127.0.0.1:9/".into(),
        data: "d".into(),
        client_id: "sluice-demo".into(),
        client_secret: client_secret.clone(),
    };
    let plan = Plan::for_demo(demo.clone()).unwrap();
    let connector = plan.connector(None).unwrap();
    assert_eq!(connector.salesforce.base_url, "http://127.0.0.1:9");
    assert_eq!(connector.salesforce.auth, Auth::ClientCredentials { client_id: "sluice-demo".into(), client_secret });
    assert_eq!(connector.selection, Selection { standard: domain::Names::All, custom: domain::Names::All, files: vec![] });
    assert_eq!(plan.index, IndexPlan::Embedded { path: "d".into() });
    assert!(Plan::for_demo(Demo { base_url: "nowhere".into(), ..demo }).is_err());
}

#[test]
fn the_printed_plan_is_a_configuration_with_the_same_meaning_but_for_secrets() {
    let printed = plan(&right("actors: {acl_builder: {mailbox: 77}}\nrun: {drain_limit: 90s}")).unwrap().to_string();
    for line in [
        "index: { kind: embedded, path: \"./data\" }",
        "  - connector_id: \"a\"",
        "      client_secret: \"***\"",
        "  acl_builder: { concurrency: 2, mailbox: 77 }",
        "  drain_limit: 1m30s",
        "  bulk_writer: { concurrency: 5, mailbox: 2000, batch_docs: 1000, batch_bytes: 5MiB, linger: 1s }",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line} is not in:\n{printed}");
    }
    // What the plan has per connector stands elsewhere in the file, so those lines are the only strangers.
    let settings = Settings::parse(&printed, &Environment::default()).unwrap();
    let strangers: Vec<_> = settings.mistakes().0.into_iter().map(|mistake| mistake.path).collect();
    assert_eq!(strangers, ["connectors[0].fingerprint", "connectors[0].salesforce"]);
}
