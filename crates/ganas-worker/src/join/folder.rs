//! Who leads: a folder beside the study with one folder in it, which is the leader's.
//!
//! ```text
//! my.db.join/lead-HOST-PID-TIME/         the leader's: whose name it is, leads
//!     beat                               a number that the leader raises
//!     joiner-HOST-PID-TIME               a number that a joiner raises
//!     refused-HOST-PID-TIME              why the leader does not want that joiner
//!     link-HOST-PID-TIME-WORKER-START/   one worker process of a joiner, see `stream`
//! ```
//!
//! All that is asked of the file system is that a rename within a folder happens once and whole, and that other machines
//! see it some time later. Nothing is locked, and no times of files are compared.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::clock::{now, unix_now};

/// How often a file is looked for that another machine is to write.
pub(super) const POLL: Duration = Duration::from_millis(20);

/// Within the patience of the others, a sign of life is given so often.
const BEATS: u32 = 10;

/// The longest time between two signs of life, so that who comes need not wait long for one.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

const LEADS: &str = "lead-";
const BEAT: &str = "beat";
pub(super) const LINK: &str = "link-";

/// What this process is in a search that several processes share.
#[derive(Debug)]
pub enum Role {
    /// It leads: it does the search, and others evaluate for it.
    Leads(Arc<Leadership>),
    /// Another process leads.
    Joins(Leader),
}

/// That this process leads. Dropping it tells the others that all is done.
#[derive(Debug)]
pub struct Leadership {
    parent: PathBuf,
    name: String,
    patience: Duration,
    beat: Option<Beat>,
}

/// Another process that leads.
#[derive(Debug)]
pub struct Leader {
    pub(super) folder: PathBuf,
    pub(super) patience: Duration,
}

impl Role {
    /// Leads when nobody does, or when who does has given no sign of life for as long as `patience`; joins otherwise.
    /// `folder` is created as it is needed, for this user alone.
    ///
    /// # Errors
    ///
    /// The folder cannot be written; [`ErrorKind::Interrupted`] once `stop` is set.
    pub fn find(folder: &Path, patience: Duration, stop: &AtomicBool) -> io::Result<Self> {
        let name = format!("{LEADS}{}", unique_name());
        loop {
            let Some(other) = leader_in(folder)? else {
                if begin(folder, &name)? {
                    return Leadership::take(folder, name, patience).map(Self::Leads);
                }
                continue;
            };
            let theirs = folder.join(&other);
            let mut watch = Watch::new(theirs.join(BEAT), patience);
            loop {
                if stop.load(Ordering::Relaxed) {
                    return Err(ErrorKind::Interrupted.into());
                }
                match watch.look() {
                    Sign::Beats => {
                        let folder = theirs;
                        return Ok(Self::Joins(Leader { folder, patience }));
                    }
                    // Of those who find the folder of a dead leader, one can rename it.
                    Sign::Silent => match fs::rename(&theirs, folder.join(&name)) {
                        Ok(()) => {
                            clear(&folder.join(&name))?;
                            return Leadership::take(folder, name, patience).map(Self::Leads);
                        }
                        Err(error) if error.kind() == ErrorKind::NotFound => break,
                        Err(error) => return Err(error),
                    },
                    Sign::Unknown if !theirs.is_dir() => break,
                    Sign::Unknown => std::thread::sleep(POLL),
                }
            }
        }
    }
}

impl Leadership {
    fn take(parent: &Path, name: String, patience: Duration) -> io::Result<Arc<Self>> {
        let beat = Beat::start(parent.join(&name).join(BEAT), patience)?;
        Ok(Arc::new(Self {
            parent: parent.to_owned(),
            name,
            patience,
            beat: Some(beat),
        }))
    }

    /// The leader's folder.
    pub(super) fn folder(&self) -> PathBuf {
        self.parent.join(&self.name)
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Tells a joiner that it is not wanted.
    pub(super) fn refuse(&self, joiner: &str, reason: &str) -> io::Result<()> {
        write_whole(
            &self.folder(),
            &format!("refused-{joiner}"),
            reason.as_bytes(),
        )
    }
}

impl Drop for Leadership {
    fn drop(&mut self) {
        self.beat = None;
        // What cannot be removed is taken for that of a dead leader, later.
        let over = beside(&self.parent, &self.name);
        if fs::rename(self.folder(), &over).is_ok() {
            let _ = fs::remove_dir_all(&over);
            let _ = fs::remove_dir(&self.parent);
        }
    }
}

impl Leader {
    /// Why this leader does not want a joiner, when it does not.
    pub(super) fn refusal(&self, joiner: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(format!("refused-{joiner}"))).ok()
    }

    pub(super) fn watch(&self) -> Watch {
        Watch::new(self.folder.join(BEAT), self.patience)
    }
}

/// The file in which a joiner gives signs of life.
pub(super) fn beat_of(leader: &Path, joiner: &str) -> PathBuf {
    leader.join(format!("joiner-{joiner}"))
}

/// A name that no other process has, on whatever machine. The parts of it are without a `-`, but for these.
pub(super) fn unique_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let host: String = crate::supervisor::host()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let (pid, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    format!("{host}-{pid}-{:.6}_{next}", unix_now())
}

