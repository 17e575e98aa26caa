//! Fetching a file: as many requests as it takes, until it is complete and checked.

use std::io::{ErrorKind, Read as _};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use backon::{BackoffBuilder as _, ExponentialBuilder};

use super::catalogue::{How, Size, Source, bytes_text};
use super::http::{Body, Client, Failure, Reply, Version};
use super::integrity::{CHUNK, Fingerprint, Sha256Hex, size_fits};
use super::part::Part;
use super::place::{Place, Presence, explain};
use super::progress::Progress;

/// How long a fetch puts up with a bad connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// How many failures in a row end the fetch.
    pub(super) retries: usize,
    /// The pause after the first failure; it doubles with each further one.
    pub(super) first_pause: Duration,
    pub(super) longest_pause: Duration,
    /// How long a server may say nothing.
    pub(super) silence: Duration,
    /// How many bytes beyond all earlier ones begin a new row of failures.
    pub(super) headway: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            retries: 5,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            silence: Duration::from_secs(60),
            headway: 1 << 20,
        }
    }
}

impl Patience {
    fn pauses(&self) -> impl Iterator<Item = Duration> + use<> {
        ExponentialBuilder::new()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_max_times(self.retries)
            // Many who were cut off at the same moment should not come back at the same moment.
            .with_jitter()
            .build()
    }
}

/// What a fetch needs from outside.
pub(super) struct Surroundings<'a> {
    pub(super) patience: Patience,
    pub(super) progress: &'a dyn Progress,
    /// The environment, for proxies.
    pub(super) environment: &'a dyn Fn(&str) -> Option<String>,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// Fetches a file into its place, unless it is there. Returns its sha256.
///
/// # Errors
///
/// When it cannot be fetched or is not what the catalogue says; what has been fetched is kept.
pub(super) fn fetch(
    source: &Source,
    place: &Place,
    around: &Surroundings<'_>,
) -> anyhow::Result<Sha256Hex> {
    if source.how == How::Browser && !matches!(place.presence()?, Presence::Present(_)) {
        return Err(needs_browser(source));
    }
    let _lock = place.lock()?;
    if let Presence::Present(length) = place.presence()? {
        around.progress.note(&format!(
            "{} is there already; checking it",
            place.file().display()
        ));
        return present(source, place, length, around.progress);
    }
    let left = match place.presence()? {
        Presence::Partial(length) => length,
        _ => 0,
    };
    if left > 0 {
        around.progress.begin("checking the part", 0, Some(left));
    }
    let mut part = Part::open(place, &|bytes| around.progress.advance(bytes))?;
    let client = Client::new(&source.url, around.patience.silence, around.environment)?;
    let result = download(source, &mut part, &client, around);
    match result {
        Ok(()) => part.finish(source),
        Err(error) if part.length() == 0 => {
            part.discard()?;
            Err(error)
        }
        Err(error) => Err(error.context(format!(
            "{} of {} are kept in {}: run the command again to go on",
            bytes_text(part.length()),
            source.file,
            place.part().display()
        ))),
    }
}

/// Checks a file that is in its place.
fn present(
    source: &Source,
    place: &Place,
    length: u64,
    progress: &dyn Progress,
) -> anyhow::Result<Sha256Hex> {
    let path = place.file();
    progress.begin("checking", 0, Some(length));
    let fingerprint = std::fs::File::open(&path)
        .and_then(|file| Fingerprint::of(file, &|bytes| progress.advance(bytes)))
        .map_err(|error| explain(error, "read", &path))?;
    fingerprint.check(source).with_context(|| {
        format!(
            "{} is there, but is not what the catalogue says; move it away or delete it, and run the command again",
            path.display()
        )
    })?;
    Ok(fingerprint.sha256())
}

/// What to do when a program cannot fetch a file.
fn needs_browser(source: &Source) -> anyhow::Error {
    let hint = source
        .hint
        .as_deref()
        .map(|hint| format!("     ({hint})\n"))
        .unwrap_or_default();
    anyhow!(
        "{name} needs a browser: its file lies on Google Drive, which gives large files to people only\n\
         \n  1. open {url}\n{hint}  2. save {file} ({size})\n  3. run, with the folder that you saved it in:\n\
         \n       cargo xtask data fetch {name} --from FOLDER\n",
        name = source.name,
        url = source.url,
        file = source.file,
        size = match source.size() {
            Size::Unknown => "size unknown".to_owned(),
            size => size.text(),
        },
    )
}

