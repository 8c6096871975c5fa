//! The plan as text, for `--print-plan`: every value that the engine runs on, secrets hidden.

use std::fmt;

use domain::monitor::ErrorLimits;
use domain::{Names, NestedLimit};

use ports::Secret;

use super::{
    Auth, CachePlan, ClusterAuth, ClusterPlan, ConnectorPlan, ExtractionPlan, FilesPlan, IndexPlan, Knobs, Plan, ReaderPlan, RulesPlan,
    ServicePlan, WriterKnobs, fingerprint,
};
use crate::settings::{show_duration, show_size};

/// How secrets are shown.
const HIDDEN: &str = "\"***\"";

impl fmt::Display for Plan {
    /// YAML in the shape of the configuration file.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.index {
            IndexPlan::Embedded { path } => {
                writeln!(formatter, "index: {{ kind: embedded, path: {} }}", quoted(&path.display().to_string()))?;
            }
            IndexPlan::Cluster(cluster) => show_cluster(formatter, cluster)?,
        }
        writeln!(formatter, "connectors:")?;
        for connector in &self.connectors {
            show_connector(formatter, connector)?;
        }
        for managed in &self.service.managed {
            writeln!(formatter, "  - connector_id: {}", quoted(managed.id.as_str()))?;
            show_key(formatter, managed.api_key.as_ref())?;
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
        writeln!(formatter, "  delete_limit: {}", run.brake.share())?;
        writeln!(formatter, "  lookup_cache: {}", run.lookup_cache)?;
        let ErrorLimits { enabled, total, consecutive, rate, window, kept } = run.error_monitor;
        let limits = format!("max_total_errors: {total}, max_consecutive_errors: {consecutive}, max_error_rate: {rate}");
        let window = format!("error_window_size: {window}, error_queue_size: {kept}");
        writeln!(formatter, "elasticsearch.bulk.error_monitor: {{ enabled: {enabled}, {limits}, {window} }}")?;
        writeln!(formatter, "elasticsearch.bulk.max_text_document_size: {}", bytes(run.max_document))?;
        writeln!(formatter, "service.max_file_download_size: {}", show_size(run.max_file))?;
        let FilesPlan { service, reader, cache } = &self.files;
        let ReaderPlan { program: _, processes, memory, timeout, files } = reader;
        writeln!(formatter, "builtin_extraction:")?;
        writeln!(formatter, "  processes: {processes}")?;
        writeln!(formatter, "  memory: {}", show_size(*memory))?;
        writeln!(formatter, "  timeout: {}", show_duration(*timeout))?;
        writeln!(formatter, "  files_per_process: {files}")?;
        if let Some(CachePlan { path, size }) = cache {
            writeln!(formatter, "content_cache: {{ path: {}, size: {} }}", quoted(&path.display().to_string()), show_size(*size))?;
        }
        if let Some(ExtractionPlan { host, timeout, chunk, shared }) = service {
            writeln!(formatter, "extraction_service:")?;
            writeln!(formatter, "  host: {}", quoted(host))?;
            writeln!(formatter, "  timeout: {}", show_duration(*timeout))?;
            writeln!(formatter, "  stream_chunk_size: {}", bytes(*chunk))?;
            writeln!(formatter, "  use_file_pointers: {}", shared.is_some())?;
            if let Some(shared) = shared {
                writeln!(formatter, "  shared_volume_dir: {}", quoted(&shared.display().to_string()))?;
            }
        }
        self.show_service(formatter)?;
        writeln!(formatter, "admin: {{ listen: {} }}", quoted(&self.admin.to_string()))
    }

    fn show_service(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ServicePlan { managed: _, service_types, idling, heartbeat, cleanup, max_errors, max_errors_span, .. } = &self.service;
        writeln!(formatter, "service.service_types: {}", quoted(&service_types.join(", ")))?;
        for (key, span) in [("idling", idling), ("heartbeat", heartbeat), ("job_cleanup_interval", cleanup)] {
            writeln!(formatter, "service.{key}: {}", show_duration(*span))?;
        }
        writeln!(formatter, "service.max_errors: {max_errors}")?;
        writeln!(formatter, "service.max_errors_span: {}", show_duration(*max_errors_span))?;
        writeln!(formatter, "service.max_concurrent_content_syncs: {}", self.service.content_syncs)?;
        writeln!(formatter, "service.max_concurrent_access_control_syncs: {}", self.service.access_syncs)?;
        writeln!(formatter, "service.log_level: {}", self.log_level.as_str())?;
        writeln!(formatter, "elasticsearch.max_wait_duration: {}", show_duration(self.service.max_wait))?;
        writeln!(formatter, "elasticsearch.feature_use_connectors_api: {}", self.service.connectors_api)
    }
}