/// The name of the folder of the leader, when there is one.
fn leader_in(folder: &Path) -> io::Result<Option<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        if let Ok(name) = entry?.file_name().into_string()
            && name.starts_with(LEADS)
        {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Makes the folder with that of a leader in it; whether nobody else was faster.
fn begin(folder: &Path, name: &str) -> io::Result<bool> {
    let staging = beside(folder, name);
    create_private(&staging)?;
    fs::create_dir(staging.join(name))?;
    match fs::rename(&staging, folder) {
        Ok(()) => Ok(true),
        Err(error) => {
            let _ = fs::remove_dir_all(&staging);
            match error.kind() {
                ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists => Ok(false),
                _ => Err(error),
            }
        }
    }
}

/// Removes what belongs to an earlier leader.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        } else {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn beside(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.as_os_str().to_owned();
    path.push(format!(".{name}"));
    path.into()
}

pub(super) fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that is seen whole or not at all.
pub(super) fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = folder.join(format!(".{name}.new"));
    fs::write(&unfinished, bytes)?;
    fs::rename(unfinished, folder.join(name))
}

/// Signs of life, given by a thread until this is dropped.
#[derive(Debug)]
pub(super) struct Beat {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Beat {
    pub(super) fn start(path: PathBuf, patience: Duration) -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let (Some(folder), Some(name)) = (
            path.parent().map(Path::to_owned),
            path.file_name()
                .and_then(|name| name.to_str().map(str::to_owned)),
        ) else {
            return Err(ErrorKind::InvalidInput.into());
        };
        let pause = LONGEST_PAUSE.min(patience / BEATS);
        let beat = move || {
            let mut number = 0_u64;
            while !is_over.load(Ordering::Relaxed) {
                // A sign that cannot be given is missed by who waits for it.
                let _ = write_whole(&folder, &name, number.to_string().as_bytes());
                number += 1;
                std::thread::park_timeout(pause);
            }
        };
        let thread = std::thread::Builder::new().name("ganas-beat".to_owned());
        Ok(Self {
            over,
            thread: Some(thread.spawn(beat)?),
        })
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// What is known of somebody's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// It gave a sign since the last look.
    Beats,
    /// It gave none since the last look.
    Unknown,
    /// It gave none for longer than one has patience.
    Silent,
}

/// Looks for signs of life, by the clock of this process alone.
#[derive(Debug)]
pub(super) struct Watch {
    path: PathBuf,
    seen: Option<Vec<u8>>,
    since: Instant,
    patience: Duration,
}

impl Watch {
    pub(super) fn new(path: PathBuf, patience: Duration) -> Self {
        let seen = fs::read(&path).ok();
        Self {
            path,
            seen,
            since: now(),
            patience,
        }
    }

    pub(super) fn look(&mut self) -> Sign {
        let read = fs::read(&self.path).ok();
        if read.is_some() && read != self.seen {
            self.seen = read;
            self.since = now();
            return Sign::Beats;
        }
        if now().saturating_duration_since(self.since) > self.patience {
            return Sign::Silent;
        }
        Sign::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody is taken for dead in a test.
    const LONG: Duration = Duration::from_secs(3600);

    fn find(folder: &Path, patience: Duration) -> Role {
        Role::find(folder, patience, &AtomicBool::new(false)).unwrap()
    }

    #[test]
    fn of_several_who_begin_at_once_one_leads() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a.db.join");
        let names: Vec<String> = (0..8)
            .map(|_| format!("{LEADS}{}", unique_name()))
            .collect();
        let folder = &folder;
        let won: Vec<bool> = std::thread::scope(|scope| {
            let mut threads = Vec::new();
            for name in &names {
                threads.push(scope.spawn(move || begin(folder, name).unwrap()));
            }
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(won.iter().filter(|&&won| won).count(), 1);
        let leader = won.iter().position(|&won| won).unwrap();
        assert_eq!(leader_in(folder).unwrap().as_ref(), Some(&names[leader]));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn who_finds_a_leader_alive_joins_and_the_end_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a.db.join");
        let Role::Leads(leads) = find(&folder, Duration::from_millis(100)) else {
            panic!("there was nobody to join");
        };
        let Role::Joins(leader) = find(&folder, LONG) else {
            panic!("somebody leads");
        };
        assert_eq!(leader.folder, leads.folder());
        assert_eq!(leader.refusal("j"), None);
        leads.refuse("j", "no").unwrap();
        assert_eq!(leader.refusal("j").as_deref(), Some("no"));
        drop(leads);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_dead_leader_is_followed_and_its_files_are_not_taken_for_todays() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a.db.join");
        assert!(begin(&folder, "lead-dead").unwrap());
        let dead = folder.join("lead-dead");
        write_whole(&dead, BEAT, b"7").unwrap();
        create_private(&dead.join("link-of-old")).unwrap();
        let Role::Leads(leads) = find(&folder, Duration::from_millis(50)) else {
            panic!("nobody leads");
        };
        assert!(!leads.folder().join("link-of-old").exists());
        // What a leader writes that was only asleep goes nowhere.
        write_whole(&dead, BEAT, b"8").unwrap_err();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }
}
