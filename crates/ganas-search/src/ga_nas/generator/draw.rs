//! Drawing architectures from the policy, decision by decision.

use std::sync::Arc;

use ganas_gnn::ops::categorical::Exploration;
use ganas_gnn::{Backend, Element, Forward};
use ganas_random::{Stream, StreamKey};
use ganas_space::{Action, Partial, SearchSpace, SpaceError};

use super::{Building, GraphPolicy};
use crate::SearchError;
use crate::ga_nas::encode::{Open, OpenActions, Rollout, Step, StepLabel, narrow, push};

impl<B: Backend> GraphPolicy<B> {
    /// Draws `n` architectures with some exploration.
    ///
    /// Decision `d` of architecture `i` takes the first number of the stream of item `i` and step `key.step + d`.
    pub(crate) fn explore(
        &mut self,
        key: StreamKey,
        n: usize,
        exploration: Exploration,
    ) -> Result<Vec<Rollout>, SearchError> {
        let mut hand = Hand::new(&self.building, key, n);
        self.net.start(
            Forward::new(&self.device, &self.params),
            n,
            &mut self.sampler,
        );
        for number in 0..self.building.steps.steps.len() {
            self.draw_label(number, &mut hand, exploration)?;
            if !self.building.steps.steps[number].sources.is_empty() {
                self.draw_edges(number, &mut hand, exploration)?;
            }
        }
        Ok(hand.finish()?)
    }

    /// Draws the label of a step's vertex; a label that is given takes the step of the policy all the same.
    fn draw_label(
        &mut self,
        number: usize,
        hand: &mut Hand<B::Elem>,
        exploration: Exploration,
    ) -> Result<(), SearchError> {
        let (device, sampler, steps) = (&self.device, &mut self.sampler, &self.building.steps);
        let step = &steps.steps[number];
        sampler.graphs.clear();
        hand.last_labels.clear();
        for partial in &hand.partials {
            let last = partial
                .labels()
                .last()
                .expect("invariant: a partial has its input vertex");
            hand.last_labels.push(steps.last_label(number, *last));
            push(
                &mut sampler.graphs,
                partial.labels(),
                partial.predecessors(),
            );
        }
        device.write_ints(&mut sampler.last_labels, &hand.last_labels);
        match step.label {
            StepLabel::Decided(decision) => hand.open(decision),
            StepLabel::Given(label) => hand.given(1 << label.0),
        }
        device.write_masks(&mut sampler.masks, &hand.legal);
        sampler.uniforms.set_column(device, &hand.uniforms);
        self.net.sample_step(
            Forward::new(device, &self.params),
            number,
            exploration,
            sampler,
        );
        device.read_ints(&mut hand.chosen, &sampler.chosen);
        hand.labels.clone_from(&hand.chosen);
        if let StepLabel::Decided(_) = step.label {
            hand.apply()?;
        }
        Ok(())
    }

    /// Draws the edges of the vertex that was just labelled.
    fn draw_edges(
        &mut self,
        number: usize,
        hand: &mut Hand<B::Elem>,
        exploration: Exploration,
    ) -> Result<(), SearchError> {
        let (device, sampler) = (&self.device, &mut self.sampler);
        let Step {
            prefix,
            edges,
            sources,
            ..
        } = &self.building.steps.steps[number];
        let n = hand.partials.len();
        let (mut nodes, mut states) = (Vec::new(), Vec::new());
        for source in sources {
            for i in 0..n {
                nodes.push(narrow(i * prefix + source));
                states.push(narrow(i));
            }
        }
        let rows = &mut sampler.edges;
        rows.n_edges = nodes.len();
        device.write_ints(&mut rows.node_rows, &nodes);
        device.write_ints(&mut rows.state_rows, &states);
        device.write_ints(&mut rows.labels, &hand.labels);
        self.net
            .start_edges(Forward::new(device, &self.params), number, sampler);
        for (edge, decision) in edges.clone().enumerate() {
            hand.open(decision);
            device.write_masks(&mut sampler.masks, &hand.legal);
            sampler.uniforms.set_column(device, &hand.uniforms);
            sampler.prior.set_column(device, &hand.prior);
            self.net
                .sample_edges(device, edge * n, exploration, sampler);
            device.read_ints(&mut hand.chosen, &sampler.chosen);
            hand.apply()?;
        }
        Ok(())
    }
}

/// Architectures that are being drawn together.
struct Hand<T> {
    space: Arc<dyn SearchSpace>,
    which: OpenActions,
    key: StreamKey,
    partials: Vec<Partial>,
    /// What was open at each decision of each architecture.
    opened: Vec<Vec<Open>>,
    /// The labels of the vertices of this step.
    labels: Vec<u32>,
    // Of the next decision, one for each architecture:
    legal: Vec<u64>,
    prior: Vec<T>,
    uniforms: Vec<T>,
    last_labels: Vec<u32>,
    chosen: Vec<u32>,
}

impl<T: Element> Hand<T> {
    fn new(building: &Building, key: StreamKey, n: usize) -> Self {
        let space = Arc::clone(&building.space);
        Self {
            which: building.open,
            key,
            partials: (0..n).map(|_| space.start()).collect(),
            space,
            opened: vec![Vec::with_capacity(building.steps.n_decisions); n],
            labels: Vec::with_capacity(n),
            legal: Vec::with_capacity(n),
            prior: Vec::with_capacity(n),
            uniforms: Vec::with_capacity(n),
            last_labels: Vec::with_capacity(n),
            chosen: vec![0; n],
        }
    }

    /// Opens a decision: what is legal, and the random number that will decide.
    fn open(&mut self, decision: usize) {
        self.legal.clear();
        self.prior.clear();
        self.uniforms.clear();
        let step = self.key.step + narrow(decision);
        for (item, (partial, opened)) in (0..).zip(self.partials.iter().zip(&mut self.opened)) {
            let open = Open::next(&*self.space, self.which, partial);
            opened.push(open);
            self.legal.push(open.actions);
            self.prior.push(T::of(open.prior));
            let key = StreamKey {
                item,
                step,
                ..self.key
            };
            let uniform = Stream::new(key).uniform();
            self.uniforms.push(T::of(f64::from(uniform)));
        }
    }

    /// Prepares a step without a choice.
    fn given(&mut self, only: u64) {
        self.legal.clear();
        self.legal.resize(self.partials.len(), only);
        self.uniforms.clear();
        self.uniforms.resize(self.partials.len(), T::zero());
    }

    /// Takes the decisions that were chosen.
    fn apply(&mut self) -> Result<(), SpaceError> {
        for (partial, &chosen) in self.partials.iter_mut().zip(&self.chosen) {
            let action = u8::try_from(chosen).expect("invariant: labels fit in a byte");
            self.space.apply(partial, Action(action))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<Rollout>, SpaceError> {
        let space = &*self.space;
        let drawn = self.partials.iter().zip(self.opened);
        drawn
            .map(|(partial, open)| {
                Ok(Rollout {
                    arch: space.finish(partial)?,
                    actions: partial.actions().to_vec(),
                    open,
                })
            })
            .collect()
    }
}
