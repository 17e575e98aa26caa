//! NAS-Bench-201: stub, replaced in the next commit.

use rand_core::Rng;

use crate::{Action, Arch, ArchKey, Cost, Decision, Partial, SearchSpace, SpaceError};

/// The NAS-Bench-201 space.
#[derive(Clone, Debug)]
pub struct NasBench201;

impl NasBench201 {
    /// The name of the space.
    pub const NAME: &'static str = "nasbench201";

    /// The space.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

#[rustfmt::skip]
impl SearchSpace for NasBench201 {
    fn name(&self) -> &'static str { Self::NAME }
    fn labels(&self) -> &[&'static str] { &[] }
    fn max_vertices(&self) -> usize { 8 }
    fn size(&self) -> Option<u64> { None }
    fn enumerate(&self) -> Option<Box<dyn Iterator<Item = Arch> + '_>> { None }
    fn index_of(&self, _arch: &Arch) -> Option<u64> { None }
    fn start(&self) -> Partial { Partial::empty() }
    fn decision(&self, _partial: &Partial) -> Option<Decision> { None }
    fn apply(&self, _partial: &mut Partial, _action: Action) -> Result<(), SpaceError> { unreachable!() }
    fn finish(&self, _partial: &Partial) -> Result<Arch, SpaceError> { unreachable!() }
    fn actions_of(&self, _arch: &Arch) -> Result<Vec<Action>, SpaceError> { unreachable!() }
    fn key(&self, _arch: &Arch) -> ArchKey { unreachable!() }
    fn canonical(&self, _arch: &Arch) -> Arch { unreachable!() }
    fn relabelled(&self, _arch: &Arch, _rng: &mut dyn Rng) -> Arch { unreachable!() }
    fn encode(&self, _arch: &Arch) -> String { unreachable!() }
    fn decode(&self, _text: &str) -> Result<Arch, SpaceError> { unreachable!() }
    fn cost(&self, _arch: &Arch) -> Cost { unreachable!() }
    fn sample(&self, _rng: &mut dyn Rng) -> Arch { unreachable!() }
    fn neighbours(&self, _arch: &Arch) -> Vec<Arch> { unreachable!() }
}
