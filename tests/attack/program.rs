//! Running `ganas` with limits of time and memory.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// What takes longer hangs.
const LONGEST: Duration = Duration::from_secs(60);

/// Memory that a process may ask for.
const MOST_MEMORY_KIB: u64 = 1 << 20;

/// How often a running process is looked at.
const PAUSE: Duration = Duration::from_millis(2);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) is_hang: bool,
}

/// A command of `ganas` in a folder.
#[derive(Clone, Debug)]
pub(crate) struct Ganas {
    arguments: Vec<OsString>,
    environment: Vec<(String, OsString)>,
    is_limited: bool,
}

impl Ganas {
    /// The command with these arguments, with blanks between them.
    pub(crate) fn new(arguments: &str) -> Self {
        Self {
            arguments: arguments.split_whitespace().map(Into::into).collect(),
            environment: Vec::new(),
            is_limited: true,
        }
    }

    /// One argument more, which may have blanks.
    pub(crate) fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// A variable of the environment.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Starts it.
    pub(crate) fn spawn(&self, folder: &Path) -> Result<Child> {
        let program = ganas_testkit::program::ganas();
        let mut command = if self.is_limited {
            let mut shell = Command::new("sh");
            let script = format!("ulimit -d {MOST_MEMORY_KIB}; exec \"$0\" \"$@\"");
            shell.args(["-c", &script]).arg(program);
            shell
        } else {
            Command::new(program)
        };
        command
            .args(&self.arguments)
            .current_dir(folder)
            .env_remove("GANAS_DATA")
            .env("XDG_CACHE_HOME", folder.join("cache"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().context("cannot start ganas")
    }

    /// Runs it to its end, or for a minute.
    pub(crate) fn run(&self, folder: &Path) -> Result<Ended> {
        end(self.spawn(folder)?)
    }

    /// Runs it where nothing is attacked: it must succeed.
    pub(crate) fn must(&self, folder: &Path) -> Result<String> {
        let ended = self.run(folder)?;
        let command = &self.arguments;
        anyhow::ensure!(
            ended.code == Some(0),
            "{command:?}, which nothing disturbs, ended with {:?}: {}",
            ended.code,
            ended.stderr
        );
        Ok(ended.stdout)
    }
}

/// Waits for the end of a process, for a minute.
pub(crate) fn end(mut child: Child) -> Result<Ended> {
    let [stdout, stderr] = [
        reader(child.stdout.take().context("its output is piped")?),
        reader(child.stderr.take().context("its messages are piped")?),
    ];
    let started = Instant::now();
    let (status, is_hang) = loop {
        if let Some(status) = child.try_wait()? {
            break (status, false);
        }
        if started.elapsed() > LONGEST {
            child.kill()?;
            break (child.wait()?, true);
        }
        std::thread::sleep(PAUSE);
    };
    // A process that was left behind may hold the pipe; what it prints is nobody's.
    let text = |reader: JoinHandle<Vec<u8>>| {
        let bytes = reader.join().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok(Ended {
        code: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
        is_hang,
    })
}

fn reader(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What cannot be read is not compared.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}
