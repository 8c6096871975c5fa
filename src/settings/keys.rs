//! The one table of keys: path, kind, default, meaning. Reading, refusing, suggesting and the reference page all go by it.

#[cfg(test)]
use config::ValueKind;

use super::kind::{
    ApiVersion, Choice, Count, FilePath, Flag, Headers, Hidden, Identity, Kind, NameList, Nested, Rules, Seconds, Share, Size, Span, Text,
    Texts,
};

/// A key and what it takes.
pub(crate) struct Key<K> {
    /// Dotted path; relative to its entry for the keys of `connectors`.
    pub(crate) path: &'static str,
    /// What it takes.
    pub(crate) kind: K,
    /// Its value when it is not given, as one would type it.
    pub(crate) default: Option<&'static str>,
    /// What it does, one sentence without full stop.
    pub(crate) meaning: &'static str,
}

/// A key of any kind.
pub(crate) trait Row: Sync {
    fn path(&self) -> &'static str;
    fn expected(&self) -> String;
    fn default(&self) -> Option<&'static str>;
    fn meaning(&self) -> &'static str;
    /// Whether two values, as typed, mean the same; false if either is not accepted.
    #[cfg(test)]
    fn same(&self, a: &ValueKind, b: &ValueKind) -> bool;
}

impl<K: Kind<Value: PartialEq> + Sync> Row for Key<K> {
    fn path(&self) -> &'static str {
        self.path
    }
    fn expected(&self) -> String {
        self.kind.expected()
    }
    fn default(&self) -> Option<&'static str> {
        self.default
    }
    fn meaning(&self) -> &'static str {
        self.meaning
    }
    #[cfg(test)]
    fn same(&self, a: &ValueKind, b: &ValueKind) -> bool {
        matches!((self.kind.read(a), self.kind.read(b)), (Some(a), Some(b)) if a == b)
    }
}

/// Keys of one level of the file, and the names above them.
pub(crate) struct Table {
    /// The keys in the order of the reference page.
    pub(crate) rows: &'static [&'static dyn Row],
}

impl Table {
    /// Whether the path is a key.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.rows.iter().any(|row| row.path() == path)
    }

    /// The names directly below a group; below `""` those of the level itself. Empty if the path is no group.
    pub(crate) fn below(&self, group: &str) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = Vec::new();
        for row in self.rows {
            let rest =
                if group.is_empty() { Some(row.path()) } else { row.path().strip_prefix(group).and_then(|rest| rest.strip_prefix('.')) };
            let name = rest.and_then(|rest| rest.split('.').next());
            names.extend(name.filter(|name| !names.contains(name)));
        }
        names
    }
}

