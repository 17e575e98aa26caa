//! The operations of a tensor graph, with the meaning that ONNX gives them (operator set 12).

use serde_json::{Map, Value};

use super::tensor::{Tensor, Values};

/// The constants of the SELU activation.
const SELU_ALPHA: f32 = 1.673_263_2;
const SELU_GAMMA: f32 = 1.050_701;

/// The number of sums that a product is split into, so that the compiler can use vectors.
const LANES: usize = 16;

/// An operation with its attributes.
#[derive(Debug)]
pub(super) enum Op {
    /// A value that the file holds.
    Constant(Tensor),
    /// Parts of the first input, chosen by the second one along an axis.
    Gather {
        axis: usize,
    },
    /// All inputs along an axis.
    Concat {
        axis: usize,
    },
    /// `x Wᵀ + b`.
    Gemm,
    Selu,
    Sigmoid,
    Add,
    Subtract,
    Multiply,
    Divide,
    /// Floats of integers.
    CastToFloat,
    /// New axes of length 1 at these places.
    Unsqueeze {
        axes: Vec<usize>,
    },
    /// The lengths of the axes.
    Shape,
    /// A float everywhere; the input has the lengths of the axes.
    Fill(f32),
}

type Attributes = Map<String, Value>;

impl Op {
    /// The operation of a node, or what is not supported of it.
    pub(super) fn read(name: &str, attributes: &Attributes) -> Result<Self, String> {
        Ok(match name {
            "Constant" => Self::Constant(constant(attributes)?),
            "Gather" => Self::Gather {
                axis: axis(attributes)?,
            },
            "Concat" => Self::Concat {
                axis: axis(attributes)?,
            },
            "Gemm" => {
                let one = |name: &str| attributes.get(name).is_none_or(|v| v.as_f64() == Some(1.0));
                let transposed = attributes.get("transB").and_then(Value::as_u64) == Some(1);
                if !(one("alpha")
                    && one("beta")
                    && transposed
                    && !attributes.contains_key("transA"))
                {
                    return Err(
                        "expected factors of 1, and the second matrix transposed".to_owned()
                    );
                }
                Self::Gemm
            }
            "Selu" if attributes.is_empty() => Self::Selu,
            "Sigmoid" => Self::Sigmoid,
            "Add" => Self::Add,
            "Sub" => Self::Subtract,
            "Mul" => Self::Multiply,
            "Div" => Self::Divide,
            "Cast" if attributes.get("to").and_then(Value::as_u64) == Some(1) => Self::CastToFloat,
            "Unsqueeze" => {
                let axes = attributes.get("axes").and_then(Value::as_array);
                let axes = axes.map(|axes| axes.iter().map(small).collect::<Option<_>>());
                Self::Unsqueeze {
                    axes: axes.flatten().ok_or("expected a list of axes")?,
                }
            }
            "Shape" => Self::Shape,
            "ConstantOfShape" => match constant(attributes)?.as_floats() {
                Some([value]) => Self::Fill(*value),
                _ => return Err("expected one float".to_owned()),
            },
            _ => {
                return Err(format!(
                    "the operation {name} with {attributes:?} is not supported"
                ));
            }
        })
    }

