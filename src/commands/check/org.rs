//! What jobs need of an org: a sign-in, the API in the version that is asked for, and objects that may be read.

use std::collections::BTreeMap;

use actors::access::look;
use actors::survey::survey;
use domain::access::AccessTable;
use domain::catalog::Planned;
use domain::{Fault, SF_NO_OBJECT, SF_REFUSED};
use ports::Source as _;

use super::{Report, TRIES, Verdict};
use crate::app;
use crate::plan::{Auth, ConnectorPlan};

/// What is asked of an org.
pub(super) const CHECKS: [&str; 3] = ["sign-in", "api", "objects"];
/// Share of the daily allowance, in percent, from which on it may not last for a job.
const NEARLY_SPENT: u64 = 80;
const READABLE: &str = "give the run-as user read access to it, or leave it as it is";

pub(super) async fn check(connector: &ConnectorPlan, report: &mut Report) {
    let subject = connector.id.as_str();
    let mut hasty = connector.clone();
    hasty.salesforce.retries.attempts = hasty.salesforce.retries.attempts.min(TRIES);
    let signed_in = match app::org(&hasty) {
        Ok((tokens, source)) => tokens.newer_than(0).await.map(|token| (source, token)),
        Err(fault) => Err(fault),
    };
    let (source, token) = match signed_in {
        Ok(signed_in) => signed_in,
        Err(fault) => {
            report.note(subject, "sign-in", Verdict::fault(&fault));
            return report.skip(subject, &CHECKS[1..], "there is no sign-in");
        }
    };
    let by = match connector.salesforce.auth {
        Auth::ClientCredentials { .. } => "client credentials",
        Auth::JwtBearer { .. } => "jwt bearer",
    };
    report.note(subject, "sign-in", Verdict::ok(format!("by {by}, at {}", token.instance_url)));
    if let Err(fault) = source.global().await {
        report.note(subject, "api", refused(&fault));
        return report.skip(subject, &CHECKS[2..], "the api cannot be used");
    }
    report.note(subject, "api", api(&connector.salesforce.api_version, source.api_usage()));
    let planned = match app::rules(connector) {
        Ok(rules) => survey(&source, &connector.selection, &rules.advanced).await,
        Err(fault) => Err(fault),
    };
    for verdict in objects(planned) {
        report.note(subject, "objects", verdict);
    }
    if connector.access.is_some() {
        report.note(subject, "access", access(look(&source).await));
    }
}

/// Whether the tables can be read that say who may read what.
fn access(looked: Result<Vec<AccessTable>, Fault>) -> Verdict {
    match looked {
        Ok(absent) if absent.is_empty() => Verdict::ok("who may read what can be read"),
        Ok(absent) => {
            let names: Vec<_> = absent.iter().map(|table| table.object()).collect();
            Verdict::ok(format!("who may read what can be read; nothing is granted by what is not there: {}", names.join(", ")))
        }
        Err(fault) => Verdict::fault(&fault),
    }
}

/// The list of objects could not be read. Every org has one, so that a version that it does not serve is the likeliest cause of a refusal.
fn refused(fault: &Fault) -> Verdict {
    let verdict = Verdict::fault(fault);
    if [&SF_NO_OBJECT, &SF_REFUSED].contains(&fault.code) {
        return Verdict { next: Some("set `salesforce.api_version` to a version that the org serves".to_owned()), ..verdict };
    }
    verdict
}

fn api(version: &str, usage: Option<(u64, u64)>) -> Verdict {
    let Some((used, allowed)) = usage else { return Verdict::ok(format!("version {version}")) };
    let detail = format!("version {version}; {used} of {allowed} calls of the last 24 hours are used");
    if used.saturating_mul(100) >= allowed.saturating_mul(NEARLY_SPENT) {
        return Verdict::warn(detail, "run the first job when the allowance has rolled over; it may need many calls");
    }
    Verdict::ok(detail)
}

