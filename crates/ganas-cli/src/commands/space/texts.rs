//! `ganas space sample` and `ganas space check`: architectures as texts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use ganas::space::{self, Cost, Costs, SearchSpace};
use serde::Serialize;

use crate::printing::output;

/// What is known of an architecture before it is evaluated.
#[derive(Serialize)]
struct Checked {
    key: String,
    #[serde(flatten)]
    cost: Option<Cost>,
    costs: BTreeMap<String, f64>,
    canonical: String,
    constraints: Vec<Held>,
}

/// A constraint of the space.
#[derive(Serialize)]
struct Held {
    constraint: String,
    holds: bool,
}

impl Checked {
    fn text(&self) -> String {
        let mut text = format!("key         {}\n", self.key);
        if let Some(Cost { parameters, flops }) = self.cost {
            let _ = writeln!(text, "parameters  {parameters}\nflops       {flops}");
        }
        for (name, cost) in &self.costs {
            let _ = writeln!(text, "{name:<10}  {cost}");
        }
        let _ = writeln!(text, "canonical   {}", self.canonical);
        for Held { constraint, holds } in &self.constraints {
            let held = if *holds { "holds" } else { "is violated" };
            let _ = writeln!(text, "constraint  {constraint} {held}");
        }
        text
    }
}

/// Prints random architectures, all of which satisfy those constraints of the space that it can tell itself.
pub(super) fn sample(space: &Arc<dyn SearchSpace>, n: u32, seed: u64) -> anyhow::Result<()> {
    let archs = space::sample(space, n, seed)?;
    output::print(|out| {
        for arch in archs {
            writeln!(out, "{}", space.encode(&arch)).context("cannot write an architecture")?;
        }
        Ok(())
    })
}

/// Reads architectures and prints what is known of them; the first that is none of the space is an error.
pub(super) fn check(
    space: &Arc<dyn SearchSpace>,
    texts: &[String],
    json: bool,
) -> anyhow::Result<()> {
    let constraints = space::computed_constraints(space)?;
    let checked = texts
        .iter()
        .map(|text| {
            let arch = space.decode(text)?;
            let costs = space.costs();
            let named = costs.map(Costs::named_costs).unwrap_or_default();
            Ok(Checked {
                key: space.key(&arch).to_string(),
                cost: costs.map(|costs| costs.cost(&arch)),
                costs: (named.into_iter())
                    .filter_map(|name| Some((name.to_owned(), costs?.named_cost(name, &arch)?)))
                    .collect(),
                canonical: space.encode(&space.canonical(&arch)),
                constraints: (constraints.iter())
                    .map(|constraint| Held {
                        constraint: constraint.to_string(),
                        holds: constraint.holds(&arch),
                    })
                    .collect(),
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    if json {
        return output::print_json(&serde_json::json!({ "space": space.name(), "archs": checked }));
    }
    output::print(|out| {
        for checked in &checked {
            out.write_all(checked.text().as_bytes())
                .context("cannot write")?;
        }
        Ok(())
    })
}
