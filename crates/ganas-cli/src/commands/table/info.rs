//! `ganas table info`: what a table says about itself.

use std::path::PathBuf;

use ganas::table::{ChecksumKind, ColumnInfo, Coverage, Table};
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

/// A metric with its best values; there are none when it is not known which are better.
#[derive(Serialize)]
struct Metric {
    #[serde(flatten)]
    info: ColumnInfo,
    /// Rows with a value.
    values: usize,
    /// Over all rows: the published optimum.
    best: Option<f64>,
    /// Over what queries can return.
    query_best: Option<f64>,
}

/// Describes the table.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let table = tables::open_table(&arguments.table)?;
    // A table of an older version does not know how large its space is.
    let coverage = match tables::space_of_table(&table) {
        Ok(space) => tables::coverage(&table, &space),
        Err(_) => (Coverage::of_manifest(table.manifest()), None),
    };
    let metrics: Vec<Metric> = table
        .columns()?
        .into_iter()
        .map(|column| Metric {
            info: (table.info(column).clone()).meaning_of(table.meaning(column).clone()),
            values: table
                .rows()
                .filter(|&row| table.value(column, row).is_some())
                .count(),
            best: table.best(column),
            query_best: table.query_best(column),
        })
        .collect();
    if arguments.json {
        return output::print_json(&json!({
            "table": arguments.table,
            "table_sha256": table.sha256()?,
            "checksums": table.checksums() != ChecksumKind::None,
            "manifest": table.manifest(),
            "metrics": metrics,
            "coverage": coverage.0,
            "admitted": coverage.1,
            "classes": table.class_spread()?,
            "noise": table.noise()?.iter().map(noise::json).collect::<Vec<_>>(),
        }));
    }
    output::print_text(&text(&table, &coverage, &metrics)?)
}

fn text(
    table: &Table,
    (coverage, admitted): &(Coverage, Option<Coverage>),
    metrics: &[Metric],
) -> anyhow::Result<String> {
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
        ("better", Align::Left),
        ("unit", Align::Left),
        ("epochs", Align::Right),
        ("run", Align::Left),
        ("query time", Align::Left),
        ("values", Align::Right),
        ("best", Align::Right),
        ("of queries", Align::Right),
    ]);
    for metric in metrics {
        columns.row([
            metric.info.name.clone(),
            metric.info.role.to_string(),
            better(&metric.info),
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
            optional(metric.best),
            optional(metric.query_best),
        ]);
    }
    let noise = match table.noise()? {
        noise if noise.is_empty() => String::new(),
        noise => format!("\n{}", noise::text(&noise)),
    };
    let admitted = coverage::of_admitted(admitted.as_ref());
    let spread = coverage::of_classes(&table.class_spread()?, manifest.class_value);
    let skipped: String = (manifest.skipped.iter())
        .map(|column| format!("the import left out the column {column}\n"))
        .collect();
    let ranges: String = (metrics.iter())
        .filter_map(|metric| Some((&metric.info.name, metric.info.range?)))
        .map(|(name, range)| format!("the values of {name} are declared to be in {range}\n"))
        .collect();
    Ok(format!(
        "{lines}{admitted}{spread}{skipped}{ranges}\n{}{noise}",
        columns.to_text()
    ))
}

/// Which values are better, in words; a question mark says that only the name does.
fn better(info: &ColumnInfo) -> String {
    let mark = if info.guessed.direction { "?" } else { "" };
    info.direction.map_or_else(
        || "unknown".to_owned(),
        |direction| format!("{}{mark}", direction.better()),
    )
}
