//! What jobs need of a cluster: the server itself, privileges, indices, pipelines, and connectors that are defined in it.

use adapters::elasticsearch::{Behind, Elastic, IndexFacts, Licence, Needs, PipelineFound, Privileges, Server, ServerKind, Unmapped};
use adapters::protocol::told;
use domain::access::access_index;
use domain::protocol::{Connector, ConnectorStatus, SERVICE_TYPE};
use domain::{ES_FORBIDDEN, ES_NO_PIPELINE, ES_SIGN_IN, Fault};
use ports::Definition;

use super::{Chosen, Outcome, Report, TRIES, Verdict, org, text};
use crate::app;
use crate::plan::{ClusterPlan, ConnectorPlan, ManagedPlan, Plan};

/// What all connectors share.
const SUBJECT: &str = "cluster";
/// What is asked of the cluster for a connector.
const OF_CONNECTOR: [&str; 3] = ["privileges", "index", "pipeline"];
const NO_CLUSTER: &str = "the cluster cannot be used";
/// Share of the limit, in percent, from which on a mapping that grows is worth a word.
const NEARLY_FULL: usize = 80;

pub(super) async fn check(plan: &Plan, cluster: &ClusterPlan, chosen: &Chosen<'_>, report: &mut Report) {
    let elastic = service(plan, cluster, chosen, report).await;
    let elastic = elastic.as_ref();
    for connector in &chosen.connectors {
        documents(elastic, connector, report).await;
        org::check(connector, report).await;
        text::check(plan, connector, report).await;
    }
    for managed in &chosen.managed {
        let subject = managed.id.as_str();
        let Some(elastic) = elastic else {
            report.skip(subject, &["definition"], NO_CLUSTER);
            continue;
        };
        if let Some(connector) = defined(elastic, plan, managed, report).await {
            documents(Some(elastic), &connector, report).await;
            org::check(&connector, report).await;
            text::check(plan, &connector, report).await;
        } else {
            report.skip(subject, &OF_CONNECTOR, "the connector cannot be used");
            report.skip(subject, &org::CHECKS, "the connector cannot be used");
        }
    }
    if !plan.service.service_types.is_empty() && chosen.managed.is_empty() {
        report.skip(SUBJECT, &["connectors"], "those that the cluster defines are looked at one at a time; choose one with `--connector`");
    }
}

/// What the service needs whatever its connectors are; the cluster, if it can be used.
async fn service(plan: &Plan, cluster: &ClusterPlan, chosen: &Chosen<'_>, report: &mut Report) -> Option<Elastic> {
    let hasty = ClusterPlan { attempts: cluster.attempts.min(TRIES), ..cluster.clone() };
    let elastic = match app::connect(&hasty).await {
        Ok(elastic) => elastic,
        Err(fault) => {
            report.note(SUBJECT, "server", Verdict::fault(&fault));
            report.skip(SUBJECT, &["licence", "privileges", "state index"], NO_CLUSTER);
            return None;
        }
    };
    report.note(SUBJECT, "server", server(elastic.server(), cluster));
    report.note(SUBJECT, "licence", licence(elastic.server().kind, elastic.licence().await));
    let mut needs = Needs::state(&cluster.state_index);
    if !chosen.managed.is_empty() || plan.service.asks_the_cluster() {
        needs = needs.and_protocol();
        if plan.service.connectors_api {
            needs = needs.and_connector_api();
        }
    }
    report.note(SUBJECT, "privileges", privileges(&elastic, &needs).await);
    let verdict = match elastic.behind(&cluster.state_index).await {
        // Jobs write there without looking first.
        Err(fault) if fault.code == &ES_FORBIDDEN => Verdict::skipped("this user may not look at it; no job has to"),
        behind => index(&cluster.state_index, &behind, "`index.state`"),
    };
    report.note(SUBJECT, "state index", verdict);
    Some(elastic)
}

