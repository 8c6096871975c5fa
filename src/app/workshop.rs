//! What jobs run on, made from the plan: a source that signs in, the index, the knobs. And a look at definitions of the cluster.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actors::content::FileText;
use actors::pipeline::{Ports, RunLimits, Tuning, WriterKnobs};
use actors::scheduler::Workshop;
use actors::stage::Knobs;
use actors::supervisor::{ConnectorWork, Monitor};
use actors::survey::{self, rules_fault};
use actors::tokens::TokenManager;
use adapters::salesforce::{Auth, Retries, Salesforce, SalesforceConfig, SignIn, Timeouts};
use async_trait::async_trait;
use domain::rules::{RuleError, SyncRules};
use domain::{ConnectorId, Fault, JobType};
use ports::{Assignment, Clock, Definition, Inspector, Source as _, Tokens};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Index;
use super::files::FileTools;
use crate::clock::SystemClock;
use crate::plan::{self, ConnectorPlan, Plan, SalesforcePlan};

/// Makes work by the plan, for connectors of the file and of the cluster alike.
pub(super) struct PlannedWork {
    pub(super) plan: Rc<Plan>,
    pub(super) index: Index,
    /// Where the counters of the job in work are shown; a job has its own if there is none.
    pub(super) monitor: Option<Arc<Monitor>>,
    pub(super) files: FileTools,
}

impl Workshop for PlannedWork {
    fn work(&self, assignment: &Assignment, stop: watch::Receiver<bool>) -> Result<ConnectorWork, Fault> {
        match &assignment.definition {
            None => self.of(self.plan.connector(Some(assignment.job.connector.as_str())).map_err(Fault::from)?, assignment.job.kind, stop),
            Some(definition) => self.of(&self.plan.define(definition).map_err(Fault::from)?, assignment.job.kind, stop),
        }
    }
}

impl PlannedWork {
    /// What the jobs of a connector run on.
    pub(super) fn of(&self, connector: &ConnectorPlan, kind: JobType, stop: watch::Receiver<bool>) -> Result<ConnectorWork, Fault> {
        let Self { plan, index, monitor, files } = self;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let sink = index.documents_of(connector, kind)?;
        let text = files.text(plan, connector)?;
        // A run without text does not go on when there is somebody who makes it.
        let without = if matches!(text, FileText::Nothing) { "-" } else { "" };
        Ok(ConnectorWork {
            ports: Ports {
                source: Rc::new(source(connector)?),
                sink,
                checkpoints: Rc::clone(&index.checkpoints),
                cache: files.cache.clone(),
                clock,
            },
            selection: connector.selection.clone(),
            rules: Rc::new(rules(connector)?),
            shape: Rc::new(connector.shape.clone()),
            text,
            access: connector.access,
            fingerprint: format!("{}{without}", plan::fingerprint(connector)),
            tuning: tuning(plan),
            limits: limits(plan),
            restarts: plan.run.restart,
            monitor: monitor.clone().unwrap_or_default(),
            stop,
        })
    }
}

/// The sync rules of a connector, ready for use.
///
/// # Errors
/// `SR_INVALID`: they cannot be applied.
pub(crate) fn rules(connector: &ConnectorPlan) -> Result<SyncRules, Fault> {
    SyncRules::read(&connector.rules.basic, &connector.rules.advanced).map_err(|errors| rules_fault(&errors))
}

/// The org of a connector.
///
/// # Errors
/// The configuration cannot work.
pub(crate) fn source(connector: &ConnectorPlan) -> Result<Salesforce, Fault> {
    org(connector).map(|(_, source)| source)
}

/// The org of a connector, and who signs in to it. See [`source`] for errors.
pub(crate) fn org(connector: &ConnectorPlan) -> Result<(Rc<dyn Tokens>, Salesforce), Fault> {
    let config = salesforce_config(&connector.salesforce);
    let tokens: Rc<dyn Tokens> = Rc::new(TokenManager::start(Rc::new(SignIn::new(config.clone())?)));
    Ok((Rc::clone(&tokens), Salesforce::new(config, tokens)?))
}

