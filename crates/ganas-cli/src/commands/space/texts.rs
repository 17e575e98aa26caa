//! `ganas space sample` and `ganas space check`: architectures as texts.

use anyhow::Context as _;
use ganas_rl::{Stream, StreamKey};
use ganas_space::SearchSpace;
use serde::Serialize;

use crate::output;

/// Streams of this purpose are for this command only; those of searches have low numbers.
const PURPOSE: u8 = 255;

/// What is known of an architecture before it is evaluated.
#[derive(Serialize)]
struct Checked {
    key: String,
    parameters: u64,
    flops: u64,
    canonical: String,
}

/// Prints random architectures.
pub(super) fn sample(space: &dyn SearchSpace, n: u32, seed: u64) -> anyhow::Result<()> {
    output::print(|out| {
        for item in 0..n {
            let mut stream = Stream::new(StreamKey {
                seed,
                purpose: PURPOSE,
                iteration: 0,
                item,
                step: 0,
            });
            let arch = space.sample(&mut stream);
            writeln!(out, "{}", space.encode(&arch)).context("cannot write an architecture")?;
        }
        Ok(())
    })
}

/// Reads architectures and prints what is known of them; the first that is none of the space is an error.
pub(super) fn check(space: &dyn SearchSpace, texts: &[String], json: bool) -> anyhow::Result<()> {
    let checked = texts
        .iter()
        .map(|text| {
            let arch = space.decode(text)?;
            let cost = space.cost(&arch);
            Ok(Checked {
                key: space.key(&arch).to_string(),
                parameters: cost.parameters,
                flops: cost.flops,
                canonical: space.encode(&space.canonical(&arch)),
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    if json {
        return output::print_json(&serde_json::json!({ "space": space.name(), "archs": checked }));
    }
    output::print(|out| {
        for checked in &checked {
            writeln!(
                out,
                "key         {}\nparameters  {}\nflops       {}\ncanonical   {}",
                checked.key, checked.parameters, checked.flops, checked.canonical
            )
            .context("cannot write")?;
        }
        Ok(())
    })
}
