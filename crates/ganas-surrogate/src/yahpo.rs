//! The network of YAHPO Gym for NAS-Bench-301 (Pfisterer and others, 2022): embeddings of the ConfigSpace keys and of
//! the epoch, three networks of different depth side by side, validation accuracy and training time.
//!
//! The network is read from a dump of its ONNX graph: nodes as JSON, and the tensors as they lie in memory.

use std::collections::BTreeMap;

use ganas_space::darts::Darts;
use ganas_space::{Arch, SearchSpace};

use ganas_eval::MetricRole;

use crate::SurrogateError;

use super::folder::{File, Folder};
use super::model::{Model, Prediction};
use super::tensor_graph::{Tensor, TensorGraph};

/// The last epoch that the surrogate was fitted on.
const EPOCH: u16 = 98;

/// The code of a key that an architecture has no value of.
const INACTIVE: &str = "#na#";

/// What the keys begin with, with a word for each colon.
const PREFIX: &str = "NetworkSelectorDatasetInfo_COLON_darts_COLON_";

/// The network's two inputs.
const CODES: &str = "x_cat";
const EPOCHS: &str = "x_cont";

const PREDICTIONS: [Prediction; 2] = [
    Prediction {
        name: "val_accuracy",
        role: MetricRole::Validation,
        epochs: Some(EPOCH as u32),
    },
    Prediction {
        name: "runtime_s",
        role: MetricRole::Cost,
        epochs: Some(EPOCH as u32),
    },
];

/// The codes of the values of each key.
type Encoding = BTreeMap<String, BTreeMap<String, i64>>;

/// The network, and how an architecture is put into numbers.
#[derive(Debug)]
pub(super) struct Yahpo {
    graph: TensorGraph,
    file: File,
    /// The keys without prefix, in the order of the input, and the codes of their values.
    keys: Vec<(String, BTreeMap<String, i64>)>,
}

impl Yahpo {
    pub(super) fn open(folder: &mut Folder) -> Result<Self, SurrogateError> {
        let mut file = folder.read_any(&["graph.json.gz", "graph.json"])?;
        let tensors = folder.read("tensors.bin")?;
        let encoding_file = folder.read("encoding.json")?;
        let (graph, names) = TensorGraph::read(&file, &tensors)?;
        let mut encoding: Encoding = encoding_file.json()?;
        let keys = names
            .into_iter()
            .map(|name| match (name.strip_prefix(PREFIX), encoding.remove(&name)) {
                (Some(key), Some(codes)) if codes.contains_key(INACTIVE) => {
                    Ok((key.to_owned(), codes))
                }
                _ => Err(encoding_file.problem(
                    format!("`{name}`"),
                    format!("expected a key of the DARTS space, with codes of its values and of `{INACTIVE}`"),
                )),
            })
            .collect::<Result<_, _>>()?;
        // Its bytes are in the graph now; the path is kept for messages.
        file.bytes = Vec::new();
        let network = Self { graph, file, keys };
        // An architecture whose prediction fails would fail every query; find out now.
        network.predict_at(&any_architecture(), EPOCH)?;
        Ok(network)
    }

    /// The two outputs after so many epochs.
    pub(super) fn predict_at(&self, arch: &Arch, epoch: u16) -> Result<[f32; 2], SurrogateError> {
        let values: BTreeMap<String, String> =
            Darts::new().config_space(arch).into_iter().collect();
        let codes = self.keys.iter().map(|(key, codes)| {
            let value = values.get(key).map_or(INACTIVE, String::as_str);
            codes.get(value).copied().ok_or_else(|| {
                self.file.problem(
                    format!("the encoding of `{key}`"),
                    format!("no code of `{value}`"),
                )
            })
        });
        let codes = codes.collect::<Result<Vec<i64>, _>>()?;
        let inputs = [
            (CODES, Tensor::ints(vec![1, codes.len()], codes)),
            (EPOCHS, Tensor::floats(vec![1, 1], vec![f32::from(epoch)])),
        ];
        let output = self
            .graph
            .run(inputs)
            .map_err(|(node, problem)| self.file.problem(format!("node {node}"), problem))?;
        output
            .as_floats()
            .and_then(|values| values.try_into().ok())
            .ok_or_else(|| {
                self.file
                    .problem("the output", "expected two numbers, accuracy and time")
            })
    }
}

/// The architecture of the first legal decisions.
fn any_architecture() -> Arch {
    let first = Darts::new().blueprint().archs().next();
    first.expect("invariant: there are architectures")
}

impl Model for Yahpo {
    fn predictions(&self) -> &[Prediction] {
        &PREDICTIONS
    }

    fn predict(&self, arch: &Arch) -> Result<Vec<f64>, SurrogateError> {
        let values = self.predict_at(arch, EPOCH)?;
        Ok(values.map(f64::from).to_vec())
    }
}
