//! One taxonomy of failure for the whole engine: every failure has a row in [`CODES`], and its class says what is done. Only who raised a
//! fault may look at its code.

use std::fmt;

/// What the engine does about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultClass {
    /// The same call may work later; the adapter has already retried it within its budget.
    Transient,
    /// This record, document or file is bad; it is set aside and the run goes on.
    Item,
    /// This run cannot go on.
    Run,
    /// The process is wrong: configuration or data directory.
    Fatal,
}

/// A row of the table of failures.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// System and number, never reused.
    pub id: &'static str,
    /// What the engine does.
    pub class: FaultClass,
    /// What happened, in general.
    pub meaning: &'static str,
    /// What a person can do.
    pub next: &'static str,
}

macro_rules! codes {
    ($($name:ident = $id:literal, $class:ident, $meaning:literal, $next:literal;)*) => {
        $(#[doc = $meaning] pub static $name: Code = Code { id: $id, class: FaultClass::$class, meaning: $meaning, next: $next };)*
        /// Every failure that the engine can report.
        pub static CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    SF_UNREACHABLE = "SF0001", Transient, "salesforce cannot be reached", "check `domain` (or `salesforce.base_url`) and the network between here and there";
    SF_SILENT = "SF0002", Transient, "salesforce did not answer in time", "check the network; raise `salesforce.timeout` or `salesforce.idle_timeout` if the org is slow";
    SF_UNAVAILABLE = "SF0003", Transient, "salesforce answered with a server error", "look at status.salesforce.com and run the job again later";
    SF_UNREADABLE = "SF0004", Transient, "an answer of salesforce is not the JSON that was asked for", "look for a proxy or maintenance page between here and there";
    SF_TOO_LARGE = "SF0005", Run, "an answer of salesforce is larger than can be taken", "lower `salesforce.page_size`";
    SF_SIGN_IN = "SF0101", Run, "salesforce refused the sign-in", "check `client_id` and `client_secret` (or `private_key` and `username`) and the app's run-as user";
    SF_SESSION = "SF0102", Transient, "a fresh session was refused again", "check that the app's run-as user may use the API";
    SF_FORBIDDEN = "SF0103", Run, "the run-as user may not do this", "give the run-as user `API Enabled` and read access to what is synced";
    SF_WRONG_HOST = "SF0104", Run, "the host is not this org's My Domain", "set `domain` to the My Domain name, for example `acme` for acme.my.salesforce.com";
    SF_DAILY_LIMIT = "SF0201", Run, "the org's daily API allowance is used up", "wait until the allowance rolls over, or buy more; the next run goes on where this one stopped";
    SF_BUSY = "SF0202", Transient, "the org has too many long requests in flight", "lower `actors.object_fetcher.concurrency`";
    SF_QUERY = "SF0301", Run, "salesforce refused a query", "check the field or object that is named";
    SF_CURSOR = "SF0302", Transient, "a query cursor expired", "nothing: the object is read on from its last record";
    SF_QUERY_TIMEOUT = "SF0303", Transient, "a query ran for too long", "lower `salesforce.page_size`";
    SF_NO_OBJECT = "SF0304", Run, "an object that was named does not exist or may not be queried", "check `custom_objects_to_sync` and the run-as user's permissions";
    SF_REFUSED = "SF0305", Run, "salesforce refused a request", "look up the error code that is named";
    SF_TOO_WIDE = "SF0306", Run, "an object has more fields than one query can name", "hide fields from the run-as user by field-level security";
    SF_NO_ID = "SF0401", Item, "a record has no usable Id", "nothing: the record cannot be indexed";
    DOC_TOO_LARGE = "SF0402", Item, "a document is larger than the limit", "raise `elasticsearch.bulk.max_text_document_size`, or sync fewer fields";
    FILE_GONE = "SF0403", Item, "a file cannot be downloaded", "give the run-as user `Query All Files`, or ignore it if the file was deleted";
    FILE_DAMAGED = "SF0404", Item, "a file arrived with another length or checksum than announced", "run the job again";
    FILE_TOO_LARGE = "SF0405", Item, "a file is larger than the limit", "raise `service.max_file_download_size`";
    DB_OPEN = "DB0001", Fatal, "the data directory cannot be used", "choose a directory that this user may write, with `index.path` or `--data`";
    DB_BUSY = "DB0002", Transient, "another process holds the embedded index", "stop the other process that uses this data directory";
    DB_WRITE = "DB0003", Run, "the embedded index cannot be written", "check free space and permissions of the data directory";
    DB_FOREIGN = "DB0004", Fatal, "the file is not an embedded index of this version", "choose another data directory; the file was left untouched";
    EN_PANIC = "EN0001", Transient, "an actor panicked", "report this as a bug with the log; the run resumes from its checkpoint";
    EN_STALLED = "EN0002", Run, "nothing moved for too long", "look at the stage that is named";
    EN_GAVE_UP = "EN0003", Run, "the run failed too often in a row", "mend the cause that is named; the next run goes on where this one stopped";
    EN_SET_ASIDE = "EN0004", Run, "pages of the run were set aside", "look at the warnings for the reason; their documents were left as they were";
    DB_MISSING = "DB0005", Fatal, "the data directory has no embedded index", "run a sync first, or give the directory that a sync wrote, with `index.path` or `--data`";
    ES_UNREACHABLE = "ES0001", Transient, "the index server cannot be reached", "check `elasticsearch.host` and the network between here and there";
    ES_SILENT = "ES0002", Transient, "the index server did not answer in time", "look at the load of the cluster; raise `elasticsearch.request_timeout` if it is slow";
    ES_UNAVAILABLE = "ES0003", Transient, "the index server answered with a server error", "look at the health and the log of the cluster";
    ES_BUSY = "ES0004", Transient, "the index server has too much to do", "lower `elasticsearch.bulk.max_concurrency`, or give the cluster more room";
    ES_UNREADABLE = "ES0005", Transient, "an answer of the index server is not the JSON that was asked for", "look for a proxy or a login page between here and there";
    ES_CONFLICT = "ES0006", Transient, "a document changed while it was being written", "nothing: it is written again";
    ES_VERSION = "ES0007", Fatal, "the server is no index server that can be used", "use Elasticsearch 8.12 or newer, or OpenSearch 2 or 3";
    ES_SIGN_IN = "ES0101", Run, "the index server refused the sign-in", "check `elasticsearch.api_key`, or `elasticsearch.username` and `elasticsearch.password`";
    ES_FORBIDDEN = "ES0102", Run, "the index user may not do this", "give the user or API key `monitor` on the cluster, and `read`, `write`, `monitor`, `view_index_metadata`, `maintenance` and `create_index` on the index and on `.sluice-state`";
    ES_INDEX_GONE = "ES0201", Run, "the index does not exist, or is another one than when the run began", "run the job again; it makes the index anew";
    ES_INDEX_CLOSED = "ES0202", Run, "the index is closed", "open it with `POST /<index>/_open`, then run the job again";
    ES_READ_ONLY = "ES0203", Run, "the index takes no documents", "free disk space if the cluster set the block, set `index.blocks.write` and `index.blocks.read_only` to null, then run the job again";
    ES_NO_PIPELINE = "ES0204", Run, "the ingest pipeline does not exist", "create the pipeline that is named, or name another one in the connector";
    ES_REFUSED = "ES0301", Run, "the index server refused a request", "look up the error type that is named";
    ES_TAKEN_OVER = "ES0302", Run, "another process took over", "nothing: the other process goes on; if there should be none, look for a second one with the same connector";
    ES_MISSING = "ES0303", Run, "the index server does not have what was asked for", "look whether the name is right, and whether somebody deleted it";
    ES_EXISTS = "ES0304", Run, "the index server has what was to be created already", "nothing: what is there is used";
    ES_MAPPING = "ES0401", Item, "a document does not fit the index", "mend the mapping or the pipeline of the index for the field that is named";
    ES_DOC_TOO_LARGE = "ES0402", Item, "a document is larger than the index server takes", "raise `http.max_content_length` of the server, or sync fewer fields";
    EN_HELD = "EN0005", Run, "a run would delete a large part of the index", "look whether the run-as user still sees everything; if the documents are to go, run `sluice confirm-deletes -c FILE --connector ID`";
    EN_TOO_MANY_ERRORS = "EN0006", Run, "the index refused too many documents", "mend what the last reason names, usually the mapping or the pipeline of the index, then run the job again";
    EN_IN_WORK = "EN0007", Run, "the connector has a job in work already", "wait for that job to end, or stop the process that runs it";
    EN_WRONG_INDEX = "EN0008", Run, "a job would write to an index that is not meant for it", "make the job again; if it comes from the Connector API, update the server";
    TX_UNREACHABLE = "TX0001", Run, "the text extraction service cannot be reached", "start it, or check `extraction_service.host`; the next job goes on from there";
    TX_NO_READER = "TX0002", Run, "no process can be started that reads files", "look at the limits on processes and memory of this one; the next job goes on from there";
    TX_KILLED = "TX0003", Transient, "processes that read files are ended from outside", "give the machine or the container more memory, or set fewer `builtin_extraction.processes` or less `builtin_extraction.memory`";
    TX_FAILED = "TX0101", Item, "the text extraction service could not read a file", "open the file; it may be damaged or encrypted";
    TX_SLOW = "TX0102", Item, "the text of a file took too long", "raise `extraction_service.timeout` (or `builtin_extraction.timeout`), or look at the file";
    TX_REFUSED = "TX0103", Item, "a file has no text that can be read", "open the file; it may be damaged, encrypted or of another kind than its name says";
    TX_DIED = "TX0104", Item, "the process that read a file ended on it", "open the file; it may be made to do so, or needs more than `builtin_extraction.memory`";
    AC_UNKNOWN = "AC0001", Run, "it cannot be known who may read what", "give the run-as user what is named; until then access documents stay as they were";
    AC_REFUSED = "AC0002", Run, "access documents were refused by the index", "mend what the last reason names; users without an access document find nothing";
    CF_INVALID = "CF0001", Fatal, "the configuration is not valid", "mend the keys that are named";
    SR_INVALID = "SR0001", Run, "the sync rules cannot be applied", "mend the rules that are named, in the configuration file or in Kibana; `sluice rules test` tries them";
    CP_CONNECTOR = "CP0001", Run, "a connector that is defined in the cluster is not ready to be synced", "mend the connector in Kibana or with the Connector API";
    CP_SCHEDULE = "CP0002", Run, "a schedule of a connector cannot be read", "write it in the form of Quartz, such as `0 0 0 * * ?` for every midnight of UTC";
    CP_JOB = "CP0003", Run, "a job cannot be run as it was made", "mend the connector as is said, then start another job";
    CP_VANISHED = "CP0004", Run, "the worker of a job is gone", "start a job, or wait for the next one: it goes on from the checkpoint";
    CP_NO_API = "CP0005", Fatal, "the index server has no Connector API", "set `elasticsearch.feature_use_connectors_api: false`";
}

/// A failure: its row in the table and what exactly happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The row.
    pub code: &'static Code,
    /// Lower case, no trailing full stop, no secrets.
    pub message: String,
}

impl Fault {
    /// A failure of this kind.
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// What the engine does about it.
    pub fn class(&self) -> FaultClass {
        self.code.class
    }

    /// Says what was being done, as a verb phrase: `read page 7 of Account`.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }
}

impl fmt::Display for Fault {
    /// One line that a person can act on: what failed, the code, what to do.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} [{}]; {}", self.message, self.code.id, self.code.next)
    }
}
impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_there_once_and_says_what_to_do() {
        let ids: BTreeSet<_> = CODES.iter().map(|code| code.id).collect();
        assert_eq!(ids.len(), CODES.len());
        assert!(CODES.iter().all(|code| !code.next.is_empty() && !code.meaning.ends_with('.')));
    }

    #[test]
    fn a_fault_reads_as_one_sentence_with_its_context() {
        let fault = Fault::new(&SF_SILENT, "no answer within 30 s").context("read page 7 of Account");
        assert!(fault.to_string().starts_with("read page 7 of Account: no answer within 30 s [SF0002]; check the network"));
    }
}
