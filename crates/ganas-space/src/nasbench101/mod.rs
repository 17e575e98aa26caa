//! The NAS-Bench-101 space (Ying et al., ICML 2019): cells of up to 7 vertices and 9 edges with operations on vertices.
//!
//! The first vertex is the input, the last the output, and each vertex between them is a 3x3 convolution, a 1x1
//! convolution or a 3x3 max pooling.
//!
//! # Architectures and cells
//!
//! A generator builds as many vertices as the space allows, and some of them may end up on no path from input to
//! output.
//! The cell of an architecture is what is left when these are removed ("pruning"), and the network is built of the
//! cell only.
//! An architecture belongs to the space when it has at most 7 vertices and 9 edges, and an output that the input
//! reaches; so a cell is an architecture, too.
//! The official limit counts edges after pruning.
//! Here it holds before pruning as well, because a generator has to know when to stop; no cell is lost by that, since
//! a cell can be filled up with vertices without edges.
//!
//! | method | vertices of the result |
//! |---|---|
//! | [`Blueprint::finish`], [`SearchSpace::relabelled`] | 7 (or what the sub-space allows) |
//! | [`SearchSpace::canonical`], [`SearchSpace::sample`], [`Enumeration::archs`], [`SearchSpace::neighbours`] | those of the cell, 2 to 7 |
//! | [`SearchSpace::decode`] | as in the text |
//!
//! [`SearchSpace::actions_of`] fills up what has fewer vertices: with the first operation and no edges, before the
//! output.
//!
//! # Classes
//!
//! Two architectures are of one class when their cells are isomorphic.
//! The key of a class is the official module hash, and its text is the official hexadecimal form.
//! The canonical form is the representative that the official enumeration lists; `canonical.rs` says which one that
//! is.
//! There are 423,624 classes; with 2 to 7 vertices 1, 6, 84, 2,441, 62,010 and 359,082.
//! The index of a class is its place in the ascending order of the hashes, which is also the order in which the
//! official interface iterates.
//!
//! # Costs
//!
//! What a vertex costs is decided by the edges to the output, which come last, and pruning can still remove all but one
//! vertex until then.
//! So costs have no useful bounds over the completions of a partial architecture
//! ([`Costs::cost_state`] is `None`), and constraints on them mask no action.
//!
//! # Example
//!
//! ```
//! use ganas_space::{Costs, SearchSpace};
//! use ganas_space::nasbench101::NasBench101;
//!
//! let space = NasBench101::new();
//! let matrix = "0111010 0000001 0000001 0000100 0000001 0000001 0000000";
//! let arch = space.decode(&format!("{matrix} | input,1x1,3x3,3x3,3x3,maxpool,output"))?;
//! assert_eq!(space.key(&arch).to_string(), "28cfc7874f6d200472e1a9dcd8650aa0");
//! assert_eq!(space.cost(&arch).parameters, Some(2_694_282));
//! # Ok::<(), ganas_space::SpaceError>(())
//! ```

mod canonical;
mod cell;
mod classes;
mod codec;
mod cost;
mod decisions;
mod module_hash;
mod relabel;
#[cfg(test)]
mod tests;
mod vertices;

use std::num::NonZeroUsize;

use rand::RngExt;
use rand_core::Rng;

use crate::blueprint::Blueprint;
use crate::cell_changes::{self, Limits};
use crate::full_cell::{self, FullCell};
use crate::{
    Action, Arch, ArchKey, Cost, Costs, Enumeration, KnownNetwork, SearchSpace, SpaceError,
};

pub use self::vertices::Vertices;

use self::canonical::{Code, canonical_code};
use self::cell::{Cell, MAX_EDGES, N_OPS};
use self::classes::{CODES, HashOrder};

/// The NAS-Bench-101 space or a sub-space of it; the [module](self) says what its architectures and classes are.
///
/// A handle to tables that are computed once a process: the classes when they are first needed, in some hundredths of
/// a second, and the order of their hashes when an index is first needed, in a few seconds.
///
/// Methods that take an [`Arch`] and return no `Result` expect one of this space, and panic on any other.
#[derive(Clone, Copy, Debug)]
pub struct NasBench101 {
    vertices: Vertices,
}

