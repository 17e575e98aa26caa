//! The search space as seen by searchers, evaluators and generators.

use std::fmt::Debug;
use std::num::NonZeroUsize;

use md5::{Digest as _, Md5};
use rand_core::Rng;

use crate::blueprint::{Blueprint, NamedChoice};
use crate::suggestion::closest;
use crate::{
    Action, Arch, ArchKey, Cost, Costs, Decision, KnownNetwork, LegalActions, Partial, SpaceError,
    StatedBound, TextForm,
};

/// A set of architectures, with the decisions that build them, their texts, and their classes.
///
/// A space needs a [`Blueprint`] and a text form; whatever else is not particular to it has a default.
/// What only some spaces have is reached through an accessor that returns `None`, or nothing, unless it is overridden.
/// [`laws::check`](crate::laws::check) tells whether a space keeps its promises.
pub trait SearchSpace: Debug + Send + Sync {
    /// How architectures are built, and what their vertices can be.
    fn blueprint(&self) -> &Blueprint;

    /// The text form.
    fn encode(&self, arch: &Arch) -> String;

    /// Reads the text form.
    ///
    /// # Errors
    ///
    /// [`SpaceError::BadText`] or [`SpaceError::UnknownOp`], with the place of the problem.
    fn decode(&self, text: &str) -> Result<Arch, SpaceError>;

    /// The forms of texts that [`decode`](Self::decode) reads only when they are named before the text, `NAME:text`,
    /// because their texts alone do not tell them.
    fn text_forms(&self) -> &'static [TextForm] {
        &[]
    }

    /// The form that a text without the name of one must be of, when it tells; other texts of its file are of the same
    /// form, though they may not tell.
    fn form_of(&self, text: &str) -> Option<&'static TextForm> {
        let _ = text;
        None
    }

    /// The number of architectures as text (not of classes), when it is known and a `u64` holds it.
    fn size(&self) -> Option<u64> {
        None
    }

    /// The form of an architecture that all members of its class share: what a discriminator is shown.
    ///
    /// Every architecture is a class of its own, unless the space says otherwise.
    fn canonical(&self, arch: &Arch) -> Arch {
        arch.clone()
    }

    /// The key of the class of architectures that compute the same function: by default the MD5 of the text of the
    /// canonical form.
    fn key(&self, arch: &Arch) -> ArchKey {
        let text = self.encode(&self.canonical(arch));
        ArchKey(u128::from_be_bytes(Md5::digest(text).into()))
    }

    /// A random member of the architecture's class with the same operations: another order of interchangeable
    /// vertices. What a generator is taught to imitate.
    fn relabelled(&self, arch: &Arch, rng: &mut dyn Rng) -> Arch {
        let _ = rng;
        arch.clone()
    }

    /// A member of the architecture's class that a blueprint builds which leaves less open than that of the space, drawn among
    /// all such members; `None` when there is none, or none is found.
    ///
    /// The blueprint has the decisions of the space, some of whose actions are not legal.
    /// By default the architecture itself, if it is built.
    fn member_in(&self, blueprint: &Blueprint, arch: &Arch, rng: &mut dyn Rng) -> Option<Arch> {
        let _ = rng;
        let actions = self.actions_of(arch).ok()?;
        blueprint.builds(&actions).then(|| arch.clone())
    }

    /// The decisions that build an architecture of this space: the inverse of [`Blueprint::finish`].
    ///
    /// # Errors
    ///
    /// [`SpaceError::NotInSpace`] when the architecture is not one of this space.
    fn actions_of(&self, arch: &Arch) -> Result<Vec<Action>, SpaceError> {
        self.blueprint().actions_of(arch)
    }

    /// A random architecture: uniform over classes or as the space documents it, and by default
    /// [built decision by decision](Blueprint::sample).
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        self.blueprint().sample(rng)
    }

    /// The architectures one change away, in a fixed order; the architecture itself is not among them.
    ///
    /// By default those that [differ in one decision](Blueprint::neighbours).
    fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        self.blueprint().neighbours(arch)
    }

    /// Costs in closed form.
    fn costs(&self) -> Option<&dyn Costs> {
        None
    }

    /// What must hold of an architecture that is evaluated, in a space under constraints.
    fn constraints(&self) -> Option<&dyn Constraints> {
        None
    }

    /// The list of all architectures, where there are few enough.
    fn enumeration(&self) -> Option<&dyn Enumeration> {
        None
    }

    /// Known architectures, whose names [`decode`](Self::decode) reads in place of their texts.
    fn known_networks(&self) -> Vec<KnownNetwork<'_>> {
        Vec::new()
    }

    /// Bounds that hold in every search in this space; a search reads them, [`constraints`](Self::constraints) does not.
    fn stated_bounds(&self) -> &[StatedBound] {
        &[]
    }
}