/// Requests until the part is complete.
fn download(
    source: &Source,
    part: &mut Part,
    client: &Client,
    around: &Surroundings<'_>,
) -> anyhow::Result<()> {
    let patience = &around.patience;
    let mut pauses = patience.pauses();
    let mut furthest = part.length();
    loop {
        let (error, after) = match attempt(source, part, client, around.progress) {
            Ok(()) => return Ok(()),
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::Transient { error, after }) => (error, after),
        };
        if part.length() >= furthest.saturating_add(patience.headway) {
            furthest = part.length();
            pauses = patience.pauses();
        }
        let Some(pause) = pauses.next() else {
            return Err(error.context(format!(
                "gave up on {} after {} retries without headway (--retries takes another number)",
                source.file, patience.retries
            )));
        };
        let pause = pause.max(after.unwrap_or_default().min(patience.longest_pause));
        around.progress.note(&format!(
            "{error:#}; trying again in {:.0} s",
            pause.as_secs_f64().ceil()
        ));
        std::thread::sleep(pause);
    }
}

/// One request, and as much of the file as it brings.
fn attempt(
    source: &Source,
    part: &mut Part,
    client: &Client,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    match source.size() {
        // The last fetch was interrupted before the check.
        Size::Exact(size) if part.length() == size && size > 0 => return Ok(()),
        Size::Exact(size) if part.length() > size => {
            progress.note("the part is longer than the file; starting over");
            part.restart(None)?;
        }
        _ => {}
    }
    let known = part
        .version()
        .filter(|version| version.url == source.url && version.if_range().is_some())
        .cloned();
    let body = match client.get(part.length(), known.as_ref())? {
        Reply::Body(body) => body,
        Reply::NothingMore { total } if total == Some(part.length()) => return Ok(()),
        Reply::NothingMore { total } => {
            let error = anyhow!(
                "the server has nothing after byte {} (its file: {}); starting over",
                part.length(),
                total.map_or("unknown".to_owned(), |total| format!("{total} bytes")),
            );
            part.restart(None)?;
            return Err(Failure::transient(error));
        }
    };
    if let Some(total) = body.total
        && !size_fits(source.size(), total)
    {
        let error = anyhow!(
            "{} offers {total} bytes, but {} should have {}: the file has changed, or this is another one",
            source.url,
            source.file,
            size_words(source.size()),
        );
        return Err(Failure::Fatal(error));
    }
    if body.offset == 0 {
        if part.length() > 0 {
            progress.note(&format!(
                "{}; starting over",
                why_from_start(known.as_ref(), &body.version)
            ));
        }
        part.restart(Some(body.version.clone()))?;
    } else {
        progress.note(&format!(
            "going on with {} at {}",
            source.file,
            bytes_text(body.offset)
        ));
    }
    let length = body.total.or(source.size().bytes());
    progress.begin(&source.file, body.offset, length);
    receive(source, part, body, progress)
}

fn size_words(size: Size) -> String {
    match size {
        Size::Exact(bytes) => format!("{bytes}"),
        other => format!(
            "about {}",
            other.bytes().map(bytes_text).unwrap_or_default()
        ),
    }
}

/// Why a server sends a file from its beginning, although a part is there.
fn why_from_start(known: Option<&Version>, sent: &Version) -> &'static str {
    match known {
        None => "what is there cannot be told to be of the same file",
        Some(known) if known == sent => {
            "the server cannot go on where it stopped (it ignores Range)"
        }
        Some(_) => "the file has changed on the server",
    }
}

/// Appends a body to the part.
fn receive(
    source: &Source,
    part: &mut Part,
    mut body: Body,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let bytes = match body.reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => &buffer[..length],
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                let message = broke_off(part.length(), body.total);
                return Err(Failure::transient(
                    anyhow::Error::new(error).context(message),
                ));
            }
        };
        let length = part.length() + bytes.len() as u64;
        if let Size::Exact(size) = source.size()
            && length > size
        {
            part.restart(None)?;
            let error = anyhow!(
                "{} sends more than the {size} bytes that {} should have: the file has changed, or this is another one",
                source.url,
                source.file
            );
            return Err(Failure::Fatal(error));
        }
        part.append(bytes)?;
        progress.advance(bytes.len() as u64);
    }
    let exact = match source.size() {
        Size::Exact(size) => Some(size),
        _ => None,
    };
    match body.total.or(exact) {
        Some(total) if part.length() < total => Err(Failure::transient(anyhow!(broke_off(
            part.length(),
            Some(total)
        )))),
        _ => Ok(()),
    }
}

fn broke_off(length: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!("the connection broke off at {length} of {total} bytes"),
        None => format!("the connection broke off at {length} bytes"),
    }
}
