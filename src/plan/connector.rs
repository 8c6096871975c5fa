//! The plan of one connector.

use std::collections::BTreeSet;
use std::path::PathBuf;

use domain::access::Mode;
use domain::catalog::{CATALOG, DocumentShape, PipelineFlags};
use domain::rules::{ADVANCED, RuleError, SyncRules};
use domain::schedule::Schedule;
use domain::{ConnectorId, IndexName, JobType, Names, NestedLimit, SR_INVALID, Selection};
use ports::{Definition, Secret};

use super::{Auth, ConnectorPlan, Demo, ManagedPlan, Retries, RulesPlan, SalesforcePlan, TextPlan, Timeouts, address, files, key_file};
use crate::settings::{self, Mistakes, Taker, nearest};

/// The section `salesforce`, which all connectors share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    base_url: BaseUrl,
    api_version: Option<String>,
    page_size: Option<usize>,
    timeouts: Option<Timeouts>,
    retries: Option<Retries>,
    ca_file: Option<PathBuf>,
    concurrency: Option<usize>,
    /// The index is one whose servers come with a pipeline that makes text of attachments.
    has_pipeline: bool,
}

/// Whether one address is given for all.
#[derive(Clone, Debug)]
enum BaseUrl {
    ByDomain,
    Given(String),
    /// Given and wrong, which has been noted.
    Wrong,
}

impl Shared {
    pub(super) fn take(root: &mut Taker<'_>) -> Self {
        let (connect, head) = (root.get(&settings::CONNECT_TIMEOUT), root.get(&settings::TIMEOUT));
        let idle = root.get(&settings::IDLE_TIMEOUT);
        let timeouts = || Some(Timeouts { connect: connect?, head: head?, idle: idle? });
        let attempts = root.get(&settings::RETRY_ATTEMPTS).and_then(|attempts| u32::try_from(attempts).ok());
        let first_wait = root.get(&settings::RETRY_FIRST_WAIT);
        let retries = || Some(Retries { attempts: attempts?, first_wait: first_wait? });
        let ca_file = root.get(&settings::CA_FILE);
        if let Some(path) = ca_file.as_ref().filter(|path| !path.is_file()) {
            root.refuse(&settings::CA_FILE, format!("is `{}`, must be the path of a PEM file", path.display()));
        }
        Self {
            base_url: base_url(root),
            api_version: root.get(&settings::API_VERSION),
            page_size: root.count(&settings::PAGE_SIZE),
            timeouts: timeouts(),
            retries: retries(),
            ca_file,
            concurrency: root.count(&settings::REQUESTS),
            has_pipeline: root.get(&settings::INDEX_KIND) == Some("elasticsearch"),
        }
    }

    fn salesforce(&self, base_url: String, auth: Auth) -> Option<SalesforcePlan> {
        Some(SalesforcePlan {
            base_url,
            api_version: self.api_version.clone()?,
            page_size: self.page_size?,
            auth,
            timeouts: self.timeouts?,
            retries: self.retries?,
            ca_file: self.ca_file.clone(),
            concurrency: self.concurrency?,
        })
    }
}

/// What connectors have, that no two may have.
#[derive(Default)]
pub(super) struct Taken {
    ids: BTreeSet<String>,
    indices: BTreeSet<String>,
}

/// The plan of what is typed, or nothing if something is wrong, which is then noted.
pub(super) fn plan(taker: &mut Taker<'_>, shared: &Shared, taken: &mut Taken) -> Option<ConnectorPlan> {
    taker.get(&settings::SERVICE_TYPE);
    let id = identity(taker, &mut taken.ids);
    let index = index_name(taker, &mut taken.indices);
    let compat = taker.given(&settings::COMPATIBILITY);
    taker.get(&settings::COMPATIBILITY);
    let selection = selection(taker, compat);
    let base_url = org(taker, &shared.base_url);
    let auth = auth(taker);
    let (flags, limit) = (flags(taker), taker.get(&settings::NESTED_LIMIT));
    let (api_key, pipeline) = (taker.get(&settings::API_KEY), pipeline(taker));
    let schedules = schedules(taker);
    let rules = rules(taker);
    let text = files::text(taker, compat, shared.has_pipeline && !matches!(pipeline, Some(None)));
    let access = access(taker, compat, shared.api_version.as_deref());
    let shape = DocumentShape { base_url: base_url.clone()?, flags: flags?, limit: limit?, as_reference: compat };
    let salesforce = shared.salesforce(base_url?, auth?)?;
    Some(ConnectorPlan {
        id: id?,
        index: index?,
        selection: selection?,
        rules: rules?,
        shape,
        salesforce,
        text: text?,
        access: access?,
        compat,
        api_key,
        pipeline: pipeline?,
        schedules: schedules?,
    })
}

