//! Bayesian optimisation by a Gaussian process over the decisions that build an architecture: what is expected to improve most
//! is evaluated next.
//!
//! Exact regression, with hyper-parameters that are fitted. The expected improvement is that of Jones, Schonlau, Welch,
//! "Efficient Global Optimization of Expensive Black-Box Functions", 1998; what is being evaluated is taken to be as expected
//! ("kriging believer", Ginsbourger, Le Riche, Carraro, 2010). docs/SEARCHERS.md has the settings.

mod config;
mod expected_improvement;
mod fit;
mod kernel;
mod pool;
mod regression;
#[cfg(test)]
mod tests;
mod triangle;

use ganas_space::{Arch, SearchSpace};
use serde::{Deserialize, Serialize};

pub use config::{GaussianProcessConfig, KernelKind};

use crate::ledger::{Entry, Ledger};
use crate::merit::{Merit, worths};
use crate::method::Method;
use crate::mutation::decisions;
use crate::{Event, SearchError};

use expected_improvement::expected_improvement;
use fit::{Prior, fit};
use kernel::{Hyper, Point};
use pool::Pool;
use regression::Regression;

/// Search by a Gaussian process.
#[derive(Debug)]
pub struct GaussianProcess {
    config: GaussianProcessConfig,
    fitted: Option<Fitted>,
    model: Option<Model>,
    events: Vec<Event>,
}

/// The last fit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fitted {
    /// How many entries there were.
    entries: u32,
    /// How many proposals there were.
    asked: u32,
    hyper: Hyper,
}

/// What follows from the last fit and the entries.
#[derive(Debug)]
struct Model {
    regression: Regression,
    /// The mean and the deviation by which values are standardised: those of the values at the fit.
    scale: (f64, f64),
    /// The highest value, standardised.
    best: f64,
    pool: Pool,
}

impl GaussianProcess {
    /// The name on the command line and in records.
    pub const NAME: &'static str = "gaussian-process";

    /// A search with a checked configuration.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`].
    pub fn new(config: GaussianProcessConfig) -> Result<Self, SearchError> {
        config.check()?;
        Ok(Self {
            config,
            fitted: None,
            model: None,
            events: Vec::new(),
        })
    }

    /// Fits the hyper-parameters, when there are enough more entries than at the last fit.
    fn fit(&mut self, ledger: &Ledger) {
        let n = ledger.entries().len();
        let due = self.fitted.as_ref().is_none_or(|fitted| {
            f64::from(narrow(n)) >= f64::from(fitted.entries) * self.config.refit_growth
                && narrow(n) > fitted.entries
        });
        if !due {
            return;
        }
        let limit = self.config.fit_limit;
        let chosen: Vec<usize> = if n <= limit {
            (0..n).collect()
        } else {
            (0..limit).map(|i| i * n / limit).collect()
        };
        let values = worths(&merits(ledger.entries()));
        let (mean, deviation) = scale_of(&values);
        let (points, values): (Vec<Point>, Vec<f64>) = chosen
            .into_iter()
            .filter_map(|i| {
                let point = point(&**ledger.space(), &ledger.entries()[i].arch)?;
                Some((point, (values[i] - mean) / deviation))
            })
            .unzip();
        let n_decisions = points.first().map_or(1, |point| point.len());
        let n_weights = match self.config.kernel {
            KernelKind::Hamming => 1,
            KernelKind::WeightedOverlap => n_decisions,
        };
        let prior = Prior::new(n_decisions, n_weights);
        let start = match &self.fitted {
            Some(fitted) => fitted.hyper.clone(),
            None => prior.mode(),
        };
        let hyper = fit(&points, &values, (&start, &prior), self.config.fit_steps);
        self.events.push(Event {
            kind: "fit".to_owned(),
            values: vec![
                ("values".to_owned(), f64::from(narrow(points.len()))),
                ("signal".to_owned(), hyper.signal()),
                ("noise".to_owned(), hyper.noise()),
            ],
        });
        self.fitted = Some(Fitted {
            entries: narrow(n),
            asked: ledger.asked(),
            hyper,
        });
        self.model = None;
    }

