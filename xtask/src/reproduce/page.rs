//! The page of a study, and the file with the numbers of every seed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ganas_report::records::SearchRecord;
use ganas_report::tables::TextTable;

use super::cell::cell;
use super::facts::{Inquiry, Known};
use super::runner::{Runner, Search};
use super::study::{Case, Description, TableOf};
use super::template::{Values, fill};

/// What is known of a case once its searches are done.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) case: Case,
    pub(super) known: Known,
    pub(super) values: Values,
    pub(super) rows: Vec<Row>,
}

/// The result of one search.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) searcher: String,
    label: String,
    name: String,
    command: String,
    pub(super) record: SearchRecord,
}

/// What a study writes.
#[derive(Debug)]
pub(super) struct Pages {
    /// The tables alone.
    pub(super) tables: String,
    /// The page; nothing, when searches were left out.
    page: Option<String>,
    /// The numbers of every seed.
    seeds: Option<String>,
}

impl Pages {
    /// Writes them to a folder.
    pub(super) fn write(&self, folder: &Path, name: &str) -> Result<()> {
        for (text, end) in [(&self.page, "md"), (&self.seeds, "csv")] {
            if let Some(text) = text {
                let path = folder.join(format!("{name}.{end}"));
                fs::write(&path, text)
                    .with_context(|| format!("cannot write {}", path.display()))?;
            }
        }
        Ok(())
    }
}

/// Does the searches of a study, and makes its page.
pub(super) fn make(study: &Description, runner: &Runner) -> Result<Pages> {
    let found: Vec<Found> = study
        .cases
        .iter()
        .map(|case| find(study, case, runner))
        .collect::<Result<_>>()?;
    let mut tables = String::new();
    if study.one_table {
        for of in &study.tables {
            tables.push_str(&table(of, &found)?);
        }
    } else {
        for found in &found {
            tables.push_str(&fill(&study.intro, &found.values)?);
            for of in &study.tables {
                tables.push_str(&table(of, std::slice::from_ref(found))?);
            }
        }
    }
    let whole = runner.options.only.is_none();
    let page = || -> Result<String> {
        let values = page_values(study, &found, runner)?;
        Ok(fill(&study.head, &values)? + &tables + &fill(&study.tail, &values)?)
    };
    Ok(Pages {
        page: whole.then(page).transpose()?,
        seeds: seeds(study, &found)?.filter(|_| whole),
        tables,
    })
}

/// Does the searches of a case.
fn find(study: &Description, case: &Case, runner: &Runner) -> Result<Found> {
    let mut case = case.clone();
    for budget in &mut case.budgets {
        *budget = (*budget).min(runner.options.budget.unwrap_or(usize::MAX));
    }
    let source = &study.sources[&case.source];
    let mut values = Values::new();
    for (name, source) in &study.sources {
        values.insert(name.clone(), runner.place(name, source)?.into());
    }
    let [search, report] = &case.metrics;
    for (name, value) in [("case", &case.name), ("search", search), ("report", report)] {
        values.insert(name.to_owned(), value.clone().into());
    }
    values.insert("budget".to_owned(), case.budget().to_string().into());
    for (name, value) in &case.values {
        values.insert(name.clone(), value.clone().into());
    }
    let mut inquiry = Inquiry {
        runner,
        case: &case,
        source,
        values,
        known: Known::default(),
    };
    inquiry.find()?;
    let Inquiry {
        mut values, known, ..
    } = inquiry;
    let mut rows = Vec::new();
    for searcher in case.searchers(study) {
        values.insert("searcher".to_owned(), searcher.name.clone().into());
        let search = Search {
            name: fill(&study.search_name, &values)?,
            case: &case,
            source,
            arguments: &searcher.arguments,
            values: &values,
        };
        let only = runner.options.only.as_ref();
        if only.is_some_and(|only| !search.name.contains(only.as_str())) {
            continue;
        }
        let record = runner.result(&search)?;
        let table = known.table_sha256.as_ref();
        ensure!(
            table.is_none_or(|table| *table == record.table_sha256),
            "{} was run on another table: pass --fresh",
            search.name
        );
        let name = fill(study.seed_name.as_deref().unwrap_or_default(), &values)?;
        rows.push(Row {
            searcher: searcher.name.clone(),
            label: fill(&searcher.label, &values)?,
            name,
            command: search.command(&runner.options.seeds)?,
            record,
        });
    }
    Ok(Found {
        case,
        known,
        values,
        rows,
    })
}