/// A connector that is defined in the cluster.
pub(super) fn managed(taker: &mut Taker<'_>, taken: &mut Taken) -> Option<ManagedPlan> {
    taker.get(&settings::SERVICE_TYPE);
    let id = identity(taker, &mut taken.ids);
    let api_key = taker.get(&settings::API_KEY);
    Some(ManagedPlan { id: id?, api_key })
}

/// The plan of a definition in the cluster, beside those of the file. Keys that nobody here knows are Kibana's business.
pub(super) fn defined(
    definition: &Definition,
    shared: &Shared,
    beside: &[ConnectorPlan],
    mistakes: &mut Mistakes,
) -> Option<ConnectorPlan> {
    let mut taken = Taken { indices: beside.iter().map(|other| other.index.to_string()).collect(), ..Taken::default() };
    let entry = serde_json::json!({
        "connector_id": definition.connector.as_str(), "index_name": definition.index.as_str(),
        "configuration": definition.configuration, "pipeline": definition.pipeline,
        "sync_rules": { "basic": definition.basic_rules, "advanced": definition.advanced_rules },
    });
    settings::Defined::read(entry).take(mistakes, |taker| plan(taker, shared, &mut taken))
}

/// The ingest pipeline; `_none` is the servers' own word for none.
fn pipeline(taker: &mut Taker<'_>) -> Option<Option<String>> {
    taker.get(&settings::PIPELINE_NAME).map(|name| Some(name).filter(|name| name != "_none"))
}

/// When the service runs which jobs.
fn schedules(taker: &mut Taker<'_>) -> Option<Vec<(JobType, Schedule)>> {
    let keys = [
        (JobType::Full, &settings::FULL_ENABLED, &settings::FULL_INTERVAL),
        (JobType::Incremental, &settings::INCREMENTAL_ENABLED, &settings::INCREMENTAL_INTERVAL),
        (JobType::AccessControl, &settings::ACCESS_ENABLED, &settings::ACCESS_INTERVAL),
    ];
    let mut all = Vec::new();
    for (kind, enabled, interval) in keys {
        if !taker.get(enabled)? {
            continue;
        }
        let typed = taker.get(interval)?;
        match Schedule::parse(&typed) {
            Ok(schedule) => all.push((kind, schedule)),
            Err(mistake) => taker.refuse(interval, format!("is `{}`: {mistake}", typed.escape_debug())),
        }
    }
    Some(all)
}

/// The connector of the demo.
pub(super) fn demo(shared: &Shared, demo: &Demo, mistakes: &mut Mistakes) -> Option<ConnectorPlan> {
    let Some(base_url) = address::of_url(&demo.base_url) else {
        mistakes.note("base_url", "must be an address such as `http://127.0.0.1:8080`");
        return None;
    };
    let flags = PipelineFlags { extract_binary_content: true, reduce_whitespace: true, run_ml_inference: true };
    let shape = DocumentShape { base_url: base_url.clone(), flags, limit: NestedLimit::default(), as_reference: false };
    let auth = Auth::ClientCredentials { client_id: demo.client_id.clone(), client_secret: demo.client_secret.clone() };
    Some(ConnectorPlan {
        id: ConnectorId::new("demo"),
        index: IndexName::new("demo"),
        selection: Selection { standard: Names::All, custom: Names::All, files: Vec::new() },
        rules: RulesPlan::default(),
        shape,
        salesforce: shared.salesforce(base_url, auth)?,
        text: TextPlan::Builtin,
        access: Some(Mode::Tokens),
        compat: false,
        api_key: None,
        pipeline: None,
        schedules: Vec::new(),
    })
}

fn base_url(root: &mut Taker<'_>) -> BaseUrl {
    if !root.given(&settings::BASE_URL) {
        return BaseUrl::ByDomain;
    }
    let Some(typed) = root.get(&settings::BASE_URL) else { return BaseUrl::Wrong };
    address::of_url(&typed).map_or_else(
        || {
            // The value is not shown: it may have a password in it.
            root.refuse(&settings::BASE_URL, "must be an address such as `https://host:8443`, without user, query or fragment");
            BaseUrl::Wrong
        },
        BaseUrl::Given,
    )
}