    /// The model of all entries, given the last fit.
    fn model<'a>(&'a mut self, ledger: &Ledger) -> Option<&'a mut Model> {
        let fitted = self.fitted.as_ref()?;
        let entries = ledger.entries();
        let model = self.model.get_or_insert_with(|| {
            let at_fit = &entries[..fitted.entries as usize];
            Model {
                regression: Regression::new(fitted.hyper.clone()),
                scale: scale_of(&worths(&merits(at_fit))),
                best: f64::NEG_INFINITY,
                pool: Pool::new(ledger, fitted.asked, self.config.random),
            }
        });
        let (mean, deviation) = model.scale;
        let standardised = |value: f64| (value - mean) / deviation;
        let mut value_of_first = None;
        for at in model.regression.len()..entries.len() {
            // Those of the fit have their values from all of them; each later one from those up to it.
            let value = if at < fitted.entries as usize {
                let values = value_of_first
                    .get_or_insert_with(|| worths(&merits(&entries[..fitted.entries as usize])));
                values[at]
            } else {
                worths(&merits(&entries[..=at]))[at]
            };
            let point = point(&**ledger.space(), &entries[at].arch)?;
            model.best = model.best.max(standardised(value));
            model.regression.push(point, standardised(value));
        }
        Some(model)
    }

    /// Proposes what is expected to improve most; says whether there was anything to choose from.
    fn propose_best(&mut self, ledger: &mut Ledger) -> bool {
        let config = self.config.clone();
        let Some(model) = self.model(ledger) else {
            return false;
        };
        let mut believed = None;
        for pending in ledger.pending() {
            let Some(point) = point(&**ledger.space(), &pending.arch) else {
                continue;
            };
            let regression = believed.get_or_insert_with(|| model.regression.clone());
            regression.believe(point);
        }
        let mut best: Option<((f64, f64), Arch)> = None;
        let order = model
            .pool
            .candidates(ledger, config.parents, config.neighbours);
        for (key, arch) in order {
            let prediction = model.pool.predict(key, &model.regression);
            let (mean, variance) = match &believed {
                None => model.regression.moments(prediction),
                Some(believed) => {
                    let mut prediction = prediction.clone();
                    let point = model.pool.point(key);
                    believed.predict(&mut prediction, point);
                    believed.moments(&prediction)
                }
            };
            let value = (expected_improvement(mean, variance, model.best), mean);
            if best.as_ref().is_none_or(|(other, _)| value > *other) {
                best = Some((value, arch));
            }
        }
        best.is_some_and(|(_, arch)| ledger.propose(&arch))
    }
}

impl Method for GaussianProcess {
    type State = Option<Fitted>;

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn propose(&mut self, ledger: &mut Ledger, limit: usize) -> Result<(), SearchError> {
        let initial = self.config.initial;
        let begun = ledger.n_begun();
        // Failed evaluations may leave nothing to learn from: the design then goes on.
        if begun < initial || ledger.entries().len() < 2 {
            let n = if begun < initial { initial - begun } else { 1 };
            for _ in 0..n.min(limit) {
                if !ledger.propose_design(initial) {
                    break;
                }
            }
            return Ok(());
        }
        self.fit(ledger);
        for _ in 0..self.config.batch.min(limit) {
            if !(self.propose_best(ledger) || ledger.propose_random()) {
                break;
            }
        }
        Ok(())
    }

    fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    fn state(&self) -> Result<Option<Fitted>, SearchError> {
        Ok(self.fitted.clone())
    }

    fn set_state(&mut self, fitted: Option<Fitted>, ledger: &Ledger) -> Result<(), String> {
        let n = ledger.entries().len();
        if let Some(fitted) = &fitted
            && fitted.entries as usize > n
        {
            return Err(format!(
                "it was fitted to {} values, but there are {n}",
                fitted.entries
            ));
        }
        self.fitted = fitted;
        self.model = None;
        Ok(())
    }
}

/// What the kernel sees of an architecture: the decisions that build the canonical one of its class.
fn point(space: &dyn SearchSpace, arch: &Arch) -> Option<Point> {
    let canonical = space.canonical(arch);
    let actions = decisions(space, &canonical).or_else(|| decisions(space, arch))?;
    Some(actions.into_iter().map(|action| action.0).collect())
}

fn merits(entries: &[Entry]) -> Vec<Merit> {
    entries.iter().map(|entry| entry.merit).collect()
}

/// Mean and standard deviation; a deviation of 1 where all values are the same.
fn scale_of(values: &[f64]) -> (f64, f64) {
    let n = f64::from(narrow(values.len().max(1)));
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    let deviation = variance.sqrt();
    // Compared so that what is no number is refused, too.
    if deviation > 1e-12 * mean.abs().max(f64::MIN_POSITIVE) {
        (mean, deviation)
    } else {
        (mean, 1.0)
    }
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).expect("invariant: the budget bounds the entries, and is a u32")
}
