//! The joiner's side: worker processes of its own, which evaluate for the leader.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Leader;
use super::folder::{Beat, LINK, POLL, Sign, beat_of, create_private, unique_name, write_whole};
use super::link::{ABOUT, About};
use super::stream::{Direction, Incoming, Outgoing, Part};
use crate::PoolConfig;
use crate::guard::Guard;
use crate::json_line::{self, MAX_LINE};
use crate::message::FromWorker;
use crate::process::{Start, kill_group, shell, try_ended};
use crate::stdout::Patient;

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinEnd {
    /// The leader wants nothing more.
    Finished,
    /// The leader gave no sign of life for as long as one has patience.
    LeaderLost,
    /// A stop was asked for.
    Interrupted,
    /// The leader does not want these workers, and says why; or they are none.
    Refused(String),
}

/// What the workers of a joiner share.
struct Crew<'a> {
    leader: &'a Leader,
    config: &'a PoolConfig,
    /// The name of this joiner.
    name: String,
    over: AtomicBool,
    /// Once the leader asks for nothing more.
    is_closing: AtomicBool,
    evaluations: AtomicU64,
    problem: Mutex<Option<String>>,
    guard: Mutex<Option<Guard>>,
}

/// Starts workers, and has them evaluate for a leader until it is done or a stop is asked for; how that ended, and how many
/// evaluations were answered. No worker is left.
///
/// # Errors
///
/// The folders of the leader or of the logs cannot be written.
pub fn evaluate_for(leader: &Leader, config: &PoolConfig) -> io::Result<(JoinEnd, u64)> {
    fs::create_dir_all(&config.logs)?;
    let name = unique_name();
    let _beat = Beat::start(beat_of(&leader.folder, &name), leader.patience)?;
    let crew = Crew {
        leader,
        config,
        name,
        over: AtomicBool::new(false),
        is_closing: AtomicBool::new(false),
        evaluations: AtomicU64::new(0),
        problem: Mutex::new(None),
        guard: Mutex::new(Guard::start().ok()),
    };
    let end = std::thread::scope(|scope| {
        for worker in 0..config.workers {
            let crew = &crew;
            scope.spawn(move || crew.work(worker));
        }
        let end = crew.wait();
        crew.over.store(true, Ordering::Relaxed);
        end
    });
    Ok((end, crew.evaluations.load(Ordering::Relaxed)))
}