macro_rules! table {
    ($(#[$doc:meta])* $table:ident { $($name:ident: $kind:ty = $path:literal, $value:expr, $default:expr, $meaning:literal;)* }) => {
        $(#[doc = $meaning] pub(crate) static $name: Key<$kind> = Key { path: $path, kind: $value, default: $default, meaning: $meaning };)*
        $(#[$doc])*
        pub(crate) static $table: Table = Table { rows: &[$(&$name),*] };
    };
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

table! {
    /// Keys of the file as a whole.
    ROOT {
        INDEX_KIND: Choice = "index.kind", Choice(&["elasticsearch", "opensearch", "embedded"]), Some("elasticsearch"), "where documents go; the two servers are told apart by their answer, whichever is said";
        INDEX_PATH: FilePath = "index.path", FilePath, Some("./data"), "directory of the embedded index, made if it is missing";
        STATE_INDEX: Text = "index.state", Text, Some(".sluice-state"), "index of the cluster for jobs, checkpoints and what was set aside, made if it is missing";
        FIELD_BUDGET: Count = "index.field_budget", Count(50..=100_000), Some("700"), "fields of its own that an index gets when it is made; the rest is kept and shown, but not searched";
        ADAPTIVE: Flag = "index.adaptive", Flag, Some("true"), "whether fewer bulk requests are in flight while the cluster has too much to do; `false` keeps `actors.bulk_writer.concurrency`";
        COMPRESS: Flag = "index.compress", Flag, Some("true"), "whether bulk requests are compressed; towards this machine itself they are only if the key is given";

        BASE_URL: Text = "salesforce.base_url", Text, None, "address of a simulated org, in place of the one that `domain` leads to; `SALESFORCE_EMULATOR_HOST` together with `RUNNING_FTEST` wins over it";
        API_VERSION: ApiVersion = "salesforce.api_version", ApiVersion(31..=99), Some("64.0"), "version of the Salesforce API";
        PAGE_SIZE: Count = "salesforce.page_size", Count(200..=2000), Some("2000"), "records per page; Salesforce may send fewer";
        REQUESTS: Count = "salesforce.concurrency", Count(1..=100), Some("16"), "requests to one org in flight at a time";
        CONNECT_TIMEOUT: Span = "salesforce.connect_timeout", Span(100..=5 * MINUTE), Some("10s"), "longest wait for a connection";
        // Salesforce itself ends a query after 120 s and says so; wait a little longer to hear it.
        TIMEOUT: Span = "salesforce.timeout", Span(SECOND..=HOUR), Some("130s"), "longest wait until an answer begins; Salesforce ends a query after 120 s";
        IDLE_TIMEOUT: Span = "salesforce.idle_timeout", Span(100..=HOUR), Some("30s"), "longest silence in the middle of an answer";
        RETRY_ATTEMPTS: Count = "salesforce.retries.attempts", Count(1..=20), Some("6"), "tries of one request in all, the first one included, while it fails for reasons that pass";
        // The adapter waits half a minute at most.
        RETRY_FIRST_WAIT: Span = "salesforce.retries.first_wait", Span(1..=30 * SECOND), Some("1s"), "longest wait before the second try; doubles with each try, up to 30s";
        CA_FILE: FilePath = "salesforce.ca_file", FilePath, None, "PEM file of certificate authorities to trust in place of the public ones";

        FETCHER_CONCURRENCY: Count = "actors.object_fetcher.concurrency", Count(1..=256), Some("4"), "objects read at a time";
        FETCHER_MAILBOX: Count = "actors.object_fetcher.mailbox", Count(1..=100_000), Some("8"), "pages that may wait";
        JOINER_CONCURRENCY: Count = "actors.entity_joiner.concurrency", Count(1..=256), Some("8"), "pages in work at a time";
        JOINER_MAILBOX: Count = "actors.entity_joiner.mailbox", Count(1..=100_000), Some("8"), "pages that may wait";
        ACL_CONCURRENCY: Count = "actors.acl_builder.concurrency", Count(1..=256), Some("2"), "pages in work at a time";
        ACL_MAILBOX: Count = "actors.acl_builder.mailbox", Count(1..=100_000), Some("8"), "pages that may wait";
        EXTRACTOR_CONCURRENCY: Count = "actors.content_extractor.concurrency", Count(1..=256), Some("12"), "files in work at a time";
        EXTRACTOR_MAILBOX: Count = "actors.content_extractor.mailbox", Count(1..=100_000), Some("32"), "files that may wait";
        WRITER_CONCURRENCY: Count = "actors.bulk_writer.concurrency", Count(1..=256), Some("5"), "batches in flight at a time";
        WRITER_MAILBOX: Count = "actors.bulk_writer.mailbox", Count(1..=1_000_000), Some("2000"), "documents that may wait; at least `batch_docs`, or no batch could fill";
        BATCH_DOCS: Count = "actors.bulk_writer.batch_docs", Count(1..=100_000), Some("1000"), "documents per batch";
        BATCH_BYTES: Size = "actors.bulk_writer.batch_bytes", Size(KIB..=100 * MIB), Some("5MiB"), "bytes per batch; a larger document goes alone";
        LINGER: Span = "actors.bulk_writer.linger", Span(1..=MINUTE), Some("1s"), "longest wait of a document for its batch to fill";

        BUDGET: Size = "run.budget", Size(8 * MIB..=1024 * GIB), Some("64MiB"), "bytes of records and documents that one run may hold at a time";
        FILE_BUDGET: Size = "run.file_budget", Size(MIB..=1024 * GIB), Some("48MiB"), "bytes of file content that one run may hold at a time; at least one file of `service.max_file_download_size` with its base64 text";
        DRAIN_LIMIT: Span = "run.drain_limit", Span(SECOND..=HOUR), Some("25s"), "time to finish work in hand after a signal to stop; must be shorter than the grace period of the pod";
        STALL_AFTER: Span = "run.stall_after", Span(SECOND..=24 * HOUR), Some("5m"), "a job in which nothing moved for so long fails with the names of the stages that are busy; the next one goes on from its checkpoint";
        RESTARTS: Count = "run.restarts", Count(0..=1_000), Some("5"), "restarts of a run without progress in between, before the job fails";
        DELETE_LIMIT: Share = "run.delete_limit", Share, Some("20%"), "a full run that would delete a larger share of the index deletes nothing until `sluice confirm-deletes`; `100%` never waits";
        LOOKUP_CACHE: Count = "run.lookup_cache", Count(1_000..=100_000_000), Some("100000"), "names of users, accounts, contacts and opportunities that a run remembers";

        ADMIN_LISTEN: Text = "admin.listen", Text, Some("127.0.0.1:9464"), "address and port of the admin endpoint of the service";

        HOST: Texts = "elasticsearch.host", Texts, Some("http://localhost:9200"), "address of the cluster, or of several nodes of it; when one cannot be reached the next one is asked";
        ES_API_KEY: Hidden = "elasticsearch.api_key", Hidden, None, "API key in its encoded form; wins over user and password";
        ES_USERNAME: Text = "elasticsearch.username", Text, Some("elastic"), "user to sign in as";
        ES_PASSWORD: Hidden = "elasticsearch.password", Hidden, Some("changeme"), "password of the user";
        ES_SSL: Flag = "elasticsearch.ssl", Flag, Some("true"), "whether the two next keys count";
        VERIFY_CERTS: Flag = "elasticsearch.verify_certs", Flag, Some("true"), "whether the cluster must prove who it is";
        CA_CERTS: FilePath = "elasticsearch.ca_certs", FilePath, None, "PEM file of certificate authorities to trust in place of the public ones";
        HEADERS: Headers = "elasticsearch.headers", Headers, Some("{}"), "headers to send with every request to the cluster";
        REQUEST_TIMEOUT: Seconds = "elasticsearch.request_timeout", Seconds(SECOND..=HOUR), Some("240"), "longest wait until an answer of the cluster begins";
        MAX_WAIT: Seconds = "elasticsearch.max_wait_duration", Seconds(0..=24 * HOUR), Some("240"), "how long the service waits at its start for a cluster that does not answer";
        ES_ATTEMPTS: Count = "elasticsearch.max_retries", Count(1..=20), Some("5"), "tries of one request in all, while it fails for reasons that pass";
        ES_FIRST_WAIT: Seconds = "elasticsearch.retry_interval", Seconds(1..=30 * SECOND), Some("1"), "longest wait before the second try; doubles with each try, up to 30s";
        CONNECTORS_API: Flag = "elasticsearch.feature_use_connectors_api", Flag, Some("true"), "whether the Connector API is used where the cluster has it; its indices are read and written otherwise";
        BULK_CONCURRENCY: Count = "elasticsearch.bulk.max_concurrency", Count(1..=256), None, "bulk requests in flight, unless `actors.bulk_writer.concurrency` is given";
        MONITOR: Flag = "elasticsearch.bulk.error_monitor.enabled", Flag, Some("true"), "whether a job fails when too many documents are refused";
        MONITOR_TOTAL: Count = "elasticsearch.bulk.error_monitor.max_total_errors", Count(0..=1_000_000_000), Some("1000"), "documents that may be refused in a job";
        MONITOR_RUN: Count = "elasticsearch.bulk.error_monitor.max_consecutive_errors", Count(0..=1_000_000_000), Some("10"), "documents that may be refused one after another";
        MONITOR_RATE: Share = "elasticsearch.bulk.error_monitor.max_error_rate", Share, Some("0.15"), "share of the latest documents that may be refused";
        MONITOR_WINDOW: Count = "elasticsearch.bulk.error_monitor.error_window_size", Count(1..=1_000_000), Some("100"), "how many documents are the latest";
        MONITOR_KEPT: Count = "elasticsearch.bulk.error_monitor.error_queue_size", Count(1..=1_000), Some("10"), "reasons that are remembered";
        MAX_DOCUMENT: Size = "elasticsearch.bulk.max_text_document_size", Size(0..=2 * GIB), Some("3MiB"), "larger documents without file content are set aside; 0 for no limit";
        MAX_FILE: Size = "service.max_file_download_size", Size(1..=2 * GIB), Some("10MiB"), "the content of larger files is not indexed";
        SERVICE_TYPES: Texts = "service.service_types", Texts, Some(""), "kinds of connectors to serve that are defined in the cluster, such as `salesforce`, besides those of `connectors`";
        IDLING: Seconds = "service.idling", Seconds(100..=HOUR), Some("30"), "time between two looks at schedules and waiting jobs";
        HEARTBEAT: Seconds = "service.heartbeat", Seconds(SECOND..=24 * HOUR), Some("300"), "time between two signs of life in a connector that is defined in the cluster";
        CLEANUP: Seconds = "service.job_cleanup_interval", Seconds(100..=24 * HOUR), Some("300"), "time between two looks for jobs whose worker is gone";
        MAX_ERRORS: Count = "service.max_errors", Count(0..=1_000_000), Some("20"), "looks that may fail within `service.max_errors_span` before the service ends";
        MAX_ERRORS_SPAN: Seconds = "service.max_errors_span", Seconds(SECOND..=24 * HOUR), Some("600"), "for how long a failed look counts";
        CONTENT_SYNCS: Count = "service.max_concurrent_content_syncs", Count(1..=1_000), Some("1"), "full and incremental jobs that one service runs at a time";
        ACCESS_SYNCS: Count = "service.max_concurrent_access_control_syncs", Count(1..=1_000), Some("1"), "access control jobs that one service runs at a time";
        READER_CHILDREN: Count = "builtin_extraction.processes", Count(1..=64), Some("2"), "processes that make text of files, for connectors with `text_extraction: builtin`";
        READER_MEMORY: Size = "builtin_extraction.memory", Size(256 * MIB..=64 * GIB), Some("1GiB"), "address space of each of them; one that needs more ends, and its file goes without text";
        READER_TIMEOUT: Seconds = "builtin_extraction.timeout", Seconds(SECOND..=HOUR), Some("60"), "longest time for the text of one file; the process is ended then";
        READER_FILES: Count = "builtin_extraction.files_per_process", Count(1..=1_000_000), Some("500"), "files that a process reads before another takes its place";
        CACHE_PATH: FilePath = "content_cache.path", FilePath, None, "file that keeps the text or content of files, so that none is downloaded twice; by default `content.db` beside an embedded index, and none for a cluster";
        CACHE_SIZE: Size = "content_cache.size", Size(0..=16 * 1024 * GIB), Some("1GiB"), "bytes that it may take; what was not used for longest goes first; 0 keeps nothing";
        EXTRACTION_HOST: Text = "extraction_service.host", Text, None, "address of a text extraction service, for connectors with `use_text_extraction_service`";
        EXTRACTION_TIMEOUT: Seconds = "extraction_service.timeout", Seconds(SECOND..=HOUR), Some("30"), "longest time for the text of one file";
        EXTRACTION_CHUNK: Size = "extraction_service.stream_chunk_size", Size(KIB..=16 * MIB), Some("64KiB"), "bytes of a file that are sent at a time";
        EXTRACTION_POINTERS: Flag = "extraction_service.use_file_pointers", Flag, Some("false"), "whether files are put into the shared directory and named, instead of sent";
        EXTRACTION_SHARED: FilePath = "extraction_service.shared_volume_dir", FilePath, Some("/app/files"), "directory that the service sees under the same path";
        LOG_LEVEL: Choice = "service.log_level", Choice(&["off", "error", "critical", "warn", "warning", "info", "debug", "trace"]), Some("info"), "least level of what `sluice run` logs, unless `--log-level` is given";
    }
}

table! {
    /// Keys of one entry of `connectors`.
    CONNECTOR {
        CONNECTOR_ID: Identity = "connector_id", Identity, None, "identity of the connector (required)";
        SERVICE_TYPE: Choice = "service_type", Choice(&["salesforce"]), Some("salesforce"), "kind of source";
        API_KEY: Hidden = "api_key", Hidden, None, "API key for the documents of this connector, in place of the one of the service; not used by the embedded index";
        INDEX_NAME: Text = "index_name", Text, None, "index that its documents go to (required with `configuration`)";

        DOMAIN: Text = "configuration.domain", Text, None, "My Domain name: `acme` for acme.my.salesforce.com, `acme--dev.sandbox` for a sandbox (required unless `salesforce.base_url` is given)";
        CLIENT_ID: Text = "configuration.client_id", Text, None, "consumer key of the connected app (required)";
        CLIENT_SECRET: Hidden = "configuration.client_secret", Hidden, None, "consumer secret of the connected app (required unless `private_key` is given)";
        USERNAME: Text = "configuration.username", Text, None, "user to sign in as with `private_key`";
        PRIVATE_KEY: Hidden = "configuration.private_key", Hidden, None, "RSA key for the JWT bearer flow, as PEM text or as the path of a PEM file; in place of `client_secret`";
        AUDIENCE: Text = "configuration.audience", Text, None, "audience of the JWT; by default derived from the address of the org";
        STANDARD: NameList = "configuration.standard_objects_to_sync", NameList, Some("*"), "standard objects: Account, Opportunity, Contact, Lead, Campaign, Case, or `*` for these six";
        SYNC_CUSTOM: Flag = "configuration.sync_custom_objects", Flag, Some("false"), "whether custom objects are synced";
        CUSTOM: NameList = "configuration.custom_objects_to_sync", NameList, Some(""), "custom objects, with or without `__c`, or `*` for all; counts only with `sync_custom_objects`";
        TEXT_SERVICE: Flag = "configuration.use_text_extraction_service", Flag, Some("false"), "whether the text of files is made by the service under `extraction_service.host` and indexed as `body`; without such a host, files go without content";
        TEXT_BY: Choice = "configuration.text_extraction", Choice(&["pipeline", "service", "builtin"]), None, "who makes text of files: the ingest pipeline of the index, of `_attachment`; the service under `extraction_service.host`; or this program; the last two as `body`; by default the service with `use_text_extraction_service`, else the pipeline in Elasticsearch, and this program where there is no such pipeline: OpenSearch, the embedded index, `pipeline.name: _none`";
        FILE_OBJECTS: NameList = "configuration.file_objects_to_sync", NameList, Some(""), "objects from before there were files, whose records are indexed as files: Attachment, Document, StaticResource, or `*` for these three";
        SECURITY: Flag = "configuration.use_document_level_security", Flag, Some("false"), "store with each document who may read it, and let access control jobs write an access document for each user; docs/security.md";
        NESTED_LIMIT: Nested = "configuration.nested_entity_limit", Nested(1..=1_000_000), Some("500"), "nested entities of a kind in one document; more are cut off with a warning, `unlimited` keeps all";
        COMPATIBILITY: Choice = "configuration.compatibility", Choice(&["elastic"]), None, "`elastic` restores the reference connector's documents where its defects show in them";

        FULL_ENABLED: Flag = "scheduling.full.enabled", Flag, Some("false"), "whether the service runs full jobs; `sluice sync` does not ask";
        FULL_INTERVAL: Text = "scheduling.full.interval", Text, Some("0 0 0 * * ?"), "when, as a Quartz expression";
        INCREMENTAL_ENABLED: Flag = "scheduling.incremental.enabled", Flag, Some("false"), "whether the service runs incremental jobs; in this version they read everything, as those of the reference do";
        INCREMENTAL_INTERVAL: Text = "scheduling.incremental.interval", Text, Some("0 0 0 * * ?"), "when, as a Quartz expression";
        ACCESS_ENABLED: Flag = "scheduling.access_control.enabled", Flag, Some("false"), "whether the service runs access control jobs, which write who may read what";
        ACCESS_INTERVAL: Text = "scheduling.access_control.interval", Text, Some("0 0 0 * * ?"), "when, as a Quartz expression";

        BASIC_RULES: Rules = "sync_rules.basic", Rules, Some("[]"), "basic sync rules, in the form of the connector protocol: which documents are indexed";
        ADVANCED_RULES: Rules = "sync_rules.advanced", Rules, Some("[]"), "advanced sync rules: queries in SOQL or SOSL that are read in place of the chosen objects";

        PIPELINE_NAME: Text = "pipeline.name", Text, Some("search-default-ingestion"), "ingest pipeline, `_none` for none; not used by the embedded index";
        PIPELINE_BINARY: Flag = "pipeline.extract_binary_content", Flag, Some("true"), "`_extract_binary_content` of each document";
        PIPELINE_WHITESPACE: Flag = "pipeline.reduce_whitespace", Flag, Some("true"), "`_reduce_whitespace` of each document";
        PIPELINE_INFERENCE: Flag = "pipeline.run_ml_inference", Flag, Some("true"), "`_run_ml_inference` of each document";
    }
}

/// Sections of the reference connector, where keys that nobody here knows are tolerated.
pub(crate) const REFERENCE: &[&str] = &["elasticsearch", "service", "extraction_service", "sources", "connector_id", "service_type"];

/// Keys of the reference connector that are accepted and mean nothing to this version.
pub(crate) const TOLERATED: &[(&str, &[&str])] = &[
    ("elasticsearch", &["retry_on_timeout", "initial_backoff_duration", "backoff_multiplier", "log_level", "serverless"]),
    ("elasticsearch.bulk", &["queue_max_size", "queue_max_mem_size", "queue_refresh_interval", "queue_refresh_timeout", "display_every"]),
    (
        "elasticsearch.bulk",
        &["chunk_size", "chunk_max_mem_size", "concurrent_downloads", "max_retries", "retry_interval", "enable_operations_logging"],
    ),
    ("service", &["worker_mode", "preflight_max_attempts", "preflight_idle", "max_concurrent_scheduling_tasks", "fips_mode"]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_is_there_once_and_its_default_is_accepted() {
        for table in [&ROOT, &CONNECTOR] {
            let paths: BTreeSet<_> = table.rows.iter().map(|row| row.path()).collect();
            assert_eq!(paths.len(), table.rows.len());
            for row in table.rows {
                if let Some(default) = row.default() {
                    let default = ValueKind::from(default);
                    assert!(row.same(&default, &default), "{}: the default must be {}", row.path(), row.expected());
                }
                assert!(!row.meaning().ends_with('.'), "{}", row.path());
            }
        }
    }

    #[test]
    fn a_group_knows_the_names_below_it() {
        assert_eq!(ROOT.below("actors.acl_builder"), ["concurrency", "mailbox"]);
        assert_eq!(CONNECTOR.below("sync_rules"), ["basic", "advanced"]);
        assert!(ROOT.below("actors.acl").is_empty() && ROOT.below("run.budget").is_empty());
        assert!(ROOT.below("").contains(&"salesforce"));
    }
}
