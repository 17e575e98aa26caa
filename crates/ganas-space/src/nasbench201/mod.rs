//! The NAS-Bench-201 space (Dong and Yang, ICLR 2020): cells of four nodes with an operation on each of six edges.
//!
//! It is also the topology space of NATS-Bench.
//!
//! # The graph
//!
//! A cell is shown as its line graph: 8 vertices, namely the input, the six edges in the order of the text
//! (0→1), (0→2), (1→2), (0→3), (1→3), (2→3), and the output.
//! All six operations are always in place; a vertex labelled `none` has no edges.
//!
//! | vertex | edge of the cell | predecessors |
//! |---|---|---|
//! | 0 | input | |
//! | 1 | 0→1 | 0 |
//! | 2 | 0→2 | 0 |
//! | 3 | 1→2 | 1 |
//! | 4 | 0→3 | 0 |
//! | 5 | 1→3 | 1 |
//! | 6 | 2→3 | 2, 3 |
//! | 7 | output | 4, 5, 6 |
//!
//! # Classes
//!
//! The 15,625 cells form 8,765 classes.
//! Cells are in one class when they differ only in edges that lie on no path from input to output, and in the order
//! of nodes 1 and 2 when these are interchangeable.
//! The canonical form of a class has `none` on dead edges and the two nodes in a fixed order.
//! `skip_connect` is not merged into its source, as the official "unique string"
//! ([`NasBench201::unique_string`], 6,466 of them) does: such networks are equal in theory, but have different
//! numbers of layers and normalisations or different sums, were trained separately, and hold different values in the
//! table.
//! The best cell of every metric is alone in its class either way.
//! `canonical.rs` has the details and the tests.
//!
//! # Example
//!
//! ```
//! use ganas_space::{Costs, SearchSpace};
//! use ganas_space::nasbench201::{Dataset, NasBench201};
//!
//! let space = NasBench201::new();
//! let text = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|nor_conv_1x1~1|none~2|";
//! let arch = space.decode(text)?;
//! // Nothing reads node 2, so the operation on its edge costs parameters but changes no result.
//! let other = space.decode(&text.replacen("+|nor_conv_3x3~0", "+|avg_pool_3x3~0", 1))?;
//! assert_eq!(space.key(&arch), space.key(&other));
//! assert_eq!(space.cost_on(&arch, Dataset::Cifar10).parameters, Some(73_306 + 2 * 243_040 + 28_000));
//! # Ok::<(), ganas_space::SpaceError>(())
//! ```

mod canonical;
mod cell;
mod classes;
mod codec;
mod cost;
mod order;
#[cfg(test)]
mod tests;
mod unique_string;

use std::fmt;
use std::sync::LazyLock;

use rand::RngExt;
use rand::seq::IteratorRandom;
use rand_core::Rng;

use crate::blueprint::{Blueprint, Labels, Sources, Vertex};
use crate::{
    Action, Arch, ArchKey, Cost, CostState, Costs, Enumeration, Partial, SearchSpace, SpaceError,
    TextForm, edge_cell_text,
};

pub use self::classes::ClassId;
pub use self::cost::Dataset;

use self::cell::{Cell, LABELS, N_CELLS, N_EDGES, N_NODES, N_OPS, N_VERTICES, Op, TOPOLOGY};
use self::classes::{TABLES, Tables};

/// The NAS-Bench-201 space; the [module](self) says what its graphs and classes are.
///
/// A handle to tables that are computed once a process, in a few milliseconds, when the first one is made.
///
/// Methods that take an [`Arch`] and return no `Result` expect one of this space, and panic on any other.
#[derive(Clone, Copy)]
pub struct NasBench201 {
    tables: &'static Tables,
}

impl NasBench201 {
    /// The name of the space.
    pub const NAME: &'static str = cell::NAME;

    /// The space.
    #[must_use]
    pub fn new() -> Self {
        Self { tables: &TABLES }
    }

    /// The number of classes: 8,765.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        usize::from(self.tables.n_classes())
    }

    /// All classes, in the order of their numbers.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = ClassId> + use<> {
        self.tables.classes()
    }

    /// The class of an architecture.
    #[must_use]
    pub fn class_of(&self, arch: &Arch) -> ClassId {
        self.tables.class_of(cell_of(arch))
    }

    /// The key that [`SearchSpace::key`] gives to all members of a class.
    #[must_use]
    pub fn class_key(&self, class: ClassId) -> ArchKey {
        ArchKey(u128::from(self.tables.normal_code(class)))
    }

    /// The official indices of the members of a class, ascending; never empty.
    pub fn class_members(&self, class: ClassId) -> impl ExactSizeIterator<Item = u64> + use<> {
        self.tables.members(class).iter().copied().map(u64::from)
    }

    /// The member of a class with the lowest official index: what [`SearchSpace::sample`] returns.
    #[must_use]
    pub fn class_representative(&self, class: ClassId) -> Arch {
        self.tables.representative(class).arch()
    }

    /// The member with the lowest official index of each class, in the order of the classes, which is that of the
    /// indices.
    pub fn class_representatives(&self) -> impl ExactSizeIterator<Item = Arch> + use<> {
        let tables = self.tables;
        tables
            .classes()
            .map(|class| tables.representative(class).arch())
    }

    /// The architecture at an official index, or `None` from 15,625 on.
    #[must_use]
    pub fn arch_at(&self, index: u64) -> Option<Arch> {
        let index = u16::try_from(index).ok()?;
        self.tables.cell_at(index).map(Cell::arch)
    }

    /// The official "unique string", which merges `skip_connect`; not the query key of this space.
    #[must_use]
    pub fn unique_string(&self, arch: &Arch) -> String {
        unique_string::unique_string(cell_of(arch))
    }

    /// Parameters and FLOPs of the network for a data set; every operation of the text counts, also on dead edges.
    #[must_use]
    pub fn cost_on(&self, arch: &Arch, dataset: Dataset) -> Cost {
        cost::cost(cell_of(arch), dataset)
    }
}

