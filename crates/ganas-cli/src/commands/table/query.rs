//! `ganas table query`: the measurements of an architecture.

use std::path::PathBuf;
use std::sync::Arc;

use ganas::SearchSpace;
use ganas::table::{ClassValue, ColumnInfo, Coverage, Row, RowOrder, Table};
use serde::Serialize;
use serde_json::json;

use crate::printing::exit::UsageError;
use crate::printing::output;
use ganas::report::tables::{Align, TextTable};
use ganas::tables::{self, Found};

/// Which architecture of which table.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The table file, or the name of a table inside the program, `digits-5` or `digits-4`.
    table: PathBuf,
    /// The architecture: as text, by the number of its row (the official index in a complete table), or by its key.
    architecture: String,
    /// The space of the table: a name, or a `.toml` file that describes one [default: the one that the table names, or
    /// whose description it keeps].
    #[arg(long, value_parser = crate::arguments::space::parse)]
    space: Option<Arc<dyn SearchSpace>>,
    /// The metrics to print [default: all].
    #[arg(long = "metric", value_name = "NAME")]
    metrics: Vec<String>,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// A metric with its values.
#[derive(Serialize)]
struct Metric<'a> {
    #[serde(flatten)]
    info: &'a ColumnInfo,
    /// Of the row of the architecture itself.
    value: Option<f64>,
    /// What a query returns.
    query_value: Option<f64>,
    /// The seconds that the official interface charges for that query.
    query_seconds: Option<f64>,
    /// Of the row of the architecture itself, or else of the one that answers: its place among the classes.
    rank: Option<RankFields>,
}

/// A rank, as it is printed.
#[derive(Serialize)]
struct RankFields {
    position: f64,
    of: usize,
    percentile: f64,
}

/// Prints the measurements.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let table = tables::open_table(&arguments.table)?;
    let space = match &arguments.space {
        None => tables::space_of_table(&table)?,
        Some(space) if space.name() == table.manifest().space => Arc::clone(space),
        Some(space) => {
            return Err(UsageError(format!(
                "{} is a table of the space {}, and not of {}",
                arguments.table.display(),
                table.manifest().space,
                space.name()
            ))
            .into());
        }
    };
    let columns = tables::columns(&table, &arguments.metrics)?;
    let found = Found::find(&table, &*space, &arguments.architecture)?;
    let metric = |column| -> anyhow::Result<Metric<'_>> {
        Ok(Metric {
            info: table.info(column),
            value: found.row.and_then(|row| table.value(column, row)),
            query_value: table.answer_value(column, &found.answer),
            query_seconds: table.query_time(column, found.answer.row)?,
            rank: match found.row {
                Some(row) => table.rank(column, row),
                None => table.rank_of_answer(column, &found.answer),
            }
            .map(|rank| RankFields {
                position: rank.position,
                of: rank.of,
                percentile: rank.percentile,
            }),
        })
    };
    let metrics: Vec<Metric<'_>> = columns.into_iter().map(metric).collect::<Result<_, _>>()?;
    if arguments.json {
        print_json(&table, &found, &metrics)
    } else {
        output::print_text(&text(&table, &found, &metrics)?)
    }
}

fn print_json(table: &Table, found: &Found, metrics: &[Metric<'_>]) -> anyhow::Result<()> {
    let official = table.manifest().row_order == RowOrder::PublishedIndex;
    let row = found.row.map(Row::index);
    output::print_json(&json!({
        "table_sha256": table.sha256()?,
        "space": table.manifest().space,
        "arch": found.arch,
        "key": found.key,
        "row": row,
        "index": row.filter(|_| official),
        "representative": {
            "arch": table.arch_text(found.answer.row)?,
            "row": found.answer.row.index(),
        },
        "class_value": table.manifest().class_value,
        "answered_by_rows": found.answer.n_rows(),
        "metrics": metrics,
    }))
}

fn text(table: &Table, found: &Found, metrics: &[Metric<'_>]) -> anyhow::Result<String> {
    let numbering = match table.manifest().row_order {
        RowOrder::PublishedIndex => "index",
        RowOrder::SourceFile => "row",
    };
    let answer = &found.answer;
    let is_answer = found.row == Some(answer.row) && answer.n_rows() == 1;
    let row = match found.row {
        Some(row) => row.index().to_string(),
        None => "none: only others of its class are in the table".to_owned(),
    };
    let what = match table.manifest().class_value {
        ClassValue::Own => "queries of it",
        ClassValue::First | ClassValue::Mean => "queries of its class",
    };
    let class = if is_answer {
        format!("{what} return this row")
    } else if answer.n_rows() > 1 {
        format!("{what} return the mean of {} rows", answer.n_rows())
    } else {
        format!(
            "{what} return {numbering} {}: {}",
            answer.row.index(),
            table.arch_text(answer.row)?
        )
    };
    let lines: String = [
        ("arch", found.arch.clone()),
        (numbering, row),
        ("key", found.key.to_string()),
        ("class", class),
    ]
    .iter()
    .map(|(name, value)| format!("{name:<5}  {value}\n"))
    .collect();

    let full = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| v.to_string());
    let mut header = vec![("metric", Align::Left), ("value", Align::Right)];
    if !is_answer {
        header.push(("of queries", Align::Right));
    }
    header.push(("unit", Align::Left));
    let has_seconds = metrics.iter().any(|metric| metric.query_seconds.is_some());
    if has_seconds {
        header.push(("query s", Align::Right));
    }
    header.extend([
        ("rank", Align::Right),
        ("of", Align::Right),
        ("percentile", Align::Right),
    ]);
    let mut columns = TextTable::new(header);
    for metric in metrics {
        let mut cells = vec![metric.info.name.clone(), full(metric.value)];
        if !is_answer {
            cells.push(full(metric.query_value));
        }
        cells.push(metric.info.unit.to_string());
        if has_seconds {
            cells.push(full(metric.query_seconds));
        }
        if let Some(rank) = &metric.rank {
            cells.extend([
                rank.position.to_string(),
                rank.of.to_string(),
                format!("{:.2}", rank.percentile),
            ]);
        }
        columns.row(cells);
    }
    let ranks = if Coverage::of_manifest(table.manifest()).is_complete {
        "ranks are among all classes of the space"
    } else {
        "ranks are among the classes of the table"
    };
    let seconds = if has_seconds {
        "query s: the seconds that the official interface charges for a query, the simulated time\n"
    } else {
        ""
    };
    Ok(format!(
        "{lines}\n{}\n{ranks}; ties share the mean of their places\n{seconds}",
        columns.to_text()
    ))
}