/// What the documents of a connector need, by its own key if it has one.
async fn documents(elastic: Option<&Elastic>, connector: &ConnectorPlan, report: &mut Report) {
    let (subject, name) = (connector.id.as_str(), connector.index.as_str());
    let Some(elastic) = elastic else {
        return report.skip(subject, &OF_CONNECTOR, NO_CLUSTER);
    };
    let own = match connector.api_key.as_ref().map(|key| elastic.with_key(key)).transpose() {
        Ok(own) => own,
        Err(fault) => {
            report.note(subject, "privileges", Verdict::fault(&fault));
            return report.skip(subject, &OF_CONNECTOR[1..], "its `api_key` cannot be used");
        }
    };
    let is_own = own.is_some();
    let elastic = own.as_ref().unwrap_or(elastic);
    let behind = elastic.behind(name).await;
    let needs = if matches!(behind, Ok(Behind::Index(_))) { Needs::documents(name) } else { Needs::new_index(name) };
    let of_access = connector.access.map(|_| Needs::new_index(&access_index(name)));
    let needs = if let Some(of_access) = of_access { needs.and(of_access) } else { needs };
    let verdicts = [
        ("privileges", privileges(elastic, &needs).await),
        ("index", index(name, &behind, "`index_name`")),
        ("pipeline", pipeline(elastic, connector).await),
    ];
    for (what, verdict) in verdicts {
        let refused = is_own && verdict.code == Some(&ES_SIGN_IN);
        let next = if refused { Some("check the `api_key` of the connector".to_owned()) } else { verdict.next };
        report.note(subject, what, Verdict { next, ..verdict });
    }
}

/// The plan of a connector that is defined in the cluster, if it can be run.
async fn defined(elastic: &Elastic, plan: &Plan, managed: &ManagedPlan, report: &mut Report) -> Option<ConnectorPlan> {
    let subject = managed.id.as_str();
    let (verdict, definition) = match elastic.connector_document(&managed.id).await {
        Ok(Some(connector)) => definition(&connector),
        Ok(None) => {
            let next = "make it in Kibana or with the Connector API, or give it a `configuration` in the file";
            (Verdict::fail(format!("the cluster has no connector `{subject}`"), next), None)
        }
        Err(fault) => (Verdict::fault(&fault), None),
    };
    report.note(subject, "definition", verdict);
    match plan.define(&definition?) {
        Ok(connector) => Some(connector),
        Err(mistakes) => {
            let all: Vec<_> = mistakes.0.iter().map(ToString::to_string).collect();
            report.note(
                subject,
                "configuration",
                Verdict::fail(all.join("; "), "mend what is named in the configuration of the connector"),
            );
            None
        }
    }
}

fn server(server: &Server, cluster: &ClusterPlan) -> Verdict {
    let kind = match server.kind {
        ServerKind::Elasticsearch => "elasticsearch",
        ServerKind::OpenSearch => "opensearch",
    };
    Verdict::ok(format!("{kind} {} at {}", server.version, cluster.hosts.join(", ")))
}

/// No job of this version needs more than the basic one, so that nothing about it can fail.
fn licence(kind: ServerKind, answer: Result<Option<Licence>, Fault>) -> Verdict {
    match answer {
        Ok(Some(licence)) => {
            let shown = format!("{}, {}", licence.kind, licence.status);
            if licence.status != "active" {
                return Verdict::warn(shown, "renew it: without an active licence a cluster switches features off");
            }
            let covers = if licence.covers_document_security() { "covers" } else { "does not cover" };
            Verdict::ok(format!("{shown}; it {covers} document level security"))
        }
        Ok(None) if kind == ServerKind::OpenSearch => Verdict::ok("opensearch has none, and needs none for document level security"),
        Ok(None) => Verdict::ok("the server has none"),
        Err(fault) => Verdict { outcome: Outcome::Warn, ..Verdict::fault(&fault) },
    }
}

