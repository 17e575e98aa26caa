//! The DARTS space (Liu, Simonyan and Yang, ICLR 2019), which NAS-Bench-301 is about: a normal and a reduction cell.
//!
//! A cell has two inputs and four nodes; each node sums two of seven operations on two different earlier results, and
//! the sums are concatenated.
//! There are 1,037,664,180 cells as text, and 1,076,746,950,455,072,400 genotypes.
//!
//! # The graph
//!
//! Both cells are in one graph of 31 vertices: the input, the normal cell with its 15 vertices (two inputs, for each
//! node two operations and their sum, the concatenation), and the reduction cell, whose inputs are the concatenation and
//! whose own concatenation is the output.
//! So a generator builds one cell after the other, and a discriminator sees both together.
//! The operations of the two cells have different labels.
//! An operation has exactly one predecessor: of the two operations of a node, the first reads the earlier result.
//!
//! # Classes
//!
//! Genotypes are in one class when they differ only in the order of the nodes of a cell.
//! Surrogates are trained on texts, and answer members of a class with slightly different values; a query is answered
//! for the canonical form.
//!
//! # Example
//!
//! ```
//! use ganas_space::{Costs, SearchSpace};
//! use ganas_space::darts::Darts;
//!
//! let space = Darts::new();
//! let arch = space.decode(
//!     "numbers-without-none:(((0, 3), (1, 3), (0, 3), (1, 3), (0, 2), (1, 3), (0, 2), (2, 5)), \
//!       ((0, 0), (1, 0), (1, 0), (2, 2), (0, 0), (2, 2), (1, 0), (2, 2)))",
//! )?;
//! // The published second-order DARTS cell has 3.3 million parameters.
//! assert_eq!(space.cost(&arch).parameters, Some(3_349_342));
//! # Ok::<(), ganas_space::SpaceError>(())
//! ```

mod canonical;
mod cell;
mod codec;
mod cost;
#[cfg(test)]
mod tests;

use rand::RngExt;
use rand::seq::IteratorRandom;
use rand_core::Rng;

use crate::blueprint::Blueprint;
use crate::{Arch, ArchKey, Cost, CostState, Costs, Partial, SearchSpace, SpaceError, TextForm};

pub use self::cost::DartsNetwork;

use self::cell::{BLUEPRINT, Cell, Genotype};

/// The DARTS space; the [module](self) says what its graphs and classes are.
///
/// Methods that take an [`Arch`] and return no `Result` expect one of this space, and panic on any other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Darts;

impl Darts {
    /// The name of the space.
    pub const NAME: &'static str = cell::NAME;

    /// What the ConfigSpace keys of the official surrogates begin with; see [`Self::config_space`].
    pub const CONFIG_PREFIX: &'static str = codec::CONFIG_PREFIX;

    /// The space.
    #[must_use]
    pub fn new() -> Self {
        Self
    }

    /// The compact form, with the name of its numbering: for each cell eight pairs of what is read and the number of the
    /// operation.
    #[must_use]
    pub fn compact(&self, arch: &Arch) -> String {
        codec::compact(&Genotype::of(arch))
    }

    /// The ConfigSpace keys of the architecture without their prefix, such as `edge_normal_0` and
    /// `inputs_node_normal_3`, with their values; keys of edges that are not used are left out.
    #[must_use]
    pub fn config_space(&self, arch: &Arch) -> Vec<(String, String)> {
        codec::config_space(&Genotype::of(arch))
    }

    /// Parameters and FLOPs of a network of this size for CIFAR-10.
    #[must_use]
    pub fn cost_in(&self, arch: &Arch, network: DartsNetwork) -> Cost {
        cost::cost(&Genotype::of(arch), network)
    }
}

impl SearchSpace for Darts {
    /// 56 decisions: of each operation its label and the result that it reads, an edge at a time.
    fn blueprint(&self) -> &Blueprint {
        &BLUEPRINT
    }

    fn size(&self) -> Option<u64> {
        Some(Cell::COUNT * Cell::COUNT)
    }

