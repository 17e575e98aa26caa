//! One worker process: started in a process group of its own, spoken to by lines, killed with all of its children.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::json_line::{self, MAX_LINE};
use super::message::{FromWorker, ToWorker};

/// How long a process that has closed its stdout may take to end.
const END_POLLS: u32 = 100;
const END_PAUSE: Duration = Duration::from_millis(2);

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

/// What a process said.
#[derive(Debug)]
pub(super) enum Said {
    /// A message.
    Message(FromWorker),
    /// A line that is no message.
    Garbage(String),
    /// It closed its stdout; nothing more will come.
    End,
}

/// A running process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Process {
    /// Starts a process; what it says is told to `hear`, on a thread of its own, until `hear` returns false.
    pub(super) fn start(
        start: Start<'_>,
        hear: impl FnMut(Said) -> bool + Send + 'static,
    ) -> io::Result<Self> {
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
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        if let Some(stdout) = child.stdout.take() {
            let listener = std::thread::Builder::new().name("ganas-worker".to_owned());
            listener.spawn(move || listen(stdout, hear))?;
        }
        Ok(Self { child, stdin })
    }

    /// The process group.
    pub(super) fn group(&self) -> u32 {
        self.child.id()
    }

    /// Sends a message.
    pub(super) fn send(&mut self, message: &ToWorker) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        match &mut self.stdin {
            Some(stdin) => stdin.write_all(&line),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Asks the process to end, by message and by the end of its stdin.
    pub(super) fn ask_to_end(&mut self) {
        // A process that is gone already needs no asking.
        let _ = self.send(&ToWorker::Shutdown);
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

    /// How the process ended, when it has.
    ///
    /// It is not waited for: its number stays taken, so that its group can still be killed without hitting another.
    #[cfg(unix)]
    pub(super) fn try_ended(&mut self) -> Option<String> {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let pid = Pid::from_child(&self.child);
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(pid), look).ok().flatten()?;
        Some(match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "neither exit status nor signal".to_owned(),
        })
    }

    /// How the process ended, when it has.
    #[cfg(not(unix))]
    pub(super) fn try_ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(status.to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        kill_group(&mut self.child);
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn kill_group(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    // An error says that nobody of the group is left.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

#[cfg(not(unix))]
fn kill_group(child: &mut Child) {
    let _ = child.kill();
}

fn listen(stdout: ChildStdout, mut hear: impl FnMut(Said) -> bool) {
    let limit = u64::try_from(MAX_LINE).map_or(u64::MAX, |limit| limit + 1);
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(limit).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => {
                hear(Said::End);
                return;
            }
            Ok(_) => {
                let said = match json_line::parse(&line) {
                    Ok(message) => Said::Message(message),
                    Err(garbage) => Said::Garbage(garbage),
                };
                if !hear(said) {
                    return;
                }
            }
        }
    }
}