    /// The result for some inputs, or why there is none.
    pub(super) fn run(&self, inputs: &[&Tensor]) -> Result<Tensor, String> {
        match (self, inputs) {
            (Self::Constant(tensor), []) => Ok(tensor.clone()),
            (Self::Gather { axis }, [data, indices]) => gather(data, indices, *axis),
            (Self::Concat { axis }, parts) => concat(parts, *axis),
            (Self::Gemm, [x, weight, bias]) => gemm(x, weight, bias),
            (Self::Selu, [x]) => map(x, selu),
            (Self::Sigmoid, [x]) => map(x, |x| 1.0 / (1.0 + (-x).exp())),
            (Self::Add, [a, b]) => zip(a, b, |a, b| a + b),
            (Self::Subtract, [a, b]) => zip(a, b, |a, b| a - b),
            (Self::Multiply, [a, b]) => zip(a, b, |a, b| a * b),
            (Self::Divide, [a, b]) => zip(a, b, |a, b| a / b),
            (Self::CastToFloat, [x]) => match x.values() {
                Values::Floats(_) => Ok((*x).clone()),
                Values::Ints(_) => {
                    Err("integers are cast nowhere in the known networks".to_owned())
                }
            },
            (Self::Unsqueeze { axes }, [x]) => {
                let mut shape = x.shape().to_vec();
                for &axis in axes {
                    if axis > shape.len() {
                        return Err(format!("there is no place for an axis {axis} in {shape:?}"));
                    }
                    shape.insert(axis, 1);
                }
                Ok(x.reshaped(shape))
            }
            (Self::Shape, [x]) => {
                let shape = x
                    .shape()
                    .iter()
                    .map(|side| i64::try_from(*side).unwrap_or(i64::MAX));
                Ok(Tensor::ints(vec![x.shape().len()], shape.collect()))
            }
            (Self::Fill(value), [shape]) => {
                let shape = shape.as_ints().ok_or("expected the lengths of axes")?;
                let shape: Option<Vec<usize>> = shape
                    .iter()
                    .map(|side| usize::try_from(*side).ok().filter(|s| *s < 1 << 20))
                    .collect();
                let shape = shape.ok_or("an axis has an impossible length")?;
                Ok(Tensor::floats(
                    shape.clone(),
                    vec![*value; shape.iter().product()],
                ))
            }
            _ => Err(format!(
                "{} inputs are not as many as it takes",
                inputs.len()
            )),
        }
    }
}

/// A scalar or a list, with its type.
fn constant(attributes: &Attributes) -> Result<Tensor, String> {
    let value = attributes.get("value").ok_or("expected a value")?;
    let (shape, values) = match &value["tensor"] {
        Value::Array(values) => (vec![values.len()], values.clone()),
        scalar => (Vec::new(), vec![scalar.clone()]),
    };
    let tensor = match value["dtype"].as_str() {
        Some("float32") => values
            .iter()
            .map(|v| v.as_f64().map(single))
            .collect::<Option<_>>()
            .map(|values| Tensor::floats(shape, values)),
        Some("int64") => values
            .iter()
            .map(Value::as_i64)
            .collect::<Option<_>>()
            .map(|values| Tensor::ints(shape, values)),
        _ => None,
    };
    tensor.ok_or_else(|| format!("expected float32 or int64 numbers, found {value}"))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the text is that of a single, so nothing is lost"
)]
fn single(value: f64) -> f32 {
    value as f32
}

fn axis(attributes: &Attributes) -> Result<usize, String> {
    match attributes.get("axis") {
        None => Ok(0),
        Some(axis) => small(axis).ok_or_else(|| format!("expected an axis, found {axis}")),
    }
}

fn small(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?)
        .ok()
        .filter(|axis| *axis < 8)
}

/// The lengths before an axis and after it, multiplied, and its own.
fn around(shape: &[usize], axis: usize) -> Result<(usize, usize, usize), String> {
    let own = shape
        .get(axis)
        .ok_or_else(|| format!("there is no axis {axis} in {shape:?}"))?;
    Ok((
        shape[..axis].iter().product(),
        *own,
        shape[axis + 1..].iter().product(),
    ))
}

fn gather(data: &Tensor, indices: &Tensor, axis: usize) -> Result<Tensor, String> {
    let (before, own, after) = around(data.shape(), axis)?;
    let chosen = indices.as_ints().ok_or("expected integers as indices")?;
    let places = chosen.iter().map(|&index| {
        let place = usize::try_from(index).ok().filter(|place| *place < own);
        place.ok_or_else(|| format!("the index {index} is not below {own}"))
    });
    let places = places.collect::<Result<Vec<usize>, _>>()?;
    let mut shape = data.shape()[..axis].to_vec();
    shape.extend(indices.shape());
    shape.extend(&data.shape()[axis + 1..]);
    let starts =
        (0..before).flat_map(|b| places.iter().map(move |place| (b * own + place) * after));
    Ok(match data.values() {
        Values::Floats(values) => Tensor::floats(
            shape,
            starts
                .flat_map(|start| &values[start..start + after])
                .copied()
                .collect(),
        ),
        Values::Ints(values) => Tensor::ints(
            shape,
            starts
                .flat_map(|start| &values[start..start + after])
                .copied()
                .collect(),
        ),
    })
}

