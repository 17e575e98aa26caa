//! `ganas table info`: what a table says about itself.

use std::path::PathBuf;

use ganas::eval::MetricRole;
use ganas::table::{ChecksumKind, ColumnInfo, RowOrder, Table};
use serde::Serialize;
use serde_json::json;

use crate::printing::noise;
use crate::printing::output;
use ganas::report::tables::{Align, TextTable, optional};
use ganas::tables;

/// Which table.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The table file, or the name of a table inside the program, `digits-5` or `digits-4`.
    table: PathBuf,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// A metric with its largest values.
#[derive(Serialize)]
struct Metric<'a> {
    #[serde(flatten)]
    info: &'a ColumnInfo,
    /// Rows with a value.
    values: usize,
    /// Over all rows: the published optimum.
    maximum: Option<f64>,
    /// Over what queries can return.
    query_maximum: Option<f64>,
}

/// Describes the table.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let table = tables::open_table(&arguments.table)?;
    let metrics: Vec<Metric<'_>> = table
        .columns()?
        .into_iter()
        .map(|column| Metric {
            info: table.info(column),
            values: table
                .rows()
                .filter(|&row| table.value(column, row).is_some())
                .count(),
            maximum: table.maximum(column),
            query_maximum: table.query_maximum(column),
        })
        .collect();
    if arguments.json {
        return output::print_json(&json!({
            "table": arguments.table,
            "table_sha256": table.sha256()?,
            "checksums": table.checksums() != ChecksumKind::None,
            "manifest": table.manifest(),
            "metrics": metrics,
            "noise": table.noise()?.iter().map(noise::json).collect::<Vec<_>>(),
        }));
    }
    output::print_text(&text(&table, &metrics)?)
}

fn text(table: &Table, metrics: &[Metric<'_>]) -> anyhow::Result<String> {
    let manifest = table.manifest();
    let lines = [
        ("table", table.path().display().to_string()),
        ("sha256", table.sha256()?),
        ("space", manifest.space.clone()),
        (
            "rows",
            format!(
                "{} ({})",
                manifest.n_rows,
                match manifest.row_order {
                    RowOrder::PublishedIndex => "all of the space, by official index",
                    RowOrder::SourceFile => "in the order of the source file",
                }
            ),
        ),
        (
            "classes",
            format!(
                "{}; a query returns the lowest row of a class",
                manifest.n_classes
            ),
        ),
        (
            "source",
            format!(
                "{} ({} bytes, sha256 {}), key column {}",
                manifest.source.file,
                manifest.source.bytes,
                manifest.source.sha256,
                manifest.key_column
            ),
        ),
        (
            "format",
            format!(
                "{}, written by ganas {}",
                manifest.format_version, manifest.ganas_version
            ),
        ),
        (
            "checked",
            match table.checksums() {
                ChecksumKind::Blocks(bytes) => {
                    format!("all of it, by a CRC-32C for every {bytes} bytes")
                }
                ChecksumKind::Whole => "all of it, by one CRC-32C".to_owned(),
                ChecksumKind::None => {
                    "no checksums, so damage may go unnoticed: import again".to_owned()
                }
            },
        ),
    ];
    let evaluator = manifest.evaluator.iter().map(|evaluator| {
        let fidelity: String = evaluator
            .fidelity
            .iter()
            .map(|(name, value)| format!(", {name} {value}"))
            .collect();
        let text = format!(
            "{} {} by `{}`{fidelity}",
            evaluator.name, evaluator.version, evaluator.command
        );
        ("made by", text)
    });
    let lines: String = lines
        .into_iter()
        .chain(evaluator)
        .map(|(name, value)| format!("{name:<7}  {value}\n"))
        .collect();
    let mut columns = TextTable::new([
        ("metric", Align::Left),
        ("role", Align::Left),
        ("unit", Align::Left),
        ("epochs", Align::Right),
        ("run", Align::Left),
        ("query time", Align::Left),
        ("values", Align::Right),
        ("maximum", Align::Right),
        ("of queries", Align::Right),
    ]);
    for metric in metrics {
        columns.row([
            metric.info.name.clone(),
            role(metric.info.role).to_owned(),
            metric.info.unit.to_string(),
            metric
                .info
                .epochs
                .map_or_else(|| "-".to_owned(), |epochs| epochs.to_string()),
            metric
                .info
                .run
                .map_or_else(|| "-".to_owned(), |run| run.to_string()),
            metric
                .info
                .query_time
                .clone()
                .unwrap_or_else(|| "-".to_owned()),
            metric.values.to_string(),
            optional(metric.maximum),
            optional(metric.query_maximum),
        ]);
    }
    let noise = match table.noise()? {
        noise if noise.is_empty() => String::new(),
        noise => format!("\n{}", noise::text(&noise)),
    };
    Ok(format!("{lines}\n{}{noise}", columns.to_text()))
}

/// The role in words.
fn role(role: MetricRole) -> &'static str {
    match role {
        MetricRole::Validation => "validation",
        MetricRole::Test => "test",
        MetricRole::Cost => "cost",
        MetricRole::Other => "other",
    }
}
