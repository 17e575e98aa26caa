//! The description of a study, as it stands in xtask/studies.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// What is searched, with what, and what the page shows.
///
/// Texts and arguments may have places for values (see [`super::template`]): `${seeds}`, `${threads}`, `${version}`,
/// `${device}`, `${sha}`, `${searchers}`, `${commands}`, the names of tables (their paths), and of a case its `values`,
/// `${case}`, `${search}`, `${report}`, `${budget}` and what its `facts` find out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    /// The page before its first table; values of cases are those of the first.
    pub(super) head: String,
    /// What stands before the tables of each case.
    #[serde(default)]
    pub(super) intro: String,
    /// The page after its last table.
    #[serde(default)]
    pub(super) tail: String,
    /// The name of a search, also that of the file that keeps its result: of `${searcher}` and `${case}`.
    pub(super) search_name: String,
    /// The first column of the file with the numbers of every seed; without it there is no such file.
    pub(super) seed_name: Option<String>,
    /// What this file calls the budgets, when they differ between cases.
    pub(super) budget_names: Option<Vec<String>>,
    /// Whether all cases share one table, with a row for each.
    #[serde(default)]
    pub(super) one_table: bool,
    /// What answers queries.
    pub(super) sources: BTreeMap<String, Source>,
    pub(super) searchers: Vec<Searcher>,
    pub(super) tables: Vec<TableOf>,
    pub(super) cases: Vec<Case>,
}

/// What answers queries, or knows more of architectures.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    /// The name of a table inside the program.
    Embedded(String),
    /// A folder in that of the data.
    Surrogate(String),
    /// A file in the folder of the data, and the arguments of `ganas table import`.
    Csv {
        file: String,
        /// A file whose columns stand beside those of the first, row by row.
        beside: Option<String>,
        import: Vec<String>,
    },
}

/// A searcher.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Searcher {
    pub(super) name: String,
    /// What it is called on the page.
    pub(super) label: String,
    #[serde(default)]
    pub(super) arguments: Vec<String>,
}

/// A table of the page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableOf {
    /// A heading.
    pub(super) title: Option<String>,
    /// The title of the first column.
    pub(super) rows: String,
    pub(super) columns: Vec<Columns>,
}

/// Columns that are repeated for some budgets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    /// The budgets; those of the case when none are given.
    pub(super) at: Option<Vec<usize>>,
    pub(super) cells: Vec<Column>,
}

/// A column: its title may say `${at}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Column {
    pub(super) title: String,
    pub(super) show: Show,
    /// The searcher that others are compared with.
    pub(super) against: Option<String>,
    /// The text of [`Show::Text`].
    #[serde(default)]
    pub(super) text: String,
}

/// What a cell shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Show {
    /// Mean and standard deviation of the best search metric.
    Search,
    /// The same of the report metric of the best.
    Report,
    /// The same of the share of the whole front's hypervolume.
    Share,
    /// Per cent of seeds that found the best value.
    Optimum,
    /// The mean rank of the best.
    Rank,
    /// The mean number of members of the whole front that were found.
    Members,
    /// The median of the queries until the best was found.
    ToBest,
    /// The p-value of a comparison of search metrics.
    P,
    /// The same of shares.
    ShareP,
    /// The p-value, and which is better.
    Verdict,
    /// A text with values of the case.
    Text,
    /// The search metric of a given network.
    Given,
    /// The gain over it: mean and range.
    Gain,
    /// The number of seeds that gained.
    Better,
    /// The change of the number of parameters: mean and range.
    Params,
    /// The same of multiply-adds.
    Flops,
}

/// Searches that are compared with each other.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) values: BTreeMap<String, String>,
    /// What answers the queries.
    pub(super) source: String,
    pub(super) space: Option<String>,
    /// The search metric and the report metric.
    pub(super) metrics: [String; 2],
    /// What the metrics are multiplied with to be shown; 1 when it is not given.
    pub(super) scale: Option<f64>,
    /// Where results are read off the curves, ascending; the last is the budget of the runs.
    pub(super) budgets: Vec<usize>,
    #[serde(default)]
    pub(super) arguments: Vec<String>,
    /// The searchers of the case; all, when none are named.
    pub(super) searchers: Option<Vec<String>>,
    /// What is found out before the searches.
    pub(super) facts: Option<Facts>,
}

/// What is found out before the searches of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Facts {
    /// What `ganas table info` says: `${optimum}`, `${rows}`, `${table_space}`, and `${noise}` where there are seeds.
    Info {},
    /// The values of all architectures, for ranks: `${optimum}`, and `${best}` as it is shown.
    Ranks {},
    /// A bound on a property that a quarter of the classes satisfies, and the best of them: `${bound}`, `${admitted}`
    /// and `${optimum}`.
    Quartile { table: String, property: String },
    /// The front of the whole space in the search metric, of which less than `least` is of no use, and a cost:
    /// `${slowest}`, `${members}`, `${reference}` and `${full}`, its hypervolume.
    Front {
        cost: String,
        least: f64,
        classes: usize,
    },
}

impl Description {
    /// Reads and checks the description of a study.
    pub(super) fn read(root: &Path, name: &str) -> Result<Self> {
        let path = root.join("xtask/studies").join(format!("{name}.toml"));
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let study: Self =
            toml::from_str(&text).with_context(|| format!("cannot parse {}", path.display()))?;
        study
            .check()
            .with_context(|| format!("{} is no study", path.display()))?;
        Ok(study)
    }

    fn check(&self) -> Result<()> {
        let is_searcher = |name: &String| self.searchers.iter().any(|s| s.name == *name);
        ensure!(!self.cases.is_empty(), "there is no case");
        for case in &self.cases {
            let known = self.sources.contains_key(&case.source);
            ensure!(known, "there is no source `{}`", case.source);
            let ascending = case.budgets.is_sorted() && !case.budgets.is_empty();
            ensure!(
                ascending,
                "the budgets of `{}` are not ascending",
                case.name
            );
            for name in case.searchers.iter().flatten() {
                ensure!(is_searcher(name), "there is no searcher `{name}`");
            }
            if let Some(names) = &self.budget_names {
                ensure!(names.len() == case.budgets.len(), "budgets lack names");
            } else {
                let same = case.budgets == self.cases[0].budgets;
                ensure!(same || self.seed_name.is_none(), "budgets differ");
            }
        }
        for column in self.columns() {
            let compares = matches!(column.show, Show::P | Show::ShareP | Show::Verdict);
            let against = column.against.as_ref();
            ensure!(
                compares == against.is_some_and(is_searcher),
                "`{}` compares with nothing",
                column.title
            );
        }
        Ok(())
    }

    /// The columns of all tables.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        let groups = self.tables.iter().flat_map(|table| &table.columns);
        groups.flat_map(|columns| &columns.cells)
    }
}

impl Case {
    /// The searchers of the case.
    pub(super) fn searchers<'a>(
        &'a self,
        of: &'a Description,
    ) -> impl Iterator<Item = &'a Searcher> {
        let chosen = |s: &&Searcher| self.searchers.as_ref().is_none_or(|c| c.contains(&s.name));
        of.searchers.iter().filter(chosen)
    }

    /// The budget of the runs.
    pub(super) fn budget(&self) -> usize {
        self.budgets[self.budgets.len() - 1]
    }
}
