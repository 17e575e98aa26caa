//! From the description of a cell to the space.

use std::ops::Range;

use toml::Spanned;

use crate::custom::document::{check_sizes, is_name, not_a_name};
use crate::custom::evaluated_costs::{AllParts, PartsOfArch, cost_table};
use crate::custom::file::{CellTable, Inputs, On};
use crate::custom::opening::Open;
use crate::custom::part::DescribedPart;
use crate::excerpt::excerpt;
use crate::limits::{MAX_CHOICES, MAX_NODES_ON_EDGES, MAX_NODES_ON_VERTICES};
use crate::{CostTable, OpId, SpaceError, StatedBound};

use super::edges::Edges;
use super::free::Free;
use super::parts;
use super::reading::Reading;
use super::wiring::{Frame, Wiring};

/// Names that mean something else in the text of an architecture or in expressions.
const TAKEN: [&str; 2] = ["input", "output"];

/// What a description says of a cell.
pub(super) struct Description {
    pub(super) wiring: Box<dyn Wiring>,
    pub(super) costs: CostTable,
    pub(super) bounds: Vec<StatedBound>,
}

impl Description {
    /// Reads the table of a cell.
    pub(super) fn new(open: &Open<'_>, table: &Spanned<CellTable>) -> Result<Self, SpaceError> {
        let cell = table.get_ref();
        check_nodes(open, cell)?;
        check_sizes(open.document, &cell.nodes.span(), &cell.sizes)?;
        check_operations(open, cell)?;
        let operations = cell.operations.get_ref();
        // The name follows from the costs, and operations are needed before.
        let mut frame = Frame {
            name: String::new(),
            operations: operations.clone(),
            nodes: *cell.nodes.get_ref(),
        };
        let kind = Kind::of(open, cell, &frame)?;
        let all = AllParts {
            parts: &kind.parts(cell, &frame),
            n_choices: operations.len(),
            of_arch: PartsOfArch::AtMost(kind.n_operations(&frame)),
        };
        let costs = cost_table(open, all)?;
        let said = format!(
            "cell {} {operations:?} {kind:?} {:?}\n",
            frame.nodes, cell.sizes
        );
        frame.name = open.name(&said, &costs);
        Ok(Self {
            wiring: kind.wiring(frame),
            costs,
            bounds: open.bounds(),
        })
    }
}

/// The kind of a cell.
#[derive(Debug)]
enum Kind {
    Free { max_edges: u32 },
    Reading { inputs: usize },
    Edges { none: Option<OpId> },
}

impl Kind {
    fn of(open: &Open<'_>, cell: &CellTable, frame: &Frame) -> Result<Self, SpaceError> {
        let refuse = |span: Range<usize>, problem: &str| Err(open.document.bad(span, problem));
        if *cell.on.get_ref() == On::Edges {
            return match (&cell.inputs, &cell.max_edges) {
                (Some(inputs), _) => refuse(
                    inputs.span(),
                    "with operations on edges each pair of nodes has one: leave `inputs` out",
                ),
                (_, Some(max)) => refuse(
                    max.span(),
                    "with operations on edges each pair of nodes has one: leave `max_edges` out",
                ),
                (None, None) => Ok(Self::Edges {
                    none: none(open, cell, frame)?,
                }),
            };
        }
        if let Some(none) = &cell.none {
            return refuse(
                none.span(),
                "`none` is an operation on edges; with operations on vertices edges are chosen",
            );
        }
        let inputs = cell
            .inputs
            .as_ref()
            .map(|inputs| (inputs.span(), *inputs.get_ref()));
        match inputs {
            Some((span, Inputs::Exactly(inputs))) => {
                if !(1..=frame.nodes).contains(&inputs) {
                    let problem = format!("expected \"any\", or 1 to {} inputs", frame.nodes);
                    return refuse(span, &problem);
                }
                if let Some(max) = &cell.max_edges {
                    return refuse(
                        max.span(),
                        "each node has a fixed number of inputs: leave `max_edges` out",
                    );
                }
                Ok(Self::Reading { inputs })
            }
            None | Some((_, Inputs::Any(_))) => {
                let n_pairs = (frame.nodes + 2) * (frame.nodes + 1) / 2;
                let n_pairs = u32::try_from(n_pairs).expect("invariant: a cell has few nodes");
                let max_edges = cell
                    .max_edges
                    .as_ref()
                    .map_or(n_pairs, |max| *max.get_ref());
                match &cell.max_edges {
                    Some(max) if max_edges == 0 => refuse(max.span(), "expected at least 1 edge"),
                    // More edges than pairs are no limit.
                    _ => Ok(Self::Free {
                        max_edges: max_edges.min(n_pairs),
                    }),
                }
            }
        }
    }