/// Looks at definitions by reading them and signing in. What was found right is not looked at again for a while.
pub(super) struct SignsIn {
    plan: Rc<Plan>,
    trust: Duration,
    right: RefCell<HashMap<ConnectorId, (Definition, Instant)>>,
}

impl SignsIn {
    pub(super) fn new(plan: Rc<Plan>) -> Self {
        let trust = plan.service.heartbeat;
        Self { plan, trust, right: RefCell::default() }
    }

    fn is_known(&self, definition: &Definition) -> bool {
        let right = self.right.borrow();
        right.get(&definition.connector).is_some_and(|(seen, at)| seen == definition && at.elapsed() < self.trust)
    }
}

#[async_trait(?Send)]
impl Inspector for SignsIn {
    async fn inspect(&self, definition: &Definition) -> Result<(), Fault> {
        if self.is_known(definition) {
            return Ok(());
        }
        self.right.borrow_mut().remove(&definition.connector);
        // Rules are judged when they are drafted and when a job starts.
        let without_rules = Definition { basic_rules: Vec::new(), advanced_rules: Vec::new(), ..definition.clone() };
        let connector = self.plan.define(&without_rules).map_err(Fault::from)?;
        source(&connector)?.global().await?;
        self.right.borrow_mut().insert(definition.connector.clone(), (definition.clone(), Instant::now()));
        Ok(())
    }

    async fn try_rules(&self, definition: &Definition) -> Result<Vec<RuleError>, Fault> {
        let mut connector = self.plan.define(definition)?;
        // Others wait for the round that this is part of; a draft can be tried again in the next one.
        connector.salesforce.retries.attempts = connector.salesforce.retries.attempts.min(2);
        survey::try_rules(&source(&connector)?, &rules(&connector)?.advanced).await
    }
}

fn salesforce_config(plan: &SalesforcePlan) -> SalesforceConfig {
    let SalesforcePlan { base_url, api_version, page_size, auth, timeouts, retries, ca_file, concurrency } = plan.clone();
    let auth = match auth {
        plan::Auth::ClientCredentials { client_id, client_secret } => Auth::ClientCredentials { client_id, client_secret },
        plan::Auth::JwtBearer { client_id, username, private_key, audience } => {
            Auth::JwtBearer { client_id, username, private_key_pem: private_key, audience }
        }
    };
    let plan::Timeouts { connect, head, idle } = timeouts;
    let timeouts = Timeouts { connect, head, body_idle: idle, ..Timeouts::default() };
    let plan::Retries { attempts, first_wait } = retries;
    let retries = Retries { attempts, first_wait, ..Retries::default() };
    SalesforceConfig { base_url, api_version, page_size, auth, timeouts, retries, concurrency, ca_file }
}

fn tuning(plan: &Plan) -> Tuning {
    // No `..`: a knob that nobody passes on does not compile.
    let plan::TuningPlan { object_fetcher, entity_joiner, acl_builder, content_extractor, bulk_writer } = plan.tuning;
    let knobs = |plan::Knobs { concurrency, mailbox }| Knobs { mailbox, concurrency };
    Tuning {
        object_fetcher: knobs(object_fetcher),
        entity_joiner: knobs(entity_joiner),
        acl_builder: knobs(acl_builder),
        content_extractor: knobs(content_extractor),
        bulk_writer: WriterKnobs { knobs: knobs(bulk_writer.knobs), limits: bulk_writer.limits(), linger: bulk_writer.linger },
    }
}

fn limits(plan: &Plan) -> RunLimits {
    // No `..`: a limit that nobody passes on does not compile.
    let plan::RunPlan {
        budget,
        file_budget,
        drain_limit: _,
        stall_after,
        restart: _,
        lookup_cache,
        max_document,
        max_file,
        brake,
        error_monitor,
    } = plan.run;
    RunLimits { budget, file_budget, max_document, max_file, lookup_cache, stall_after, brake, error_monitor }
}
