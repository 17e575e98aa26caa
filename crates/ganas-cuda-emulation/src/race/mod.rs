//! Kernels under ThreadSanitizer, on the CPU.
//!
//! The emulation runs the launches of a list, with each CUDA thread a fiber that ThreadSanitizer knows. Only barriers,
//! `__syncwarp` and atomics order memory for it, so it finds conflicts in every order of the threads, and those between
//! blocks. It knows only what the launches reach.

mod launches;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

pub use launches::Launch;

/// The sources of the emulation.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cpp");
/// What is not instrumented: it works for all threads, and would look like a race.
const RUNTIME: [&str; 7] = [
    "race/race.cpp",
    "driver/block.cpp",
    "driver/context.cpp",
    "driver/memory.cpp",
    "driver/order.cpp",
    "driver/result.cpp",
    "driver/shared.cpp",
];
/// How a program ends in which ThreadSanitizer found something.
const FOUND: i32 = 66;

/// A kernel as the host launches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Its name in the source.
    pub name: String,
    /// The threads of a block, along x and y.
    pub block: [u32; 2],
    /// Dynamic shared memory, in bytes.
    pub shared: u32,
    /// The kinds of its parameters.
    pub parameters: Vec<Parameter>,
}

/// The kind of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// Device memory.
    Pointer,
    /// An integer.
    U32,
    /// A number.
    F32,
}

/// Kernels that are compiled for ThreadSanitizer.
#[derive(Debug)]
pub struct RaceCheck {
    folder: PathBuf,
}

impl RaceCheck {
    /// Compiles a source; all files lie in the folder.
    ///
    /// # Errors
    ///
    /// When the source does not compile, or `c++` has no ThreadSanitizer.
    pub fn compile(folder: &Path, source: &str) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let check = Self {
            folder: folder.to_owned(),
        };
        fs::write(folder.join("kernels.cu"), source)?;
        // The same translation as that of the emulated NVRTC.
        let mut translator = check.compiler(&["-O1", "-o", "translate"]);
        translator.args(["race/translate.cpp", "nvrtc/source.cpp"].map(in_sources));
        check.run(translator)?;
        let mut preprocessor = check.compiler(&["-E", "-x", "c++", "-nostdinc"]);
        preprocessor.args(["-D__CUDA_ARCH__=800", "-include"]);
        preprocessor.arg(in_sources("kernel/shim.h"));
        preprocessor.args(["kernels.cu", "-o", "kernels.i"]);
        check.run(preprocessor)?;
        let mut translation = Command::new(folder.join("translate"));
        translation
            .stdin(File::open(folder.join("kernels.i"))?)
            .stdout(File::create(folder.join("kernels.ii"))?);
        check.run(translation)?;
        let mut kernels = check.compiler(&["-g", "-O1", "-fsanitize=thread"]);
        kernels.args(["-fvisibility=hidden", "-fno-strict-aliasing"]);
        kernels.args(["-ffp-contract=off", "-Wno-unknown-pragmas"]);
        kernels.args(["-x", "c++-cpp-output", "-c", "kernels.ii"]);
        kernels.args(["-o", "kernels.o"]);
        check.run(kernels)?;
        let mut runtime = check.runtime_compiler();
        runtime.args(RUNTIME.map(in_sources));
        check.run(runtime)?;
        Ok(check)
    }

    /// Makes launches; the reports of ThreadSanitizer, if there are any.
    ///
    /// # Errors
    ///
    /// When a launch fails, as one does that writes outside of its arguments.
    pub fn launch(&self, launches: &[Launch<'_>]) -> anyhow::Result<Option<String>> {
        fs::write(self.folder.join("main.cpp"), launches::program(launches))?;
        let mut main = self.runtime_compiler();
        main.arg("main.cpp");
        self.run(main)?;
        let mut linker = self.compiler(&["-fsanitize=thread", "-o", "race"]);
        linker.args(["kernels.o", "main.o"]);
        let objects = RUNTIME.map(|file| Path::new(file).with_extension("o"));
        linker.args(objects.iter().filter_map(|object| object.file_name()));
        self.run(linker)?;
        let options = format!("exitcode={FOUND} report_thread_leaks=0");
        let output = Command::new(self.folder.join("race"))
            .env("TSAN_OPTIONS", options)
            .stdin(Stdio::null())
            .output()
            .context("cannot start the program of the race check")?;
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => Ok(None),
            Some(FOUND) => Ok(Some(messages)),
            _ => bail!("the launches ended with {}:\n{messages}", output.status),
        }
    }

    fn compiler(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("c++");
        command.arg("-std=c++20").args(arguments);
        command
    }

    fn runtime_compiler(&self) -> Command {
        let mut command = self.compiler(&["-O1", "-DGANAS_EMULATION_TSAN=1", "-c"]);
        command.arg(format!("-I{SOURCES}"));
        command
    }

    fn run(&self, mut command: Command) -> anyhow::Result<()> {
        let status = command.current_dir(&self.folder).status();
        let status = status.with_context(|| format!("cannot start {command:?}"))?;
        ensure!(
            status.success(),
            "{command:?} ended with {status}; the race check needs a C++20 compiler with ThreadSanitizer"
        );
        Ok(())
    }
}

fn in_sources(file: &str) -> PathBuf {
    Path::new(SOURCES).join(file)
}

/// What each report of ThreadSanitizer is about.
pub fn summaries(reports: &str) -> Vec<&str> {
    let lines = reports.lines();
    let mut found: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("SUMMARY: ThreadSanitizer: "))
        .collect();
    found.dedup();
    found
}
