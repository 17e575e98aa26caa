//! The table of a comparison.

use std::fmt::Write as _;

use super::median;

/// A piece of work, timed on both sides in turn.
pub(super) struct Row {
    pub(super) work: String,
    pub(super) pairs: Vec<Pair>,
}

/// Median times of one measurement on each side, one right after the other, in milliseconds.
pub(super) struct Pair {
    pub(super) ours: f64,
    pub(super) torch: f64,
}

/// A Markdown table: medians over the pairs, and the ratio of each pair.
pub(super) fn text(rows: &[Row]) -> String {
    let mut text = String::from(
        "| work | ganas, ms | PyTorch, ms | ratio (median) | ratio, pair by pair |\n|---|---|---|---|---|\n",
    );
    for row in rows {
        let of = |f: fn(&Pair) -> f64| {
            median(&row.pairs.iter().map(f).collect::<Vec<_>>()).unwrap_or(f64::NAN)
        };
        let ratios: Vec<String> = row
            .pairs
            .iter()
            .map(|pair| format!("{:.1}", pair.torch / pair.ours))
            .collect();
        let _ = writeln!(
            text,
            "| {} | {:.2} | {:.2} | {:.1} | {} |",
            row.work.replace('_', " "),
            of(|pair| pair.ours),
            of(|pair| pair.torch),
            of(|pair| pair.torch / pair.ours),
            ratios.join(" ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_pairs() {
        let pair = |ours, torch| Pair { ours, torch };
        let row = Row {
            work: "ppo_update".to_owned(),
            pairs: vec![pair(1.0, 4.0), pair(2.0, 4.0), pair(4.0, 12.0)],
        };
        let text = text(&[row]);
        assert!(
            text.ends_with("| ppo update | 2.00 | 4.00 | 3.0 | 4.0 2.0 3.0 |\n"),
            "{text}"
        );
    }
}
