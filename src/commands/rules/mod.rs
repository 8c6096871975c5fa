//! `sluice rules test`: says of a sample of records which sync rule decides and why, before a job does.
//!
//! The org is read as a job reads it, but for its first pages only. Nothing is written anywhere, and the index is not opened.

mod args;
mod print;
mod sample;

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::process::ExitCode;

use adapters::protocol::told;
use domain::ConnectorId;
use domain::protocol::SERVICE_TYPE;

pub use self::args::{RulesArgs, RulesCommand, RulesTestArgs};

use self::sample::Sample;
use super::{Failure, say};
use crate::app;
use crate::cli::Format;
use crate::plan::{ClusterPlan, ConnectorPlan, IndexPlan, Plan};
use crate::settings::{Environment, Settings};

/// Fewest rows per page that Salesforce takes.
const LEAST_PAGE: usize = 200;

pub(super) fn test(args: &RulesTestArgs) -> Result<ExitCode, Failure> {
    let plan = Plan::try_from(Settings::load(&args.config, &Environment::of_process())?)?;
    let choice = choose(&plan, args.connector.as_deref())?;
    actix_rt::System::new().block_on(async {
        let mut connector = match choice {
            Choice::OfFile(connector) => Cow::Borrowed(connector),
            Choice::OfCluster(cluster, id) => Cow::Owned(defined(&plan, cluster, &id).await?),
        };
        let rules = app::rules(&connector)?;
        if rules.basic.is_empty() && rules.advanced.is_empty() {
            without_rules(&connector.id, args.output)?;
            return Ok(ExitCode::SUCCESS);
        }
        let most = usize::from(args.sample);
        let page_size = &mut connector.to_mut().salesforce.page_size;
        *page_size = (*page_size).min(most.max(LEAST_PAGE));
        let (_, source) = app::org(&connector)?;
        // As with a job: whatever the org refuses is a failure, not a wrong configuration.
        let sample = Sample::read(&source, &connector, &rules, most).await.map_err(|fault| Failure::Failed(fault.to_string()))?;
        match args.output {
            Format::Text => print::text(&rules.basic, &sample, &mut io::stdout().lock())?,
            Format::Json => print::json(&rules.basic, &sample, &mut io::stdout().lock())?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A program finds no documents on standard output, a person finds the reason.
fn without_rules(id: &ConnectorId, output: Format) -> Result<(), Failure> {
    let line = format!("the connector `{id}` has no sync rules: every record of the objects that it syncs is indexed");
    match output {
        Format::Text => say(line),
        Format::Json => Ok(writeln!(io::stderr(), "{line}")?),
    }
}

/// Whose rules are tried.
enum Choice<'a> {
    /// A connector of the configuration file.
    OfFile(&'a ConnectorPlan),
    /// One that the cluster defines.
    OfCluster(&'a ClusterPlan, ConnectorId),
}

/// The connector with this id, or the only one, as `sync` chooses it; those that the cluster defines can be chosen as well.
fn choose<'a>(plan: &'a Plan, id: Option<&str>) -> Result<Choice<'a>, Failure> {
    let (here, there) = (&plan.connectors, &plan.service.managed);
    let of_cluster = match (id, there.as_slice()) {
        (Some(id), _) if here.iter().any(|connector| connector.id.as_str() == id) => None,
        // The service serves whatever the cluster has of these kinds.
        (Some(id), _) if there.iter().any(|managed| managed.id.as_str() == id) || !plan.service.service_types.is_empty() => {
            Some(ConnectorId::new(id))
        }
        (Some(id), [_, ..]) => {
            return Err(Failure::Usage(format!("there is no connector `{id}` in the configuration; there are: {}", ids(plan))));
        }
        (None, [only]) if here.is_empty() => Some(only.id.clone()),
        (None, [_, ..]) if here.is_empty() => {
            return Err(Failure::Usage(format!("there are several connectors; choose one with `--connector`: {}", ids(plan))));
        }
        (None, []) if here.is_empty() => {
            return Err(Failure::Usage("the configuration names no connector; choose one with `--connector`".to_owned()));
        }
        _ => None,
    };
    match (&plan.index, of_cluster) {
        (IndexPlan::Cluster(cluster), Some(id)) => Ok(Choice::OfCluster(cluster, id)),
        _ => Ok(Choice::OfFile(plan.connector(id)?)),
    }
}

/// All connectors that the configuration names.
fn ids(plan: &Plan) -> String {
    let all = plan.connectors.iter().map(|connector| &connector.id).chain(plan.service.managed.iter().map(|managed| &managed.id));
    all.map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}

/// The plan of a connector that is defined in the cluster, with the rules that are active there.
async fn defined(plan: &Plan, cluster: &ClusterPlan, id: &ConnectorId) -> Result<ConnectorPlan, Failure> {
    let elastic = app::connect(cluster).await?;
    let Some(connector) = elastic.connector_document(id).await? else {
        let next = "make it in Kibana or with the Connector API, or give it a `configuration` in the file";
        return Err(Failure::Usage(format!("the cluster has no connector `{id}`; {next}")));
    };
    if let Some(other) = connector.service_type().filter(|kind| *kind != SERVICE_TYPE) {
        return Err(Failure::Usage(format!(
            "the connector `{id}` is of the service type `{other}`; choose one of the type `{SERVICE_TYPE}`"
        )));
    }
    Ok(plan.define(&told(&connector)?)?)
}
