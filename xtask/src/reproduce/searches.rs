//! Running searches with the release binary, and keeping what they print.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::Options;
use super::result::SearchResult;

/// One search of a study: a name, and the arguments that follow `ganas search`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Search {
    /// Unique within the study; also the name of the file that keeps the result.
    pub(super) name: String,
    /// Arguments, without source, seeds and output.
    pub(super) arguments: Vec<String>,
}

/// The searchers that studies compare: name, what each is called on a page, and its arguments.
pub(super) const SEARCHERS: [(&str, &str, &[&str]); 4] = [
    (
        "improved",
        "GA-NAS, improved",
        &["--algorithm", "ga-nas", "--preset", "improved"],
    ),
    (
        "faithful",
        "GA-NAS, faithful",
        &["--algorithm", "ga-nas", "--preset", "faithful"],
    ),
    (
        "local-search",
        "local search",
        &["--algorithm", "local-search"],
    ),
    ("random", "random search", &["--algorithm", "random"]),
];

/// What answers the queries of a search.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    /// A table file, or the name of a table inside the program.
    Table(&'a Path),
    /// The folder of a surrogate.
    Surrogate(&'a Path),
}

/// The release binary and the folder for what it prints.
#[derive(Debug)]
pub(super) struct Runner {
    binary: PathBuf,
    folder: PathBuf,
}

impl Runner {
    /// Builds the release binary.
    pub(super) fn new(root: &Path, study: &str, fresh: bool) -> Result<Self> {
        let status = crate::cargo(root)
            .args(["build", "--release", "--quiet", "-p", "ganas-cli"])
            .status()
            .context("cannot start cargo")?;
        if !status.success() {
            bail!("the release build failed");
        }
        let folder = root.join("target/reproduce").join(study);
        if fresh && folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self {
            binary: root.join("target/release/ganas"),
            folder,
        })
    }

    /// A file of this study.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A table of this study, imported when it is not there yet: `arguments` follow `ganas table import`.
    pub(super) fn import(&self, name: &str, source: &Path, arguments: &[&str]) -> Result<PathBuf> {
        let table = self.file(name);
        if !table.exists() {
            let paths = [
                source.display().to_string(),
                "-o".to_owned(),
                table.display().to_string(),
            ];
            let arguments = ["table", "import"].iter().chain(arguments);
            let arguments = arguments.map(|a| (*a).to_owned()).chain(paths);
            self.ganas(&arguments.collect::<Vec<_>>())?;
        }
        Ok(table)
    }

    /// Runs the binary and returns what it prints on stdout.
    pub(super) fn ganas(&self, arguments: &[String]) -> Result<String> {
        let output = Command::new(&self.binary)
            .args(arguments)
            .stderr(Stdio::piped())
            .output()
            .with_context(|| format!("cannot start {}", self.binary.display()))?;
        if !output.status.success() {
            bail!(
                "ganas {} failed ({}):\n{}",
                arguments.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        String::from_utf8(output.stdout).context("ganas printed something that is not UTF-8")
    }

    /// The result of a search: the kept one, or a new one.
    pub(super) fn result(
        &self,
        search: &Search,
        source: Source<'_>,
        options: &Options,
    ) -> Result<SearchResult> {
        let file = self.file(&format!("{}.{}.json", search.name, options.seeds));
        if !file.exists() {
            let start = std::time::Instant::now();
            let mut arguments = vec!["search".to_owned()];
            arguments.extend(search.arguments.iter().cloned());
            let (flag, path) = match source {
                Source::Table(path) => ("--table", path),
                Source::Surrogate(path) => ("--surrogate", path),
            };
            for (flag, value) in [
                (flag, path.display().to_string()),
                ("--seeds", options.seeds.clone()),
                ("--threads", options.threads.to_string()),
            ] {
                arguments.extend([flag.to_owned(), value]);
            }
            arguments.push("--json".to_owned());
            let text = self.ganas(&arguments)?;
            let unfinished = file.with_extension("part");
            fs::write(&unfinished, text)
                .with_context(|| format!("cannot write {}", unfinished.display()))?;
            fs::rename(&unfinished, &file)
                .with_context(|| format!("cannot write {}", file.display()))?;
            eprintln!("{}: {:.0} s", search.name, start.elapsed().as_secs_f64());
        }
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is not the output of a search: remove it",
                file.display()
            )
        })
    }
}
