//! One request for a file or for the rest of it, and what the answer means.

use std::io::{self, Read};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde::{Deserialize, Serialize};
use ureq::Agent;
use ureq::http::{HeaderMap, Response, header};

use super::proxy;

/// How many redirects are followed.
const MAX_REDIRECTS: u32 = 10;

/// Why a request or a body failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Trying again may help; the server may have said when.
    Transient {
        error: anyhow::Error,
        after: Option<Duration>,
    },
    /// Trying again will not help.
    Fatal(anyhow::Error),
}

impl Failure {
    pub(super) fn transient(error: impl Into<anyhow::Error>) -> Self {
        Self::Transient {
            error: error.into(),
            after: None,
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Fatal(error)
    }
}

/// Which version of a file a server sends: what tells whether a part can be continued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    /// The address that was asked for.
    pub(super) url: String,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

impl Version {
    /// What `If-Range` may hold: a strong entity tag, else a date.
    pub(super) fn if_range(&self) -> Option<&str> {
        self.etag
            .as_deref()
            .filter(|etag| etag.starts_with('"'))
            .or(self.last_modified.as_deref())
    }
}

/// The answer to a request.
#[derive(Debug)]
pub(super) enum Reply {
    /// The file, or the rest of it.
    Body(Body),
    /// There is nothing after the offset that was asked for.
    NothingMore {
        /// The number of bytes of the whole file, when the server said it.
        total: Option<u64>,
    },
}

/// A file, or the rest of it.
pub(super) struct Body {
    /// Where it begins: the offset that was asked for, or 0.
    pub(super) offset: u64,
    /// The number of bytes of the whole file, when the server said it.
    pub(super) total: Option<u64>,
    pub(super) version: Version,
    pub(super) reader: Box<dyn Read>,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body")
            .field("offset", &self.offset)
            .field("total", &self.total)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What makes requests for one address.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    url: String,
    /// For messages.
    proxy: Option<String>,
}

impl Client {
    /// A client that gives up when the server is silent for `silence`.
    ///
    /// # Errors
    ///
    /// When the environment names a proxy that cannot be used.
    pub(super) fn new(
        url: &str,
        silence: Duration,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Self> {
        let proxy = proxy::for_url(url, environment)?;
        let proxy_text = proxy
            .as_ref()
            .map(|proxy| format!("{}:{}", proxy.host(), proxy.port()));
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect must not take the encryption away.
            .https_only(url.starts_with("https://"))
            .max_redirects(MAX_REDIRECTS)
            .max_redirects_will_error(true)
            .proxy(proxy)
            .timeout_connect(Some(silence))
            .timeout_recv_response(Some(silence))
            .timeout_per_read(Some(silence))
            .timeout_per_write(Some(silence))
            // A connection that an answer came over may hold the rest of what a broken server sent.
            .max_idle_connections(0)
            .user_agent(concat!("ganas-xtask/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self {
            agent,
            url: url.to_owned(),
            proxy: proxy_text,
        })
    }

    /// Asks for the whole file, or for what follows the first `offset` bytes of a version.
    ///
    /// # Errors
    ///
    /// When there is no answer, or one that makes no sense.
    pub(super) fn get(&self, offset: u64, version: Option<&Version>) -> Result<Reply, Failure> {
        let mut request = self
            .agent
            .get(&self.url)
            .header(header::ACCEPT_ENCODING, "identity");
        let range = version
            .and_then(Version::if_range)
            .filter(|_| offset > 0)
            .map(|if_range| (offset, if_range));
        if let Some((offset, if_range)) = range {
            request = request
                .header(header::RANGE, format!("bytes={offset}-"))
                .header(header::IF_RANGE, if_range);
        }
        let response = request.call().map_err(|error| self.failure(error))?;
        self.reply(response, range.map(|(offset, _)| offset))
    }

    fn reply(&self, response: Response<ureq::Body>, asked: Option<u64>) -> Result<Reply, Failure> {
        let headers = response.headers();
        let status = response.status().as_u16();
        let (offset, total) = match (status, asked) {
            (200, _) => (0, number(headers, &header::CONTENT_LENGTH)),
            (206, Some(asked)) => {
                let range = text(headers, &header::CONTENT_RANGE).unwrap_or_default();
                let total = rest_of_file(range, asked, number(headers, &header::CONTENT_LENGTH))
                    .with_context(|| {
                        format!(
                            "{} sends `Content-Range: {range}` where bytes {asked} to the end were asked for",
                            self.url
                        )
                    })?;
                (asked, Some(total))
            }
            (416, Some(_)) => {
                let range = text(headers, &header::CONTENT_RANGE);
                let total = range
                    .and_then(|range| range.strip_prefix("bytes */"))
                    .and_then(|total| total.parse().ok());
                return Ok(Reply::NothingMore { total });
            }
            _ => return Err(self.refused(status, headers)),
        };
        if let Some(encoding) = text(headers, &header::CONTENT_ENCODING)
            && encoding != "identity"
        {
            let error = anyhow!(
                "{} sends the file encoded as {encoding}, which was not asked for",
                self.url
            );
            return Err(Failure::Fatal(error));
        }
        if text(headers, &header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
            let error = anyhow!(
                "{} sends a web page instead of the file: the source, or a login page of this network, wants a browser; \
                 fetch the file with one, and name its folder with --from",
                self.url
            );
            return Err(Failure::Fatal(error));
        }
        let version = Version {
            url: self.url.clone(),
            etag: text(headers, &header::ETAG).map(str::to_owned),
            last_modified: text(headers, &header::LAST_MODIFIED).map(str::to_owned),
        };
        Ok(Reply::Body(Body {
            offset,
            total,
            version,
            reader: Box::new(response.into_body().into_reader()),
        }))
    }

    /// The failure of an answer with another status.
    fn refused(&self, status: u16, headers: &HeaderMap) -> Failure {
        let error = anyhow!("{} answers with status {status}", self.url);
        match status {
            408 | 425 | 429 | 500 | 502 | 503 | 504 => Failure::Transient {
                error,
                after: number(headers, &header::RETRY_AFTER).map(Duration::from_secs),
            },
            404 | 410 => Failure::Fatal(error.context(
                "the file is no longer where the catalogue says; if you have it from elsewhere, name its folder with --from",
            )),
            401 | 403 => Failure::Fatal(error.context(
                "the server refuses the file; fetch it with a browser, and name its folder with --from",
            )),
            _ => Failure::Fatal(error),
        }
    }

    fn failure(&self, error: ureq::Error) -> Failure {
        let place = match &self.proxy {
            Some(proxy) => format!("{} by way of the proxy {proxy}", self.url),
            None => self.url.clone(),
        };
        let transient = match &error {
            // What rustls finds wrong with a certificate arrives as invalid data.
            ureq::Error::Io(error) => error.kind() != io::ErrorKind::InvalidData,
            ureq::Error::Timeout(_)
            | ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed
            | ureq::Error::ConnectProxyFailed(_)
            | ureq::Error::Protocol(_) => true,
            _ => false,
        };
        let advice = match &error {
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                "; if this network replaces certificates, fetch the file with a browser, and name its folder with --from"
            }
            ureq::Error::HostNotFound | ureq::Error::Io(_) => {
                "; is there a network, or a proxy to name in https_proxy?"
            }
            ureq::Error::TooManyRedirects => "; the source is broken, or wants a browser",
            ureq::Error::RequireHttpsOnly(_) => {
                "; the server redirects to an address without encryption, which is not followed"
            }
            _ => "",
        };
        let error = anyhow::Error::new(error).context(format!("cannot fetch {place}{advice}"));
        if transient {
            Failure::transient(error)
        } else {
            Failure::Fatal(error)
        }
    }
}

/// The total of a `Content-Range`, when it is the rest of the file and agrees with the length of the body.
fn rest_of_file(range: &str, asked: u64, length: Option<u64>) -> Option<u64> {
    let (bytes, total) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = bytes.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total: u64 = total.parse().ok()?;
    let is_rest = first == asked && first <= last && last.checked_add(1) == Some(total);
    let length_agrees = length.is_none_or(|length| length == total - first);
    (is_rest && length_agrees).then_some(total)
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: &header::HeaderName) -> Option<u64> {
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
            ("bytes 5-9/*", 5, Some(5), None),
            ("bytes 9-5/10", 9, None, None),
            ("bytes 0-18446744073709551615/0", 0, None, None),
            ("", 5, None, None),
        ] {
            assert_eq!(
                rest_of_file(range, asked, length),
                expected,
                "{range} {asked} {length:?}"
            );
        }
    }

    #[test]
    fn weak_tags_do_not_vouch_for_bytes() {
        let version = |etag: &str, date: Option<&str>| Version {
            url: String::new(),
            etag: Some(etag.to_owned()),
            last_modified: date.map(str::to_owned),
        };
        assert_eq!(version("\"a\"", Some("d")).if_range(), Some("\"a\""));
        assert_eq!(version("W/\"a\"", Some("d")).if_range(), Some("d"));
        assert_eq!(version("W/\"a\"", None).if_range(), None);
    }
}
