//! The proxy that the environment names: `https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`, in either case.

use anyhow::{Context as _, ensure};
use ureq::{Proxy, ProxyProtocol};

/// The proxy for an address, when there is one.
///
/// The choice is made here and not by ureq, so that a value that cannot be used is an error, and `http_proxy` is not
/// used for https.
///
/// # Errors
///
/// When the variable does not name an HTTP proxy.
pub(super) fn for_url(
    url: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> anyhow::Result<Option<Proxy>> {
    let scheme = if url.starts_with("https://") {
        "https_proxy"
    } else {
        "http_proxy"
    };
    let either_case = |name: &str| {
        let upper = name.to_ascii_uppercase();
        [name.to_owned(), upper]
            .into_iter()
            .find_map(|name| Some((environment(&name)?, name)))
    };
    let Some((value, variable)) = either_case(scheme).or_else(|| either_case("all_proxy")) else {
        return Ok(None);
    };
    let bad = || format!("{variable} must name an HTTP proxy, as http://host:port does");
    let named = Proxy::new(&value).with_context(bad)?;
    ensure!(
        matches!(named.protocol(), ProxyProtocol::Http | ProxyProtocol::Https),
        "{}",
        bad()
    );
    let mut builder = Proxy::builder(named.protocol())
        .host(named.host())
        .port(named.port());
    if let Some(username) = named.username() {
        builder = builder.username(username);
    }
    if let Some(password) = named.password() {
        builder = builder.password(password);
    }
    if let Some((list, _)) = either_case("no_proxy") {
        for host in list.split(',').map(str::trim) {
            builder = no_proxy(host)
                .iter()
                .fold(builder, |builder, pattern| builder.no_proxy(pattern));
        }
    }
    builder.build().with_context(bad).map(Some)
}

/// The patterns of ureq for an entry of `no_proxy`; as with curl, a name covers what is below it, too.
fn no_proxy(host: &str) -> Vec<String> {
    if host.is_empty() {
        Vec::new()
    } else if host.contains('*') {
        vec![host.to_owned()]
    } else {
        let name = host.trim_start_matches('.');
        vec![name.to_owned(), format!(".{name}")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(url: &str, variables: &[(&str, &str)]) -> anyhow::Result<Option<Proxy>> {
        for_url(url, &|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn variables() {
        for (url, variables, expected) in [
            ("https://a/", &[][..], None),
            ("https://a/", &[("http_proxy", "http://p:1")], None),
            ("http://a/", &[("http_proxy", "http://p:1")], Some("p:1")),
            ("https://a/", &[("HTTPS_PROXY", "p:2")], Some("p:2")),
            ("https://a/", &[("all_proxy", "http://u:w@p")], Some("p:80")),
            (
                "https://a/",
                &[("all_proxy", "http://p:1"), ("https_proxy", "http://q:2")],
                Some("q:2"),
            ),
        ] {
            let proxy = chosen(url, variables).unwrap();
            let text = proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port()));
            assert_eq!(text.as_deref(), expected, "{url} {variables:?}");
        }
    }

    #[test]
    fn no_proxy_covers_names_and_what_is_below() {
        let variables = [
            ("https_proxy", "http://p:1"),
            ("no_proxy", "example.org, .example.com,10.0.0.*"),
        ];
        let proxy = chosen("https://a/", &variables).unwrap().unwrap();
        for (url, direct) in [
            ("https://example.org/x", true),
            ("https://www.example.org/x", true),
            ("https://badexample.org/x", false),
            ("https://example.com/x", true),
            ("https://10.0.0.7/", true),
            ("https://10.0.1.7/", false),
        ] {
            let uri = url.parse().unwrap();
            assert_eq!(proxy.is_no_proxy(&uri), direct, "{url}");
        }
    }

    #[test]
    fn other_proxies_are_refused() {
        for value in ["socks5://p:1", "ftp://p", "http://"] {
            let error = chosen("https://a/", &[("https_proxy", value)]).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains("https_proxy must name"), "{error}");
        }
    }
}
