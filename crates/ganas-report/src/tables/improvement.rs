//! What was gained over a given network, for people.

use super::{Align, TextTable, measurement};
use crate::records::{Gains, KnownNetwork};

impl Gains {
    /// A table with a line for the given network and for each run.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut table = TextTable::new([
            ("network", Align::Left),
            (&*self.metrics[0], Align::Right),
            (&*self.metrics[1], Align::Right),
            ("params", Align::Right),
            ("", Align::Right),
            ("flops", Align::Right),
            ("", Align::Right),
        ]);
        let mut row = |name: String, network: &KnownNetwork| {
            let [params, of_params] = cost_and_change(network.params, self.given.params);
            let [flops, of_flops] = cost_and_change(network.flops, self.given.flops);
            let [accuracy, report] = [network.accuracy, network.report].map(measurement);
            table.row([name, accuracy, report, params, of_params, flops, of_flops]);
        };
        row("given".to_owned(), &self.given);
        for found in &self.found {
            if let Some(best) = &found.best {
                row(format!("seed {}", found.seed), best);
            }
        }
        format!("\n{}", table.to_text())
    }
}

/// A cost, and its change in per cent.
fn cost_and_change(cost: Option<u64>, given: Option<u64>) -> [String; 2] {
    match (cost, given) {
        (Some(cost), Some(given)) => [cost.to_string(), change(cost, given)],
        _ => ["-".to_owned(), String::new()],
    }
}

/// The change of a cost in per cent.
#[expect(
    clippy::cast_precision_loss,
    reason = "parameters and FLOPs stay below 2^53"
)]
fn change(cost: u64, given: u64) -> String {
    if given == 0 {
        return String::new();
    }
    format!("{:+.1} %", 100.0 * (cost as f64 / given as f64 - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_in_per_cent() {
        assert_eq!(change(90, 100), "-10.0 %");
        assert_eq!(change(100, 100), "+0.0 %");
        assert_eq!(change(1, 0), "");
    }
}
