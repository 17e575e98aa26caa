//! `ganas table import`: from official files, a CSV file or JSON lines to a table file.

use std::path::PathBuf;
use std::sync::Arc;

use ganas::benchmarks::{self, PublishedFormat};
use ganas::space::SearchSpace;
use ganas::table::{
    ImportRequest, Manifest, MetricSource, NegativeCost, RowOrder, SkipReason, SkippedColumn,
    Table, import,
};
use serde_json::json;

use crate::arguments::declarations::DeclarationArguments;
use crate::printing::exit::UsageError;
use crate::printing::output;

/// What to import, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The official files of a benchmark (see `ganas table list`), or a file of CSV or JSON lines, plain or gzip'd.
    source: PathBuf,
    /// The search space of its architectures.
    #[arg(long, value_parser = crate::arguments::space::parse)]
    space: Arc<dyn SearchSpace>,
    /// The column that holds the architectures as text, in CSV and JSON lines, or a template of several columns:
    /// `{vertices}:{adjacency_hex}:{ops}`.
    #[arg(long, value_name = "COLUMN", default_value = "arch")]
    key: String,
    /// The form of the architectures' texts, where they do not tell it themselves: `numbers-with-none` or
    /// `numbers-without-none` in darts, `numbers-naslib` or `numbers-official` in nasbench201.
    #[arg(long, value_name = "NAME")]
    form: Option<String>,
    /// A metric with another name than its column, and divided by a number: `test_108=test_correct_of_9984/9984`.
    #[arg(long = "metric", value_name = "NAME=COLUMN[/NUMBER]")]
    metrics: Vec<MetricSource>,
    #[command(flatten)]
    declarations: DeclarationArguments,
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

impl Arguments {
    /// The column or the template of the architectures' texts, with the name of their form before it.
    fn key_column(&self) -> anyhow::Result<String> {
        let Some(form) = &self.form else {
            return Ok(self.key.clone());
        };
        let form = self.space.text_form(form)?.name;
        Ok(if self.key.contains('{') {
            format!("{form}:{}", self.key)
        } else {
            format!("{form}:{{{}}}", self.key)
        })
    }
}

/// Imports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // A source that cannot be read is an error of the import, which says what to do.
    if let Ok(Some(format)) = PublishedFormat::detect(&arguments.source) {
        if arguments.form.is_some() {
            let problem =
                format!("--form: texts of the format {format} tell it themselves: leave it out");
            return Err(UsageError(problem).into());
        }
        return import_published(arguments, format);
    }
    let report = import(
        &ImportRequest {
            source: arguments.source.clone(),
            key_column: arguments.key_column()?,
            metrics: arguments.metrics.clone(),
            declared: arguments.declarations.overrides()?,
            output: arguments.output.clone(),
            overwrite: arguments.overwrite,
        },
        &*arguments.space,
    )?;
    let table = Table::open(&arguments.output)?;
    let sha256 = table.sha256();
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
    for column in table.columns() {
        if let Some(negative) = table.negative_cost(column) {
            text.push_str(&negative_cost(&table.info(column).name, &negative));
        }
    }
    output::print_text(&text)
}

/// What to do about a cost below zero.
fn negative_cost(metric: &str, negative: &NegativeCost) -> String {
    let NegativeCost { value, cells } = negative;
    format!(
        "warning: {cells} values of the cost `{metric}` are below zero, the first {value}: a search refuses them; import the \
         file again with --missing {metric}={value} when they stand for missing values, or with --metric-role {metric}=other\n"
    )
}

/// Imports published files.
fn import_published(arguments: &Arguments, format: PublishedFormat) -> anyhow::Result<()> {
    let request = benchmarks::ImportRequest {
        source: arguments.source.clone(),
        format,
        output: arguments.output.clone(),
        overwrite: arguments.overwrite,
    };
    if !arguments.declarations.overrides()?.is_empty() {
        anyhow::bail!(
            "--minimize, --maximize, --metric-role and --missing are for CSV and JSON lines: the metrics of the published format \
             {format} are known"
        );
    }
    let report = benchmarks::import(&request, &*arguments.space)?;
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
