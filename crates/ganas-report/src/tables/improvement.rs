//! What was gained over a given network, for people.

use super::{Align, Table, measurement};
use crate::records::{Gains, KnownNetwork};

impl Gains {
    /// A table with a line for the given network and for each run.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut table = Table::new([
            ("network", Align::Left),
            (&*self.metrics[0], Align::Right),
            (&*self.metrics[1], Align::Right),
            ("params", Align::Right),
            ("", Align::Right),
            ("flops", Align::Right),
            ("", Align::Right),
        ]);
        let mut row = |name: String, network: &KnownNetwork| {
            table.row([
                name,
                measurement(network.accuracy),
                measurement(network.report),
                network.params.to_string(),
                change(network.params, self.given.params),
                network.flops.to_string(),
                change(network.flops, self.given.flops),
            ]);
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
