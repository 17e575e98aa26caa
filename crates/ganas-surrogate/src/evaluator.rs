//! The evaluator that asks a surrogate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_space::{Arch, SearchSpace};

use ganas_eval::{
    EvalError, Evaluator, Measurement, MetricOverrides, MetricPair, MetricRole, Property, Query,
    ReportMetric, SearchMetric, SelectionKind,
};
use ganas_space::suggestion::closest;

use ganas_formats::MaxUnpacked;

use crate::SurrogateError;

use super::accel::AccelEnsemble;
use super::folder::Folder;
use super::model::{Model, Prediction};
use super::nasbench301::Nasbench301;
use super::once_for_all::OnceForAll;
use super::yahpo::Yahpo;

/// The costs that every space has.
const COSTS: [Prediction; 2] = [
    Prediction {
        name: "params",
        role: MetricRole::Cost,
        epochs: None,
    },
    Prediction {
        name: "flops",
        role: MetricRole::Cost,
        epochs: None,
    },
];

/// Answers queries with the predictions of a surrogate, and with the costs of the space.
#[derive(Debug)]
pub struct SurrogateEvaluator {
    folder: PathBuf,
    sha256: String,
    space: Arc<dyn SearchSpace>,
    model: Box<dyn Model>,
    search: usize,
    report: usize,
    /// The predictions that are returned as objectives.
    further: Vec<usize>,
    metric_pair: MetricPair,
}

impl SurrogateEvaluator {
    /// Opens the surrogate of a space, to search on the prediction `search` and to record `report`.
    ///
    /// The first prediction is searched on when none is named, and what is searched on is recorded when nothing else
    /// is named.
    ///
    /// # Errors
    ///
    /// [`SurrogateError::NoSurrogate`] when the folder holds none of the space, [`SurrogateError::File`] when a file is
    /// damaged, [`SurrogateError::UnknownPrediction`], and [`SurrogateError::UnknownDirection`] when the name of what is
    /// searched on does not say which values are better.
    pub fn open(
        folder: impl AsRef<Path>,
        space: Arc<dyn SearchSpace>,
        search: Option<&str>,
        report: Option<&str>,
    ) -> Result<Self, SurrogateError> {
        Self::open_bounded(folder, space, search, report, MaxUnpacked::default())
    }

    /// The same with another bound on what its files may unpack to than their sizes set.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_bounded(
        folder: impl AsRef<Path>,
        space: Arc<dyn SearchSpace>,
        search: Option<&str>,
        report: Option<&str>,
        max_unpacked: MaxUnpacked,
    ) -> Result<Self, SurrogateError> {
        let mut folder = Folder::bounded(folder.as_ref(), max_unpacked);
        let model = open_model(&mut folder, space.name())?;
        let names: Vec<&str> = all(&*model).map(|p| p.name).collect();
        let place = |name: &str| {
            names
                .iter()
                .position(|known| *known == name)
                .ok_or_else(|| SurrogateError::UnknownPrediction {
                    name: name.to_owned(),
                    suggestion: closest(name, names.iter().copied()),
                    known: names.join(", "),
                })
        };
        let search = search.map_or(Ok(0), place)?;
        let report = report.map_or(Ok(search), place)?;
        let infos: Vec<&Prediction> = all(&*model).collect();
        let [of_search, of_report] = [search, report].map(|at| infos[at].meaning());
        let metric_pair = MetricPair {
            search: infos[search].name.to_owned(),
            search_direction: of_search.known_direction(infos[search].name)?,
            report: infos[report].name.to_owned(),
            report_direction: of_report.direction,
            kind: SelectionKind::Predicted,
            search_epochs: infos[search].epochs,
            report_epochs: infos[report].epochs,
        };
        Ok(Self {
            folder: folder.path().to_owned(),
            sha256: folder.sha256(),
            space,
            model,
            search,
            report,
            further: Vec::new(),
            metric_pair,
        })
    }

    /// The same surrogate, of whose predictions the user declares something else than is known.
    #[must_use]
    pub fn declared(mut self, overrides: &MetricOverrides) -> Self {
        let declared = |at: usize| {
            let prediction = all(&*self.model).nth(at)?;
            let mut meaning = prediction.meaning();
            overrides.apply(prediction.name, &mut meaning);
            meaning.direction
        };
        let [search, report] = [self.search, self.report].map(declared);
        self.metric_pair.search_direction = search.unwrap_or(self.metric_pair.search_direction);
        self.metric_pair.report_direction = report.or(self.metric_pair.report_direction);
        self
    }

    /// Returns further predictions with each measurement, as its objectives: those of these names that it has, in their
    /// order. Their names come back.
    pub fn measure_too(&mut self, names: &[String]) -> Vec<String> {
        let infos: Vec<&Prediction> = all(&*self.model).collect();
        let found = names
            .iter()
            .filter_map(|name| infos.iter().position(|info| info.name == name));
        self.further = found.collect();
        self.further
            .iter()
            .map(|&at| infos[at].name.to_owned())
            .collect()
    }

    /// Where the surrogate of a space usually lies below a folder of benchmark data; `None` when none is known.
    #[must_use]
    pub fn usual_folder(space: &str) -> Option<&'static str> {
        let kind = SURROGATES.iter().find(|kind| kind.space == space)?;
        Some(kind.usual_folder)
    }

    /// The folder that it was opened from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A fingerprint of the files that it consists of, hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// What it predicts, and the costs of the space.
    pub fn predictions(&self) -> impl Iterator<Item = &Prediction> {
        all(&*self.model)
    }

    /// What it knows of an architecture without a prediction, beside the costs of the space: constraints can bound it.
    #[must_use]
    pub fn properties(&self) -> Vec<Arc<dyn Property>> {
        self.model.properties()
    }

    /// All predictions for the canonical form of an architecture, and its costs, in the order of
    /// [`Self::predictions`].
    ///
    /// # Errors
    ///
    /// [`SurrogateError::File`] when the model does not fit the architecture.
    pub fn predict(&self, arch: &Arch) -> Result<Vec<f64>, SurrogateError> {
        let arch = self.space.canonical(arch);
        let mut values = self.model.predict(&arch)?;
        for (prediction, value) in self.model.predictions().iter().zip(&values) {
            if !value.is_finite() {
                return Err(SurrogateError::File {
                    file: self.folder.clone(),
                    place: format!("the prediction `{}`", prediction.name),
                    problem: format!(
                        "{value} for an architecture of the space; expected a finite number"
                    ),
                });
            }
        }
        let costs = self.space.costs();
        let cost = costs.map(|costs| costs.cost(&arch));
        let cost = cost.expect("invariant: spaces with a surrogate have costs");
        values.extend([cost.parameters, cost.flops].map(|count| {
            rounded(count.expect("invariant: spaces with a surrogate know parameters and FLOPs"))
        }));
        Ok(values)
    }
}

