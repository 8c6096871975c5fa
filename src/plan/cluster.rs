//! How a cluster is reached, and what an index in it is given.

use std::path::PathBuf;
use std::time::Duration;

use ports::Secret;
use url::{Host, Url};

use crate::settings::{self, Taker};

/// Elasticsearch or OpenSearch as the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterPlan {
    /// Addresses of nodes, without user and password.
    pub hosts: Vec<String>,
    /// How to sign in.
    pub auth: ClusterAuth,
    /// Whether the cluster must prove who it is.
    pub verify: bool,
    /// PEM file of the certificate authorities to trust in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// Headers of every request.
    pub headers: Vec<(String, Secret)>,
    /// Longest wait until an answer begins.
    pub timeout: Duration,
    /// Tries of one request in all.
    pub attempts: u32,
    /// Longest wait before the second.
    pub first_wait: Duration,
    /// Bulk requests in flight at most.
    pub in_flight: usize,
    /// Whether fewer are in flight while the cluster has too much to do.
    pub adaptive: bool,
    /// Whether bulk requests are compressed.
    pub compress: bool,
    /// Fields that a new index gets.
    pub field_budget: usize,
    /// Index for jobs and checkpoints.
    pub state_index: String,
}

/// How to sign in to a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterAuth {
    /// An API key in its encoded form.
    ApiKey(Secret),
    /// User and password.
    Basic {
        /// User.
        user: String,
        /// Password.
        password: Secret,
    },
}

/// The plan of the cluster, or nothing if something is wrong, which is then noted.
pub(super) fn plan(root: &mut Taker<'_>, in_flight: Option<usize>) -> Option<ClusterPlan> {
    let (hosts, named) = hosts(root)?;
    let (user, password) = (root.get(&settings::ES_USERNAME), root.get(&settings::ES_PASSWORD));
    let auth = match (root.get(&settings::ES_API_KEY), named) {
        (Some(key), _) => ClusterAuth::ApiKey(key),
        (None, Some((user, password))) => ClusterAuth::Basic { user, password },
        (None, None) => ClusterAuth::Basic { user: user?, password: password? },
    };
    let tls = root.get(&settings::ES_SSL)?;
    let ca_file = root.get(&settings::CA_CERTS).filter(|_| tls);
    if let Some(path) = ca_file.as_ref().filter(|path| !path.is_file()) {
        root.refuse(&settings::CA_CERTS, format!("is `{}`, must be the path of a PEM file", path.display()));
    }
    let state_index = root.get(&settings::STATE_INDEX)?;
    if let Some(rule) = super::connector::broken_rule(state_index.trim_start_matches('.')) {
        root.refuse(&settings::STATE_INDEX, format!("is `{}`, must be {rule}", state_index.escape_debug()));
    }
    // On one machine, compression costs both sides more than it saves.
    let worth_it = root.given(&settings::COMPRESS) || !hosts.iter().all(|host| is_this_machine(host));
    let attempts = root.get(&settings::ES_ATTEMPTS).and_then(|attempts| u32::try_from(attempts).ok());
    Some(ClusterPlan {
        hosts,
        auth,
        verify: root.get(&settings::VERIFY_CERTS)? || !tls,
        ca_file,
        headers: root.get(&settings::HEADERS)?,
        timeout: root.get(&settings::REQUEST_TIMEOUT)?,
        attempts: attempts?,
        first_wait: root.get(&settings::ES_FIRST_WAIT)?,
        in_flight: in_flight?,
        adaptive: root.get(&settings::ADAPTIVE)?,
        compress: root.get(&settings::COMPRESS)? && worth_it,
        field_budget: root.count(&settings::FIELD_BUDGET)?,
        state_index,
    })
}

type Named = (String, Secret);

/// Addresses without user and password, and those, if an address has them. The values are not shown: they may be secret.
fn hosts(root: &mut Taker<'_>) -> Option<(Vec<String>, Option<Named>)> {
    let typed = root.get(&settings::HOST)?;
    let (mut hosts, mut named) = (Vec::new(), None);
    for host in &typed {
        let mut url = Url::parse(host).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if let Some(url) = &mut url {
            if !url.username().is_empty() {
                named = Some((decoded(url.username()), Secret::new(decoded(url.password().unwrap_or_default()))));
            }
            // Neither fails for an address that has a host.
            let _ = (url.set_username(""), url.set_password(None));
        }
        match url.filter(|url| url.query().is_none() && url.fragment().is_none()) {
            Some(url) => hosts.push(url.as_str().trim_end_matches('/').to_owned()),
            None => root.refuse(&settings::HOST, "must be an address such as `https://es-1:9200`, or a list of them"),
        }
    }
    if typed.is_empty() {
        root.refuse(&settings::HOST, "is empty, must be an address such as `https://es-1:9200`");
    }
    (!hosts.is_empty() && hosts.len() == typed.len()).then_some((hosts, named))
}

