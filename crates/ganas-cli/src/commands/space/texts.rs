//! `ganas space sample` and `ganas space check`: architectures as texts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use ganas::space::{self, Arch, Cost, Costs, SearchSpace};
use serde::Serialize;

use crate::printing::output;

/// What is known of an architecture before it is evaluated.
#[derive(Serialize)]
struct Checked {
    key: String,
    #[serde(flatten)]
    cost: Cost,
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
        for (name, count) in [
            ("parameters", self.cost.parameters),
            ("flops", self.cost.flops),
        ] {
            let count = count.map_or_else(|| "unknown".to_owned(), |count| count.to_string());
            let _ = writeln!(text, "{name:<10}  {count}");
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

/// Reads architectures, and prints them as the space writes them.
pub(super) fn convert(space: &dyn SearchSpace, texts: &Texts) -> anyhow::Result<()> {
    let archs = texts.read(space)?;
    output::print(|out| {
        for arch in archs {
            writeln!(out, "{}", space.encode(&arch)).context("cannot write an architecture")?;
        }
        Ok(())
    })
}

/// Architectures as texts.
#[derive(Debug, clap::Args)]
pub(crate) struct Texts {
    /// The architectures as texts.
    #[arg(required = true, value_name = "ARCH")]
    texts: Vec<String>,
    /// The form of the texts, where they do not tell it themselves: `numbers-with-none` or `numbers-without-none` in
    /// darts, `numbers-naslib` or `numbers-official` in nasbench201.
    #[arg(long, value_name = "NAME")]
    form: Option<String>,
}

impl Texts {
    /// The first that is none of the space is an error.
    fn read(&self, space: &dyn SearchSpace) -> anyhow::Result<Vec<Arch>> {
        let archs = self.texts.iter();
        let archs = archs.map(|text| Ok(space.decode_form(self.form.as_deref(), text)?));
        archs.collect()
    }
}

/// Reads architectures and prints what is known of them; the first that is none of the space is an error.
pub(super) fn check(space: &Arc<dyn SearchSpace>, texts: &Texts, json: bool) -> anyhow::Result<()> {
    let constraints = space::computed_constraints(space)?;
    let checked = texts
        .read(&**space)?
        .into_iter()
        .map(|arch| {
            let costs = space.costs();
            let named = costs.map(Costs::named_costs).unwrap_or_default();
            Ok(Checked {
                key: space.key(&arch).to_string(),
                cost: costs.map_or(Cost::UNKNOWN, |costs| costs.cost(&arch)),
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
