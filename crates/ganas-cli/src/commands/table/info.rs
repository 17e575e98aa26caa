//! `ganas table info`: what a table says about itself.

use std::path::PathBuf;

use ganas::eval::MetricRole;
use ganas::table::{ColumnInfo, Coverage, Table};
use serde::Serialize;
use serde_json::json;

use crate::printing::coverage;
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
    // A table of an older version does not know how large its space is.
    let coverage = match tables::space_of_table(&table) {
        Ok(space) => tables::coverage(&table, &space),
        Err(_) => (Coverage::of_manifest(table.manifest()), None),
    };
    let metrics: Vec<Metric<'_>> = table
        .columns()
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
            "table_sha256": table.sha256(),
            "manifest": table.manifest(),
            "metrics": metrics,
            "coverage": coverage.0,
            "admitted": coverage.1,
            "classes": table.class_spread(),
            "noise": table.noise().iter().map(noise::json).collect::<Vec<_>>(),
        }));
    }
    output::print_text(&text(&table, &coverage, &metrics))
}

fn text(
    table: &Table,
    (coverage, admitted): &(Coverage, Option<Coverage>),
    metrics: &[Metric<'_>],
) -> String {
    let manifest = table.manifest();
    let lines = [
        ("table", table.path().display().to_string()),
        ("sha256", table.sha256()),
        ("space", manifest.space.clone()),
        (
            "rows",
            format!(
                "{} ({})",
                manifest.n_rows,
                coverage::of_rows(manifest, coverage)
            ),
        ),
        (
            "classes",
            format!(
                "{}; {}",
                manifest.n_classes,
                manifest.class_value.describe()
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
    let noise = match table.noise() {
        noise if noise.is_empty() => String::new(),
        noise => format!("\n{}", noise::text(&noise)),
    };
    let admitted = coverage::of_admitted(admitted.as_ref());
    let spread = coverage::of_classes(&table.class_spread(), manifest.class_value);
    let skipped: String = (manifest.skipped.iter())
        .map(|column| format!("the import left out the column {column}\n"))
        .collect();
    format!(
        "{lines}{admitted}{spread}{skipped}\n{}{noise}",
        columns.to_text()
    )
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
