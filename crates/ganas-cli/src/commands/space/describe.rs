//! `ganas space describe` and `ganas space count`.

use std::collections::BTreeSet;
use std::sync::Arc;

use ganas::search::ConstrainedSpace;
use ganas::space::{self, Action, Choice, Enumeration as _, KnownNetwork, SearchSpace};
use serde::Serialize;

use crate::printing::output;

/// What a space is.
#[derive(Serialize)]
struct Description<'a> {
    name: &'a str,
    size: Option<u64>,
    max_vertices: usize,
    label_decisions: usize,
    edge_decisions: usize,
    labels: &'a [String],
    costs: Vec<&'a str>,
    constraints: Vec<String>,
    members: Vec<KnownNetwork<'a>>,
}

/// Prints what a space is.
pub(super) fn describe(space: &dyn SearchSpace, json: bool) -> anyhow::Result<()> {
    let (label_decisions, edge_decisions) = decisions(space)?;
    let stated = space::stated_constraints(space)?;
    let description = Description {
        name: space.name(),
        size: space.size(),
        max_vertices: space.max_vertices(),
        label_decisions,
        edge_decisions,
        labels: space.labels(),
        costs: space::cost_names(space),
        constraints: stated.iter().map(|(bound, _)| bound.to_string()).collect(),
        members: space.known_networks(),
    };
    if json {
        return output::print_json(&description);
    }
    let mut text = format!(
        "space          {}\narchitectures  {}\nvertices       at most {}\ndecisions      {} labels, {} edges\nlabels         {}\ncosts          {}\n",
        description.name,
        size_text(description.size),
        description.max_vertices,
        label_decisions,
        edge_decisions,
        description.labels.join(", "),
        description.costs.join(", ")
    );
    for constraint in &description.constraints {
        text.push_str(&format!("constraint     {constraint}\n"));
    }
    for member in &description.members {
        text.push_str(&format!(
            "member         {}: {}\n",
            member.name, member.text
        ));
        if let Some(differs) = member.differs {
            text.push_str(&format!("               approximated: {differs}\n"));
        }
    }
    output::print_text(&text)
}

/// Prints how many architectures there are.
///
/// Where its classes can be listed, also how many satisfy those of its constraints that it can tell itself.
pub(super) fn count(space: &Arc<dyn SearchSpace>) -> anyhow::Result<()> {
    let is_part = space.constraints().is_some();
    // What is counted by its classes, one by one, is counted below.
    let list = space.enumeration().filter(|list| list.is_of_classes());
    if let Some(list) = list.filter(|_| is_part) {
        return output::print_text(&format!("classes        {}\n", list.keys().count()));
    }
    let size = match space.size() {
        // Of a part, it is not known why there is no number.
        None if is_part => "not counted".to_owned(),
        size => size_text(size),
    };
    let mut text = format!("architectures  {size}\n");
    if space.size().is_some_and(|size| size <= LISTABLE)
        && let Some(list) = space.enumeration()
    {
        let classes: BTreeSet<_> = list.keys().collect();
        text.push_str(&format!("classes        {}\n", classes.len()));
        let constraints = space::computed_constraints(space)?;
        if !constraints.is_empty() {
            let constrained = ConstrainedSpace::new(Arc::clone(space), constraints)?;
            let admitted: BTreeSet<_> = constrained.keys().collect();
            text.push_str(&format!("admitted       {}\n", admitted.len()));
        }
    }
    output::print_text(&text)
}

/// The largest space whose classes are counted one by one.
const LISTABLE: u64 = 10_000_000;

/// The number of architectures; every space that can be named here knows it, as far as a `u64` holds it.
pub(super) fn size_text(size: Option<u64>) -> String {
    size.map_or_else(
        || format!("more than {}", u64::MAX),
        |size| size.to_string(),
    )
}

/// The numbers of decisions about labels and about edges, which are the same for every architecture.
fn decisions(space: &dyn SearchSpace) -> anyhow::Result<(usize, usize)> {
    let (mut labels, mut edges) = (0, 0);
    let mut partial = space.start();
    while let Some(decision) = space.decision(&partial) {
        match decision.choice {
            Choice::Label { .. } => labels += 1,
            Choice::Edge { .. } => edges += 1,
        }
        let first = u8::try_from(decision.legal.0.trailing_zeros())?;
        space.apply(&mut partial, Action(first))?;
    }
    Ok((labels, edges))
}