fn identity(taker: &mut Taker<'_>, ids: &mut BTreeSet<String>) -> Option<ConnectorId> {
    let id = taker.required(&settings::CONNECTOR_ID)?;
    if id.chars().any(char::is_control) {
        taker.refuse(&settings::CONNECTOR_ID, "must be one line of text");
    }
    if !ids.insert(id.clone()) {
        taker.refuse(&settings::CONNECTOR_ID, format!("is `{id}`, which another connector has already"));
    }
    Some(ConnectorId::new(id))
}

/// Names are held to the rules of Elasticsearch, so that an index can move there.
fn index_name(taker: &mut Taker<'_>, taken: &mut BTreeSet<String>) -> Option<IndexName> {
    let name = taker.required(&settings::INDEX_NAME)?;
    // A run deletes what it did not meet, whoever wrote it.
    if !taken.insert(name.clone()) {
        let shown = name.escape_debug();
        taker.refuse(
            &settings::INDEX_NAME,
            format!("is `{shown}`, which another connector has already: each would delete the other's documents"),
        );
    }
    if let Some(rule) = broken_rule(&name) {
        taker.refuse(&settings::INDEX_NAME, format!("is `{}`, must be {rule}", name.escape_debug()));
    }
    Some(IndexName::new(name))
}

/// What the name of an index must be, if it is not.
pub(super) fn broken_rule(name: &str) -> Option<&'static str> {
    let forbidden = |c: char| c.is_uppercase() || c.is_whitespace() || c.is_control() || "\\/*?\"<>|,#:".contains(c);
    let broken = name.is_empty() || name.contains(forbidden) || name.starts_with(['-', '_', '+', '.']) || name.len() > 255;
    broken.then_some("lower case, no spaces and none of \\ / * ? \" < > | , # :, not starting with - _ + . and of at most 255 bytes")
}

fn selection(taker: &mut Taker<'_>, compat: bool) -> Option<Selection> {
    let standard = taker.get(&settings::STANDARD).and_then(|names| standard(taker, names, compat));
    let (on, custom) = (taker.get(&settings::SYNC_CUSTOM), taker.get(&settings::CUSTOM));
    let custom = match (on?, custom?) {
        (false, _) => Names::Only(Vec::new()),
        (true, custom) => {
            check_custom(taker, &custom);
            custom
        }
    };
    let (standard, nothing) = (standard?, Names::Only(Vec::new()));
    let files = files::objects(taker)?;
    if standard == nothing && custom == nothing && files.is_empty() && !on? {
        taker.refuse(&settings::STANDARD, "names no object, and custom objects are off: there is nothing to sync");
    }
    Some(Selection { standard, custom, files })
}

/// Standard objects as the catalog spells them. The reference connector skips names that it does not know without a word; so does this one
/// for compatibility, and otherwise refuses them.
fn standard(taker: &mut Taker<'_>, names: Names, compat: bool) -> Option<Names> {
    let Names::Only(names) = names else { return Some(Names::All) };
    let (mut known, mut refused): (Vec<String>, bool) = (Vec::new(), false);
    for name in names {
        match CATALOG.iter().find(|spec| spec.name.eq_ignore_ascii_case(&name)) {
            Some(spec) if !known.iter().any(|have| have == spec.name) => known.push(spec.name.to_owned()),
            Some(_) => {}
            None if compat => {}
            None => {
                refused = true;
                let objects = || CATALOG.iter().map(|spec| spec.name);
                let meant = nearest(&name, objects()).map(|name| format!("did you mean `{name}`?"));
                let all = || format!("must be among {}", objects().collect::<Vec<_>>().join(", "));
                taker.refuse(
                    &settings::STANDARD,
                    format!("names `{}`, which is not known; {}", name.escape_debug(), meant.unwrap_or_else(all)),
                );
            }
        }
    }
    let chosen = if known.len() == CATALOG.len() { Names::All } else { Names::Only(known) };
    (!refused).then_some(chosen)
}

fn check_custom(taker: &mut Taker<'_>, custom: &Names) {
    let Names::Only(names) = custom else { return };
    if names.is_empty() {
        taker.refuse(&settings::CUSTOM, "is missing: with `sync_custom_objects`, name custom objects, or `*` for all");
    }
    let is_api_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    for name in names.iter().filter(|name| !is_api_name(name)) {
        taker
            .refuse(&settings::CUSTOM, format!("names `{}`, which is no API name of letters, digits and underscores", name.escape_debug()));
    }
}

