//! The arguments that say what is searched for: constraints, objectives, and a network to improve.

use std::path::PathBuf;

use ganas::{ACCURACY, Experiment, GivenBound, Goals, ReferencePoint};

/// What must hold of every architecture that is evaluated, and what is searched for.
#[derive(Debug, clap::Args)]
pub(crate) struct GoalArguments {
    /// A bound that every evaluated architecture satisfies, for example `params <= 3.0e6` or `cifar10_raspi4_latency < 12`;
    /// can be given several times, and is added to those in the description of the space. Names are `params` and `flops`,
    /// the costs that the description names, the metrics of the table, those of --properties, and what a surrogate looks
    /// up, such as `note10_ms` of ofa-mbv3.
    /// With --improve, `base` is the value of the given network: `params <= 0.9 * base`.
    #[arg(long = "constraint", value_name = "NAME <= NUMBER")]
    constraints: Vec<GivenBound>,
    /// A table of this space, or a CSV file, whose columns constraints can name; can be given several times.
    #[arg(long, value_name = "FILE")]
    properties: Vec<PathBuf>,
    /// Starts from this network and its neighbourhood: the text of an architecture, or the name of a member of the space
    /// such as `efficientnet-b0`. Bounds can then name its values: `params <= base`, `flops < 0.9 * base`.
    #[arg(long, value_name = "ARCH")]
    improve: Option<String>,
    /// What is searched for: `accuracy`, the metric that is searched on; or the front of several, such as
    /// `accuracy,-params`, where a minus says that smaller is better. Names are `accuracy`, `params`, `flops`, the costs
    /// that the description of a space names, the metrics of the table, those of --properties, what the surrogate predicts and what --evaluator returns; never the metric
    /// that is reported. With --improve it can be one cost that is made small, which needs a bound on the metric:
    /// `--objective params --constraint 'accuracy >= base'`.
    #[arg(long, value_name = "NAMES", default_value = ACCURACY, allow_hyphen_values = true)]
    objective: Goals,
    /// From where the hypervolume of the front is measured: a value for each objective, `accuracy=0,params=2e6`; what is
    /// worse in one of them adds nothing [default: the worst values among the first 10 classes of each run].
    #[arg(long, value_name = "NAME=VALUE,...", allow_hyphen_values = true)]
    reference_point: Option<ReferencePoint>,
}

impl GoalArguments {
    /// Adds them to an experiment.
    pub(crate) fn add_to(&self, mut experiment: Experiment) -> Experiment {
        for bound in &self.constraints {
            experiment = experiment.constraint(bound.clone());
        }
        for table in &self.properties {
            experiment = experiment.properties(table);
        }
        if let Some(network) = &self.improve {
            experiment = experiment.improve(network);
        }
        if let Some(point) = &self.reference_point {
            experiment = experiment.reference_point(point.clone());
        }
        experiment.objectives(self.objective.clone())
    }
}