/// The values of the first case, and what the page says of all searches.
fn page_values(study: &Description, found: &[Found], runner: &Runner) -> Result<Values> {
    let rows = || found.iter().flat_map(|found| &found.rows);
    let sample = &rows().next().context("the study has no search")?.record;
    let mut values = found.first().map_or_else(Values::new, |f| f.values.clone());
    let searchers = study.searchers.iter().map(|searcher| {
        let arguments = match &*searcher.arguments {
            [] => "none".to_owned(),
            some => format!("`{}`", some.join(" ")),
        };
        format!("* {}: {arguments}\n", searcher.label)
    });
    for (name, value) in [
        ("seeds", runner.options.seeds.clone()),
        ("threads", runner.options.threads.to_string()),
        ("version", sample.version.clone()),
        ("device", sample.device.clone()),
        ("sha", sample.table_sha256.clone()),
        ("searchers", searchers.collect()),
        (
            "commands",
            rows().map(|row| row.command.clone() + "\n").collect(),
        ),
    ] {
        values.insert(name.to_owned(), value.into());
    }
    Ok(values)
}

/// A heading, when there is one, and a table with a row for each search.
fn table(of: &TableOf, found: &[Found]) -> Result<String> {
    let budgets = |columns: &super::study::Columns| match (&columns.at, found) {
        (Some(at), _) => at.clone(),
        (None, [found, ..]) => found.case.budgets.clone(),
        (None, []) => Vec::new(),
    };
    let mut titles = vec![of.rows.clone()];
    for columns in &of.columns {
        for at in budgets(columns) {
            let values = [("at".to_owned(), at.to_string().into())].into();
            for column in &columns.cells {
                titles.push(fill(&column.title, &values)?);
            }
        }
    }
    let mut table = TextTable::of_names(titles);
    for found in found {
        for row in &found.rows {
            let mut cells = vec![row.label.clone()];
            for columns in &of.columns {
                for at in budgets(columns) {
                    for column in &columns.cells {
                        let text = cell(column, found, row, at);
                        cells.push(text.with_context(|| format!("the row `{}`", row.name))?);
                    }
                }
            }
            table.row(cells);
        }
    }
    let title = of.title.iter().map(|title| format!("\n## {title}\n\n"));
    Ok(title.collect::<String>() + &table.to_markdown())
}

/// The columns of the file with the numbers of every seed; results at budgets follow.
const SEED_COLUMNS: &str =
    "searcher,search_metric,report_metric,seed,queries,unique_queries,queries_to_best";

/// The numbers of every seed.
fn seeds(study: &Description, found: &[Found]) -> Result<Option<String>> {
    let ([first, ..], Some(_)) = (found, &study.seed_name) else {
        return Ok(None);
    };
    let budgets = first.case.budgets.iter().map(ToString::to_string);
    let budgets = study
        .budget_names
        .clone()
        .unwrap_or_else(|| budgets.collect());
    let columns = SEED_COLUMNS.split(',').map(str::to_owned);
    let at = budgets
        .iter()
        .flat_map(|b| [format!("search_at_{b}"), format!("report_at_{b}")]);
    let mut table = TextTable::of_names(columns.chain(at));
    for found in found {
        for row in &found.rows {
            for run in &row.record.runs {
                let optional = |n: Option<u32>| n.map_or_else(String::new, |n| n.to_string());
                let mut cells = vec![row.name.clone()];
                cells.extend(found.case.metrics.clone());
                cells.extend([
                    run.seed.to_string(),
                    run.queries.to_string(),
                    run.unique_queries.to_string(),
                    optional(run.queries_to_best),
                ]);
                for &budget in &found.case.budgets {
                    let numbers = run.at(budget).map(|pair| pair.map(|n| n.to_string()));
                    cells.extend(numbers.unwrap_or_default());
                }
                table.row(cells);
            }
        }
    }
    Ok(Some(table.to_csv()))
}