    /// The numbers of the two canonical cells, as one number.
    fn key(&self, arch: &Arch) -> ArchKey {
        let [normal, reduce] = Genotype::of(arch)
            .0
            .map(|cell| canonical::canonical(&cell).code());
        ArchKey(u128::from(normal * Cell::COUNT + reduce))
    }

    /// The nodes of each cell in the order that makes the cell the first of its class.
    fn canonical(&self, arch: &Arch) -> Arch {
        Genotype(Genotype::of(arch).0.map(|cell| canonical::canonical(&cell))).arch()
    }

    /// The nodes of each cell in an order drawn among all that are possible.
    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        let cells = Genotype::of(arch).0.map(|cell| {
            canonical::reordered(&cell)
                .choose(rng)
                .expect("invariant: a cell is in an order of its own")
        });
        Genotype(cells).arch()
    }

    /// The nodes of each cell in an order drawn among those that the blueprint builds.
    fn member_in(&self, blueprint: &Blueprint, arch: &Arch, rng: &mut dyn Rng) -> Option<Arch> {
        let cells = Genotype::of(arch).0;
        let mut partial = blueprint.start();
        for (c, cell) in cells.iter().enumerate() {
            let longer = canonical::members(cell).into_iter().filter_map(|member| {
                let mut genotype = Genotype(cells);
                genotype.0[c] = member;
                let actions = BLUEPRINT.actions_of(&genotype.arch()).ok()?;
                // Both cells have as many decisions.
                let of_cell = actions.len() / 2;
                let mut longer = partial.clone();
                let mut applied = actions[c * of_cell..(c + 1) * of_cell]
                    .iter()
                    .map(|action| blueprint.apply(&mut longer, *action));
                let all = applied.all(|applied| applied.is_ok());
                all.then_some(longer)
            });
            partial = longer.choose(rng)?;
        }
        blueprint.finish(&partial).ok()
    }

    /// The Python text of the official code.
    fn encode(&self, arch: &Arch) -> String {
        codec::encode(&Genotype::of(arch))
    }

    /// Reads the Python text, the compact form, and dictionaries; `codec/mod.rs` shows them.
    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        codec::decode(text).map(|genotype| genotype.arch())
    }

    /// Two numberings of operations are in use.
    fn text_forms(&self) -> &'static [TextForm] {
        &codec::FORMS
    }

    fn form_of(&self, text: &str) -> Option<&'static TextForm> {
        codec::form_of(text)
    }

    /// Uniform over classes, in canonical form: cells are drawn uniformly, and kept when they are canonical.
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        let cells = [(); 2].map(|()| {
            loop {
                let cell = Cell::from_code(rng.random_range(0..Cell::COUNT));
                if canonical::canonical(&cell) == cell {
                    return cell;
                }
            }
        });
        Genotype(cells).arch()
    }

    /// The classes one change away, in canonical form, first those with another normal cell: another operation, or
    /// another result that an operation reads.
    fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        let cells = Genotype::of(arch).0;
        let own = cells.map(|cell| canonical::canonical(&cell));
        let mut neighbours = Vec::new();
        for (c, cell) in cells.iter().enumerate() {
            for neighbour in canonical::neighbours(cell) {
                let mut cells = own;
                cells[c] = neighbour;
                neighbours.push(Genotype(cells).arch());
            }
        }
        neighbours
    }

    fn costs(&self) -> Option<&dyn Costs> {
        Some(self)
    }
}

impl Costs for Darts {
    /// The network of the DARTS paper for CIFAR-10; [`Darts::cost_in`] has others.
    fn cost(&self, arch: &Arch) -> Cost {
        self.cost_in(arch, DartsNetwork::DARTS)
    }

    /// An operation's cost depends on what it reads, and on nothing else: a skip connection from an input of the reduction
    /// cell has weights.
    fn cost_state(&self, partial: &Partial) -> Option<CostState> {
        Some(CostState(BLUEPRINT.open_state(partial)))
    }
}
