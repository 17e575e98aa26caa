//! One worker process: started in a process group of its own, spoken to by lines, killed with all of its children.
//!
//! Nothing here waits for the process. What it does not read yet waits in an outbox, and its end is looked for, not
//! concluded from the end of its stdout, which something that it has started may hold open.

use std::fs::File;
use std::io::{self, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::clock::now;
use super::join::{Link, Offer};
use super::message::ToWorker;
use super::stdout::{Listener, Said};

/// How long a process that has closed its stdout may take to end.
const END_POLLS: u32 = 100;
const END_PAUSE: Duration = Duration::from_millis(2);

/// A process with so much in its outbox is given nothing more, in bytes.
const FULL: usize = 1 << 18;

/// What is needed to start a process.
#[derive(Debug)]
pub(super) struct Start<'a> {
    /// The command, for the shell.
    pub(super) command: &'a str,
    /// The number of the worker.
    pub(super) worker: u32,
    /// The largest address space in KiB.
    pub(super) memory_kib: Option<u64>,
    /// Where its stderr goes.
    pub(super) log: File,
}

/// A running process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    body: Body,
    stdin: Option<ChildStdin>,
    outbox: Outbox,
    /// Since when it is known to have ended.
    ended_at: Option<Instant>,
    /// Tells the reader of its stdout to stop.
    forsaken: Arc<AtomicBool>,
}

/// Where the process runs.
#[derive(Debug)]
enum Body {
    /// Here.
    Child(Child),
    /// With a joiner.
    Link(Link),
}

/// What the process has not taken yet.
#[derive(Debug, Default)]
struct Outbox {
    bytes: Vec<u8>,
    /// Since when it has taken nothing.
    waiting_since: Option<Instant>,
}

impl Process {
    /// Starts a process; what it says is told to `hear`, on a thread of its own, until `hear` returns false.
    pub(super) fn start(
        start: Start<'_>,
        hear: impl FnMut(Said) -> bool + Send + 'static,
    ) -> io::Result<Self> {
        let log = start.log.try_clone()?;
        let mut child = shell(start).spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        Self::listened_to(Body::Child(child), stdin, stdout, log, hear)
    }

    /// Takes a process that a joiner offers; what it prints before its hello goes to `log`.
    #[cfg(unix)]
    pub(super) fn joined(
        offer: Offer,
        log: File,
        hear: impl FnMut(Said) -> bool + Send + 'static,
    ) -> io::Result<Self> {
        use std::os::fd::OwnedFd;
        let (link, stdin, stdout) = Link::take(offer)?;
        let stdin = ChildStdin::from(OwnedFd::from(stdin));
        let stdout = ChildStdout::from(OwnedFd::from(stdout));
        Self::listened_to(Body::Link(link), Some(stdin), Some(stdout), log, hear)
    }

    /// There are no workers here.
    #[cfg(not(unix))]
    pub(super) fn joined(
        _: Offer,
        _: File,
        _: impl FnMut(Said) -> bool + Send + 'static,
    ) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn listened_to(
        body: Body,
        stdin: Option<ChildStdin>,
        stdout: Option<ChildStdout>,
        log: File,
        hear: impl FnMut(Said) -> bool + Send + 'static,
    ) -> io::Result<Self> {
        let forsaken = Arc::new(AtomicBool::new(false));
        let listener = Listener {
            log,
            forsaken: Arc::clone(&forsaken),
            hear,
        };
        // From here on, whatever fails, the process is killed.
        let process = Self {
            body,
            stdin,
            outbox: Outbox::default(),
            ended_at: None,
            forsaken,
        };
        if let Some(stdin) = &process.stdin {
            never_wait(stdin)?;
        }
        if let Some(stdout) = stdout {
            let thread = std::thread::Builder::new().name("ganas-worker".to_owned());
            thread.spawn(move || listener.listen(stdout))?;
        }
        Ok(process)
    }

    /// The process group, of a process that runs here.
    pub(super) fn group(&self) -> Option<u32> {
        match &self.body {
            Body::Child(child) => Some(child.id()),
            Body::Link(_) => None,
        }
    }

    /// Whether it went with the joiner that had it.
    pub(super) fn is_lost(&self) -> bool {
        matches!(&self.body, Body::Link(link) if link.is_lost())
    }

