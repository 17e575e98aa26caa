//! What is found out before the searches of a case.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use ganas_report::records::{FrontMember, FrontRecord};
use ganas_report::tables::TextTable;
use serde_json::Value as Json;

use super::runner::{Runner, Search};
use super::study::{Case, Facts, Source};
use super::template::{Value, Values};

/// What is known of a case beside its results.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The largest value of the search metric.
    pub(super) optimum: Option<f64>,
    /// The values of all architectures, descending.
    pub(super) descending: Vec<f64>,
    /// The whole front, and its hypervolume.
    pub(super) front: Option<(Vec<FrontMember>, f64)>,
    /// The sha256 of the table.
    pub(super) table_sha256: Option<String>,
}

/// A case, and where its facts come from.
pub(super) struct Inquiry<'a> {
    pub(super) runner: &'a Runner,
    pub(super) case: &'a Case,
    pub(super) source: &'a Source,
    /// What texts can say of the case.
    pub(super) values: Values,
    pub(super) known: Known,
}

impl Inquiry<'_> {
    /// Finds out the facts of the case, and adds what texts can say of them to the values.
    pub(super) fn find(&mut self) -> Result<()> {
        match &self.case.facts {
            None => Ok(()),
            Some(Facts::Info {}) => self.info(),
            Some(Facts::Ranks {}) => self.ranks(),
            Some(Facts::Quartile { table, property }) => self.quartile(table, property),
            Some(Facts::Front {
                cost,
                least,
                classes,
            }) => self.front(cost, *least, *classes),
        }
    }

    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.values.insert(name.to_owned(), value.into());
    }

    fn table(&self) -> Result<String> {
        self.runner.place(&self.case.source, self.source)
    }

    fn info(&mut self) -> Result<()> {
        let text = self
            .runner
            .ganas(&["table", "info", &self.table()?, "--json"])?;
        let info: Json = serde_json::from_str(&text)?;
        let columns = info["metrics"].as_array();
        let columns = columns.context("`table info --json` has no metrics")?;
        let metric = &*self.case.metrics[0];
        let column = columns.iter().find(|column| column["name"] == metric);
        let optimum = column.and_then(|column| {
            let of_queries = column["query_best"].as_f64();
            of_queries.or_else(|| column["best"].as_f64())
        });
        let optimum = optimum
            .with_context(|| format!("`table info --json` has no best value of {metric}"))?;
        self.set("optimum", optimum);
        self.known.table_sha256 = info["table_sha256"].as_str().map(str::to_owned);
        self.set("rows", info["manifest"]["n_rows"].to_string());
        let space = info["manifest"]["space"].as_str().unwrap_or_default();
        self.set("table_space", space.to_owned());
        if let Some(noise) = info["noise"].as_array() {
            self.set("noise", noise_table(noise)?);
        }
        self.known.optimum = Some(optimum);
        Ok(())
    }

    fn ranks(&mut self) -> Result<()> {
        let column = self.column(&self.table()?, &self.case.metrics[0])?;
        let mut descending: Vec<f64> = column.into_iter().map(|(_, value)| value).collect();
        descending.sort_by(|a, b| b.total_cmp(a));
        let optimum = *descending.first().context("the table is empty")?;
        self.set("optimum", optimum);
        self.set("best", self.case.scale.unwrap_or(1.0) * optimum);
        self.known.optimum = Some(optimum);
        self.known.descending = descending;
        Ok(())
    }

    /// A class has the value of the cell that answers its queries.
    fn quartile(&mut self, table: &str, property: &str) -> Result<()> {
        let answering = self.answering()?;
        let classes = |column: Vec<(String, f64)>| -> BTreeMap<String, f64> {
            let cells = column.into_iter();
            cells.filter(|(arch, _)| answering.contains(arch)).collect()
        };
        let accuracy = classes(self.column(&self.table()?, &self.case.metrics[0])?);
        let Value::Text(table) = &self.values[table] else {
            anyhow::bail!("`{table}` is no table");
        };
        let property = classes(self.column(table, property)?);
        let mut sorted: Vec<f64> = property.values().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let bound = *sorted.get(sorted.len() / 4).context("no class is known")?;
        let admitted: Vec<f64> = accuracy
            .iter()
            .filter(|(arch, _)| property.get(*arch).is_some_and(|value| *value <= bound))
            .map(|(_, value)| *value)
            .collect();
        let optimum = admitted.iter().copied().max_by(f64::total_cmp);
        let optimum = optimum.context("the bound admits no class")?;
        self.set("bound", bound);
        self.set("admitted", admitted.len().to_string());
        self.set("optimum", optimum);
        self.known.optimum = Some(optimum);
        Ok(())
    }

    /// The cells that answer queries: of each class the first.
    fn answering(&self) -> Result<BTreeSet<String>> {
        let space = self
            .case
            .space
            .as_deref()
            .context("the space has no name")?;
        let archs = self.runner.ganas(&["space", "enumerate", space])?;
        let keys = self
            .runner
            .ganas(&["space", "enumerate", space, "--hashes"])?;
        let mut seen = BTreeSet::new();
        let cells = archs.lines().zip(keys.lines());
        let first = cells.filter(|(_, key)| seen.insert(*key));
        Ok(first.map(|(arch, _)| arch.to_owned()).collect())
    }

    /// A metric of all architectures of a table, which are written as text.
    fn column(&self, table: &str, metric: &str) -> Result<Vec<(String, f64)>> {
        let export = [
            "table", "export", "--format", "csv", "--metric", metric, table,
        ];
        let text = self.runner.ganas(&export)?;
        let rows = text.lines().skip(1).map(|line| {
            let cells = line.rsplit_once(',');
            cells
                .and_then(|(arch, value)| Some((arch.to_owned(), value.parse().ok()?)))
                .with_context(|| format!("`table export` printed `{line}`"))
        });
        rows.collect()
    }

    /// The whole front says from where the hypervolume is measured, and how large it can be.
    fn front(&mut self, cost: &str, least: f64, classes: usize) -> Result<()> {
        let whole = self.whole(&format!("front-{cost}"), classes)?;
        let metric = &*self.case.metrics[0];
        let useful = |member: &&FrontMember| member.objectives[metric] >= least;
        let front: Vec<FrontMember> = whole.front.iter().filter(useful).cloned().collect();
        let slowest = front.iter().map(|member| member.objectives[cost]);
        let slowest = slowest.fold(0.0, f64::max);
        self.set("slowest", slowest);
        self.set("members", front.len().to_string());
        self.set("reference", format!("{metric}={least},{cost}={slowest}"));
        let measured = self.whole(&format!("whole-{cost}"), classes)?;
        let full = measured
            .hypervolume
            .context("the whole space has no front")?;
        self.set("full", full);
        self.known.front = Some((front, full));
        Ok(())
    }

    /// The front of a search of the whole space, from the reference point as soon as there is one.
    fn whole(&self, name: &str, classes: usize) -> Result<FrontRecord> {
        let mut case = self.case.clone();
        if !self.values.contains_key("reference") {
            case.arguments
                .retain(|argument| !argument.contains("${reference}"));
        }
        let search = Search {
            name: name.to_owned(),
            case: &case,
            source: self.source,
            arguments: &["--algorithm", "random"].map(str::to_owned),
            values: &self.values,
        };
        let record = self.runner.result_of(&search, classes, "0..1")?;
        let run = record.runs.into_iter().next();
        run.and_then(|run| run.front)
            .context("the whole space has no front")
    }
}

/// Spread and noise of each metric.
fn noise_table(noise: &[Json]) -> Result<String> {
    let columns = "metric,lowest,median,highest,sd of a seed,Spearman,share";
    let mut table = TextTable::of_names(columns.split(','));
    for noise in noise {
        let mut cells = vec![format!(
            "`{}`",
            noise["metric"].as_str().unwrap_or_default()
        )];
        let fields = "lowest_mean,median_mean,highest_mean,deviation,spearman,share";
        for (field, digits) in fields.split(',').zip([4, 4, 4, 4, 3, 3]) {
            let value = noise[field].as_f64();
            let value = value.with_context(|| format!("`table info --json` has no {field}"))?;
            cells.push(format!("{value:.digits$}"));
        }
        table.row(cells);
    }
    Ok(table.to_markdown())
}