async fn privileges(elastic: &Elastic, needs: &Needs) -> Verdict {
    if elastic.server().kind == ServerKind::OpenSearch {
        return Verdict::skipped("opensearch cannot be asked; the first job will tell");
    }
    match elastic.privileges(needs).await {
        Ok(Privileges::Held) => Verdict::ok("all that are needed"),
        Ok(Privileges::SecurityOff) => Verdict::ok("security is off; everybody may do everything"),
        Ok(Privileges::Lacking(lacking)) => {
            let names = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let place = |index: &Option<String>| index.as_ref().map_or_else(|| "the cluster".to_owned(), |index| format!("`{index}`"));
            let all: Vec<_> = lacking.iter().map(|lack| format!("{} on {}", names(&lack.privileges), place(&lack.index))).collect();
            Verdict::fail(format!("missing: {}", all.join("; ")), "give them to a role of the user, or make an API key that has them")
        }
        Err(fault) => Verdict::fault(&fault),
    }
}

/// `key`: where the name comes from.
fn index(name: &str, behind: &Result<Behind, Fault>, key: &str) -> Verdict {
    match behind {
        Ok(Behind::Nothing) => Verdict::ok(format!("`{name}` is not there yet; the first job makes it")),
        Ok(Behind::Index(facts)) => usable(name, facts),
        Ok(Behind::Several(names)) => {
            Verdict::fail(format!("`{name}` stands for several indices: {}", names.join(", ")), format!("give the name of one in {key}"))
        }
        Ok(Behind::DataStream) => {
            Verdict::fail(format!("`{name}` is a data stream, whose documents cannot be replaced"), format!("name an index in {key}"))
        }
        Err(fault) => Verdict::fault(fault),
    }
}

fn usable(name: &str, IndexFacts { name: real, mapped, limit, unmapped }: &IndexFacts) -> Verdict {
    let stands = if real == name { String::new() } else { format!(" stands for `{real}`, which") };
    let detail = format!("`{name}`{stands} takes documents; {mapped} of {limit} fields are mapped");
    match unmapped {
        Unmapped::Refused => Verdict::warn(
            format!("{detail}, and documents with any other field are refused"),
            "set `dynamic` of its mapping to `false`, or map all fields that are synced",
        ),
        Unmapped::Added if mapped.saturating_mul(100) >= limit.saturating_mul(NEARLY_FULL) => Verdict::warn(
            format!("{detail}, new fields are added, and documents that go over the limit are refused"),
            "set `dynamic` of its mapping to `false`, or raise `index.mapping.total_fields.limit`",
        ),
        Unmapped::Kept | Unmapped::Added => Verdict::ok(detail),
    }
}

async fn pipeline(elastic: &Elastic, connector: &ConnectorPlan) -> Verdict {
    let Some(name) = &connector.pipeline else {
        if !connector.shape.flags.extract_binary_content {
            return Verdict::ok("none");
        }
        let next = "name a pipeline with an attachment processor in `pipeline.name` if searches are to find the text of files";
        return Verdict::warn("none: files are kept as they are, without their text", next);
    };
    match elastic.pipeline(name).await {
        Ok(PipelineFound::There) => Verdict::ok(format!("`{name}` is there")),
        Ok(PipelineFound::Missing) => Verdict::fault(&Fault::new(&ES_NO_PIPELINE, format!("there is no ingest pipeline `{name}`"))),
        Ok(PipelineFound::Hidden) => Verdict::skipped(&format!("this user may not look at `{name}`; the first job will tell")),
        Err(fault) => Verdict::fault(&fault),
    }
}

