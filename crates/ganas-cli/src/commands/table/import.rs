//! `ganas table import`: from official files, a CSV file or JSON to a table file.

use std::path::PathBuf;
use std::str::FromStr as _;

use ganas::benchmarks::{self, PublishedFormat};
use ganas::space::Described;
use ganas::table::{
    ClassValue, Coverage, ImportRequest, Manifest, MetricSource, NegativeCost, Repeats, Table,
    import,
};
use ganas::tables;
use serde_json::json;

use crate::arguments::declarations::DeclarationArguments;
use crate::arguments::environment;
use crate::printing::exit::UsageError;
use crate::printing::{coverage, output};

/// What to import, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The official files of a benchmark (see `ganas table list`), or a file of CSV or JSON, plain or gzip'd.
    source: PathBuf,
    /// The search space of its architectures; the description of one of your own is kept in the table.
    #[arg(long, value_parser = crate::arguments::space::parse_described)]
    space: Described,
    /// The column that holds the architectures as text, in CSV and JSON, or a template of several columns:
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
    /// A column that is left out, also where rows are compared, such as a number of the row; can be given several times.
    #[arg(long = "ignore", value_name = "COLUMN")]
    ignored: Vec<String>,
    /// What rows of one architecture are whose values differ: an `error`; or measurements, of which the `mean` or the
    /// `first` is kept, or all `runs`, as columns `NAME_run0`, `NAME_run1`, …
    #[arg(long, value_name = "WHAT", default_value = "error", value_parser = Repeats::from_str)]
    repeats: Repeats,
    /// What a query returns of a class of architectures that compute the same function, when several of them are in the
    /// table: the lowest row (`first`), the `mean`, or the row of the text that is asked for (`own`).
    #[arg(long, value_name = "WHAT", default_value = "first", value_parser = ClassValue::from_str)]
    class_value: ClassValue,
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
        let form = self.space.space.text_form(form)?.name;
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
        check_options(arguments, format)?;
        return import_published(arguments, format);
    }
    let report = import(
        &ImportRequest {
            source: arguments.source.clone(),
            key_column: arguments.key_column()?,
            metrics: arguments.metrics.clone(),
            declared: arguments.declarations.overrides()?,
            ignored: arguments.ignored.clone(),
            repeats: arguments.repeats,
            class_value: arguments.class_value,
            description: arguments.space.description.clone(),
            output: arguments.output.clone(),
            overwrite: arguments.overwrite,
            made_from: arguments.space.files.clone(),
            max_unpacked: environment::max_unpacked()?,
        },
        &*arguments.space.space,
    )?;
    let table = Table::open(&arguments.output)?;
    let (sha256, spread) = (table.sha256()?, table.class_spread()?);
    let (whole, admitted) = tables::coverage(&table, &arguments.space.space);
    let manifest = &report.manifest;
    if arguments.json {
        let skipped: Vec<_> = report
            .skipped
            .iter()
            .map(|column| json!({ "column": column.name, "reason": column.reason.to_string() }))
            .collect();
        return output::print_json(&json!({
            "table": arguments.output,
            "table_sha256": sha256,
            "bytes": report.output_bytes,
            "manifest": manifest,
            "repeated_rows": report.repeated_rows,
            "skipped": skipped,
            "coverage": whole,
            "admitted": admitted,
            "classes": spread,
        }));
    }
    let mut text = summary(arguments, manifest, report.output_bytes, &sha256);
    text.push_str(&coverage::of_admitted(admitted.as_ref()));
    text.push_str(&coverage::of_classes(&spread, manifest.class_value));
    let n = report.repeated_rows;
    text.push_str(&match arguments.repeats {
        _ if n == 0 => String::new(),
        Repeats::Error => format!("left out {n} rows that repeat an earlier one exactly\n"),
        Repeats::First => format!("left out {n} rows of architectures that an earlier row has\n"),
        Repeats::Mean => format!("took {n} rows into the mean with an earlier one\n"),
        Repeats::Runs => format!("kept {n} rows as further runs of an earlier one\n"),
    });
    for column in &report.skipped {
        text.push_str(&format!("left out the column {column}\n"));
    }
    for column in table.columns()? {
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

/// Refuses options that say nothing of published files, whose records have their runs and their columns.
fn check_options(arguments: &Arguments, format: PublishedFormat) -> anyhow::Result<()> {
    let given = [
        (
            "a declaration of metrics",
            !arguments.declarations.overrides()?.is_empty(),
        ),
        ("--ignore", !arguments.ignored.is_empty()),
        ("--repeats", arguments.repeats != Repeats::default()),
        ("--class-value", !arguments.class_value.is_first()),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((option, _)) => Err(UsageError(format!(
            "{}: {option} is for CSV, JSON and Parquet, but this is a file of the format {format}",
            arguments.source.display()
        ))
        .into()),
    }
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
        coverage::of_rows(manifest, &Coverage::of_manifest(manifest)),
        manifest.n_classes,
        manifest.columns.len(),
    )
}
