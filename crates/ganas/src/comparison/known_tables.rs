//! The tables that runs have searched, where they are at hand.

#[cfg(feature = "tables")]
use std::path::PathBuf;
#[cfg(feature = "tables")]
use std::sync::Arc;

use ganas_space::ArchKey;
use ganas_store::RunSummary;
#[cfg(feature = "tables")]
use ganas_store::Study;
#[cfg(feature = "tables")]
use ganas_table::{Column, EMBEDDED, Table};

use crate::Error;
#[cfg(feature = "tables")]
use crate::{Folders, error::Context as _, tables};

/// Tables, by what a run says that it has searched.
#[derive(Clone, Debug, Default)]
pub struct KnownTables {
    #[cfg(feature = "tables")]
    all: Vec<KnownTable>,
}

#[cfg(feature = "tables")]
#[derive(Clone, Debug)]
struct KnownTable {
    sha256: String,
    /// What it is called, when it has a name of its own.
    name: Option<&'static str>,
    table: Arc<Table>,
}

/// What a table knows of a run.
#[derive(Debug, Default)]
pub(super) struct OfRun<'a> {
    /// The best search metric of the table.
    pub(super) best_search: Option<f64>,
    /// The best reported metric of the table.
    pub(super) best_report: Option<f64>,
    /// What evaluations cost, in words.
    pub(super) cost: Option<String>,
    #[cfg(feature = "tables")]
    timed: Option<(&'a Table, Column)>,
    #[cfg(not(feature = "tables"))]
    timed: std::marker::PhantomData<&'a ()>,
}

impl KnownTables {
    /// The tables that are part of the program; without the feature `tables` there are none.
    ///
    /// # Errors
    ///
    /// The program is damaged.
    pub fn embedded() -> Result<Self, Error> {
        #[cfg(feature = "tables")]
        {
            let mut known = Self::default();
            for embedded in EMBEDDED {
                known.add(Some(embedded.name), Arc::new(embedded.open()?))?;
            }
            Ok(known)
        }
        #[cfg(not(feature = "tables"))]
        Ok(Self::default())
    }

    /// The tables that are part of the program, those that are named, and of the data folder those of the spaces that the study has, as far
    /// as they are there. `note` is told about imports.
    ///
    /// # Errors
    ///
    /// A table that is named cannot be read, or no run of the study has searched it.
    #[cfg(feature = "tables")]
    pub fn for_study(
        study: &Study,
        named: &[PathBuf],
        folders: &Folders,
        note: &dyn Fn(&str),
    ) -> Result<Self, Error> {
        let runs = study.runs()?;
        let mut known = Self::embedded()?;
        for path in named {
            let table = Arc::new(tables::open_table(path)?);
            let sha256 = known.add(None, table)?;
            if runs.iter().all(|run| run.spec.table_sha256 != sha256) {
                return Err(Error::Usage(format!(
                    "--table {}: no run of {} has searched this table, whose sha256 is {sha256}; those of the runs are in `ganas export`",
                    path.display(),
                    study.path().display()
                )));
            }
        }
        for run in &runs {
            if folders.data.is_none() || known.find(run).is_some() {
                continue;
            }
            // What is not in the folder is no error: nobody has asked for it.
            let Ok(space) = ganas_space::by_name(&run.spec.space) else {
                continue;
            };
            let Ok(table) = tables::open(None, &*space, folders, note) else {
                continue;
            };
            known
                .add(None, Arc::new(table))
                .with_context(|| format!("the table of {} in the data folder", run.spec.space))?;
        }
        Ok(known)
    }

    /// These tables, and those that are part of the program.
    ///
    /// # Errors
    ///
    /// A table cannot be read.
    #[cfg(feature = "tables")]
    pub(crate) fn with(tables: impl IntoIterator<Item = Arc<Table>>) -> Result<Self, Error> {
        let mut known = Self::embedded()?;
        for table in tables {
            known.add(None, table)?;
        }
        Ok(known)
    }

    /// Adds a table; its sha256.
    #[cfg(feature = "tables")]
    fn add(&mut self, name: Option<&'static str>, table: Arc<Table>) -> Result<String, Error> {
        let sha256 = table.sha256()?;
        if self.all.iter().all(|known| known.sha256 != sha256) {
            self.all.push(KnownTable {
                sha256: sha256.clone(),
                name,
                table,
            });
        }
        Ok(sha256)
    }

    #[cfg(feature = "tables")]
    fn find(&self, run: &RunSummary) -> Option<&KnownTable> {
        self.all
            .iter()
            .find(|known| known.sha256 == run.spec.table_sha256)
    }

    /// The name of the table of a run, when it has one of its own.
    pub(super) fn name(&self, run: &RunSummary) -> Option<&'static str> {
        #[cfg(feature = "tables")]
        return self.find(run)?.name;
        #[cfg(not(feature = "tables"))]
        {
            let _ = run;
            None
        }
    }

    /// What the table of a run knows of it; nothing, when it is not at hand.
    pub(super) fn of_run(&self, run: &RunSummary) -> Result<OfRun<'_>, Error> {
        #[cfg(feature = "tables")]
        if let Some(known) = self.find(run) {
            let protocol = &run.spec.protocol;
            let table = &*known.table;
            let column = |name: &str| table.column(name).ok();
            // What constraints leave of a table has another optimum.
            let best = |name: &str| {
                if is_constrained(run) {
                    None
                } else {
                    table.query_best(column(name)?)
                }
            };
            let search = column(&protocol.search);
            let time = search.and_then(|search| table.info(search).query_time.clone());
            return Ok(OfRun {
                best_search: best(&protocol.search),
                best_report: best(&protocol.report),
                timed: search
                    .filter(|_| time.is_some())
                    .map(|search| (table, search)),
                cost: time.map(|column| format!("simulated seconds of training, `{column}`")),
            });
        }
        let _ = run;
        Ok(OfRun::default())
    }
}

impl OfRun<'_> {
    /// The simulated seconds of an evaluation; `None` when they are not known.
    pub(super) fn seconds(&self, key: ArchKey) -> Result<Option<f64>, Error> {
        #[cfg(feature = "tables")]
        if let Some((table, column)) = self.timed
            && let Some(row) = table.row_of(key)
        {
            return Ok(table.query_time(column, row)?);
        }
        let _ = key;
        Ok(None)
    }
}

/// Whether constraints hold of what a run evaluates, or it improves a given network.
#[cfg(feature = "tables")]
fn is_constrained(run: &RunSummary) -> bool {
    let config: serde_json::Value = serde_json::from_str(&run.spec.config).unwrap_or_default();
    let limits = [
        "constraints",
        "measured_constraints",
        "improve",
        "fix",
        "exclude",
    ];
    limits.iter().any(|name| !config[name].is_null())
}
