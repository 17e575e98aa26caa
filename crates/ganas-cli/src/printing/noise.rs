//! Spread and noise of a table whose architectures were trained with several seeds, for people and as JSON.

use ganas::table::Noise;
use serde_json::{Value, json};

use ganas::report::tables::{Align, TextTable, measurement, optional};

/// One JSON object.
pub(crate) fn json(noise: &Noise) -> Value {
    json!({
        "metric": noise.metric,
        "seeds": noise.seeds,
        "rows": noise.rows,
        "lowest_mean": noise.means[0],
        "median_mean": noise.means[1],
        "highest_mean": noise.means[2],
        "deviation": noise.deviation,
        "spearman": noise.spearman,
        "share": noise.share,
    })
}

/// A table with a line for each metric.
pub(crate) fn text(noise: &[Noise]) -> String {
    let mut table = TextTable::new([
        ("metric", Align::Left),
        ("seeds", Align::Right),
        ("rows", Align::Right),
        ("lowest mean", Align::Right),
        ("median", Align::Right),
        ("highest", Align::Right),
        ("sd of a seed", Align::Right),
        ("spearman", Align::Right),
        ("share", Align::Right),
    ]);
    for noise in noise {
        let [lowest, median, highest] = noise.means.map(measurement);
        table.row([
            noise.metric.clone(),
            noise.seeds.to_string(),
            noise.rows.to_string(),
            lowest,
            median,
            highest,
            measurement(noise.deviation),
            optional(noise.spearman),
            optional(noise.share),
        ]);
    }
    format!(
        "{}\nspearman: the rank correlation of two seeds; share: of the variance of one training, explained by the \
         architecture\n",
        table.to_text()
    )
}