impl NasBench101 {
    /// The name of the whole space.
    pub const NAME: &'static str = "nasbench101";

    /// The whole space: up to 7 vertices.
    #[must_use]
    pub fn new() -> Self {
        Self::up_to(Vertices::Seven)
    }

    /// The space of the cells with up to so many vertices.
    #[must_use]
    pub fn up_to(vertices: Vertices) -> Self {
        Self { vertices }
    }

    /// The number of classes.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.vertices.n_classes()
    }

    /// The canonical form of each class, in the order of the official enumeration: by vertices, adjacency bits and
    /// operations. Needs no hashes, so it starts at once.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = Arch> + use<> {
        self.codes().iter().map(|code| code.cell().arch())
    }

    /// The canonical form of the class at an official index, or `None` where there is none.
    #[must_use]
    pub fn arch_at(&self, index: u64) -> Option<Arch> {
        let order = self.hash_order();
        let class = order.class_at.get(usize::try_from(index).ok()?)?;
        Some(CODES[*class as usize].cell().arch())
    }

    /// The canonical form of the class with a key, or `None` when the space has no such class.
    #[must_use]
    pub fn arch_of_key(&self, key: ArchKey) -> Option<Arch> {
        let order = self.hash_order();
        let index = order.hashes.binary_search(&key).ok()?;
        Some(CODES[order.class_at[index] as usize].cell().arch())
    }

    /// Parameters and FLOPs of the network built of the cell with its vertices in the order of the architecture.
    ///
    /// They may differ a little from those of [`Costs::cost`], which the whole class shares, where channels are
    /// divided with a remainder.
    #[must_use]
    pub fn cost_in_order(&self, arch: &Arch) -> Cost {
        cost::cost(&self.cell(arch))
    }

    /// The classes by their hashes.
    fn hash_order(&self) -> &'static HashOrder {
        HashOrder::of(self.vertices, NonZeroUsize::MIN)
    }

    /// The representatives of the classes.
    fn codes(&self) -> &'static [Code] {
        &CODES[..self.n_classes()]
    }

    fn max_vertices(&self) -> usize {
        self.vertices.count()
    }

    fn not_in_space(&self, reason: String) -> SpaceError {
        SpaceError::NotInSpace {
            space: self.vertices.name().into(),
            reason,
        }
    }

    /// The cell of an architecture, as far as it belongs to the space after pruning.
    fn checked_cell(&self, arch: &Arch) -> Result<Cell, SpaceError> {
        let cell = Cell::of(arch).map_err(|reason| self.not_in_space(reason))?;
        if cell.n_vertices() > self.max_vertices() {
            return Err(self.not_in_space(format!(
                "{} vertices after pruning; expected at most {}",
                cell.n_vertices(),
                self.max_vertices()
            )));
        }
        Ok(cell)
    }

    /// The cell of an architecture that must be of this space.
    fn cell(&self, arch: &Arch) -> Cell {
        self.checked_cell(arch)
            .unwrap_or_else(|error| panic!("invariant: the architecture is of the space: {error}"))
    }

    /// Whether an architecture is within the limits before pruning.
    fn check_limits(&self, arch: &Arch) -> Result<(), SpaceError> {
        if arch.n_vertices() > self.max_vertices() || arch.n_edges() > MAX_EDGES {
            return Err(self.not_in_space(format!(
                "{} vertices and {} edges; expected at most {} and {MAX_EDGES}",
                arch.n_vertices(),
                arch.n_edges(),
                self.max_vertices()
            )));
        }
        Ok(())
    }
}

impl Default for NasBench101 {
    fn default() -> Self {
        Self::new()
    }
}

impl SearchSpace for NasBench101 {
    /// For each inner vertex its operation and its edges from all earlier ones, then the edges into the output.
    ///
    /// Always as many decisions, 26 with 7 vertices. An action is legal exactly when an architecture of the space can
    /// still be reached.
    fn blueprint(&self) -> &Blueprint {
        decisions::blueprint(self.vertices)
    }

    /// The number of classes: texts are counted once for all members of a class.
    fn size(&self) -> Option<u64> {
        u64::try_from(self.n_classes()).ok()
    }

