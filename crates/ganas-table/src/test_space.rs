//! A small search space for the tests: chains of three operations.
//!
//! The text is `conv>id>pool`; chains with the same operations in another order are one class, so the 27 chains make
//! 10 classes. Keys are spread over all 128 bits and do not ascend with the index.

use ganas_space::{Action, Arch, ArchKey, Cost, Decision, OpId, Partial, SearchSpace, SpaceError};
use rand_core::Rng;

const LABELS: [&str; 5] = ["conv", "id", "pool", "input", "output"];
const N_OPS: u8 = 3;
const LENGTH: usize = 3;

/// The space; [`Chains::unnumbered`] has no official index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chains {
    pub(crate) numbered: bool,
}

impl Chains {
    pub(crate) const SIZE: usize = 27;
    pub(crate) const N_CLASSES: usize = 10;

    pub(crate) fn numbered() -> Self {
        Self { numbered: true }
    }

    pub(crate) fn unnumbered() -> Self {
        Self { numbered: false }
    }

    /// The chain with this index.
    pub(crate) fn arch(index: usize) -> Arch {
        let digit = |place: u32| OpId(u8::try_from(index / 3usize.pow(place) % 3).unwrap());
        chain([digit(2), digit(1), digit(0)])
    }

    /// The text of the chain with this index.
    pub(crate) fn text(index: usize) -> String {
        Self::numbered().encode(&Self::arch(index))
    }
}

fn chain(ops: [OpId; LENGTH]) -> Arch {
    let [a, b, c] = ops;
    let labels = [OpId(N_OPS), a, b, c, OpId(N_OPS + 1)];
    Arch::new(labels, [0, 1, 2, 4, 8]).unwrap()
}

fn ops(arch: &Arch) -> &[OpId] {
    &arch.labels()[1..=LENGTH]
}

fn number(ops: &[OpId]) -> u64 {
    ops.iter().fold(0, |n, op| n * 3 + u64::from(op.0))
}

fn not_for_tables() -> ! {
    panic!("tables do not use this method of a space")
}

impl SearchSpace for Chains {
    fn name(&self) -> &'static str {
        "chains"
    }

    fn labels(&self) -> &[&'static str] {
        &LABELS
    }

    fn max_vertices(&self) -> usize {
        LENGTH + 2
    }

    fn size(&self) -> Option<u64> {
        Some(Self::SIZE as u64)
    }

    fn enumerate(&self) -> Option<Box<dyn Iterator<Item = Arch> + '_>> {
        Some(Box::new((0..Self::SIZE).map(Self::arch)))
    }

    fn index_of(&self, arch: &Arch) -> Option<u64> {
        self.numbered.then(|| number(ops(arch)))
    }

    fn key(&self, arch: &Arch) -> ArchKey {
        let mut ops = ops(arch).to_vec();
        ops.sort_unstable();
        ArchKey(u128::from(number(&ops)).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
    }

    fn encode(&self, arch: &Arch) -> String {
        let names: Vec<_> = ops(arch).iter().map(|op| LABELS[op.index()]).collect();
        names.join(">")
    }

    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        let ops = text
            .split('>')
            .map(|name| {
                let known = &LABELS[..usize::from(N_OPS)];
                known
                    .iter()
                    .zip(0..)
                    .find_map(|(label, id)| (*label == name).then_some(OpId(id)))
                    .ok_or_else(|| SpaceError::UnknownOp {
                        space: self.name(),
                        name: name.to_owned(),
                        text: text.to_owned(),
                        suggestion: None,
                        known: known.join(", "),
                    })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let ops = ops.try_into().map_err(|_| SpaceError::BadText {
            space: self.name(),
            text: text.to_owned(),
            at: text.len(),
            expected: format!("{LENGTH} operations"),
        })?;
        Ok(chain(ops))
    }

    fn start(&self) -> Partial {
        not_for_tables()
    }

    fn decision(&self, _partial: &Partial) -> Option<Decision> {
        not_for_tables()
    }

    fn apply(&self, _partial: &mut Partial, _action: Action) -> Result<(), SpaceError> {
        not_for_tables()
    }

    fn finish(&self, _partial: &Partial) -> Result<Arch, SpaceError> {
        not_for_tables()
    }

    fn actions_of(&self, _arch: &Arch) -> Result<Vec<Action>, SpaceError> {
        not_for_tables()
    }

    fn canonical(&self, _arch: &Arch) -> Arch {
        not_for_tables()
    }

    fn relabelled(&self, _arch: &Arch, _rng: &mut dyn Rng) -> Arch {
        not_for_tables()
    }

    fn cost(&self, _arch: &Arch) -> Cost {
        not_for_tables()
    }

    fn sample(&self, _rng: &mut dyn Rng) -> Arch {
        not_for_tables()
    }

    fn neighbours(&self, _arch: &Arch) -> Vec<Arch> {
        not_for_tables()
    }
}
