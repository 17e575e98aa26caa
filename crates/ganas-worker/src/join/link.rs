//! The leader's side of a link: to the supervisor it is a process with a stdin and a stdout.

use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::Leadership;
use super::folder::{LINK, POLL, Sign, Watch, beat_of};
use super::stream::{Direction, Incoming, Outgoing, Part};

/// The file in which a joiner describes a worker process.
pub(super) const ABOUT: &str = "about";

/// What a joiner tells of a worker process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct About {
    /// The machine.
    pub(super) host: String,
    /// The name of the joiner.
    pub(super) joiner: String,
    /// The name of the file of its stderr, in the folder of the logs.
    pub(super) log: String,
}

/// A worker process that a joiner offers.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    folder: PathBuf,
    about: About,
    leads: Arc<Leadership>,
}

/// The offers that the leader has not taken yet, in the order of their names.
pub(crate) fn offers(leads: &Arc<Leadership>, taken: &mut Vec<String>) -> Vec<Offer> {
    let Ok(entries) = fs::read_dir(leads.folder()) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(LINK))
        .collect();
    names.sort();
    // Names come once; those of folders that are gone need not be remembered.
    taken.retain(|name| names.contains(name));
    names.retain(|name| !taken.contains(name));
    let mut found = Vec::new();
    for name in names {
        let folder = leads.folder().join(&name);
        let Some(about) = read_about(&folder) else {
            continue;
        };
        taken.push(name);
        found.push(Offer {
            folder,
            about,
            leads: Arc::clone(leads),
        });
    }
    found
}

fn read_about(folder: &Path) -> Option<About> {
    let about: About = serde_json::from_slice(&fs::read(folder.join(ABOUT)).ok()?).ok()?;
    // It is taken for the name of a file.
    let is_name = Path::new(&about.log).file_name() == Some(about.log.as_ref());
    is_name.then_some(about)
}

impl Offer {
    /// The machine of the worker.
    pub(crate) fn host(&self) -> &str {
        &self.about.host
    }

    /// The name of the log of the worker.
    pub(crate) fn log(&self) -> &str {
        &self.about.log
    }
}

/// A worker process of a joiner. Dropping it has the joiner kill the process.
#[derive(Debug)]
pub(crate) struct Link {
    offer: Offer,
    ended: Arc<OnceLock<LinkEnd>>,
    forsaken: Arc<AtomicBool>,
}

#[derive(Debug)]
struct LinkEnd {
    status: String,
    /// Whether nothing is known of the process any more.
    is_lost: bool,
}

impl Link {
    /// Takes an offer: the link, what is written to the worker, and what is read of it.
    pub(crate) fn take(offer: Offer) -> io::Result<(Self, PipeWriter, PipeReader)> {
        let (said, stdin) = io::pipe()?;
        let (stdout, heard) = io::pipe()?;
        let link = Self {
            ended: Arc::default(),
            forsaken: Arc::default(),
            offer,
        };
        let to_worker = Outgoing::new(&link.offer.folder, Direction::ToWorker);
        let from_worker = Incoming::new(&link.offer.folder, Direction::FromWorker);
        let leads = &link.offer.leads;
        let joiner = &link.offer.about.joiner;
        let watch = Watch::new(beat_of(&leads.folder(), joiner), leads.patience());
        let thread = || std::thread::Builder::new().name("ganas-link".to_owned());
        thread().spawn(move || pass_on(said, to_worker))?;
        let (ended, forsaken) = (Arc::clone(&link.ended), Arc::clone(&link.forsaken));
        thread().spawn(move || {
            if let Some(end) = listen(from_worker, heard, watch, &forsaken) {
                let _ = ended.set(end);
            }
        })?;
        Ok((link, stdin, stdout))
    }

    /// How the process ended, when it has.
    pub(crate) fn ended(&self) -> Option<String> {
        self.ended.get().map(|end| end.status.clone())
    }

    /// Whether the joiner is gone, so that nobody is to blame.
    pub(crate) fn is_lost(&self) -> bool {
        self.ended.get().is_some_and(|end| end.is_lost)
    }

    /// Tells the joiner that its workers are not wanted.
    pub(crate) fn refuse(&self, reason: &str) {
        // A joiner that is not told keeps what nobody asks of it, and ends with the leader.
        let _ = self.offer.leads.refuse(&self.offer.about.joiner, reason);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.forsaken.store(true, Ordering::Relaxed);
        // The joiner kills a process whose folder is gone.
        let folder = &self.offer.folder;
        let mut gone = folder.as_os_str().to_owned();
        gone.push(".gone");
        let gone = PathBuf::from(gone);
        let gone = gone.file_name().map_or_else(
            || gone.clone(),
            |name| folder.with_file_name(format!(".{}", name.display())),
        );
        if fs::rename(folder, &gone).is_ok() {
            let _ = fs::remove_dir_all(gone);
        }
    }
}

/// Passes on what is said to the worker.
fn pass_on(mut said: PipeReader, mut to_worker: Outgoing) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match said.read(&mut buffer) {
            Ok(0) | Err(_) => {
                let _ = to_worker.send(&Part::End("no more is wanted".to_owned()));
                return;
            }
            Ok(n) => {
                // Where it cannot be written there is no joiner any more, which is noticed by its silence.
                if to_worker.send(&Part::Data(buffer[..n].to_vec())).is_err() {
                    return;
                }
            }
        }
    }
}

/// Passes on what the worker says, until it ends or nobody listens.
fn listen(
    mut from_worker: Incoming,
    mut heard: PipeWriter,
    mut watch: Watch,
    forsaken: &AtomicBool,
) -> Option<LinkEnd> {
    while !forsaken.load(Ordering::Relaxed) {
        match from_worker.receive() {
            Ok(Some(Part::Data(bytes))) => {
                heard.write_all(&bytes).ok()?;
                continue;
            }
            Ok(Some(Part::End(status))) => {
                let is_lost = false;
                return Some(LinkEnd { status, is_lost });
            }
            Ok(Some(Part::Gone)) => {
                return Some(LinkEnd {
                    status: "its joiner was ended".to_owned(),
                    is_lost: true,
                });
            }
            // What cannot be read now can be read later, or the joiner falls silent.
            Ok(None) | Err(_) => {}
        }
        if watch.look() == Sign::Silent {
            return Some(LinkEnd {
                status: "its joiner gave no sign of life".to_owned(),
                is_lost: true,
            });
        }
        std::thread::sleep(POLL);
    }
    None
}