impl Crew<'_> {
    /// Waits for the end.
    fn wait(&self) -> JoinEnd {
        let mut watch = self.leader.watch();
        loop {
            if let Some(reason) = self.leader.refusal(&self.name) {
                return JoinEnd::Refused(reason);
            }
            let stop = [&self.config.stop, &self.config.cancel];
            if stop.iter().any(|flag| flag.load(Ordering::Relaxed)) {
                return JoinEnd::Interrupted;
            }
            let is_there = self.leader.folder.is_dir();
            if !is_there {
                return JoinEnd::Finished;
            }
            let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(problem) = problem.take() {
                return JoinEnd::Refused(problem);
            }
            drop(problem);
            if watch.look() == Sign::Silent {
                return JoinEnd::LeaderLost;
            }
            std::thread::sleep(POLL);
        }
    }

    /// Starts one process after the other, each for a link of its own.
    fn work(&self, worker: u32) {
        let mut start = 0_u64;
        while ![&self.over, &self.is_closing]
            .iter()
            .any(|flag| flag.load(Ordering::Relaxed))
        {
            if let Err(reason) = self.one_process(worker, start) {
                // A leader that is done takes its folder away, with what would have been written there.
                if self.leader.folder.is_dir() {
                    let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
                    problem.get_or_insert(reason);
                }
                return;
            }
            start += 1;
        }
    }

    fn one_process(&self, worker: u32, start: u64) -> Result<(), String> {
        let log_name = format!("joined-{}-{worker}.log", self.name);
        let path = self.config.logs.join(&log_name);
        let log = OpenOptions::new().create(true).append(true).open(&path);
        let log = log.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        let mut child = self.start(worker, log).map_err(|error| {
            let command = &self.config.command;
            format!("cannot start `{command}`: {error}")
        })?;
        self.with_guard(|guard| guard.add(child.id()));
        let done = self
            .offer(worker, start, log_name)
            .and_then(|folder| self.relay(&mut child, &folder));
        kill_group(&mut child);
        let _ = child.wait();
        self.with_guard(|guard| guard.remove(child.id()));
        match done {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!(
                "`{}` ended before it was asked for anything; what it printed is in {}",
                self.config.command,
                path.display()
            )),
            Err(error) => Err(format!(
                "cannot use {}: {error}",
                self.leader.folder.display()
            )),
        }
    }

    fn start(&self, worker: u32, log: File) -> io::Result<Child> {
        shell(Start {
            command: &self.config.command,
            worker,
            memory_kib: self.config.memory_kib,
            log,
        })
        .spawn()
    }

    /// Makes the folder of a link, which appears whole.
    fn offer(&self, worker: u32, start: u64, log: String) -> io::Result<std::path::PathBuf> {
        let name = format!("{LINK}{}-{worker}-{start}", self.name);
        let unfinished = self.leader.folder.join(format!(".{name}"));
        create_private(&unfinished)?;
        let about = About {
            host: crate::supervisor::host(),
            joiner: self.name.clone(),
            log,
        };
        write_whole(&unfinished, ABOUT, &serde_json::to_vec(&about)?)?;
        let folder = self.leader.folder.join(name);
        fs::rename(unfinished, &folder)?;
        Ok(folder)
    }

    /// Passes on what the leader and a process say to each other, until one of them ends. Whether the process was spoken to.
    fn relay(&self, child: &mut Child, folder: &Path) -> io::Result<bool> {
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(ErrorKind::BrokenPipe.into());
        };
        let forsaken = Arc::new(AtomicBool::new(false));
        let patient = Patient {
            stdout,
            forsaken: Arc::clone(&forsaken),
        };
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| self.tell(patient, folder));
            let spoken = self.serve(child, stdin, folder, || reader.is_finished());
            // Its last words lie in the pipe, and are read in no time unless something else holds the other end.
            for _ in 0..50 {
                if reader.is_finished() {
                    break;
                }
                std::thread::sleep(POLL);
            }
            forsaken.store(true, Ordering::Relaxed);
            let mut out = reader.join().map_err(|_| ErrorKind::Other)?;
            let status = try_ended(child).unwrap_or_else(|| "it closed its stdout".to_owned());
            let last = if self.over.load(Ordering::Relaxed) {
                Part::Gone
            } else {
                Part::End(status)
            };
            // Where it cannot be told, nobody listens.
            let _ = out.send(&last);
            Ok(spoken)
        })
    }

    /// Passes on what the leader says.
    fn serve(
        &self,
        child: &mut Child,
        stdin: ChildStdin,
        folder: &Path,
        has_closed: impl Fn() -> bool,
    ) -> bool {
        let mut incoming = Incoming::new(folder, Direction::ToWorker);
        let (queue, lines) = std::sync::mpsc::channel::<Vec<u8>>();
        // A process that does not read must not keep this from seeing the leader's end.
        std::thread::spawn(move || feed(stdin, &lines));
        let mut queue = Some(queue);
        let mut spoken = false;
        while !self.over.load(Ordering::Relaxed) {
            match incoming.receive() {
                Ok(Some(Part::Data(bytes))) => {
                    spoken = true;
                    if let Some(queue) = &queue {
                        let _ = queue.send(bytes);
                    }
                    continue;
                }
                Ok(Some(Part::End(_) | Part::Gone)) => {
                    self.is_closing.store(true, Ordering::Relaxed);
                    queue = None;
                }
                Ok(None) | Err(_) => {}
            }
            let has_ended = try_ended(child).is_some();
            if has_ended || has_closed() {
                break;
            }
            // The leader has given the process up.
            if !folder.is_dir() {
                return true;
            }
            std::thread::sleep(POLL);
        }
        spoken || self.over.load(Ordering::Relaxed)
    }

    /// Passes on what the process says, line by line as it comes.
    fn tell(&self, patient: Patient, folder: &Path) -> Outgoing {
        let mut out = Outgoing::new(folder, Direction::FromWorker);
        let mut reader = BufReader::new(patient);
        let limit = u64::try_from(MAX_LINE).map_or(u64::MAX, |limit| limit + 1);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.by_ref().take(limit).read_until(b'\n', &mut line);
            if matches!(read, Ok(0) | Err(_)) {
                return out;
            }
            let message = json_line::parse(&line);
            if out.send(&Part::Data(line.clone())).is_err() {
                return out;
            }
            if matches!(message, Ok(FromWorker::Result(_) | FromWorker::Failure(_))) {
                self.evaluations.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn with_guard(&self, change: impl FnOnce(&mut Guard)) {
        let mut guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(guard) = &mut *guard {
            change(guard);
        }
    }
}

/// Writes to the stdin of a process until there is nothing more to say, or nobody who reads.
fn feed(mut stdin: ChildStdin, lines: &std::sync::mpsc::Receiver<Vec<u8>>) {
    for line in lines {
        if stdin.write_all(&line).is_err() {
            return;
        }
    }
}
