//! `cargo xtask kernels race`: kernels under ThreadSanitizer, on the CPU.
//!
//! The emulation of `ganas-cuda-emulation` runs the launches of a list, with each CUDA thread a fiber that
//! ThreadSanitizer knows. Only barriers, `__syncwarp` and atomics order memory for it, so it finds conflicts in every
//! order of the threads, and those between blocks. It knows only what the launches reach.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use super::launches::{Launch, parse, program};
use super::set::KernelSet;
use crate::command_line;

/// The sources of the emulation, relative to the workspace.
const EMULATION: &str = "crates/ganas-cuda-emulation/cpp";
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
/// The launches of the kernels of ganas-gnn.
const LAUNCHES: &str = "crates/ganas-gnn/kernels.launches";
/// How a program ends in which ThreadSanitizer found something.
const FOUND: i32 = 66;

/// Options of `cargo xtask kernels race`.
#[derive(Debug, clap::Args)]
pub(crate) struct RaceOptions {
    /// A file with source and kernels [default: those of ganas-gnn].
    #[arg(long, value_name = "FILE")]
    kernels: Option<PathBuf>,
    /// A file with a line for each launch: `launch NAME grid X Y Z arguments floats:100 u32:100` [default: that of
    /// ganas-gnn].
    #[arg(long, value_name = "FILE")]
    launches: Option<PathBuf>,
    /// The C++ compiler; it needs ThreadSanitizer.
    #[arg(long, default_value = "c++")]
    compiler: String,
}

impl RaceOptions {
    /// The kernels of ganas-gnn.
    pub(super) fn new() -> Self {
        Self {
            kernels: None,
            launches: None,
            compiler: "c++".to_owned(),
        }
    }
}

/// Runs the launches.
pub(super) fn run(root: &Path, options: &RaceOptions) -> anyhow::Result<()> {
    let set = KernelSet::load(root, options.kernels.as_deref())?;
    let default = root.join(LAUNCHES);
    let path = options.launches.as_ref().unwrap_or(&default);
    let file = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the launches in {file}"))?;
    let launches = parse(&text, &set).with_context(|| file.to_string())?;
    ensure!(!launches.is_empty(), "{file} has no launches");
    let check = Check {
        sources: root.join(EMULATION),
        folder: root.join("target").join("kernels").join("race"),
        compiler: &options.compiler,
    };
    check.compile(&set)?;
    let reports = check.launch(&launches)?;
    let launched = |name: &str| launches.iter().any(|launch| launch.kernel() == name);
    if let Some(kernel) = set.kernels.iter().find(|kernel| !launched(&kernel.name)) {
        bail!(
            "`{}` is not launched: add a line for it to {file}",
            kernel.name
        );
    }
    println!("{} launches", launches.len());
    let Some(reports) = reports else {
        println!("no races");
        return Ok(());
    };
    println!("{reports}");
    bail!("ThreadSanitizer found: {}", summaries(&reports).join("; "))
}

/// A check, with the folders that it works in.
struct Check<'a> {
    sources: PathBuf,
    folder: PathBuf,
    compiler: &'a str,
}