fn org(taker: &mut Taker<'_>, shared: &BaseUrl) -> Option<String> {
    let needed = matches!(shared, BaseUrl::ByDomain);
    if needed && !taker.given(&settings::DOMAIN) {
        taker.refuse(&settings::DOMAIN, "is missing: the My Domain name, `acme` for acme.my.salesforce.com");
        return None;
    }
    let domain = if taker.given(&settings::DOMAIN) { taker.get(&settings::DOMAIN) } else { None };
    let address = domain.as_deref().map(address::of_domain);
    if needed && address == Some(None) {
        let is =
            domain.filter(|domain| !domain.contains('@')).map_or_else(String::new, |domain| format!("is `{}`, ", domain.escape_debug()));
        taker.refuse(&settings::DOMAIN, format!("{is}must be the My Domain name, `acme` for acme.my.salesforce.com"));
    }
    match shared {
        BaseUrl::Given(url) => Some(url.clone()),
        BaseUrl::ByDomain => address.flatten(),
        BaseUrl::Wrong => None,
    }
}

fn auth(taker: &mut Taker<'_>) -> Option<Auth> {
    let client_id = taker.required(&settings::CLIENT_ID);
    match (taker.given(&settings::CLIENT_SECRET), taker.given(&settings::PRIVATE_KEY)) {
        (true, true) => {
            taker.refuse(&settings::PRIVATE_KEY, "is given together with `client_secret`; give only one of them");
            None
        }
        (false, false) => {
            taker.refuse(&settings::CLIENT_SECRET, "is missing: the consumer secret; or give `private_key` and `username`");
            None
        }
        (true, false) => client_credentials(taker, client_id),
        (false, true) => jwt_bearer(taker, client_id),
    }
}

fn client_credentials(taker: &mut Taker<'_>, client_id: Option<String>) -> Option<Auth> {
    if taker.given(&settings::USERNAME) {
        taker.refuse(&settings::USERNAME, "counts only with `private_key`; with `client_secret`, the connected app's run-as user is used");
    }
    if taker.given(&settings::AUDIENCE) {
        taker.refuse(&settings::AUDIENCE, "counts only with `private_key`");
    }
    let client_secret = taker.get(&settings::CLIENT_SECRET);
    Some(Auth::ClientCredentials { client_id: client_id?, client_secret: client_secret? })
}

fn jwt_bearer(taker: &mut Taker<'_>, client_id: Option<String>) -> Option<Auth> {
    let username = taker.required(&settings::USERNAME);
    let audience = taker.get(&settings::AUDIENCE);
    let typed: Option<Secret> = taker.get(&settings::PRIVATE_KEY);
    let private_key = typed.and_then(|typed| key_file::read(&typed).map_err(|problem| taker.refuse(&settings::PRIVATE_KEY, problem)).ok());
    Some(Auth::JwtBearer { client_id: client_id?, username: username?, private_key: private_key?, audience })
}

fn flags(taker: &mut Taker<'_>) -> Option<PipelineFlags> {
    let (binary, whitespace) = (taker.get(&settings::PIPELINE_BINARY), taker.get(&settings::PIPELINE_WHITESPACE));
    let inference = taker.get(&settings::PIPELINE_INFERENCE);
    Some(PipelineFlags { extract_binary_content: binary?, reduce_whitespace: whitespace?, run_ml_inference: inference? })
}

fn rules(taker: &mut Taker<'_>) -> Option<RulesPlan> {
    let (basic, advanced) = (taker.get(&settings::BASIC_RULES), taker.get(&settings::ADVANCED_RULES));
    let rules = RulesPlan { basic: basic?, advanced: advanced? };
    for RuleError { ids, message } in SyncRules::read(&rules.basic, &rules.advanced).err().unwrap_or_default() {
        let line = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let key = if ids.iter().any(|id| id == ADVANCED) { &settings::ADVANCED_RULES } else { &settings::BASIC_RULES };
        taker.refuse_as(key, format!("cannot be applied: {line}"), &SR_INVALID);
    }
    Some(rules)
}

/// How documents say who may read them, if they are to.
fn access(taker: &mut Taker<'_>, compat: bool, api_version: Option<&str>) -> Option<Option<Mode>> {
    let mode = if compat { Mode::UserLists } else { Mode::Tokens };
    let on = taker.get(&settings::SECURITY)?;
    let version = api_version.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    if on && version.is_some_and(|version| version < FIRST_WITH_ALL_FIELDS) {
        let problem = format!("is `true`, which needs `salesforce.api_version` {FIRST_WITH_ALL_FIELDS} or later");
        taker.refuse(&settings::SECURITY, problem);
    }
    Some(on.then_some(mode))
}

/// Older versions of the API lack fields that take access away: when an assignment ends, whether a file is private.
const FIRST_WITH_ALL_FIELDS: u32 = 55;