fn concat(parts: &[&Tensor], axis: usize) -> Result<Tensor, String> {
    let first = parts.first().ok_or("there is nothing to concatenate")?;
    let mut shape = first.shape().to_vec();
    let (before, ..) = around(&shape, axis)?;
    let mut rows = Vec::with_capacity(parts.len());
    let mut length = 0;
    for part in parts {
        let (_, own, after) = around(part.shape(), axis)?;
        let mut expected = shape.clone();
        expected[axis] = own;
        if part.shape() != expected {
            return Err(format!("{:?} does not fit beside {shape:?}", part.shape()));
        }
        length += own;
        rows.push(own * after);
    }
    shape[axis] = length;
    /// Row by row, a stretch of each part.
    fn joined<'a, T: Copy + 'a>(parts: &[&'a [T]], rows: &[usize], before: usize) -> Vec<T> {
        let places = (0..before).flat_map(|b| {
            parts
                .iter()
                .zip(rows)
                .map(move |(p, n)| &p[b * n..(b + 1) * n])
        });
        places.flatten().copied().collect()
    }
    let floats: Option<Vec<&[f32]>> = parts.iter().map(|part| part.as_floats()).collect();
    let ints: Option<Vec<&[i64]>> = parts.iter().map(|part| part.as_ints()).collect();
    match (floats, ints) {
        (Some(parts), _) => Ok(Tensor::floats(shape, joined(&parts, &rows, before))),
        (_, Some(parts)) => Ok(Tensor::ints(shape, joined(&parts, &rows, before))),
        _ => Err("floats and integers are mixed".to_owned()),
    }
}

fn gemm(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor, String> {
    let (Some(xs), Some(weights), Some(biases)) =
        (x.as_floats(), weight.as_floats(), bias.as_floats())
    else {
        return Err("expected floats".to_owned());
    };
    match (x.shape(), weight.shape(), bias.shape()) {
        (&[rows, inner], &[outputs, wide], &[bias])
            if inner == wide && outputs == bias && inner > 0 =>
        {
            let rows_of = |x: &[f32]| -> Vec<f32> {
                weights
                    .chunks_exact(inner)
                    .zip(biases)
                    .map(|(w, b)| dot(x, w) + b)
                    .collect()
            };
            let values = xs.chunks_exact(inner).flat_map(rows_of);
            Ok(Tensor::floats(vec![rows, outputs], values.collect()))
        }
        (x, w, b) => Err(format!("the shapes {x:?}, {w:?} and {b:?} do not fit")),
    }
}

/// The sum of products, in so many sums that are added at the end.
pub(in super::super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

fn selu(x: f32) -> f32 {
    if x > 0.0 {
        SELU_GAMMA * x
    } else {
        SELU_GAMMA * (SELU_ALPHA * x.exp() - SELU_ALPHA)
    }
}

fn map(x: &Tensor, f: impl Fn(f32) -> f32) -> Result<Tensor, String> {
    let values = x.as_floats().ok_or("expected floats")?;
    Ok(Tensor::floats(
        x.shape().to_vec(),
        values.iter().map(|x| f(*x)).collect(),
    ))
}

/// Value by value; one of the two may be a single value.
fn zip(a: &Tensor, b: &Tensor, f: impl Fn(f32, f32) -> f32) -> Result<Tensor, String> {
    let (Some(xs), Some(ys)) = (a.as_floats(), b.as_floats()) else {
        return Err("expected floats".to_owned());
    };
    let (shape, values): (_, Vec<f32>) = match (xs, ys) {
        _ if a.shape() == b.shape() => (
            a.shape(),
            xs.iter().zip(ys).map(|(x, y)| f(*x, *y)).collect(),
        ),
        (_, &[y]) => (a.shape(), xs.iter().map(|x| f(*x, y)).collect()),
        (&[x], _) => (b.shape(), ys.iter().map(|y| f(x, *y)).collect()),
        _ => {
            return Err(format!(
                "the shapes {:?} and {:?} do not fit",
                a.shape(),
                b.shape()
            ));
        }
    };
    Ok(Tensor::floats(shape.to_vec(), values))
}
