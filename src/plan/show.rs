//! The plan as text, for `--print-plan`: every value that the engine runs on, secrets hidden.

use std::fmt;

use domain::{Names, NestedLimit};

use super::{Auth, ConnectorPlan, IndexPlan, Knobs, Plan, WriterKnobs, fingerprint};
use crate::settings::{show_duration, show_size};

/// How secrets are shown.
const HIDDEN: &str = "\"***\"";

impl fmt::Display for Plan {
    /// YAML in the shape of the configuration file.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IndexPlan::Embedded { path } = &self.index;
        writeln!(formatter, "index: {{ kind: embedded, path: {} }}", quoted(&path.display().to_string()))?;
        writeln!(formatter, "connectors:")?;
        for connector in &self.connectors {
            show_connector(formatter, connector)?;
        }
        let tuning = &self.tuning;
        writeln!(formatter, "actors:")?;
        writeln!(formatter, "  object_fetcher: {{ {} }}", show_knobs(tuning.object_fetcher))?;
        writeln!(formatter, "  entity_joiner: {{ {} }}", show_knobs(tuning.entity_joiner))?;
        writeln!(formatter, "  acl_builder: {{ {} }}", show_knobs(tuning.acl_builder))?;
        writeln!(formatter, "  content_extractor: {{ {} }}", show_knobs(tuning.content_extractor))?;
        let WriterKnobs { knobs, batch_docs, batch_bytes, linger } = tuning.bulk_writer;
        let (batch_bytes, linger) = (bytes(batch_bytes), show_duration(linger));
        let batch = format!("batch_docs: {batch_docs}, batch_bytes: {batch_bytes}, linger: {linger}");
        writeln!(formatter, "  bulk_writer: {{ {}, {batch} }}", show_knobs(knobs))?;
        self.show_run(formatter)
    }
}

impl Plan {
    fn show_run(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = &self.run;
        writeln!(formatter, "run:")?;
        writeln!(formatter, "  budget: {}", bytes(run.budget))?;
        writeln!(formatter, "  file_budget: {}", bytes(run.file_budget))?;
        writeln!(formatter, "  drain_limit: {}", show_duration(run.drain_limit))?;
        writeln!(formatter, "  stall_after: {}", show_duration(run.stall_after))?;
        writeln!(formatter, "  restarts: {}", run.restart.restarts)?;
        writeln!(formatter, "  lookup_cache: {}", run.lookup_cache)?;
        writeln!(formatter, "elasticsearch.bulk.max_text_document_size: {}", bytes(run.max_document))?;
        writeln!(formatter, "service.max_file_download_size: {}", show_size(run.max_file))?;
        writeln!(formatter, "admin: {{ listen: {} }}", quoted(&self.admin.to_string()))
    }
}

fn show_connector(formatter: &mut fmt::Formatter<'_>, connector: &ConnectorPlan) -> fmt::Result {
    let ConnectorPlan { id, index, selection, shape, salesforce, compat } = connector;
    writeln!(formatter, "  - connector_id: {}", quoted(id.as_str()))?;
    writeln!(formatter, "    index_name: {}", quoted(index.as_str()))?;
    writeln!(formatter, "    fingerprint: {}", quoted(&fingerprint(connector)))?;
    writeln!(formatter, "    configuration:")?;
    show_auth(formatter, &salesforce.auth)?;
    writeln!(formatter, "      standard_objects_to_sync: {}", quoted(&names(&selection.standard)))?;
    writeln!(formatter, "      sync_custom_objects: {}", selection.custom != Names::Only(Vec::new()))?;
    writeln!(formatter, "      custom_objects_to_sync: {}", quoted(&names(&selection.custom)))?;
    let limit = match shape.limit {
        NestedLimit::At(limit) => limit.to_string(),
        NestedLimit::Unlimited => "unlimited".to_owned(),
    };
    writeln!(formatter, "      nested_entity_limit: {limit}")?;
    if *compat {
        writeln!(formatter, "      compatibility: elastic")?;
    }
    writeln!(formatter, "    pipeline:")?;
    writeln!(formatter, "      extract_binary_content: {}", shape.flags.extract_binary_content)?;
    writeln!(formatter, "      reduce_whitespace: {}", shape.flags.reduce_whitespace)?;
    writeln!(formatter, "      run_ml_inference: {}", shape.flags.run_ml_inference)?;
    writeln!(formatter, "    salesforce:")?;
    writeln!(formatter, "      base_url: {}", quoted(&salesforce.base_url))?;
    writeln!(formatter, "      api_version: {}", quoted(&salesforce.api_version))?;
    writeln!(formatter, "      page_size: {}", salesforce.page_size)?;
    writeln!(formatter, "      concurrency: {}", salesforce.concurrency)?;
    writeln!(formatter, "      connect_timeout: {}", show_duration(salesforce.timeouts.connect))?;
    writeln!(formatter, "      timeout: {}", show_duration(salesforce.timeouts.head))?;
    writeln!(formatter, "      idle_timeout: {}", show_duration(salesforce.timeouts.idle))?;
    let (attempts, first_wait) = (salesforce.retries.attempts, show_duration(salesforce.retries.first_wait));
    writeln!(formatter, "      retries: {{ attempts: {attempts}, first_wait: {first_wait} }}")?;
    match &salesforce.ca_file {
        Some(path) => writeln!(formatter, "      ca_file: {}", quoted(&path.display().to_string())),
        None => Ok(()),
    }
}

fn show_auth(formatter: &mut fmt::Formatter<'_>, auth: &Auth) -> fmt::Result {
    match auth {
        Auth::ClientCredentials { client_id, client_secret: _ } => {
            writeln!(formatter, "      client_id: {}", quoted(&hint(client_id)))?;
            writeln!(formatter, "      client_secret: {HIDDEN}")
        }
        Auth::JwtBearer { client_id, username, private_key: _, audience } => {
            writeln!(formatter, "      client_id: {}", quoted(&hint(client_id)))?;
            writeln!(formatter, "      username: {}", quoted(username))?;
            writeln!(formatter, "      private_key: {HIDDEN}")?;
            let audience = audience.as_deref().map_or_else(|| "null".to_owned(), quoted);
            writeln!(formatter, "      audience: {audience}")
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientCredentials { client_id, .. } => {
                formatter.debug_struct("ClientCredentials").field("client_id", &hint(client_id)).finish_non_exhaustive()
            }
            Self::JwtBearer { client_id, username, audience, .. } => formatter
                .debug_struct("JwtBearer")
                .field("client_id", &hint(client_id))
                .field("username", username)
                .field("audience", audience)
                .finish_non_exhaustive(),
        }
    }
}

/// The start of a consumer key: enough to tell apps apart, too little to use. The reference connector counts it among the sensitive values.
fn hint(client_id: &str) -> String {
    let shown = (client_id.chars().count() / 3).min(6);
    client_id.chars().take(shown).chain("...".chars()).collect()
}

fn show_knobs(knobs: Knobs) -> String {
    format!("concurrency: {}, mailbox: {}", knobs.concurrency, knobs.mailbox)
}

fn names(names: &Names) -> String {
    match names {
        Names::All => "*".to_owned(),
        Names::Only(names) => names.join(", "),
    }
}

fn bytes(bytes: usize) -> String {
    show_size(u64::try_from(bytes).unwrap_or(u64::MAX))
}

/// A YAML scalar in double quotes; JSON's escapes are among YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
