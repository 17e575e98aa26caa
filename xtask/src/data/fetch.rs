//! Fetching a file: as many requests as it takes, until it is complete and checked.

use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use backon::{BackoffBuilder as _, ExponentialBuilder};
use indicatif::DecimalBytes;
use ureq::{Agent, Proxy};

use super::catalogue::{How, Size, Source};
use super::integrity::{Inspection, bar};
use super::part::{Part, Version};
use super::place::{Place, explain};
use super::request::{Body, Failure, Reply, agent, get};

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

/// A file to fetch.
pub(super) struct Fetch<'a> {
    pub(super) source: &'a Source,
    pub(super) place: &'a Place,
    pub(super) patience: Patience,
    pub(super) proxy: Option<Proxy>,
    /// Is told what the user should know.
    pub(super) note: &'a dyn Fn(&str),
}

impl Fetch<'_> {
    /// Fetches the file into its place, unless it is there. Returns its sha256.
    pub(super) fn run(&self) -> anyhow::Result<String> {
        let Self { source, place, .. } = self;
        if source.how == How::Browser && !place.is_present()? {
            return Err(needs_browser(source));
        }
        let _lock = place.lock()?;
        if place.is_present()? {
            let path = place.file();
            (self.note)(&format!("{} is there already; checking it", path.display()));
            return Inspection::of(&path, source)?.accept().with_context(|| {
                format!(
                    "{} is there, but is not what the catalogue says; move it away or delete it, and run the command again",
                    path.display()
                )
            });
        }
        let mut part = Part::open(place)?;
        match self.download(&mut part) {
            Ok(()) => part.finish(source),
            Err(error) if part.length() == 0 => {
                part.discard()?;
                Err(error)
            }
            Err(error) => Err(error.context(format!(
                "{} of {} are kept in {}: run the command again to go on",
                DecimalBytes(part.length()),
                source.file,
                place.part().display()
            ))),
        }
    }

    /// Copies a file that the user has, whatever its name, into its place. Returns its sha256.
    pub(super) fn copy(&self, from: &Path) -> anyhow::Result<String> {
        let Self { source, place, .. } = self;
        let path = if from.is_dir() {
            from.join(&source.file)
        } else {
            from.to_owned()
        };
        if !path.is_file() {
            bail!(
                "{} is no file: --from takes the folder that holds {}, or the file itself if it has another name",
                path.display(),
                source.file
            );
        }
        // The check comes first, so that a wrong file does not cost what an earlier fetch has left.
        let sha256 = Inspection::of(&path, source)?.accept().with_context(|| {
            format!(
                "{} is not what the catalogue says; fetch it again",
                path.display()
            )
        })?;
        let _lock = place.lock()?;
        let file = place.file();
        if place.is_present()? {
            if path.canonicalize()? == file.canonicalize()? {
                return Ok(sha256);
            }
            bail!(
                "{} is there already; check it with `cargo xtask data verify {}`, or move it away and run the command again",
                file.display(),
                source.name
            );
        }
        let mut part = Part::open(place)?;
        part.restart(None)?;
        (self.note)(&format!("copying {}", path.display()));
        std::fs::copy(&path, place.part())
            .map_err(|error| explain(error, "copy to", &place.part()))?;
        part.finish(source)
    }

    /// Requests until the part is complete.
    fn download(&self, part: &mut Part) -> anyhow::Result<()> {
        let patience = &self.patience;
        let agent = agent(&self.source.url, patience.silence, self.proxy.clone());
        let mut pauses = patience.pauses();
        let mut furthest = part.length();
        loop {
            let (error, after) = match self.attempt(&agent, part) {
                Ok(()) => return Ok(()),
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::Transient(error, after)) => (error, after),
            };
            if part.length() >= furthest.saturating_add(patience.headway) {
                furthest = part.length();
                pauses = patience.pauses();
            }
            let Some(pause) = pauses.next() else {
                return Err(error.context(format!(
                    "gave up on {} after {} retries without headway (--retries takes another number)",
                    self.source.file, patience.retries
                )));
            };
            let pause = pause.max(after.min(patience.longest_pause));
            let seconds = pause.as_secs_f64().ceil();
            (self.note)(&format!("{error:#}; trying again in {seconds:.0} s"));
            std::thread::sleep(pause);
        }
    }

    /// One request, and as much of the file as it brings.
    fn attempt(&self, agent: &Agent, part: &mut Part) -> Result<(), Failure> {
        let Self { source, note, .. } = self;
        match source.size() {
            // The last fetch was interrupted before the check.
            Size::Exact(size) if part.length() == size && size > 0 => return Ok(()),
            Size::Exact(size) if part.length() > size => {
                note("the part is longer than the file; starting over");
                part.restart(None)?;
            }
            _ => {}
        }
        let known = part
            .version()
            .filter(|version| version.url == source.url)
            .cloned();
        let body = match get(agent, &source.url, part.length(), known.as_ref())? {
            Reply::Body(body) => body,
            Reply::NothingMore(total) if total == Some(part.length()) => return Ok(()),
            Reply::NothingMore(_) => {
                let error = anyhow!(
                    "the server has nothing after byte {}; starting over",
                    part.length()
                );
                part.restart(None)?;
                return Err(Failure::transient(error));
            }
        };
        if let Some(total) = body.total {
            source.size().check_offer(source, total)?;
        }
        if body.offset > 0 {
            note(&format!(
                "going on with {} at {}",
                source.file,
                DecimalBytes(body.offset)
            ));
        } else {
            if part.length() > 0 {
                let why = why_from_start(known.as_ref(), body.version.as_ref());
                note(&format!("{why}; starting over"));
            }
            part.restart(body.version.clone())?;
        }
        receive(source, part, body)
    }
}