impl Check<'_> {
    /// Compiles everything but the launches.
    fn compile(&self, set: &KernelSet) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot create {}", self.folder.display()))?;
        self.write("kernels.cu", &set.source)?;
        let shim = self.source("kernel/shim.h");

        // The same translation as that of the emulated NVRTC.
        let mut translator = self.compiler();
        translator.args(["-O1", "-o", "translate"]);
        translator.args([
            self.source("race/translate.cpp"),
            self.source("nvrtc/source.cpp"),
        ]);
        self.check(translator)?;
        let mut preprocessor = self.compiler();
        preprocessor.args(["-E", "-x", "c++", "-nostdinc", "-D__CUDA_ARCH__=800"]);
        preprocessor.args(set.options.iter().filter(|option| option.starts_with("-D")));
        preprocessor.arg("-include").arg(shim);
        preprocessor.args(["kernels.cu", "-o", "kernels.i"]);
        self.check(preprocessor)?;
        let mut translation = Command::new(self.folder.join("translate"));
        translation.stdin(self.open("kernels.i")?);
        translation.stdout(
            std::fs::File::create(self.folder.join("kernels.ii"))
                .context("cannot write the translated source")?,
        );
        self.check(translation)?;

        let mut kernels = self.compiler();
        kernels.args(["-g", "-O1", "-fsanitize=thread", "-fvisibility=hidden"]);
        kernels.args([
            "-fno-strict-aliasing",
            "-ffp-contract=off",
            "-Wno-unknown-pragmas",
        ]);
        kernels.args([
            "-x",
            "c++-cpp-output",
            "-c",
            "kernels.ii",
            "-o",
            "kernels.o",
        ]);
        self.check(kernels)?;
        let mut runtime = self.runtime_compiler();
        runtime.args(RUNTIME.map(|file| self.source(file)));
        self.check(runtime)
    }

    /// Makes the launches; the reports of ThreadSanitizer, if there are any.
    fn launch(&self, launches: &[Launch<'_>]) -> anyhow::Result<Option<String>> {
        self.write("main.cpp", &program(launches))?;
        let mut main = self.runtime_compiler();
        main.arg("main.cpp");
        self.check(main)?;
        let mut linker = self.compiler();
        linker.args(["-fsanitize=thread", "-o", "race", "kernels.o", "main.o"]);
        linker.args(RUNTIME.iter().filter_map(|file| {
            let stem = Path::new(file).file_stem()?.to_str()?;
            Some(format!("{stem}.o"))
        }));
        self.check(linker)?;
        let output = Command::new(self.folder.join("race"))
            .env(
                "TSAN_OPTIONS",
                format!("exitcode={FOUND} report_thread_leaks=0"),
            )
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

    fn source(&self, file: &str) -> PathBuf {
        self.sources.join(file)
    }

    fn compiler(&self) -> Command {
        let mut command = Command::new(self.compiler);
        command.arg("-std=c++20");
        command
    }

    fn runtime_compiler(&self) -> Command {
        let mut command = self.compiler();
        command.args(["-O1", "-DGANAS_EMULATION_TSAN=1", "-c"]);
        command.arg(format!("-I{}", self.sources.display()));
        command
    }

    fn check(&self, mut command: Command) -> anyhow::Result<()> {
        crate::check(command.current_dir(&self.folder)).with_context(|| {
            format!(
                "the race check needs a C++20 compiler with ThreadSanitizer ({})",
                command_line(&command)
            )
        })
    }

    fn write(&self, file: &str, text: &str) -> anyhow::Result<()> {
        let path = self.folder.join(file);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn open(&self, file: &str) -> anyhow::Result<std::fs::File> {
        let path = self.folder.join(file);
        std::fs::File::open(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

/// What each report is about.
fn summaries(reports: &str) -> Vec<&str> {
    let mut found: Vec<_> = reports
        .lines()
        .filter_map(|line| line.strip_prefix("SUMMARY: ThreadSanitizer: "))
        .collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace_root;

    const SOURCE: &str = include_str!("recorded/race.cu");
    const KERNELS: &str = "\
kernel tree block 64 1 parameters pointer pointer
kernel tree_without_barrier block 64 1 parameters pointer pointer
kernel reversed block 32 1 parameters pointer pointer
kernel reversed_without_syncwarp block 32 1 parameters pointer pointer
kernel histogram block 64 1 shared 16 parameters pointer pointer u32
kernel block_conflict block 32 1 parameters pointer
kernel divergent block 64 1 parameters pointer
source
";
    const CORRECT: &str = "\
launch tree grid 3 1 1 arguments floats:3 floats:192
launch reversed grid 2 1 1 arguments floats:64 floats:64
launch histogram grid 4 1 1 arguments zeros:4 words:0,1,2,3,3,2,1,0,0 u32:9
launch block_conflict grid 1 1 1 arguments floats:32
";

    fn has_sanitizer(folder: &Path) -> bool {
        std::fs::write(folder.join("empty.cpp"), "int main() {}").unwrap();
        let status = Command::new("c++")
            .args(["-fsanitize=thread", "empty.cpp", "-o", "empty"])
            .current_dir(folder)
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    }

    #[test]
    fn races_are_found_and_only_they() {
        let folder = tempfile::tempdir().unwrap();
        if !has_sanitizer(folder.path()) {
            println!("SKIPPED: c++ has no ThreadSanitizer");
            return;
        }
        let set = KernelSet::parse(&format!("{KERNELS}{SOURCE}")).unwrap();
        let check = Check {
            sources: workspace_root().join(EMULATION),
            folder: folder.path().to_owned(),
            compiler: "c++",
        };
        check.compile(&set).unwrap();
        let outcome = |launches| check.launch(&parse(launches, &set).unwrap());
        assert_eq!(outcome(CORRECT).unwrap(), None);
        let races = "\
launch tree_without_barrier grid 1 1 1 arguments floats:1 floats:64
launch reversed_without_syncwarp grid 1 1 1 arguments floats:32 floats:32
launch block_conflict grid 2 1 1 arguments floats:32
";
        let reports = outcome(races).unwrap().unwrap();
        let found = summaries(&reports);
        for kernel in [
            "tree_without_barrier",
            "reversed_without_syncwarp",
            "block_conflict",
        ] {
            let about =
                |summary: &&str| summary.starts_with("data race") && summary.ends_with(kernel);
            assert!(found.iter().any(about), "{kernel}: {found:?}");
        }
        for (launch, message) in [
            (
                "launch divergent grid 1 1 1 arguments floats:64",
                "divergent barrier",
            ),
            (
                "launch tree grid 2 1 1 arguments floats:1 floats:128",
                "`tree` wrote just outside its argument 0",
            ),
        ] {
            let error = outcome(launch).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
