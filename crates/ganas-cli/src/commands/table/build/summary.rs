//! What the table is like.

use ganas::table::Coverage;
use ganas::tables::BuildReport;
use serde_json::json;

use crate::printing::{coverage, noise, output};

/// Prints what the table is like on stdout.
pub(super) fn print(report: &BuildReport, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return output::print_json(&json!({
            "table": report.output,
            "table_sha256": report.sha256,
            "bytes": report.bytes,
            "evaluations": report.evaluations,
            "failed": report.failed,
            "manifest": report.manifest,
            "noise": report.noise.iter().map(noise::json).collect::<Vec<_>>(),
        }));
    }
    let part = coverage::of_rows(&report.manifest, &Coverage::of_manifest(&report.manifest));
    let mut text = format!(
        "{}: {} architectures ({part}), {} evaluations, {} failed, {} bytes\nsha256 {}\n",
        report.output.display(),
        report.manifest.n_rows,
        report.evaluations,
        report.failed,
        report.bytes,
        report.sha256
    );
    if !report.noise.is_empty() {
        text.push('\n');
        text.push_str(&noise::text(&report.noise));
    }
    output::print_text(&text)
}
