//! Running searches with the built binary, and keeping what they print.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use ganas_report::records::SearchRecord;

use super::study::{Case, Source};
use super::template::{Values, fill};
use super::{Options, columns};

/// The binary, the folder for what it prints, and how searches are run.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) binary: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) options: Options,
}

/// One search of a study.
#[derive(Debug)]
pub(super) struct Search<'a> {
    /// Unique within the study; also the name of the file that keeps the result.
    pub(super) name: String,
    pub(super) case: &'a Case,
    pub(super) source: &'a Source,
    /// Those of the searcher.
    pub(super) arguments: &'a [String],
    pub(super) values: &'a Values,
}

impl Search<'_> {
    /// All arguments that follow `ganas search`, but for what answers queries, budget and seeds.
    fn arguments(&self) -> Result<Vec<String>> {
        let mut all = Vec::new();
        if let Some(space) = &self.case.space {
            all.extend(["--space", space]);
        }
        let [search, report] = &self.case.metrics;
        all.extend(["--search", search, "--report", report]);
        let more = self.case.arguments.iter().chain(self.arguments);
        all.extend(more.map(String::as_str));
        all.into_iter().map(|a| fill(a, self.values)).collect()
    }

    /// The command, for people.
    pub(super) fn command(&self, seeds: &str) -> Result<String> {
        let source = match self.source {
            Source::Embedded(name) => format!("--table {name}"),
            Source::Surrogate(_) => "--surrogate FOLDER".to_owned(),
            Source::Csv { .. } => format!("--table {}.arrow", self.case.source),
        };
        let quoted = self.arguments()?.into_iter().map(|argument| {
            if argument.contains(' ') {
                format!("'{argument}'")
            } else {
                argument
            }
        });
        Ok(format!(
            "ganas search {source} {} --budget {} --seeds {seeds}",
            quoted.collect::<Vec<_>>().join(" "),
            self.case.budget()
        ))
    }
}

impl Runner {
    /// Makes the folder.
    pub(super) fn new(binary: PathBuf, folder: PathBuf, options: &Options) -> Result<Self> {
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self {
            binary,
            folder,
            options: options.clone(),
        })
    }

    /// The folder of the benchmark tables.
    fn data(&self) -> Result<&Path> {
        let data = self.options.data.as_deref();
        data.context(
            "the study reads benchmark tables: name their folder with --data or GANAS_DATA",
        )
    }

    /// Where a source is; a table is imported when it is not there yet.
    pub(super) fn place(&self, name: &str, source: &Source) -> Result<String> {
        let path = match source {
            Source::Embedded(name) => PathBuf::from(name),
            Source::Surrogate(folder) => self.data()?.join(folder),
            Source::Csv {
                file,
                beside,
                import,
            } => {
                let table = self.folder.join(format!("{name}.arrow"));
                if !table.exists() {
                    let mut file = self.data()?.join(file);
                    if let Some(beside) = beside {
                        let joined = self.folder.join(format!("{name}.csv"));
                        columns::join([&file, &self.data()?.join(beside)], &joined)?;
                        file = joined;
                    }
                    let mut arguments = vec!["table", "import"];
                    arguments.extend(import.iter().map(String::as_str));
                    let (from, to) = (file.display().to_string(), table.display().to_string());
                    arguments.extend([&*from, "-o", &*to]);
                    self.ganas(&arguments)?;
                }
                table
            }
        };
        Ok(path.display().to_string())
    }

    /// Runs the binary and returns what it prints on stdout.
    pub(super) fn ganas(&self, arguments: &[&str]) -> Result<String> {
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
    pub(super) fn result(&self, search: &Search<'_>) -> Result<SearchRecord> {
        self.result_of(search, search.case.budget(), &self.options.seeds)
    }

    /// The same with another budget and other seeds.
    pub(super) fn result_of(
        &self,
        search: &Search<'_>,
        budget: usize,
        seeds: &str,
    ) -> Result<SearchRecord> {
        let file = self.folder.join(format!("{}.{seeds}.json", search.name));
        if !file.exists() {
            let start = std::time::Instant::now();
            let place = self.place(&search.case.source, search.source)?;
            let flag = match search.source {
                Source::Surrogate(_) => "--surrogate",
                Source::Embedded(_) | Source::Csv { .. } => "--table",
            };
            let (budget, threads) = (budget.to_string(), self.options.threads.to_string());
            let arguments = search.arguments()?;
            let mut all = vec!["search", flag, &*place];
            all.extend(arguments.iter().map(String::as_str));
            all.extend(["--budget", &*budget, "--seeds", seeds]);
            all.extend(["--threads", &*threads, "--json"]);
            keep(&file, &self.ganas(&all)?)?;
            eprintln!("{}: {:.0} s", search.name, start.elapsed().as_secs_f64());
        }
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let record: SearchRecord = serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is not the output of a search of this version: pass --fresh",
                file.display()
            )
        })?;
        ensure!(
            !record.runs.is_empty() && usize::try_from(record.budget)? == budget,
            "{} has no run of {budget} queries: pass --fresh",
            file.display()
        );
        Ok(record)
    }
}

/// Writes a file that is there as a whole, or not at all.
pub(super) fn keep(file: &Path, text: &str) -> Result<()> {
    let unfinished = file.with_extension("part");
    fs::write(&unfinished, text)
        .with_context(|| format!("cannot write {}", unfinished.display()))?;
    fs::rename(&unfinished, file).with_context(|| format!("cannot write {}", file.display()))
}
