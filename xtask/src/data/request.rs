//! One request for a file or for the rest of it, and what the answer means.

use std::io;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use ureq::http::header::{self, HeaderName};
use ureq::http::{HeaderMap, Response};
use ureq::{Agent, Error, Proxy, ProxyProtocol};

use super::part::Version;
use super::place::environment;

/// How many redirects are followed.
const MAX_REDIRECTS: u32 = 10;

const BROWSER: &str = "fetch the file with a browser, and name its folder with --from";

/// Why a request or a body failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Trying again may help, after a pause of at least so long.
    Transient(anyhow::Error, Duration),
    /// Trying again will not help.
    Fatal(anyhow::Error),
}

impl Failure {
    pub(super) fn transient(error: anyhow::Error) -> Self {
        Self::Transient(error, Duration::ZERO)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Fatal(error)
    }
}

/// The proxy that the environment names.
pub(super) fn proxy() -> anyhow::Result<Option<Proxy>> {
    let names = ["all_proxy", "https_proxy", "http_proxy"].into_iter();
    let mut names = names.flat_map(|name| [name.to_ascii_uppercase(), name.to_owned()]);
    let set = names.find(|name| environment(name).is_some());
    usable(Proxy::try_from_env(), set.as_deref())
}

fn usable(proxy: Option<Proxy>, variable: Option<&str>) -> anyhow::Result<Option<Proxy>> {
    if let Some(variable) = variable {
        let protocol = proxy.as_ref().map(Proxy::protocol);
        ensure!(
            matches!(protocol, Some(ProxyProtocol::Http | ProxyProtocol::Https)),
            "{variable} must name an HTTP proxy, as http://host:port does"
        );
    }
    Ok(proxy)
}