impl Default for NasBench201 {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for NasBench201 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NasBench201").finish_non_exhaustive()
    }
}

impl SearchSpace for NasBench201 {
    /// Six decisions, the labels of vertices 1 to 6 in this order; all five operations are always legal.
    fn blueprint(&self) -> &Blueprint {
        &BLUEPRINT
    }

    fn size(&self) -> Option<u64> {
        Some(u64::from(N_CELLS))
    }

    fn actions_of(&self, arch: &Arch) -> Result<Vec<Action>, SpaceError> {
        let cell = Cell::checked(arch)?;
        Ok(cell.0.iter().map(|op| Action(op.label().0)).collect())
    }

    /// The base-5 code of the normal form, the first edge being the highest digit.
    fn key(&self, arch: &Arch) -> ArchKey {
        self.class_key(self.class_of(arch))
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        Cell::from_code(self.tables.normal_code(self.class_of(arch))).arch()
    }

    /// With probability 1/2 nodes 1 and 2 are swapped, when the edge between them is `none`; otherwise a clone.
    ///
    /// Always draws once.
    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        if !rng.random::<bool>() {
            return arch.clone();
        }
        canonical::swapped(cell_of(arch)).map_or_else(|| arch.clone(), Cell::arch)
    }

    /// Any member of the class.
    fn member_in(&self, blueprint: &Blueprint, arch: &Arch, rng: &mut dyn Rng) -> Option<Arch> {
        let members = self.tables.members(self.class_of(arch)).iter();
        let cells = members.filter_map(|index| self.tables.cell_at(*index));
        let built = cells.filter_map(|cell| {
            let actions = cell.0.map(|op| Action(op.label().0));
            blueprint.build(actions).ok()
        });
        built.choose(rng)
    }

    fn encode(&self, arch: &Arch) -> String {
        codec::encode(cell_of(arch))
    }

    /// Reads `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`, strictly, and six numbers of a form that is named.
    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        codec::decode(text).map(Cell::arch)
    }

    /// Six numbers have two meanings.
    fn text_forms(&self) -> &'static [TextForm] {
        &codec::FORMS
    }

    /// Uniform over the 8,765 classes; of the class the cell with the lowest official index.
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        self.class_representative(self.tables.random_class(rng))
    }

    /// The 24 cells that differ on one edge: edge by edge, and for each the other operations in their order.
    ///
    /// Some may be of the architecture's own class.
    fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        let cell = cell_of(arch);
        let mut neighbours = Vec::with_capacity(N_EDGES * usize::from(N_OPS - 1));
        for edge in 0..N_EDGES {
            for op in Op::ALL {
                if op != cell.0[edge] {
                    let mut neighbour = cell;
                    neighbour.0[edge] = op;
                    neighbours.push(neighbour.arch());
                }
            }
        }
        neighbours
    }

    fn costs(&self) -> Option<&dyn Costs> {
        Some(self)
    }

    fn enumeration(&self) -> Option<&dyn Enumeration> {
        Some(self)
    }
}

impl Costs for NasBench201 {
    /// The network for CIFAR-10; [`NasBench201::cost_on`] has the other data sets.
    fn cost(&self, arch: &Arch) -> Cost {
        self.cost_on(arch, Dataset::Cifar10)
    }

    /// Every operation costs what it costs, whatever the others are.
    fn cost_state(&self, _partial: &Partial) -> Option<CostState> {
        Some(CostState::default())
    }
}

impl Enumeration for NasBench201 {
    fn archs(&self) -> Box<dyn Iterator<Item = Arch> + '_> {
        let cells = (0..N_CELLS).filter_map(|index| self.tables.cell_at(index));
        Box::new(cells.map(Cell::arch))
    }

    fn index_of(&self, arch: &Arch) -> Option<u64> {
        Cell::of(arch).map(|cell| u64::from(self.tables.index_of(cell)))
    }
}

/// Six vertices with any operation each, connected as the edges of the cell are, as far as they are not `none`.
static BLUEPRINT: LazyLock<Blueprint> = LazyLock::new(|| {
    let inner = TOPOLOGY[1..N_VERTICES - 1].iter().map(|sources| Vertex {
        labels: Labels::OneOf((1 << N_OPS) - 1),
        sources: Sources::PresentOf(*sources),
    });
    let of_output = Sources::PresentOf(TOPOLOGY[N_VERTICES - 1]);
    let operations = &LABELS[..usize::from(N_OPS)];
    let blueprint = Blueprint::new(
        NasBench201::NAME,
        operations.iter().copied(),
        inner,
        of_output,
    );
    let blueprint = blueprint.with_absent(Op::None.label());
    let choices = edge_cell_text::choices(&blueprint, N_NODES);
    blueprint.with_choices(choices)
});

/// The cell of an architecture that must be of this space.
fn cell_of(arch: &Arch) -> Cell {
    Cell::of(arch).expect("invariant: the architecture is one of nasbench201")
}
