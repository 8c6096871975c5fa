//! Secrets stay secret: whatever is typed around them, nothing that can be printed has them.

use domain::Fault;

use super::*;

const MARKER: &str = "m4rk3rS3cr3t";

/// Shapes in which a secret may be typed, right and wrong ones.
const SHAPES: &[&str] = &[
    "M",
    "'M'",
    "${M}",
    "\"$M\"",
    "{value: M}",
    "{value: [M]}",
    "{value: M, label: M}",
    "[M]",
    "[{a: M}]",
    "{a: M}",
    "{M: 1}",
    "M: M",
    "'M",
    "*M",
    "&M",
    "|\n  M",
    "-----BEGIN PRIVATE KEY----- M",
    "-----BEGIN PRIVATE KEY----- M! -----END PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY----- M -----END PRIVATE KEY-----",
    "-----BEGIN M-----",
    "/nowhere/M.pem",
];

/// Everything around it, right and wrong ones; `S` is the secret, as typed.
const FILES: &[&str] = &[
    "{C, client_secret: S}}]",
    "{C, client_secret: S, private_key: S, username: u}}]",
    "{C, private_key: S, username: u}}]",
    "{C, private_key: S}}]",
    "{C, client_secret: x, api_key: S}}]",
    "{C, client_secret: x}, api_key: S}]",
    "{C, client_secret: x, nested_entity_limit: 0}, api_key: S}]\nelasticsearch: {password: S, api_key: S, headers: {Authorization: S}}\nrun: 5",
    "{C, client_secret: S, client_secret: S}}]",
    "{C, client_secret.value: S, client_secret: S}}]",
    "{C, client_secret: S, use_document_level_security: true}}]",
    "{client_secret: S}}]\nextraction_service: S",
];

fn everything_that_prints(text: &str) -> String {
    let environment = Environment::from_iter([("M", MARKER)]);
    let settings = match Settings::parse(text, &environment) {
        Ok(settings) => settings,
        Err(mistakes) => return format!("{mistakes} {mistakes:?} {} {environment:?}", Fault::from(mistakes.clone())),
    };
    let read = format!("{settings:?} {:?} {environment:?}", settings.ignored());
    match Plan::try_from(settings) {
        Ok(plan) => format!("{read} {plan} {plan:?} {plan:#?}"),
        Err(mistakes) => format!("{read} {mistakes} {mistakes:?} {:?}", Fault::from(mistakes.clone())),
    }
}

#[test]
fn no_secret_is_ever_printed() {
    let mut plans = 0;
    for file in FILES {
        for shape in SHAPES {
            let typed =
                shape.replace("${M}", "\u{1}").replace("$M", "\u{2}").replace('M', MARKER).replace('\u{1}', "${M}").replace('\u{2}', "$M");
            let configuration = file.replace('C', "domain: acme, client_id: c").replace('S', &typed);
            let text = format!("index: {{kind: embedded}}\nconnectors: [{{connector_id: a, index_name: i, configuration: {configuration}");
            let printed = everything_that_prints(&text);
            assert!(!printed.contains(MARKER), "{text}\nprints\n{printed}");
            plans += usize::from(printed.contains("fingerprint"));
        }
    }
    assert!(plans > 20, "only {plans} of the files were right");
}

#[test]
fn a_password_in_an_address_is_not_printed() {
    let base = "index: {kind: embedded}\nconnectors: [{connector_id: a, index_name: i, configuration: {client_id: c, client_secret: s, domain: D}}]\n";
    let address = format!("http://user:{MARKER}@host");
    for text in [base.replace("D", &format!("'{address}'")), format!("{}salesforce: {{base_url: '{address}'}}", base.replace('D', "acme"))]
    {
        let printed = everything_that_prints(&text);
        assert!(printed.contains("must be") && !printed.contains(MARKER), "{printed}");
    }
}

#[test]
fn consumer_keys_are_only_hinted_at() {
    let key = "3MVG9marker4c0nsum3rK3y";
    let text = format!(
        "index: {{kind: embedded}}\nconnectors: [{{connector_id: a, index_name: i, configuration: {{client_id: {key}, client_secret: s, domain: x}}}}]"
    );
    let printed = everything_that_prints(&text);
    assert!(printed.contains("3MVG9m...") && !printed.contains(key), "{printed}");
}