/// What must hold of an architecture that is evaluated.
///
/// Searchers propose only what is admitted.
pub trait Constraints {
    /// Whether an architecture may be evaluated.
    fn admits(&self, arch: &Arch) -> bool;

    /// A member of an architecture's class that may be evaluated: the architecture itself, if it may be.
    fn admitted_member(&self, arch: &Arch) -> Option<Arch> {
        self.admits(arch).then(|| arch.clone())
    }

    /// Of the legal actions those after which an architecture that is [admitted](Self::admits) can still be reached, as far
    /// as that is known.
    ///
    /// At least one is left. An action that is taken out leads to nothing that is admitted; one that is left may do so,
    /// too, so what was built is admitted only when [`admits`](Self::admits) says so.
    fn admissible(&self, partial: &Partial, legal: LegalActions) -> LegalActions {
        let _ = partial;
        legal
    }
}

/// All architectures of a space.
pub trait Enumeration: SearchSpace {
    /// Whether there is one architecture of each class in the list, instead of all of them.
    fn is_of_classes(&self) -> bool {
        false
    }

    /// All architectures in the official index order.
    fn archs(&self) -> Box<dyn Iterator<Item = Arch> + '_>;

    /// The key of each architecture that [`archs`](Self::archs) yields, in its order.
    ///
    /// Spaces that hold their keys in a table return those.
    fn keys(&self) -> Box<dyn Iterator<Item = ArchKey> + '_> {
        Box::new(self.archs().map(|arch| self.key(&arch)))
    }

    /// The official index of an architecture, when the space has one.
    fn index_of(&self, arch: &Arch) -> Option<u64> {
        let _ = arch;
        None
    }

    /// Computes what the other methods need, on so many threads; otherwise the first call of one of them does it on one.
    ///
    /// Does nothing in spaces where that takes no time, and changes no result.
    fn prepare(&self, threads: NonZeroUsize) {
        let _ = threads;
    }
}