fn is_this_machine(address: &str) -> bool {
    match Url::parse(address).ok().as_ref().and_then(Url::host) {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// A part of an address without its percent signs.
fn decoded(part: &str) -> String {
    let form = format!("x={}", part.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{IndexPlan, Plan};
    use crate::settings::{Environment, Mistakes, Settings};

    fn planned(section: &str) -> Result<ClusterPlan, Mistakes> {
        let connector = "{connector_id: a, index_name: i, configuration: {domain: acme, client_id: c, client_secret: s}}";
        let text = format!("elasticsearch: {section}\nconnectors: [{connector}]");
        match Plan::try_from(Settings::parse(&text, &Environment::default())?)?.index {
            IndexPlan::Cluster(cluster) => Ok(*cluster),
            other @ IndexPlan::Embedded { .. } => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_file_of_the_reference_needs_no_more_than_a_host_and_a_key() {
        let plan = planned("{host: 'https://es:9200', api_key: marker}").unwrap();
        assert_eq!((plan.hosts, plan.auth), (vec!["https://es:9200".to_owned()], ClusterAuth::ApiKey(Secret::new("marker"))));
        assert_eq!((plan.timeout, plan.in_flight, plan.verify), (Duration::from_secs(240), 5, true));
    }

    #[test]
    fn without_a_key_user_and_password_count_and_those_in_an_address_win() {
        let basic = |user: &str, password: &str| ClusterAuth::Basic { user: user.to_owned(), password: Secret::new(password) };
        assert_eq!(planned("{}").unwrap().auth, basic("elastic", "changeme"));
        assert_eq!(planned("{username: u, password: p}").unwrap().auth, basic("u", "p"));
        let plan = planned("{host: 'http://u%40x:p%2Bq@es:9200/path/'}").unwrap();
        assert_eq!((plan.hosts, plan.auth), (vec!["http://es:9200/path".to_owned()], basic("u@x", "p+q")));
    }

    #[test]
    fn requests_to_this_machine_are_compressed_only_if_that_is_asked_for() {
        let compressed = |section: &str| planned(section).unwrap().compress;
        assert!(compressed("{host: 'https://es:9200'}") && compressed("{host: ['http://127.0.0.1:9200', 'http://b:9200']}"));
        for here in ["http://localhost:9200", "http://127.0.0.1:9200", "http://[::1]:9200"] {
            assert!(!compressed(&format!("{{host: '{here}'}}")), "{here}");
            assert!(compressed(&format!("{{host: '{here}'}}\nindex: {{compress: true}}")), "{here}");
        }
        assert!(!compressed("{host: 'https://es:9200'}\nindex: {compress: false}"));
    }

    #[test]
    fn several_hosts_are_a_list_or_stand_behind_commas() {
        let hosts = ["http://a:9200", "http://b:9200"];
        assert_eq!(planned("{host: ['http://a:9200', 'http://b:9200']}").unwrap().hosts, hosts);
        assert_eq!(planned("{host: 'http://a:9200,http://b:9200'}").unwrap().hosts, hosts);
    }

    #[test]
    fn what_is_wrong_is_named_and_no_address_is_shown() {
        for (section, key) in [
            ("{host: 'es:9200'}", "elasticsearch.host"),
            ("{host: 'http://u:hunter2@es:9200?x'}", "elasticsearch.host"),
            ("{host: ['http://a', 5]}", "elasticsearch.host"),
            ("{ca_certs: /nowhere}", "elasticsearch.ca_certs"),
            ("{request_timeout: soon}", "elasticsearch.request_timeout"),
            ("{headers: 5}", "elasticsearch.headers"),
        ] {
            let mistakes = planned(section).unwrap_err().to_string();
            assert!(mistakes.contains(key) && !mistakes.contains("hunter2"), "{mistakes}");
        }
    }

    #[test]
    fn the_two_keys_of_tls_count_only_with_it() {
        let plan = planned("{ssl: false, verify_certs: false, ca_certs: /nowhere}").unwrap();
        assert_eq!((plan.verify, plan.ca_file), (true, None));
        assert!(!planned("{verify_certs: false}").unwrap().verify);
    }

    #[test]
    fn the_limit_of_the_reference_counts_unless_ours_is_given() {
        assert_eq!(planned("{bulk: {max_concurrency: 2}}").unwrap().in_flight, 2);
        assert_eq!(planned("{bulk: {max_concurrency: 2}}\nactors: {bulk_writer: {concurrency: 3}}").unwrap().in_flight, 3);
    }
}