impl Evaluator for SurrogateEvaluator {
    fn metric_pair(&self) -> &MetricPair {
        &self.metric_pair
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        let values = self.predict(query.arch)?;
        Ok(Measurement {
            search: SearchMetric::new(values[self.search], self.metric_pair.search_direction),
            report: ReportMetric(values[self.report]),
            objectives: self.further.iter().map(|&at| values[at]).collect(),
            violation: 0.0,
        })
    }
}

/// How a surrogate is told and opened.
struct Kind {
    space: &'static str,
    usual_folder: &'static str,
    files: &'static str,
    is_here: fn(&Folder) -> bool,
    open: fn(&mut Folder) -> Result<Box<dyn Model>, SurrogateError>,
}

const SURROGATES: [Kind; 5] = [
    Kind {
        space: "darts",
        usual_folder: "nasbench301/yahpo_nb301",
        files: "graph.json.gz (or graph.json), tensors.bin and encoding.json of YAHPO's NAS-Bench-301 surrogate",
        is_here: |folder| {
            has_any(
                folder,
                &[
                    "tensors.bin",
                    "encoding.json",
                    "graph.json.gz",
                    "graph.json",
                ],
            )
        },
        open: |folder| Ok(Box::new(Yahpo::open(folder)?)),
    },
    Kind {
        space: "darts",
        usual_folder: "nasbench301/nb_models",
        files: "folders with surrogate_model.model and model_config.json of NAS-Bench-301's xgb ensemble",
        is_here: Nasbench301::is_here,
        open: |folder| Ok(Box::new(Nasbench301::open(folder)?)),
    },
    Kind {
        space: "mbconv",
        usual_folder: "accel_nasbench/xgb_accuracy_ensemble",
        files: "feature_order.json and member_0.xgboost.json.gz (or member_0.surrogate_model.model.gz), and so on, of Accel-NASBench's accuracy ensemble",
        is_here: AccelEnsemble::is_here,
        open: |folder| Ok(Box::new(AccelEnsemble::open(folder)?)),
    },
    Kind {
        space: "ofa-mbv3",
        usual_folder: "ofa",
        files: "ofa_acc_predictor.json and ofa_acc_predictor.f32.bin of once-for-all",
        is_here: |folder| {
            has_any(
                folder,
                &["ofa_acc_predictor.json", "ofa_acc_predictor.f32.bin"],
            )
        },
        open: |folder| Ok(Box::new(OnceForAll::open_mbv3(folder)?)),
    },
    Kind {
        space: "ofa-proxyless",
        usual_folder: "ofa",
        files: "proxyless_acc_predictor.json and proxyless_acc_predictor.f32.bin of once-for-all's ProxylessNAS",
        is_here: |folder| {
            has_any(
                folder,
                &[
                    "proxyless_acc_predictor.json",
                    "proxyless_acc_predictor.f32.bin",
                ],
            )
        },
        open: |folder| Ok(Box::new(OnceForAll::open_proxyless(folder)?)),
    },
];

/// Whether a part of a surrogate is there: the others are missing then, which is told when it is opened.
fn has_any(folder: &Folder, names: &[&str]) -> bool {
    names.iter().any(|name| folder.has(name))
}

fn open_model(folder: &mut Folder, space: &str) -> Result<Box<dyn Model>, SurrogateError> {
    let kinds: Vec<&Kind> = SURROGATES
        .iter()
        .filter(|kind| kind.space == space)
        .collect();
    if let Some(kind) = kinds.iter().find(|kind| (kind.is_here)(folder)) {
        return (kind.open)(folder);
    }
    let expected = if kinds.is_empty() {
        let mut spaces: Vec<&str> = SURROGATES.iter().map(|kind| kind.space).collect();
        spaces.dedup();
        format!(
            "a space that surrogates are known of ({})",
            spaces.join(", ")
        )
    } else {
        let files: Vec<&str> = kinds.iter().map(|kind| kind.files).collect();
        files.join("; or ")
    };
    Err(SurrogateError::NoSurrogate {
        folder: folder.path().to_owned(),
        space: space.to_owned(),
        expected,
    })
}

fn all(model: &dyn Model) -> impl Iterator<Item = &Prediction> {
    model.predictions().iter().chain(&COSTS)
}

/// Costs are far below 2^53, so nothing is rounded.
fn rounded(count: u64) -> f64 {
    count as f64
}
