//! Searching only a part of a space.

use super::Experiment;

impl Experiment {
    /// Leaves one option of a choice of the space only: `stage1.kernel=3`; `ganas space choices` lists those of a space.
    ///
    /// What is left is all that is built, drawn and evaluated; [`prepare`](Self::prepare) says when the space has no such
    /// choice, or nothing is left. The text can name several choices; see [`restriction`](ganas_space::restriction).
    #[must_use]
    pub fn fix(mut self, choice_and_option: impl Into<String>) -> Self {
        self.restrictions.fix(choice_and_option.into());
        self
    }

    /// Leaves all options of a choice but one, as [`fix`](Self::fix) leaves one: `op=none`.
    #[must_use]
    pub fn exclude(mut self, choice_and_option: impl Into<String>) -> Self {
        self.restrictions.exclude(choice_and_option.into());
        self
    }
}
