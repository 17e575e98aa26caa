//! The stdout of a worker: lines that are messages, and what a library prints before the first of them.
//!
//! Many a library prints while it is imported, before the worker has any say. So lines before the hello that are not
//! meant to be messages go to the log of the worker, up to a limit.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::process::ChildStdout;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::excerpt::excerpt;
use super::json_line::{self, MAX_LINE, Unreadable};
use super::message::FromWorker;

/// How much a worker may print before its hello, in bytes, and in lines.
const MAX_BYTES_BEFORE_HELLO: usize = 1 << 20;
const MAX_LINES_BEFORE_HELLO: usize = 10_000;

/// How a hello begins that has something else before it in its line, such as a text that was printed without its end.
const HELLO: &[u8] = br#"{"type":"hello""#;

/// How often a reader looks whether anybody still wants what it reads, in milliseconds.
#[cfg(unix)]
const LOOK_MS: i64 = 250;

/// What a process said.
#[derive(Debug)]
pub(super) enum Said {
    /// A message.
    Message(FromWorker),
    /// It printed something before its hello, which is in its log; told once, with the first line.
    Printed(String),
    /// A line that is no message where one was expected, or more than may be printed before the hello.
    Garbage(Unreadable),
    /// It closed its stdout; nothing more will come.
    End,
}

/// A reader of the lines of one process.
pub(super) struct Listener<H> {
    /// The log of the worker.
    pub(super) log: File,
    /// Set once nobody wants to know any more.
    pub(super) forsaken: Arc<AtomicBool>,
    /// Told what the process says, until it returns false.
    pub(super) hear: H,
}

impl<H: FnMut(Said) -> bool> Listener<H> {
    /// Reads to the end.
    pub(super) fn listen(mut self, stdout: ChildStdout) {
        let limit = u64::try_from(MAX_LINE).map_or(u64::MAX, |limit| limit + 1);
        let mut reader = BufReader::new(Patient {
            stdout,
            forsaken: Arc::clone(&self.forsaken),
        });
        let mut printed = Some(Printed::default());
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.by_ref().take(limit).read_until(b'\n', &mut line);
            if matches!(read, Ok(0) | Err(_)) {
                (self.hear)(Said::End);
                return;
            }
            // A process that ends in the middle of a line has said no more than that it ended, unless all is there.
            let is_cut = !line.ends_with(b"\n") && line.len() <= MAX_LINE;
            let said = match (json_line::parse(&line), &mut printed) {
                (Ok(message), _) => {
                    printed = None;
                    Some(Said::Message(message))
                }
                (Err(unreadable), Some(before)) if unreadable.problem.is_none() => {
                    let said = before.take(&line, unreadable, &mut self.log);
                    if matches!(said, Some(Said::Message(_))) {
                        printed = None;
                    }
                    said
                }
                (Err(_), _) if is_cut => None,
                (Err(unreadable), _) => Some(Said::Garbage(unreadable)),
            };
            if let Some(said) = said
                && !(self.hear)(said)
            {
                return;
            }
            // A buffer that has held a long line is not kept.
            line.shrink_to(MAX_LINE / 16);
        }
    }
}

/// What was printed before the hello.
#[derive(Debug, Default)]
struct Printed {
    lines: usize,
    bytes: usize,
}

impl Printed {
    /// Takes a line that is not meant to be a message; what is to be told of it.
    fn take(&mut self, line: &[u8], unreadable: Unreadable, log: &mut File) -> Option<Said> {
        let is_first = self.lines == 0;
        self.lines += 1;
        self.bytes += line.len();
        // A log that cannot be written is no reason to end a search; the line is told all the same.
        let mut keep = |line: &[u8]| {
            let _ = log.write_all(line);
        };
        let hello = line.windows(HELLO.len()).position(|part| part == HELLO);
        if let Some(at) = hello
            && let Ok(message) = json_line::parse(&line[at..])
        {
            keep(&line[..at]);
            keep(b"\n");
            return Some(Said::Message(message));
        }
        if self.lines > MAX_LINES_BEFORE_HELLO || self.bytes > MAX_BYTES_BEFORE_HELLO {
            let shown = format!(
                "more than {MAX_LINES_BEFORE_HELLO} lines or {MAX_BYTES_BEFORE_HELLO} bytes, lastly {}",
                unreadable.shown
            );
            return Some(Said::Garbage(Unreadable {
                shown,
                problem: None,
            }));
        }
        keep(line);
        is_first.then(|| Said::Printed(excerpt(line)))
    }
}

/// Reads what is there, and ends when nobody wants it any more: something that the process has started may hold the
/// other end for ever.
pub(super) struct Patient {
    pub(super) stdout: ChildStdout,
    pub(super) forsaken: Arc<AtomicBool>,
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.forsaken.load(Ordering::Relaxed) {
                return Ok(0);
            }
            if is_readable(&self.stdout)? {
                return self.stdout.read(buffer);
            }
        }
    }
}

/// Whether a read would return at once; looks for a while.
#[cfg(unix)]
fn is_readable(stdout: &ChildStdout) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut sources = [PollFd::new(stdout, PollFlags::IN)];
    let patience = Timespec {
        tv_sec: 0,
        tv_nsec: LOOK_MS * 1_000_000,
    };
    match poll(&mut sources, Some(&patience)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Without poll a read waits for itself.
#[cfg(not(unix))]
fn is_readable(_: &ChildStdout) -> io::Result<bool> {
    Ok(true)
}