/// What follows from the blueprint and from the constraints of any space.
impl dyn SearchSpace + '_ {
    /// The name on the command line and in records.
    #[must_use]
    pub fn name(&self) -> &str {
        self.blueprint().name()
    }

    /// The choices of the space, by which people know its decisions; see [`Blueprint::choices`].
    #[must_use]
    pub fn choices(&self) -> &[NamedChoice] {
        self.blueprint().choices()
    }

    /// The option of each choice that an architecture has, in the order of `choices`; `None` where it has no
    /// such choice, as there is no kernel of a layer that is left out.
    ///
    /// # Errors
    ///
    /// [`SpaceError::NotInSpace`] when the architecture is not one of this space.
    pub fn choices_of(&self, arch: &Arch) -> Result<Vec<(&NamedChoice, Option<&str>)>, SpaceError> {
        let actions = self.actions_of(arch)?;
        let option = |choice: &'_ NamedChoice| choice.option_of(&actions);
        let choices = self.choices().iter();
        let with_options = choices.map(|choice| {
            let option = option(choice).map(|option| choice.options()[option].as_str());
            (choice, option)
        });
        Ok(with_options.collect())
    }

    /// The names of all vertex labels, in the order of their [`OpId`](crate::OpId); operations first, then input and
    /// output.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        self.blueprint().labels()
    }

    /// Reads a text of the form with this name, or without a name any text that says its form itself.
    ///
    /// # Errors
    ///
    /// Those of [`SearchSpace::decode`], and [`SpaceError::UnknownForm`].
    pub fn decode_form(&self, form: Option<&str>, text: &str) -> Result<Arch, SpaceError> {
        let Some(name) = form else {
            return self.decode(text);
        };
        let form = self.text_form(name)?;
        let prefix = format!("{}:", form.name);
        let decoded = self.decode(&format!("{prefix}{text}"));
        // Places are those in the text that was given.
        decoded.map_err(|error| error.without_prefix(prefix.len()))
    }

    /// The form of texts with this name.
    ///
    /// # Errors
    ///
    /// [`SpaceError::UnknownForm`].
    pub fn text_form(&self, name: &str) -> Result<&'static TextForm, SpaceError> {
        let forms = self.text_forms();
        let named = forms.iter().find(|form| form.name == name);
        named.ok_or_else(|| {
            let names: Vec<&str> = forms.iter().map(|form| form.name).collect();
            SpaceError::UnknownForm {
                space: self.name().into(),
                name: name.to_owned(),
                suggestion: closest(name, &names),
                forms,
            }
        })
    }

    /// Which of parameters and FLOPs are known of architectures of this space, with the values of one of them.
    #[must_use]
    pub fn known_costs(&self) -> Cost {
        let costs = self.costs();
        costs.map_or(Cost::UNKNOWN, |costs| {
            costs.cost(&self.first_completion(&self.start()))
        })
    }

    /// The architecture that the lowest legal action at each further decision leads to.
    pub(crate) fn first_completion(&self, partial: &Partial) -> Arch {
        let mut partial = partial.clone();
        while let Some(decision) = self.decision(&partial) {
            let action = decision.legal.iter().next();
            let action = action.expect("invariant: some action is legal");
            self.apply(&mut partial, action)
                .expect("invariant: the action is legal");
        }
        self.finish(&partial)
            .expect("invariant: every decision is taken")
    }

    /// The largest number of vertices of an architecture, input and output included.
    #[must_use]
    pub fn max_vertices(&self) -> usize {
        self.blueprint().n_vertices()
    }

    /// The state before the first decision.
    #[must_use]
    pub fn start(&self) -> Partial {
        self.blueprint().start()
    }

    /// The next decision, or `None` when the architecture is complete; see [`Blueprint::decision`].
    #[must_use]
    pub fn decision(&self, partial: &Partial) -> Option<Decision> {
        self.blueprint().decision(partial)
    }

    /// Takes a decision.
    ///
    /// # Errors
    ///
    /// As [`Blueprint::apply`].
    pub fn apply(&self, partial: &mut Partial, action: Action) -> Result<(), SpaceError> {
        self.blueprint().apply(partial, action)
    }

    /// The architecture of a complete sequence of decisions.
    ///
    /// # Errors
    ///
    /// As [`Blueprint::finish`].
    pub fn finish(&self, partial: &Partial) -> Result<Arch, SpaceError> {
        self.blueprint().finish(partial)
    }

    /// Whether an architecture may be evaluated: always, unless the space is one under constraints.
    #[must_use]
    pub fn admits(&self, arch: &Arch) -> bool {
        self.constraints().is_none_or(|c| c.admits(arch))
    }

    /// A member of an architecture's class that may be evaluated, when there is one; see [`Constraints::admitted_member`].
    #[must_use]
    pub fn admitted_member(&self, arch: &Arch) -> Option<Arch> {
        match self.constraints() {
            Some(constraints) => constraints.admitted_member(arch),
            None => Some(arch.clone()),
        }
    }

    /// The legal actions that [`Constraints::admissible`] leaves: all of them, unless the space is one under constraints.
    #[must_use]
    pub fn admissible(&self, partial: &Partial, legal: LegalActions) -> LegalActions {
        let constraints = self.constraints();
        constraints.map_or(legal, |c| c.admissible(partial, legal))
    }
}