/// How a connector of the cluster stands, and what it syncs if it can.
fn definition(connector: &Connector) -> (Verdict, Option<Definition>) {
    if let Some(other) = connector.service_type().filter(|kind| *kind != SERVICE_TYPE) {
        return (Verdict::fail(format!("it is of the service type `{other}`"), "name a connector of the type `salesforce`"), None);
    }
    let status = connector.status();
    if status == ConnectorStatus::Waiting {
        return (Verdict::fail("its configuration is not filled in", "fill it in, in Kibana"), None);
    }
    let definition = match told(connector) {
        Ok(definition) => definition,
        Err(fault) => return (Verdict::fault(&fault), None),
    };
    let verdict = match connector.error().filter(|_| status == ConnectorStatus::Error) {
        Some(error) => Verdict::warn(format!("its last job or check failed: {error}"), "look at the other checks for the cause"),
        None => {
            let said = connector.field("status").as_str().unwrap_or("configured");
            Verdict::ok(format!("its status is `{said}`, its index `{}`", definition.index))
        }
    };
    (verdict, Some(definition))
}

#[cfg(test)]
mod tests {
    use domain::{ConnectorId, ES_INDEX_CLOSED};
    use serde_json::json;

    use super::*;

    fn facts(mapped: usize, unmapped: Unmapped) -> Result<Behind, Fault> {
        Ok(Behind::Index(IndexFacts { name: "i-1".into(), mapped, limit: 1000, unmapped }))
    }

    #[test]
    fn an_index_is_judged_by_what_it_does_with_documents() {
        for (behind, outcome, words) in [
            (Ok(Behind::Nothing), Outcome::Ok, "the first job makes it"),
            (Ok(Behind::Several(vec!["a".into(), "b".into()])), Outcome::Fail, "several indices: a, b"),
            (Ok(Behind::DataStream), Outcome::Fail, "data stream"),
            (Err(Fault::new(&ES_INDEX_CLOSED, "the index `i` is closed")), Outcome::Fail, "is closed"),
            (facts(999, Unmapped::Kept), Outcome::Ok, "`i` stands for `i-1`, which takes documents; 999 of 1000"),
            (facts(799, Unmapped::Added), Outcome::Ok, "799 of 1000"),
            (facts(800, Unmapped::Added), Outcome::Warn, "over the limit are refused"),
            (facts(1, Unmapped::Refused), Outcome::Warn, "any other field are refused"),
        ] {
            let verdict = index("i", &behind, "`index_name`");
            assert!(verdict.outcome == outcome && verdict.detail.contains(words), "{verdict:?}");
            assert_eq!(verdict.next.is_some(), outcome != Outcome::Ok, "{verdict:?}");
        }
    }

    #[test]
    fn a_licence_never_fails_and_is_told() {
        let licence = |kind: &str, status: &str| {
            licence(ServerKind::Elasticsearch, Ok(Some(Licence { kind: kind.to_owned(), status: status.to_owned() })))
        };
        assert!(licence("basic", "active").detail.contains("does not cover"));
        assert!(licence("trial", "active").detail.ends_with("it covers document level security"));
        assert_eq!(licence("platinum", "expired").outcome, Outcome::Warn);
    }

    #[test]
    fn a_connector_of_the_cluster_has_to_be_ours_and_filled_in() {
        let judged = |kind: &str, status: &str, error: Option<&str>, index: Option<&str>| {
            let value = |text: &str| json!({ "value": text });
            let configuration = json!({ "domain": value("acme"), "client_id": value("c"), "client_secret": value("s") });
            let source =
                json!({ "service_type": kind, "status": status, "error": error, "index_name": index, "configuration": configuration });
            let (verdict, usable) = definition(&Connector::new(ConnectorId::new("c"), source.as_object().unwrap().clone()));
            (verdict.outcome, usable.is_some())
        };
        assert_eq!(judged("salesforce", "connected", None, Some("i")), (Outcome::Ok, true));
        assert_eq!(judged("salesforce", "error", Some("x"), Some("i")), (Outcome::Warn, true));
        assert_eq!(judged("salesforce", "needs_configuration", None, Some("i")), (Outcome::Fail, false));
        assert_eq!(judged("salesforce", "configured", None, None), (Outcome::Fail, false));
        assert_eq!(judged("sharepoint", "connected", None, Some("i")), (Outcome::Fail, false));
    }
}