fn show_cluster(formatter: &mut fmt::Formatter<'_>, cluster: &ClusterPlan) -> fmt::Result {
    let ClusterPlan { hosts, auth, verify, ca_file, headers, timeout, attempts, first_wait, in_flight: _, adaptive, compress, .. } =
        cluster;
    writeln!(formatter, "index:")?;
    writeln!(formatter, "  kind: elasticsearch")?;
    writeln!(formatter, "  state: {}", quoted(&cluster.state_index))?;
    writeln!(formatter, "  field_budget: {}", cluster.field_budget)?;
    writeln!(formatter, "  adaptive: {adaptive}")?;
    writeln!(formatter, "  compress: {compress}")?;
    writeln!(formatter, "elasticsearch.host: {}", quoted(&hosts.join(",")))?;
    match auth {
        ClusterAuth::ApiKey(_) => writeln!(formatter, "elasticsearch.api_key: {HIDDEN}")?,
        ClusterAuth::Basic { user, password: _ } => {
            writeln!(formatter, "elasticsearch.username: {}", quoted(user))?;
            writeln!(formatter, "elasticsearch.password: {HIDDEN}")?;
        }
    }
    writeln!(formatter, "elasticsearch.verify_certs: {verify}")?;
    if let Some(path) = ca_file {
        writeln!(formatter, "elasticsearch.ca_certs: {}", quoted(&path.display().to_string()))?;
    }
    if !headers.is_empty() {
        let names: Vec<_> = headers.iter().map(|(name, _)| format!("{}: {HIDDEN}", quoted(name))).collect();
        writeln!(formatter, "elasticsearch.headers: {{ {} }}", names.join(", "))?;
    }
    writeln!(formatter, "elasticsearch.request_timeout: {}", show_duration(*timeout))?;
    writeln!(formatter, "elasticsearch.max_retries: {attempts}")?;
    writeln!(formatter, "elasticsearch.retry_interval: {}", show_duration(*first_wait))
}

fn show_key(formatter: &mut fmt::Formatter<'_>, key: Option<&Secret>) -> fmt::Result {
    match key {
        Some(_) => writeln!(formatter, "    api_key: {HIDDEN}"),
        None => Ok(()),
    }
}

fn show_connector(formatter: &mut fmt::Formatter<'_>, connector: &ConnectorPlan) -> fmt::Result {
    let ConnectorPlan { id, index, selection, rules, shape, salesforce, text, access, compat, api_key, pipeline, schedules } = connector;
    writeln!(formatter, "  - connector_id: {}", quoted(id.as_str()))?;
    writeln!(formatter, "    index_name: {}", quoted(index.as_str()))?;
    show_key(formatter, api_key.as_ref())?;
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
    writeln!(formatter, "      text_extraction: {}", text.as_str())?;
    let files: Vec<_> = selection.files.iter().map(|blob| blob.object()).collect();
    if !files.is_empty() {
        writeln!(formatter, "      file_objects_to_sync: {}", quoted(&files.join(", ")))?;
    }
    writeln!(formatter, "      use_document_level_security: {}", access.is_some())?;
    if *compat {
        writeln!(formatter, "      compatibility: elastic")?;
    }
    if *rules != RulesPlan::default() {
        // JSON is YAML.
        let json = |rules: &[serde_json::Value]| serde_json::Value::from(rules.to_vec());
        writeln!(formatter, "    sync_rules: {{ basic: {}, advanced: {} }}", json(&rules.basic), json(&rules.advanced))?;
    }
    if !schedules.is_empty() {
        writeln!(formatter, "    scheduling:")?;
        for (kind, schedule) in schedules {
            writeln!(formatter, "      {}: {{ enabled: true, interval: {} }}", kind.as_str(), quoted(&schedule.to_string()))?;
        }
    }
    writeln!(formatter, "    pipeline:")?;
    writeln!(formatter, "      name: {}", quoted(pipeline.as_deref().unwrap_or("_none")))?;
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
