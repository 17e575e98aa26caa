//! A network as a list of nodes over tensors: what a small ONNX model is, written out without protobuf.
//!
//! `graph.json` holds the nodes in the order of computation and says where each tensor lies in `tensors.bin`
//! (little-endian, row-major).
//! The operations are those that the published surrogates use, for inputs with one row; an unknown one is an error
//! when the file is opened.

mod limits;
mod ops;

use std::collections::BTreeMap;

use ndarray::ArrayD;
use serde::Deserialize;

use crate::SurrogateError;

use super::folder::File;

pub(super) use self::ops::dot;

use self::limits::{MAX_NODES, MAX_TENSORS, Usage, n_values};
use self::ops::Op;

/// A tensor of floats or integers.
#[derive(Clone, Debug)]
pub(super) enum Tensor {
    Floats(ArrayD<f32>),
    Ints(ArrayD<i64>),
}

impl Tensor {
    pub(super) fn shape(&self) -> &[usize] {
        match self {
            Self::Floats(x) => x.shape(),
            Self::Ints(x) => x.shape(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Floats(x) => x.len(),
            Self::Ints(x) => x.len(),
        }
    }
}

/// A network that is ready to run.
#[derive(Debug)]
pub(super) struct TensorGraph {
    nodes: Vec<Node>,
    /// The tensors of the file, by the number of their value; none for what is computed.
    stored: Vec<Option<Tensor>>,
    inputs: BTreeMap<String, usize>,
    output: usize,
}

#[derive(Debug)]
struct Node {
    op: Op,
    inputs: Vec<usize>,
    output: usize,
}

/// `graph.json`.
#[derive(Debug, Deserialize)]
struct Dump {
    inputs: BTreeMap<String, String>,
    cat_names: Vec<String>,
    output: Vec<String>,
    tensors: Vec<TensorInfo>,
    nodes: Vec<NodeInfo>,
}

#[derive(Debug, Deserialize)]
struct TensorInfo {
    name: String,
    shape: Vec<usize>,
    dtype: String,
    offset: usize,
    bytes: usize,
}

#[derive(Debug, Deserialize)]
struct NodeInfo {
    op: String,
    #[serde(rename = "in")]
    inputs: Vec<String>,
    #[serde(rename = "out")]
    outputs: Vec<String>,
    attr: serde_json::Map<String, serde_json::Value>,
}

impl TensorGraph {
    /// Reads a graph, and the names of its categorical inputs.
    pub(super) fn read(
        graph: &File,
        tensors: &File,
    ) -> Result<(Self, Vec<String>), SurrogateError> {
        let dump: Dump = graph.json()?;
        for (place, n, most) in [
            ("`nodes`", dump.nodes.len(), MAX_NODES),
            ("`tensors`", dump.tensors.len(), MAX_TENSORS),
        ] {
            if n > most {
                return Err(graph.problem(place, format!("{n} of them; the limit is {most}")));
            }
        }
        let mut usage = Usage::default();
        let mut names = Names::default();
        let inputs: BTreeMap<String, usize> = dump
            .inputs
            .into_keys()
            .map(|name| (name.clone(), names.define(name)))
            .collect();
        let mut stored = vec![None; names.len()];
        for info in &dump.tensors {
            let tensor = stored_tensor(info, &tensors.bytes)
                .and_then(|tensor| usage.add(tensor.len(), 0).map(|()| tensor))
                .map_err(|problem| tensors.problem(format!("tensor `{}`", info.name), problem))?;
            names.define(info.name.clone());
            stored.push(Some(tensor));
        }
        let mut nodes = Vec::with_capacity(dump.nodes.len());
        for (n, info) in dump.nodes.into_iter().enumerate() {
            let problem =
                |problem: String| graph.problem(format!("node {n} ({})", info.op), problem);
            let inputs = info.inputs.iter().map(|name| {
                let unknown =
                    || problem(format!("its input `{name}` is computed nowhere before it"));
                names.get(name).ok_or_else(unknown)
            });
            let inputs = inputs.collect::<Result<_, _>>()?;
            let [output] = info.outputs.as_slice() else {
                return Err(problem("expected one output".to_owned()));
            };
            let op = Op::read(&info.op, &info.attr).map_err(problem)?;
            let output = names.define(output.clone());
            match op {
                Op::Constant(tensor) => stored.push(Some(tensor)),
                op => {
                    stored.push(None);
                    nodes.push(Node { op, inputs, output });
                }
            }
        }
        let output = match dump.output.as_slice() {
            [name] => names.get(name),
            _ => None,
        };
        let output = output.ok_or_else(|| {
            graph.problem(
                "`output`",
                "expected the name of one value that a node computes",
            )
        })?;
        let graph = Self {
            nodes,
            stored,
            inputs,
            output,
        };
        Ok((graph, dump.cat_names))
    }