/// A client that gives up when the server is silent for `silence`.
pub(super) fn agent(url: &str, silence: Duration, proxy: Option<Proxy>) -> Agent {
    let silence = Some(silence);
    Agent::config_builder()
        .http_status_as_error(false)
        // A redirect must not take the encryption away.
        .https_only(url.starts_with("https://"))
        .max_redirects(MAX_REDIRECTS)
        .max_redirects_will_error(true)
        .proxy(proxy)
        .timeout_connect(silence)
        .timeout_recv_response(silence)
        .timeout_per_read(silence)
        .timeout_per_write(silence)
        // A connection that an answer came over may hold the rest of what a broken server sent.
        .max_idle_connections(0)
        .user_agent(concat!("ganas-xtask/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

/// The answer to a request.
pub(super) enum Reply {
    /// The file, or the rest of it.
    Body(Body),
    /// There is nothing after the offset that was asked for; the whole file has so many bytes, as far as the server says it.
    NothingMore(Option<u64>),
}

/// A file, or the rest of it.
pub(super) struct Body {
    /// Where it begins: the offset that was asked for, or 0.
    pub(super) offset: u64,
    /// The number of bytes of the whole file, when the server said it.
    pub(super) total: Option<u64>,
    pub(super) version: Option<Version>,
    pub(super) reader: Box<dyn io::Read>,
}

/// Asks for the whole file, or for what follows the first `offset` bytes of a version.
pub(super) fn get(
    agent: &Agent,
    url: &str,
    offset: u64,
    version: Option<&Version>,
) -> Result<Reply, Failure> {
    let mut request = agent.get(url).header(header::ACCEPT_ENCODING, "identity");
    let version = version.filter(|version| offset > 0 && version.url == url);
    if let Some(version) = version {
        request = request
            .header(header::RANGE, format!("bytes={offset}-"))
            .header(header::IF_RANGE, &version.validator);
    }
    let response = request
        .call()
        .map_err(|error| unanswered(agent, url, error))?;
    reply(url, response, version.map(|_| offset))
}

fn reply(url: &str, response: Response<ureq::Body>, asked: Option<u64>) -> Result<Reply, Failure> {
    let headers = response.headers();
    let range = text(headers, &header::CONTENT_RANGE).unwrap_or_default();
    let length = number(headers, &header::CONTENT_LENGTH);
    let (offset, total) = match (response.status().as_u16(), asked) {
        (200, _) => (0, length),
        (206, Some(asked)) => {
            let total = rest_of_file(range, asked, length).with_context(|| {
                format!("{url} sends `Content-Range: {range}` where bytes {asked} to the end were asked for")
            })?;
            (asked, Some(total))
        }
        (416, Some(_)) => {
            let total = range.strip_prefix("bytes */");
            return Ok(Reply::NothingMore(
                total.and_then(|total| total.parse().ok()),
            ));
        }
        (status, _) => return Err(refused(url, status, headers)),
    };
    check_kind(url, headers)?;
    let tag = text(headers, &header::ETAG).filter(|tag| tag.starts_with('"'));
    let validator = tag.or(text(headers, &header::LAST_MODIFIED));
    let version = validator.map(|validator| Version {
        url: url.to_owned(),
        validator: validator.to_owned(),
    });
    Ok(Reply::Body(Body {
        offset,
        total,
        version,
        reader: Box::new(response.into_body().into_reader()),
    }))
}

/// Whether the body is the file as it is.
fn check_kind(url: &str, headers: &HeaderMap) -> anyhow::Result<()> {
    let encoding = text(headers, &header::CONTENT_ENCODING).unwrap_or("identity");
    ensure!(
        encoding == "identity",
        "{url} sends the file encoded as {encoding}, which was not asked for"
    );
    if text(headers, &header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
        bail!(
            "{url} sends a web page instead of the file: the source, or a login page of this network, wants a browser; {BROWSER}"
        );
    }
    Ok(())
}

/// The failure of an answer with another status.
fn refused(url: &str, status: u16, headers: &HeaderMap) -> Failure {
    let error = anyhow!("{url} answers with status {status}");
    match status {
        408 | 425 | 429 | 500 | 502 | 503 | 504 => {
            let after = number(headers, &header::RETRY_AFTER).unwrap_or(0);
            Failure::Transient(error, Duration::from_secs(after))
        }
        404 | 410 => Failure::Fatal(error.context(
            "the file is no longer where the catalogue says; if you have it from elsewhere, name its folder with --from",
        )),
        401 | 403 => Failure::Fatal(error.context(format!("the server refuses the file; {BROWSER}"))),
        _ => Failure::Fatal(error),
    }
}

/// The failure of a request without an answer.
fn unanswered(agent: &Agent, url: &str, error: Error) -> Failure {
    let network = "; is there a network, or a proxy to name in https_proxy?";
    let (is_transient, advice) = match &error {
        // What rustls finds wrong with a certificate arrives as invalid data.
        Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => (
            false,
            "; if this network replaces certificates, use a browser and --from",
        ),
        Error::Io(_) | Error::HostNotFound => (true, network),
        Error::Timeout(_)
        | Error::ConnectionFailed
        | Error::ConnectProxyFailed(_)
        | Error::Protocol(_) => (true, ""),
        Error::TooManyRedirects => (false, "; the source is broken, or wants a browser"),
        Error::RequireHttpsOnly(_) => (
            false,
            "; the server redirects to an address without encryption, which is not followed",
        ),
        _ => (false, ""),
    };
    let proxy = agent.config().proxy().map_or(String::new(), |proxy| {
        format!(" by way of the proxy {}:{}", proxy.host(), proxy.port())
    });
    let error = anyhow::Error::new(error).context(format!("cannot fetch {url}{proxy}{advice}"));
    if is_transient {
        Failure::transient(error)
    } else {
        Failure::Fatal(error)
    }
}

/// The total of a `Content-Range`, when it is the rest of the file and agrees with the length of the body.
fn rest_of_file(range: &str, asked: u64, length: Option<u64>) -> Option<u64> {
    let (bytes, total) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = bytes.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total: u64 = total.parse().ok()?;
    let is_rest = first == asked && first <= last && last.checked_add(1) == Some(total);
    let length_agrees = length.is_none_or(|length| Some(length) == total.checked_sub(first));
    (is_rest && length_agrees).then_some(total)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    text(headers, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges() {
        for (range, asked, length, expected) in [
            ("bytes 5-9/10", 5, Some(5), Some(10)),
            ("bytes 5-9/10", 5, None, Some(10)),
            ("bytes 5-9/10", 5, Some(4), None),
            ("bytes 4-9/10", 5, Some(6), None),
            ("bytes 5-8/10", 5, Some(4), None),
            ("bytes 0-9/10", 5, Some(10), None),
            ("bytes 5-9/*", 5, Some(5), None),
            ("bytes 9-5/10", 9, None, None),
            ("bytes 0-18446744073709551615/0", 0, None, None),
            ("", 5, None, None),
        ] {
            let found = rest_of_file(range, asked, length);
            assert_eq!(found, expected, "{range} {asked} {length:?}");
        }
    }

    #[test]
    fn proxies_that_cannot_be_used_are_errors() {
        let named = |value: &str| usable(Proxy::new(value).ok(), Some("https_proxy"));
        assert!(usable(None, None).unwrap().is_none());
        assert_eq!(named("http://p:1").unwrap().unwrap().host(), "p");
        for value in ["socks5://p:1", "ftp://p", "http://"] {
            let error = named(value).unwrap_err().to_string();
            assert!(error.starts_with("https_proxy must name"), "{error}");
        }
    }
}
