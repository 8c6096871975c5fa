//! `sluice check`: asks the index and the orgs beforehand whether jobs would work.
//!
//! Every check is made, whatever came of the others; one that has nothing left to ask says why. Nothing is written anywhere.

mod cluster;
mod embedded;
mod org;
mod print;
mod text;

use std::path::Path;
use std::process::ExitCode;

use domain::{Code, ConnectorId, Fault};

use super::Failure;
use crate::cli::{CheckArgs, EXIT_FAILED, Format};
use crate::plan::{ConnectorPlan, IndexPlan, ManagedPlan, Plan};
use crate::settings::{Environment, Settings};

/// Tries of one request: enough for a hiccup, and few enough that somebody waits for the end.
const TRIES: u32 = 2;

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    /// Whose: a connector's id, or what all share.
    subject: String,
    /// What was looked at.
    what: &'static str,
    /// How it is.
    verdict: Verdict,
}

/// How something is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    outcome: Outcome,
    /// One line.
    detail: String,
    /// The row in the table of failures.
    code: Option<&'static Code>,
    /// What a person can do about it.
    next: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// A job finds what it needs.
    Ok,
    /// A job would work, and somebody should have a look.
    Warn,
    /// A job would fail.
    Fail,
    /// It could not be looked at.
    Skipped,
}

impl Verdict {
    fn new(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { outcome, detail: detail.into(), code: None, next: None }
    }

    fn ok(detail: impl Into<String>) -> Self {
        Self::new(Outcome::Ok, detail)
    }

    fn warn(detail: impl Into<String>, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..Self::new(Outcome::Warn, detail) }
    }

    fn fail(detail: impl Into<String>, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..Self::new(Outcome::Fail, detail) }
    }

    fn skipped(reason: &str) -> Self {
        Self::new(Outcome::Skipped, format!("not checked: {reason}"))
    }

    /// A job would meet the same fault.
    fn fault(fault: &Fault) -> Self {
        Self { code: Some(fault.code), ..Self::fail(fault.message.as_str(), fault.code.next) }
    }
}

/// All that was found, in the order of asking.
#[derive(Debug, Default)]
struct Report(Vec<Finding>);

impl Report {
    fn note(&mut self, subject: &str, what: &'static str, verdict: Verdict) {
        self.0.push(Finding { subject: subject.to_owned(), what, verdict });
    }

    fn skip(&mut self, subject: &str, whats: &[&'static str], reason: &str) {
        for what in whats {
            self.note(subject, what, Verdict::skipped(reason));
        }
    }

    fn fails(&self) -> bool {
        self.0.iter().any(|finding| finding.verdict.outcome == Outcome::Fail)
    }
}

/// The connectors that are looked at.
#[derive(Debug)]
struct Chosen<'a> {
    connectors: Vec<&'a ConnectorPlan>,
    managed: Vec<ManagedPlan>,
}

impl<'a> Chosen<'a> {
    /// All of them, or the one with this id.
    fn of(plan: &'a Plan, id: Option<&str>) -> Result<Self, Failure> {
        let is_chosen = |other: &ConnectorId| id.is_none_or(|id| other.as_str() == id);
        let connectors: Vec<_> = plan.connectors.iter().filter(|connector| is_chosen(&connector.id)).collect();
        let mut managed: Vec<_> = plan.service.managed.iter().filter(|managed| is_chosen(&managed.id)).cloned().collect();
        if let Some(id) = id.filter(|_| connectors.is_empty() && managed.is_empty()) {
            if plan.service.service_types.is_empty() || matches!(plan.index, IndexPlan::Embedded { .. }) {
                return Err(unknown(plan, id));
            }
            // The service serves whatever the cluster has of these kinds.
            managed.push(ManagedPlan { id: ConnectorId::new(id), api_key: None });
        }
        Ok(Self { connectors, managed })
    }
}

fn unknown(plan: &Plan, id: &str) -> Failure {
    let defined = plan.connectors.iter().map(|connector| &connector.id);
    let all: Vec<_> = defined.chain(plan.service.managed.iter().map(|managed| &managed.id)).map(|id| format!("`{id}`")).collect();
    let there = if all.is_empty() { "there is none".to_owned() } else { format!("there are: {}", all.join(", ")) };
    Failure::Usage(format!("there is no connector `{id}` in the configuration; {there}"))
}

pub(super) fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let settings = Settings::load(&args.config, &Environment::of_process())?;
    let ignored = settings.ignored().to_vec();
    let plan = Plan::try_from(settings)?;
    let chosen = Chosen::of(&plan, args.connector.as_deref())?;
    let mut report = Report::default();
    report.note("configuration", "settings", loaded(&args.config, &plan));
    for name in ignored {
        let verdict = Verdict::warn(format!("`{name}` is not known and is ignored"), "remove it, or mend its name");
        report.note("configuration", "settings", verdict);
    }
    actix_rt::System::new().block_on(async {
        match &plan.index {
            IndexPlan::Embedded { path } => {
                report.note("embedded index", "directory", embedded::directory(path));
                for connector in &chosen.connectors {
                    org::check(connector, &mut report).await;
                    text::check(&plan, connector, &mut report).await;
                }
            }
            IndexPlan::Cluster(cluster) => cluster::check(&plan, cluster, &chosen, &mut report).await,
        }
    });
    match args.output {
        Format::Text => print::text(&report)?,
        Format::Json => print::json(&report)?,
    }
    Ok(if report.fails() { ExitCode::from(EXIT_FAILED) } else { ExitCode::SUCCESS })
}

fn loaded(path: &Path, plan: &Plan) -> Verdict {
    let (here, there) = (plan.connectors.len(), plan.service.managed.len());
    let in_cluster = if there == 0 { String::new() } else { format!(", and {there} that the cluster defines") };
    let plural = if here == 1 { "" } else { "s" };
    Verdict::ok(format!("{} defines {here} connector{plural}{in_cluster}", path.display()))
}
