//! The names that a pickle may mention.

use std::fmt;

/// A listed name; to mention any other is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// `collections.OrderedDict` and other mappings: an empty mapping when called.
    Mapping,
    /// `set` and `frozenset`.
    Set,
    /// `_codecs.encode`: how old protocols write bytes.
    Encode,
    /// `numpy.dtype`.
    NumpyType,
    /// `numpy.core.multiarray.scalar`: one number.
    NumpyScalar,
    /// `numpy.core.numeric._frombuffer`: an array from bytes, type, shape and order, as protocol 5 writes them.
    NumpyBuffer,
    /// `bytearray`: the bytes that it is called with.
    ByteArray,
    /// `xgboost.core.Booster`, an object whose state is read.
    XgboostBooster,
    /// `lightgbm.basic.Booster`, an object whose state is read.
    LightgbmBooster,
    /// Arrays, tensors, devices and the like: read as objects without content.
    Inert,
}

/// Module, name, and what they stand for.
const LISTED: &[(&str, &str, Name)] = &[
    ("collections", "OrderedDict", Name::Mapping),
    ("collections", "defaultdict", Name::Mapping),
    ("builtins", "dict", Name::Mapping),
    ("__builtin__", "dict", Name::Mapping),
    ("builtins", "set", Name::Set),
    ("__builtin__", "set", Name::Set),
    ("builtins", "frozenset", Name::Set),
    ("_codecs", "encode", Name::Encode),
    ("builtins", "bytearray", Name::ByteArray),
    ("__builtin__", "bytearray", Name::ByteArray),
    ("xgboost.core", "Booster", Name::XgboostBooster),
    ("lightgbm.basic", "Booster", Name::LightgbmBooster),
    ("numpy", "dtype", Name::NumpyType),
    ("numpy.core.multiarray", "scalar", Name::NumpyScalar),
    ("numpy._core.multiarray", "scalar", Name::NumpyScalar),
    ("numpy.core.numeric", "_frombuffer", Name::NumpyBuffer),
    ("numpy._core.numeric", "_frombuffer", Name::NumpyBuffer),
    ("numpy.core.multiarray", "_reconstruct", Name::Inert),
    ("numpy._core.multiarray", "_reconstruct", Name::Inert),
    ("numpy", "ndarray", Name::Inert),
    ("torch", "device", Name::Inert),
    ("torch", "Size", Name::Inert),
    ("torch._utils", "_rebuild_tensor", Name::Inert),
    ("torch._utils", "_rebuild_tensor_v2", Name::Inert),
    ("torch._utils", "_rebuild_parameter", Name::Inert),
    ("torch.nn.parameter", "Parameter", Name::Inert),
    ("torch", "FloatStorage", Name::Inert),
    ("torch", "DoubleStorage", Name::Inert),
    ("torch", "HalfStorage", Name::Inert),
    ("torch", "LongStorage", Name::Inert),
    ("torch", "IntStorage", Name::Inert),
    ("torch", "ByteStorage", Name::Inert),
    ("torch", "BoolStorage", Name::Inert),
];

impl Name {
    /// The meaning of a listed name.
    pub(super) fn of(module: &str, name: &str) -> Option<Self> {
        LISTED
            .iter()
            .find(|(m, n, _)| (*m, *n) == (module, name))
            .map(|(_, _, meaning)| *meaning)
    }
}

/// The first module and name that it stands for.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (module, name, _) = LISTED
            .iter()
            .find(|(.., meaning)| meaning == self)
            .expect("invariant: every name is listed");
        write!(f, "{module}.{name}")
    }
}
