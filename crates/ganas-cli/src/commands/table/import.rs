//! `ganas table import`: from official files, a CSV file or JSON lines to a table file.

use std::path::PathBuf;

use ganas::benchmarks::{self, PublishedFormat};
use ganas::space::Opened;
use ganas::table::{
    ImportRequest, Manifest, MetricSource, RowOrder, SkipReason, SkippedColumn, Table, import,
};
use serde_json::json;

use crate::arguments::environment;
use crate::printing::output;

/// What to import, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The official files of a benchmark (see `ganas table list`), or a file of CSV or JSON lines, plain or gzip'd.
    source: PathBuf,
    /// The search space of its architectures.
    #[arg(long, value_parser = crate::arguments::space::parse_with_files)]
    space: Opened,
    /// The column that holds the architectures as text, in CSV and JSON lines, or a template of several columns:
    /// `{vertices}:{adjacency_hex}:{ops}`.
    #[arg(long, value_name = "COLUMN", default_value = "arch")]
    key: String,
    /// A metric with another name than its column, and divided by a number: `test_108=test_correct_of_9984/9984`.
    #[arg(long = "metric", value_name = "NAME=COLUMN[/NUMBER]")]
    metrics: Vec<MetricSource>,
    /// The table file to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replaces the table file when it exists.
    #[arg(long)]
    overwrite: bool,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// Imports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // A source that cannot be read is an error of the import, which says what to do.
    if let Ok(Some(format)) = PublishedFormat::detect(&arguments.source) {
        return import_published(arguments, format);
    }
    let report = import(
        &ImportRequest {
            source: arguments.source.clone(),
            key_column: arguments.key.clone(),
            metrics: arguments.metrics.clone(),
            output: arguments.output.clone(),
            overwrite: arguments.overwrite,
            made_from: arguments.space.files.clone(),
            max_unpacked: environment::max_unpacked()?,
        },
        &*arguments.space.space,
    )?;
    let sha256 = Table::open(&arguments.output)?.sha256()?;
    let manifest = &report.manifest;
    if arguments.json {
        let skipped: Vec<_> = report
            .skipped
            .iter()
            .map(|column| json!({ "column": column.name, "reason": reason(column) }))
            .collect();
        return output::print_json(&json!({
            "table": arguments.output,
            "table_sha256": sha256,
            "bytes": report.output_bytes,
            "manifest": manifest,
            "repeated_rows": report.repeated_rows,
            "skipped": skipped,
        }));
    }
    let mut text = summary(arguments, manifest, report.output_bytes, &sha256);
    if report.repeated_rows > 0 {
        text.push_str(&format!(
            "left out {} rows that repeat an earlier one exactly\n",
            report.repeated_rows
        ));
    }
    for column in &report.skipped {
        text.push_str(&format!(
            "left out the column `{}`: {}\n",
            column.name,
            reason(column)
        ));
    }
    output::print_text(&text)
}

/// Imports published files.
fn import_published(arguments: &Arguments, format: PublishedFormat) -> anyhow::Result<()> {
    let request = benchmarks::ImportRequest {
        source: arguments.source.clone(),
        format,
        output: arguments.output.clone(),
        overwrite: arguments.overwrite,
        made_from: arguments.space.files.clone(),
        max_unpacked: environment::max_unpacked()?,
    };
    let report = benchmarks::import(&request, &*arguments.space.space)?;
    let sha256 = &report.output_sha256;
    if arguments.json {
        return output::print_json(&json!({
            "table": arguments.output,
            "table_sha256": sha256,
            "bytes": report.output_bytes,
            "format": format.to_string(),
            "records": report.n_records,
            "manifest": report.manifest,
        }));
    }
    let summary = summary(arguments, &report.manifest, report.output_bytes, sha256);
    output::print_text(&format!(
        "{summary}read {} records of the format {format}\n",
        report.n_records
    ))
}

fn summary(arguments: &Arguments, manifest: &Manifest, bytes: u64, sha256: &str) -> String {
    format!(
        "{}: {} rows ({}), {} classes, {} metrics, {bytes} bytes\nsha256 {sha256}\n",
        arguments.output.display(),
        manifest.n_rows,
        match manifest.row_order {
            RowOrder::PublishedIndex => "all of the space, by official index",
            RowOrder::SourceFile => "a part of the space, in the order of the file",
        },
        manifest.n_classes,
        manifest.columns.len(),
    )
}

fn reason(column: &SkippedColumn) -> String {
    match &column.reason {
        SkipReason::Text { line, example } => format!("text, line {line} has `{example}`"),
        SkipReason::Empty => "all of its cells are empty".to_owned(),
        SkipReason::Unnamed => "it has no name".to_owned(),
    }
}