/// What to do when a program cannot fetch a file.
fn needs_browser(source: &Source) -> anyhow::Error {
    let hint = source.hint.as_deref().unwrap_or_default();
    anyhow!(
        "{name} needs a browser: its file lies on Google Drive, which gives large files to people only\n\
         \n  1. open {url}\n     ({hint})\n  2. save {file} (size {size})\n  3. run, with the folder that you saved it in:\n\
         \n       cargo xtask data fetch {name} --from FOLDER\n",
        name = source.name,
        url = source.url,
        file = source.file,
        size = source.size().text(),
    )
}

/// Why a server sends a file from its beginning, although a part is there.
fn why_from_start(known: Option<&Version>, sent: Option<&Version>) -> &'static str {
    match known {
        None => "what is there cannot be told to be of the same file",
        Some(known) if Some(known) == sent => {
            "the server cannot go on where it stopped (it ignores Range)"
        }
        Some(_) => "the file has changed on the server",
    }
}

/// Appends a body to the part.
fn receive(source: &Source, part: &mut Part, mut body: Body) -> Result<(), Failure> {
    let exact = match source.size() {
        Size::Exact(size) => Some(size),
        _ => None,
    };
    let total = body.total.or(exact);
    let broke_off = |length: u64| match total {
        Some(total) => format!("the connection broke off at {length} of {total} bytes"),
        None => format!("the connection broke off at {length} bytes"),
    };
    let bar = bar(
        &source.file,
        body.offset,
        body.total.or(source.size().bytes()),
    );
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = match body.reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                let error = anyhow::Error::new(error).context(broke_off(part.length()));
                return Err(Failure::transient(error));
            }
        };
        let length = part.length() + count as u64;
        if exact.is_some_and(|exact| length > exact) {
            part.restart(None)?;
            source.size().check_offer(source, length)?;
        }
        part.append(&buffer[..count])?;
        bar.inc(count as u64);
    }
    match total {
        Some(total) if part.length() < total => {
            Err(Failure::transient(anyhow!(broke_off(part.length()))))
        }
        _ => Ok(()),
    }
}
