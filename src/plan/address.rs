//! Where an org is: from the My Domain name, or from the address of a simulated org.

/// The base URL of an org by its My Domain name: `acme`, `acme--dev.sandbox`. A pasted host name or URL of the org works as well.
pub(super) fn of_domain(domain: &str) -> Option<String> {
    let host = without_scheme(domain).split('/').next().unwrap_or_default();
    let name = host.strip_suffix(".my.salesforce.com").unwrap_or(host);
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (!name.ends_with(".com") && name.split('.').all(is_label)).then(|| format!("https://{name}.my.salesforce.com"))
}

/// A base URL without its trailing slashes: `http` or `https`, a host, maybe a port and a path. No user, query or fragment.
pub(super) fn of_url(url: &str) -> Option<String> {
    let url = url.trim_end_matches('/');
    let rest = without_scheme(url);
    if rest.len() == url.len() || rest.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"@?#\\\"<>".contains(&byte)) {
        return None;
    }
    let authority = rest.split('/').next().unwrap_or_default();
    // In `[::1]:80` the last colon outside of the brackets is the one before the port.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port_is_right = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    (!host.is_empty() && port_is_right).then(|| url.to_owned())
}

fn without_scheme(url: &str) -> &str {
    ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme)).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_my_domain_name_leads_to_its_host_however_it_is_pasted() {
        for (typed, host) in [
            ("acme", "acme"),
            ("acme.my.salesforce.com", "acme"),
            ("https://acme.my.salesforce.com/", "acme"),
            ("fake.sandbox", "fake.sandbox"),
            ("acme--dev.sandbox.my.salesforce.com", "acme--dev.sandbox"),
        ] {
            assert_eq!(of_domain(typed), Some(format!("https://{host}.my.salesforce.com")), "{typed}");
        }
        for typed in ["", "acme.lightning.force.com", "login.salesforce.com", "ac me", "acme..x", "user@acme", "acme:443"] {
            assert_eq!(of_domain(typed), None, "{typed}");
        }
    }

    #[test]
    fn an_address_has_a_scheme_and_a_host_and_nothing_secret() {
        for url in ["http://127.0.0.1:8080", "http://[::1]:80", "https://sim.example/org", "http://host"] {
            assert_eq!(of_url(url).as_deref(), Some(url));
        }
        assert_eq!(of_url("http://host:1//").as_deref(), Some("http://host:1"));
        for url in [
            "",
            "host",
            "http://",
            "ftp://host",
            "http://host:99999",
            "http://host:",
            "http://u:p@host",
            "http://host?x",
            "http://ho st",
            "https:///x",
        ] {
            assert_eq!(of_url(url), None, "{url}");
        }
    }
}
