//! A benchmark table made of nothing: a number for each cell of NAS-Bench-201 that its operations determine.

use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::sandbox::Sandbox;

/// The header of the tables, with the metrics that `ganas search` takes by default.
const HEADER: &str = "arch,cifar10_valid_mean_200,cifar10_test_mean_200,params_m,note";

/// All cells in the official order.
pub(crate) fn archs() -> &'static [String] {
    static ARCHS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let ended = Sandbox::new().ganas(["space", "enumerate", "nasbench201"]);
        let ended = ended.expect_code(0);
        ended.stdout.lines().map(str::to_owned).collect()
    });
    &ARCHS
}

/// A CSV file with all 15,625 cells, in another order than the official one.
pub(crate) fn complete() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let archs = archs();
        // 7,919 is a prime, so that every cell comes once.
        let order = (0..archs.len()).map(|i| i * 7_919 % archs.len());
        csv(order.map(|i| row(&archs[i])))
    });
    &TEXT
}

/// A CSV file with 2,000 cells, in which every fifth has no validation metric.
pub(crate) fn incomplete() -> String {
    let archs = archs().iter().step_by(7).take(2_000);
    csv(archs.enumerate().map(|(i, arch)| match i % 5 {
        0 => format!("{arch},,{},1,text", test(arch)),
        _ => row(arch),
    }))
}

/// A CSV file with these rows.
pub(crate) fn csv(rows: impl IntoIterator<Item = String>) -> String {
    let mut text = format!("{HEADER}\n");
    for row in rows {
        text.push_str(&row);
        text.push('\n');
    }
    text
}

/// The row of a cell.
pub(crate) fn row(arch: &str) -> String {
    let mut row = String::new();
    let conv = arch.matches("nor_conv").count();
    let _ = write!(row, "{arch},{},{},0.{conv},text", valid(arch), test(arch));
    row
}

/// The validation metric: larger for convolutions, with weights that differ between edges, and a penalty that makes
/// edges depend on each other.
pub(crate) fn valid(arch: &str) -> f64 {
    let mut value = 40.0;
    let mut n_none = 0;
    for (op, weight) in ops(arch).zip([1.0, 0.7, 1.3, 0.9, 1.1, 1.6]) {
        value += weight
            * match op {
                "nor_conv_3x3" => 6.0,
                "nor_conv_1x1" => 4.5,
                "skip_connect" => 5.25,
                "avg_pool_3x3" => 2.0,
                _ => {
                    n_none += 1;
                    0.0
                }
            };
    }
    value - f64::from(n_none * n_none)
}

fn test(arch: &str) -> f64 {
    valid(arch) + 1.5
}

fn ops(arch: &str) -> impl Iterator<Item = &str> {
    arch.split(['|', '+'])
        .filter_map(|edge| Some(edge.split_once('~')?.0))
}