    fn parts(&self, cell: &CellTable, frame: &Frame) -> Vec<DescribedPart> {
        let (operations, sizes) = (&frame.operations, &cell.sizes);
        match self {
            Self::Free { .. } | Self::Reading { .. } => parts::all(operations, frame.nodes, sizes),
            Self::Edges { none } => (0..operations.len())
                .filter(|choice| none.is_none_or(|none| none.index() != *choice))
                .map(|choice| parts::part(operations, (0, choice), sizes))
                .collect(),
        }
    }

    /// The most operations of an architecture.
    fn n_operations(&self, frame: &Frame) -> usize {
        match self {
            Self::Free { .. } | Self::Reading { .. } => frame.nodes,
            Self::Edges { .. } => (frame.nodes + 2) * (frame.nodes + 1) / 2,
        }
    }

    fn wiring(self, frame: Frame) -> Box<dyn Wiring> {
        match self {
            Self::Free { max_edges } => Box::new(Free::new(frame, max_edges)),
            Self::Reading { inputs } => Box::new(Reading::new(frame, inputs)),
            Self::Edges { none } => Box::new(Edges::new(frame, none)),
        }
    }
}

/// The operation that stands for no edge.
fn none(open: &Open<'_>, cell: &CellTable, frame: &Frame) -> Result<Option<OpId>, SpaceError> {
    let Some(none) = &cell.none else {
        if frame.operations.iter().any(|name| name == "none") {
            let problem = "if the operation `none` stands for no edge, say `none = \"none\"` in [cell]; \
                           if not, rename it";
            return Err(open.document.bad(cell.operations.span(), problem));
        }
        return Ok(None);
    };
    let mut named = (0..).map(OpId).zip(&frame.operations);
    match named.find(|(_, name)| *name == none.get_ref()) {
        Some((op, _)) => Ok(Some(op)),
        None => {
            let problem = format!(
                "`{}` is no operation; expected one of {}",
                excerpt(none.get_ref()),
                frame.operations.join(", ")
            );
            Err(open.document.bad(none.span(), problem))
        }
    }
}

fn check_nodes(open: &Open<'_>, cell: &CellTable) -> Result<(), SpaceError> {
    let (most, on) = match cell.on.get_ref() {
        On::Vertices => (MAX_NODES_ON_VERTICES, "vertices"),
        On::Edges => (MAX_NODES_ON_EDGES, "edges"),
    };
    let nodes = *cell.nodes.get_ref();
    if (1..=most).contains(&nodes) {
        return Ok(());
    }
    let problem = format!(
        "{nodes} nodes between input and output; expected 1 to {most} with operations on {on}"
    );
    Err(open.document.bad(cell.nodes.span(), problem))
}

fn check_operations(open: &Open<'_>, cell: &CellTable) -> Result<(), SpaceError> {
    let operations = cell.operations.get_ref();
    let bad = |problem: String| Err(open.document.bad(cell.operations.span(), problem));
    if operations.is_empty() || operations.len() > MAX_CHOICES {
        return bad(format!(
            "{} operations; expected 1 to {MAX_CHOICES}",
            operations.len()
        ));
    }
    for (o, operation) in operations.iter().enumerate() {
        if !is_name(operation) {
            return bad(not_a_name(operation));
        }
        if operations[..o].contains(operation) {
            return bad(format!("`{operation}` stands there twice"));
        }
        let reserved = TAKEN
            .iter()
            .chain(&parts::DEGREES)
            .any(|name| name == operation);
        if reserved || cell.sizes.contains_key(operation) {
            return bad(format!(
                "`{operation}` is also the name of something else; rename one of them"
            ));
        }
    }
    match cell
        .sizes
        .keys()
        .find(|size| parts::DEGREES.contains(&&***size))
    {
        Some(size) => Err(open.document.bad(
            cell.nodes.span(),
            format!("`{size}` in `sizes` is also the name of a number of edges; rename it"),
        )),
        None => Ok(()),
    }
}