    /// The decisions of the architecture, filled up with vertices without edges before the output.
    fn actions_of(&self, arch: &Arch) -> Result<Vec<Action>, SpaceError> {
        self.check_limits(arch)?;
        self.checked_cell(arch)?;
        let padded = full_cell::padded(arch, self.max_vertices());
        decisions::blueprint(self.vertices).actions_of(&padded)
    }

    /// The official module hash.
    fn key(&self, arch: &Arch) -> ArchKey {
        module_hash::module_hash(&self.cell(arch))
    }

    /// The official representative of the class: pruned, in the order of the official enumeration.
    fn canonical(&self, arch: &Arch) -> Arch {
        canonical_code(&self.cell(arch)).cell().arch()
    }

    /// A random topological order of the cell, filled up to all vertices.
    ///
    /// Absent vertices take random places, have random operations and no edges.
    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        relabel::relabelled(&self.cell(arch), self.max_vertices(), rng)
    }

    /// A topological order of the cell, with all vertices.
    fn member_in(&self, blueprint: &Blueprint, arch: &Arch, rng: &mut dyn Rng) -> Option<Arch> {
        self.cell(arch).full().member_in(blueprint, rng)
    }

    /// Writes the matrix row by row and the official names, `010 001 000|input,maxpool3x3,output`.
    fn encode(&self, arch: &Arch) -> String {
        codec::encode(arch)
    }

    /// Reads what [`encode`](SearchSpace::encode) writes, and the forms of the official records, of nasbench-rs, of
    /// Python lists and of the compact tables; `codec/mod.rs` lists them.
    ///
    /// What is over the limits as it is written, but not after pruning, is read as the pruned cell.
    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        let arch = codec::decode(self.vertices, text)?;
        let cell = self.checked_cell(&arch)?;
        Ok(match self.check_limits(&arch) {
            Ok(()) => arch,
            Err(_) => cell.arch(),
        })
    }

    /// Uniform over the classes, in canonical form.
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        let codes = self.codes();
        codes[rng.random_range(0..codes.len())].cell().arch()
    }

    /// The classes one change away, in canonical form: another operation, an edge more, less or moved, a vertex of
    /// one edge in and one edge out more or less.
    ///
    /// Vertices that pruning removes do not count. The relation between classes is symmetric; `cell_changes.rs` says
    /// why.
    fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        let limits = Limits {
            n_ops: N_OPS,
            max_vertices: self.max_vertices(),
            max_edges: MAX_EDGES,
        };
        let class = |cell: &FullCell| canonical_code(&Cell::of_full(cell));
        cell_changes::neighbours(&self.cell(arch).full(), limits, class)
            .into_iter()
            .map(|code| code.cell().arch())
            .collect()
    }

    fn costs(&self) -> Option<&dyn Costs> {
        Some(self)
    }

    fn enumeration(&self) -> Option<&dyn Enumeration> {
        Some(self)
    }

    fn known_networks(&self) -> Vec<KnownNetwork<'_>> {
        codec::known_networks(self.vertices).to_vec()
    }
}

impl Costs for NasBench101 {
    /// The costs of the canonical form, so that all members of a class have the published ones.
    fn cost(&self, arch: &Arch) -> Cost {
        cost::cost(&canonical_code(&self.cell(arch)).cell())
    }
}

/// The canonical forms in the ascending order of their hashes.
impl Enumeration for NasBench101 {
    fn is_of_classes(&self) -> bool {
        true
    }

    fn archs(&self) -> Box<dyn Iterator<Item = Arch> + '_> {
        let classes = self.hash_order().class_at.iter();
        Box::new(classes.map(|class| CODES[*class as usize].cell().arch()))
    }

    /// The official hashes, ascending.
    fn keys(&self) -> Box<dyn Iterator<Item = ArchKey> + '_> {
        Box::new(self.hash_order().hashes.iter().copied())
    }

    /// The place of the class in the ascending order of the hashes.
    fn index_of(&self, arch: &Arch) -> Option<u64> {
        let code = canonical_code(&self.checked_cell(arch).ok()?);
        let class = self.codes().binary_search(&code).ok()?;
        Some(u64::from(self.hash_order().index_of[class]))
    }

    /// Hashes all cells of the space.
    fn prepare(&self, threads: NonZeroUsize) {
        HashOrder::of(self.vertices, threads);
    }
}
