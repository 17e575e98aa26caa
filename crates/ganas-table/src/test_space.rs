//! A small search space for the tests: chains of three operations.
//!
//! The text is `conv>id>pool`; chains with the same operations in another order are one class, so the 27 chains make
//! 10 classes. Keys are spread over all 128 bits and do not ascend with the index.

use std::sync::LazyLock;

use ganas_space::blueprint::{Blueprint, Labels, Sources, Vertex};
use ganas_space::{Arch, ArchKey, Enumeration, OpId, SearchSpace, SpaceError};

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

static BLUEPRINT: LazyLock<Blueprint> = LazyLock::new(|| {
    let layer = Vertex {
        labels: Labels::OneOf(0b111),
        sources: Sources::LastPresent,
    };
    let operations = LABELS[..usize::from(N_OPS)].iter().copied();
    Blueprint::new("chains", operations, [layer; LENGTH], layer.sources)
});

impl SearchSpace for Chains {
    fn blueprint(&self) -> &Blueprint {
        &BLUEPRINT
    }

    fn size(&self) -> Option<u64> {
        Some(Self::SIZE as u64)
    }

    fn enumeration(&self) -> Option<&dyn Enumeration> {
        Some(self)
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
                        space: BLUEPRINT.name().to_owned(),
                        name: name.to_owned(),
                        text: text.to_owned(),
                        suggestion: None,
                        known: known.join(", "),
                    })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let ops = ops.try_into().map_err(|_| SpaceError::BadText {
            space: BLUEPRINT.name().to_owned(),
            text: text.to_owned(),
            at: text.len(),
            expected: format!("{LENGTH} operations"),
        })?;
        Ok(chain(ops))
    }
}

impl Enumeration for Chains {
    fn archs(&self) -> Box<dyn Iterator<Item = Arch> + '_> {
        Box::new((0..Self::SIZE).map(Self::arch))
    }

    fn index_of(&self, arch: &Arch) -> Option<u64> {
        self.numbered.then(|| number(ops(arch)))
    }
}