    /// Tells the joiner that has it that it is not wanted; whether there is one.
    pub(super) fn refuse(&self, reason: &str) -> bool {
        let Body::Link(link) = &self.body else {
            return false;
        };
        link.refuse(reason);
        true
    }

    /// Sends a message, at once or when the process takes it. Never waits.
    pub(super) fn send(&mut self, message: &ToWorker) {
        let line = serde_json::to_vec(message);
        self.outbox
            .bytes
            .extend(line.expect("invariant: messages have keys that are texts"));
        self.outbox.bytes.push(b'\n');
        self.flush();
    }

    /// Sends what the process takes.
    pub(super) fn flush(&mut self) {
        let Some(stdin) = &mut self.stdin else {
            self.outbox = Outbox::default();
            return;
        };
        let mut taken = 0;
        while taken < self.outbox.bytes.len() {
            match stdin.write(&self.outbox.bytes[taken..]) {
                Ok(0) => break,
                Ok(n) => taken += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    // A process that is gone is noticed by its end, which says how.
                    self.stdin = None;
                    self.outbox = Outbox::default();
                    return;
                }
            }
        }
        self.outbox.bytes.drain(..taken);
        if self.outbox.bytes.is_empty() {
            self.outbox.waiting_since = None;
        } else if taken > 0 || self.outbox.waiting_since.is_none() {
            self.outbox.waiting_since = Some(now());
        }
    }

    /// Since when it has taken nothing of what waits for it.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        self.outbox.waiting_since
    }

    /// Whether more waits for it than is reasonable.
    pub(super) fn is_full(&self) -> bool {
        self.outbox.bytes.len() >= FULL
    }

    /// Asks the process to end, by message and by the end of its stdin.
    pub(super) fn ask_to_end(&mut self) {
        self.send(&ToWorker::Shutdown);
        self.stdin = None;
    }

    /// How the process ended, when it has, or does so at once.
    pub(super) fn ended(&mut self) -> Option<String> {
        for _ in 0..END_POLLS {
            if let Some(status) = self.try_ended() {
                return Some(status);
            }
            std::thread::sleep(END_PAUSE);
        }
        None
    }

    /// Since when the process is known to have ended. Looks.
    pub(super) fn ended_at(&mut self) -> Option<Instant> {
        if self.ended_at.is_none() && self.try_ended().is_some() {
            self.ended_at = Some(now());
        }
        self.ended_at
    }

    /// How the process ended, when it has.
    pub(super) fn try_ended(&mut self) -> Option<String> {
        match &mut self.body {
            Body::Child(child) => try_ended(child),
            Body::Link(link) => link.ended(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.forsaken.store(true, Ordering::Relaxed);
        if let Body::Child(child) = &mut self.body {
            kill_group(child);
            let _ = child.wait();
        }
    }
}

/// The shell that runs a command, in a group of its own.
pub(super) fn shell(start: Start<'_>) -> Command {
    let limit = match start.memory_kib {
        Some(kib) => format!("ulimit -v {kib} || exit 126\n"),
        None => String::new(),
    };
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{limit}{}", start.command))
        .env("GANAS_WORKER", start.worker.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(start.log);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// How a process ended, when it has. It is not waited for: its number stays taken, so that its group can still be killed
/// without hitting another.
#[cfg(unix)]
pub(super) fn try_ended(child: &mut Child) -> Option<String> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let pid = Pid::from_child(child);
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let status = waitid(WaitId::Pid(pid), look).ok().flatten()?;
    Some(match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "neither exit status nor signal".to_owned(),
    })
}

/// How a process ended, when it has.
#[cfg(not(unix))]
pub(super) fn try_ended(child: &mut Child) -> Option<String> {
    let status = child.try_wait().ok().flatten()?;
    Some(status.to_string())
}

/// From now on, a write that would have to wait is an error instead.
#[cfg(unix)]
fn never_wait(stdin: &ChildStdin) -> io::Result<()> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let flags = fcntl_getfl(stdin)?;
    Ok(fcntl_setfl(stdin, flags | OFlags::NONBLOCK)?)
}

/// There is no shell here, and so no worker.
#[cfg(not(unix))]
fn never_wait(_: &ChildStdin) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
pub(super) fn kill_group(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    // An error says that nobody of the group is left.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

#[cfg(not(unix))]
pub(super) fn kill_group(child: &mut Child) {
    let _ = child.kill();
}