/// What is read, and a warning for all that is not.
fn objects(surveyed: Result<Planned, Fault>) -> Vec<Verdict> {
    let planned = match surveyed {
        Ok(planned) => planned,
        Err(fault) => return vec![Verdict::fault(&fault)],
    };
    let fields = |count: usize| if count == 1 { "1 field".to_owned() } else { format!("{count} fields") };
    let all: Vec<_> = planned.objects.iter().map(|object| format!("{} ({})", object.name, fields(object.fields.len()))).collect();
    let mut verdicts = vec![if all.is_empty() {
        Verdict::warn("none: nothing is synced", "name objects in `standard_objects_to_sync` or `custom_objects_to_sync`")
    } else {
        Verdict::ok(format!("{} synced: {}", all.len(), all.join(", ")))
    }];
    let mut skipped = BTreeMap::<&str, Vec<&str>>::new();
    for (object, reason) in &planned.skipped {
        skipped.entry(reason).or_default().push(object);
    }
    verdicts.extend(skipped.iter().map(|(reason, objects)| Verdict::warn(format!("left out: {}: {reason}", objects.join(", ")), READABLE)));
    let blank = |(object, keys): &(String, String)| {
        Verdict::warn(format!("documents lack {keys}: the run-as user may not query {object}"), READABLE)
    };
    verdicts.extend(planned.blank.iter().map(blank));
    verdicts
}

#[cfg(test)]
mod tests {
    use domain::SF_FORBIDDEN;
    use domain::catalog::ObjectPlan;

    use super::super::Outcome;
    use super::*;

    #[test]
    fn what_is_read_is_one_line_and_what_is_not_has_its_own() {
        let object = |name: &str, fields: &[&str]| ObjectPlan {
            name: name.to_owned(),
            key_prefix: None,
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            children: Vec::new(),
            lookups: Vec::new(),
            rule: None,
            blob: None,
            filter: None,
        };
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        let planned = Planned {
            objects: vec![object("Account", &["Id", "Name"]), object("A__c", &["Id"])],
            skipped: vec![pair("Lead", "it may not be queried"), pair("Case", "it may not be queried")],
            blank: vec![pair("User", "Owner")],
            ..Planned::default()
        };
        let verdicts = objects(Ok(planned));
        let lines: Vec<_> = verdicts.iter().map(|verdict| (verdict.outcome, verdict.detail.as_str())).collect();
        let expected = [
            (Outcome::Ok, "2 synced: Account (2 fields), A__c (1 field)"),
            (Outcome::Warn, "left out: Lead, Case: it may not be queried"),
            (Outcome::Warn, "documents lack Owner: the run-as user may not query User"),
        ];
        assert_eq!(lines, expected);
        assert_eq!(objects(Ok(Planned::default()))[0].outcome, Outcome::Warn);
    }

    #[test]
    fn tables_that_an_org_need_not_have_are_named_and_no_failure() {
        assert_eq!(access(Ok(vec![])), Verdict::ok("who may read what can be read"));
        let absent = access(Ok(vec![AccessTable::CollaborationGroup]));
        assert!(absent.outcome == Outcome::Ok && absent.detail.ends_with("is not there: CollaborationGroup"), "{absent:?}");
        assert_eq!(access(Err(Fault::new(&SF_FORBIDDEN, "x"))).outcome, Outcome::Fail);
    }

    #[test]
    fn an_allowance_that_is_nearly_spent_is_warned_about() {
        assert_eq!(api("64.0", Some((79, 100))).outcome, Outcome::Ok);
        assert_eq!(api("64.0", Some((80, 100))).outcome, Outcome::Warn);
        assert_eq!(api("64.0", None), Verdict::ok("version 64.0"));
    }

    #[test]
    fn a_list_of_objects_that_does_not_exist_is_about_the_version() {
        assert!(refused(&Fault::new(&SF_NO_OBJECT, "x")).next.is_some_and(|next| next.contains("salesforce.api_version")));
        assert_eq!(refused(&Fault::new(&SF_FORBIDDEN, "x")).next.as_deref(), Some(SF_FORBIDDEN.next));
    }
}
