//! The arguments that leave a part of a space: choices that are fixed, and options that are excluded.

use std::sync::Arc;

use ganas::space::RestrictedSpace;
use ganas::{Evaluate, Experiment, SearchSpace};

/// Which part of the space is left.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RestrictionArguments {
    /// Leaves this option of a choice only, for example `stage1.kernel=3`; can be given several times. `ganas space choices`
    /// lists the choices of a space. Parts of the name may be left out, and `*` stands for any characters: `kernel=3` fixes
    /// all kernels.
    #[arg(long = "fix", value_name = "CHOICE=OPTION")]
    fixed: Vec<String>,
    /// Leaves all options of a choice but this one, for example `stage2.expand=6`, or `*=none` for all choices; can be given
    /// several times.
    #[arg(long = "exclude", value_name = "CHOICE=OPTION")]
    excluded: Vec<String>,
}

impl RestrictionArguments {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.fixed.is_empty() && self.excluded.is_empty()
    }

    /// Adds them to an experiment.
    pub(crate) fn add_to(&self, mut experiment: Experiment) -> Experiment {
        for text in &self.fixed {
            experiment = experiment.fix(text);
        }
        for text in &self.excluded {
            experiment = experiment.exclude(text);
        }
        experiment
    }

    /// Adds them to the evaluation of a list.
    pub(crate) fn add_to_list(&self, mut list: Evaluate) -> Evaluate {
        for text in &self.fixed {
            list = list.fix(text);
        }
        for text in &self.excluded {
            list = list.exclude(text);
        }
        list
    }

    /// What they leave of a space; nothing, when there are none.
    pub(crate) fn restricted(
        &self,
        space: &Arc<dyn SearchSpace>,
    ) -> anyhow::Result<Option<Arc<RestrictedSpace>>> {
        Ok(ganas::space::restricted(
            space,
            &self.fixed,
            &self.excluded,
        )?)
    }

    /// The space, or what they leave of it.
    pub(crate) fn of(&self, space: &Arc<dyn SearchSpace>) -> anyhow::Result<Arc<dyn SearchSpace>> {
        Ok(match self.restricted(space)? {
            Some(restricted) => restricted,
            None => Arc::clone(space),
        })
    }
}
