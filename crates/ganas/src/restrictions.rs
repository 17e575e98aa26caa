//! The choices that are fixed and the options that are excluded, as they are asked for and as they are recorded.

use std::sync::Arc;

use ganas_space::{Arch, RestrictedSpace, Restriction, SearchSpace};
use serde_json::Value;

use crate::Error;

/// What is asked for, as text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Restrictions {
    fixed: Vec<String>,
    excluded: Vec<String>,
}

impl Restrictions {
    /// Leaves one option of a choice.
    pub(crate) fn fix(&mut self, text: String) {
        self.fixed.push(text);
    }

    /// Leaves all but one option of a choice.
    pub(crate) fn exclude(&mut self, text: String) {
        self.excluded.push(text);
    }

    /// What they leave of a space; nothing, when there are none.
    ///
    /// # Errors
    ///
    /// The space has no such choice or option, or nothing is left.
    pub(crate) fn of(&self, space: &Arc<dyn SearchSpace>) -> Result<Option<Restricted>, Error> {
        if self.fixed.is_empty() && self.excluded.is_empty() {
            return Ok(None);
        }
        let fixed = self.fixed.iter().map(|text| Restriction::fix(text));
        let excluded = self.excluded.iter().map(|text| Restriction::exclude(text));
        let all = fixed.chain(excluded).collect::<Result<Vec<_>, _>>();
        let space = all.and_then(|all| RestrictedSpace::new(Arc::clone(space), all));
        let space = space.map_err(|error| Error::Usage(error.to_string()))?;
        Ok(Some(Restricted(Arc::new(space))))
    }
}

/// What is left of a space.
#[derive(Clone, Debug)]
pub(crate) struct Restricted(Arc<RestrictedSpace>);

impl Restricted {
    pub(crate) fn into_inner(self) -> Arc<RestrictedSpace> {
        self.0
    }

    /// As the space that is searched.
    pub(crate) fn space(&self) -> Arc<dyn SearchSpace> {
        Arc::clone(&self.0) as Arc<dyn SearchSpace>
    }

    /// Adds them to the configuration that is recorded, so that they are a part of what a run is.
    pub(crate) fn record(&self, config: &mut Value) {
        for (name, is_fix) in [("fix", true), ("exclude", false)] {
            let texts = self.texts(is_fix);
            if !texts.is_empty() {
                config[name] = texts.into();
            }
        }
    }

    fn texts(&self, is_fix: bool) -> Vec<String> {
        let all = self.0.restrictions().iter();
        let kind = all.filter(|restriction| restriction.is_fix() == is_fix);
        kind.map(Restriction::text).collect()
    }

    /// For people: `stage1.kernel=3; without op=none`.
    pub(crate) fn describe(&self) -> String {
        let excluded = self.texts(false).into_iter();
        let excluded = excluded.map(|text| format!("without {text}"));
        let all: Vec<String> = self.texts(true).into_iter().chain(excluded).collect();
        all.join("; ")
    }

    /// Whether an architecture satisfies them.
    pub(crate) fn holds(&self, arch: &Arch) -> bool {
        (&*self.0 as &dyn SearchSpace).admits(arch)
    }

    /// Refuses an architecture that violates them; `place` is where it is named.
    pub(crate) fn check(&self, arch: &Arch, place: &str) -> Result<(), Error> {
        let violated = self.0.violated(arch)?;
        match violated {
            None => Ok(()),
            Some(restriction) => Err(Error::Usage(format!(
                "{place}: `{}` violates {restriction}: leave one of them out",
                self.0.encode(arch)
            ))),
        }
    }
}