    /// Computes the output; an error names the node, counted without constants, and says what is wrong.
    pub(super) fn run<const N: usize>(
        &self,
        inputs: [(&str, Tensor); N],
    ) -> Result<Tensor, (usize, String)> {
        let mut computed: Vec<Option<Tensor>> = vec![None; self.stored.len()];
        for (name, tensor) in inputs {
            let Some(&value) = self.inputs.get(name) else {
                return Err((0, format!("the network has no input `{name}`")));
            };
            computed[value] = Some(tensor);
        }
        let mut usage = Usage::default();
        for (n, node) in self.nodes.iter().enumerate() {
            let arguments: Option<Vec<&Tensor>> = node
                .inputs
                .iter()
                .map(|&value| computed[value].as_ref().or(self.stored[value].as_ref()))
                .collect();
            let arguments = arguments.ok_or((n, "an input was not given".to_owned()))?;
            let cost = node.op.cost(&arguments);
            let allowed = cost.and_then(|(values, work)| usage.add(values, work));
            let result = allowed.and_then(|()| node.op.run(&arguments));
            let result = result.map_err(|problem| (n, problem))?;
            computed[node.output] = Some(result);
        }
        computed[self.output]
            .take()
            .ok_or((self.nodes.len(), "the output is not computed".to_owned()))
    }
}

/// The numbers of the values, by name.
#[derive(Debug, Default)]
struct Names(BTreeMap<String, usize>, usize);

impl Names {
    /// Numbers a value; a name that is used again means the new value from here on.
    fn define(&mut self, name: String) -> usize {
        let number = self.1;
        self.1 += 1;
        self.0.insert(name, number);
        number
    }

    fn get(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }

    fn len(&self) -> usize {
        self.1
    }
}

fn stored_tensor(info: &TensorInfo, bytes: &[u8]) -> Result<Tensor, String> {
    let part = info
        .offset
        .checked_add(info.bytes)
        .and_then(|end| bytes.get(info.offset..end))
        .ok_or_else(|| {
            format!(
                "bytes {} to {} are beyond the end, at {}",
                info.offset,
                info.offset.saturating_add(info.bytes),
                bytes.len()
            )
        })?;
    let shape = &*info.shape;
    n_values(shape)?;
    let (found, tensor) = match info.dtype.as_str() {
        "float32" => {
            let values: Vec<f32> = part
                .as_chunks()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect();
            (values.len(), floats(shape, values))
        }
        "int64" => {
            let values: Vec<i64> = part
                .as_chunks()
                .0
                .iter()
                .map(|bytes| i64::from_le_bytes(*bytes))
                .collect();
            (values.len(), ints(shape, values))
        }
        other => return Err(format!("its type is {other}; expected float32 or int64")),
    };
    tensor.ok_or_else(|| format!("{found} values; its shape {shape:?} has another number"))
}

/// A tensor of floats; none when the shape has another number of them.
pub(super) fn floats(shape: &[usize], values: Vec<f32>) -> Option<Tensor> {
    ArrayD::from_shape_vec(shape, values)
        .ok()
        .map(Tensor::Floats)
}

/// A tensor of integers; none when the shape has another number of them.
pub(super) fn ints(shape: &[usize], values: Vec<i64>) -> Option<Tensor> {
    ArrayD::from_shape_vec(shape, values).ok().map(Tensor::Ints)
}
