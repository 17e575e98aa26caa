//! What this crate reads at most. Nothing that is read from outside is unbounded; an error names the limit that it is over.
//!
//! `docs/SPACES.md` lists them.

/// The longest text that an error quotes whole, in bytes; of a longer one it shows a part.
pub const MAX_QUOTED_BYTES: usize = 512;

/// The longest description of a space, in bytes.
///
/// What its expressions can ask for follows from this: they are shorter, and each is evaluated for some thousand layers
/// or operations at most.
pub const MAX_DESCRIPTION_BYTES: usize = 256 * 1024;

/// The longest look-up table that a description names, in bytes.
pub const MAX_LOOKUP_BYTES: usize = 64 * 1024 * 1024;

/// The longest name in a description (of the space, a factor, an operation, a size, a cost), and the longest text of a
/// factor, in bytes.
pub const MAX_NAME_BYTES: usize = 100;

/// The longest constraint in a description, in bytes.
pub const MAX_CONSTRAINT_BYTES: usize = 1_000;

/// The most constraints of a description.
pub const MAX_CONSTRAINTS: usize = 100;

/// The most different layers of a described chain, or operations of a described cell.
///
/// All labels, input and output and an absent layer included, fit in one 64-bit word.
pub const MAX_CHOICES: usize = 61;

/// The most layers of a described chain; all vertices fit in one 64-bit word.
pub const MAX_LAYERS: usize = 62;

/// The most factors of a stage of a described chain.
pub const MAX_FACTORS: usize = 16;

/// The most `sizes` of a stage or of a cell.
pub const MAX_SIZES: usize = 64;

/// The most further costs of a description, in `[costs]` and in look-up tables together.
pub const MAX_COSTS: usize = 64;

/// The most nodes of a described cell with operations on vertices: so many have few enough symmetries for a canonical
/// order in no time.
pub const MAX_NODES_ON_VERTICES: usize = 12;

/// The most nodes of a described cell with operations on edges: so many have 55 pairs, each of which is a vertex.
pub const MAX_NODES_ON_EDGES: usize = 9;

/// The most parameters or FLOPs of an architecture of a described space: 2^53, up to which numbers of 64-bit floats are
/// exact.
pub const MAX_COUNT: f64 = 9_007_199_254_740_992.0;

/// The largest sum of a further cost of a described space, with any signs: so far below the largest 64-bit float that
/// differences of sums are finite, too.
pub const MAX_SUM: f64 = 1e300;

/// The largest space that is listed, of those that are described and of chains.
pub const MAX_ENUMERATED: u64 = 1_000_000;

/// The most nodes of the decision diagram that bounds a cost; where more are needed, there are no bounds.
pub const MAX_BOUND_NODES: usize = 1_000_000;

/// The most entries of a matrix that is read as the cell of NAS-Bench-101: 64 rows and columns.
pub(crate) const MAX_MATRIX_ENTRIES: usize = crate::Arch::MAX_VERTICES * crate::Arch::MAX_VERTICES;
