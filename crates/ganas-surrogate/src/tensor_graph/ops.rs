//! The operations of a tensor graph, with the meaning that ONNX gives them (operator set 12).

use ndarray::{Array1, Array2, ArrayD, ArrayViewD, Axis, Ix1, Ix2, Zip, concatenate};
use serde_json::{Map, Value};

use super::limits::n_values;
use super::{Tensor, floats, ints};

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
            "ConstantOfShape" => match &constant(attributes)? {
                Tensor::Floats(values) => Self::Fill(single(values).ok_or("expected one float")?),
                Tensor::Ints(_) => return Err("expected one float".to_owned()),
            },
            _ => {
                return Err(format!(
                    "the operation {name} with {attributes:?} is not supported"
                ));
            }
        })
    }

    /// How many values the result for some inputs has, and how many multiplications it takes; both are checked before
    /// anything is computed. Inputs that do not fit are found when it is.
    pub(super) fn cost(&self, inputs: &[&Tensor]) -> Result<(usize, usize), String> {
        let longest = inputs.iter().map(|x| x.len()).max().unwrap_or(0);
        Ok(match (self, inputs) {
            (Self::Gather { axis }, [data, indices]) => {
                check_axis(data.shape(), *axis)?;
                (
                    n_values(&gathered_shape(data.shape(), indices.shape(), *axis))?,
                    0,
                )
            }
            (Self::Concat { .. }, parts) => {
                let lengths = parts.iter().map(|part| part.len());
                (lengths.fold(0, usize::saturating_add), 0)
            }
            (Self::Gemm, [x, weight, _]) => match (x.shape(), weight.shape()) {
                ([rows, inner], [outputs, _]) => {
                    let values = n_values(&[*rows, *outputs])?;
                    (values, values.saturating_mul(*inner))
                }
                _ => (0, 0),
            },
            (Self::Unsqueeze { axes }, [x]) => {
                let shape = [x.shape(), &vec![1; axes.len()]].concat();
                (n_values(&shape)?, 0)
            }
            (Self::Fill(_), [Tensor::Ints(sides)]) => (n_values(&filled_shape(sides)?)?, 0),
            _ => (longest, longest),
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
            (Self::CastToFloat, [x @ Tensor::Floats(_)]) => Ok((*x).clone()),
            (Self::CastToFloat, [Tensor::Ints(_)]) => {
                Err("integers are cast nowhere in the known networks".to_owned())
            }
            (Self::Unsqueeze { axes }, [Tensor::Floats(x)]) => {
                Ok(Tensor::Floats(unsqueezed(x, axes)?))
            }
            (Self::Unsqueeze { axes }, [Tensor::Ints(x)]) => Ok(Tensor::Ints(unsqueezed(x, axes)?)),
            (Self::Shape, [x]) => {
                let sides = x
                    .shape()
                    .iter()
                    .map(|side| i64::try_from(*side).unwrap_or(i64::MAX));
                Ok(Tensor::Ints(sides.collect::<Array1<_>>().into_dyn()))
            }
            (Self::Fill(value), [Tensor::Ints(sides)]) => {
                let shape = filled_shape(sides)?;
                Ok(Tensor::Floats(ArrayD::from_elem(shape, *value)))
            }
            (Self::Fill(_), [_]) => Err("expected the lengths of axes".to_owned()),
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
            .map(|v| v.as_f64().map(to_single))
            .collect::<Option<_>>()
            .and_then(|values| floats(&shape, values)),
        Some("int64") => values
            .iter()
            .map(Value::as_i64)
            .collect::<Option<_>>()
            .and_then(|values| ints(&shape, values)),
        _ => None,
    };
    tensor.ok_or_else(|| format!("expected float32 or int64 numbers, found {value}"))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the text is that of a single, so nothing is lost"
)]
fn to_single(value: f64) -> f32 {
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

fn check_axis(shape: &[usize], axis: usize) -> Result<(), String> {
    if axis < shape.len() {
        Ok(())
    } else {
        Err(format!("there is no axis {axis} in {shape:?}"))
    }
}

fn unsqueezed<T: Clone>(x: &ArrayD<T>, axes: &[usize]) -> Result<ArrayD<T>, String> {
    let mut x = x.clone();
    for &axis in axes {
        if axis > x.ndim() {
            let shape = x.shape();
            return Err(format!("there is no place for an axis {axis} in {shape:?}"));
        }
        x = x.insert_axis(Axis(axis));
    }
    Ok(x)
}

fn gather(data: &Tensor, indices: &Tensor, axis: usize) -> Result<Tensor, String> {
    let Tensor::Ints(indices) = indices else {
        return Err("expected integers as indices".to_owned());
    };
    Ok(match data {
        Tensor::Floats(data) => Tensor::Floats(gathered(data, indices, axis)?),
        Tensor::Ints(data) => Tensor::Ints(gathered(data, indices, axis)?),
    })
}

fn gathered<T: Clone>(
    data: &ArrayD<T>,
    indices: &ArrayD<i64>,
    axis: usize,
) -> Result<ArrayD<T>, String> {
    check_axis(data.shape(), axis)?;
    let own = data.shape()[axis];
    let places = indices.iter().map(|&index| {
        let place = usize::try_from(index).ok().filter(|place| *place < own);
        place.ok_or_else(|| format!("the index {index} is not below {own}"))
    });
    let places = places.collect::<Result<Vec<usize>, _>>()?;
    let shape = gathered_shape(data.shape(), indices.shape(), axis);
    let chosen = data.select(Axis(axis), &places);
    // Copied where it lies otherwise in memory, as what was put together along a later axis does.
    match chosen.to_shape(shape) {
        Ok(chosen) => Ok(chosen.into_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The axes of the indices in the place of one of the data.
fn gathered_shape(data: &[usize], indices: &[usize], axis: usize) -> Vec<usize> {
    [&data[..axis], indices, &data[axis + 1..]].concat()
}

/// The lengths of the axes of a filled tensor.
fn filled_shape(sides: &ArrayD<i64>) -> Result<Vec<usize>, String> {
    let impossible = |side: &i64| format!("an axis has the impossible length {side}");
    let shape = sides
        .iter()
        .map(|side| usize::try_from(*side).map_err(|_| impossible(side)));
    let shape = shape.collect::<Result<Vec<usize>, _>>()?;
    n_values(&shape)?;
    Ok(shape)
}

fn concat(parts: &[&Tensor], axis: usize) -> Result<Tensor, String> {
    let (mut floats, mut ints) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Tensor::Floats(part) => floats.push(part.view()),
            Tensor::Ints(part) => ints.push(part.view()),
        }
    }
    match (floats.is_empty(), ints.is_empty()) {
        (true, true) => Err("there is nothing to concatenate".to_owned()),
        (false, true) => Ok(Tensor::Floats(concatenated(&floats, axis)?)),
        (true, false) => Ok(Tensor::Ints(concatenated(&ints, axis)?)),
        (false, false) => Err("floats and integers are mixed".to_owned()),
    }
}

fn concatenated<T: Clone>(parts: &[ArrayViewD<'_, T>], axis: usize) -> Result<ArrayD<T>, String> {
    let shapes = || parts.iter().map(|part| part.shape()).collect::<Vec<_>>();
    check_axis(parts[0].shape(), axis)?;
    concatenate(Axis(axis), parts)
        .map_err(|_| format!("the shapes {:?} do not fit beside each other", shapes()))
}

fn gemm(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor, String> {
    let (Tensor::Floats(x), Tensor::Floats(weight), Tensor::Floats(bias)) = (x, weight, bias)
    else {
        return Err("expected floats".to_owned());
    };
    let unfit = || {
        let shapes = [x, weight, bias].map(|tensor| tensor.shape());
        format!("the shapes {shapes:?} do not fit")
    };
    // Row by row in memory, so that a row is a slice.
    let [x2, weight2] = [x, weight].map(|tensor| tensor.as_standard_layout());
    let matrices = (
        x2.view().into_dimensionality::<Ix2>(),
        weight2.view().into_dimensionality::<Ix2>(),
        bias.view().into_dimensionality::<Ix1>(),
    );
    let (Ok(x), Ok(weight), Ok(bias)) = matrices else {
        return Err(unfit());
    };
    if x.ncols() != weight.ncols() || weight.nrows() != bias.len() {
        return Err(unfit());
    }
    let products = Array2::from_shape_fn((x.nrows(), weight.nrows()), |(row, output)| {
        let [x, weight] = [x.row(row), weight.row(output)].map(|row| row.to_slice());
        let contiguous = "invariant: rows are contiguous in the standard layout";
        dot(x.expect(contiguous), weight.expect(contiguous)) + bias[output]
    });
    Ok(Tensor::Floats(products.into_dyn()))
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
    match x {
        Tensor::Floats(x) => Ok(Tensor::Floats(x.mapv(f))),
        Tensor::Ints(_) => Err("expected floats".to_owned()),
    }
}

/// The value of a tensor that has one only.
fn single(x: &ArrayD<f32>) -> Option<f32> {
    x.first().copied().filter(|_| x.len() == 1)
}

/// Value by value; one of the two may be a single value.
fn zip(a: &Tensor, b: &Tensor, f: impl Fn(f32, f32) -> f32) -> Result<Tensor, String> {
    let (Tensor::Floats(a), Tensor::Floats(b)) = (a, b) else {
        return Err("expected floats".to_owned());
    };
    Ok(Tensor::Floats(if a.shape() == b.shape() {
        Zip::from(a).and(b).map_collect(|x, y| f(*x, *y))
    } else if let Some(y) = single(b) {
        a.mapv(|x| f(x, y))
    } else if let Some(x) = single(a) {
        b.mapv(|y| f(x, y))
    } else {
        let [a, b] = [a, b].map(|tensor| tensor.shape());
        return Err(format!("the shapes {a:?} and {b:?} do not fit"));
    }))
}
