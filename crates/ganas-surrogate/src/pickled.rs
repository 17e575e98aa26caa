//! A pickled `Booster` of XGBoost or LightGBM: an object whose state holds the booster as one text or bytes.

use ganas_formats::limit::{MEMORY, MaxUnpacked};
use ganas_formats::pickle::{self, Heap, Limits, Name, Value};

/// Where the state of an object has the booster; LightGBM has the second since version 4.
const CONTENT: [&str; 2] = ["handle", "_handle"];

/// The state of a pickled booster.
#[derive(Debug)]
pub(super) struct PickledBooster {
    heap: Heap,
    state: Value,
}

impl PickledBooster {
    /// Reads the pickle of an object of this class.
    pub(super) fn read(pickle: &[u8], class: Name) -> Result<Self, String> {
        let limits = Limits {
            // What is in memory already may be as long as it is.
            text_bytes: pickle.len() as u64,
            memory: MaxUnpacked::default().of(MEMORY, pickle.len() as u64),
            ..Limits::default()
        };
        let (heap, value) = pickle::read(pickle, limits).map_err(|error| error.to_string())?;
        match heap.object(&value) {
            Some((name, state)) if name == class => {
                let state = state.clone();
                Ok(Self { heap, state })
            }
            _ => Err(format!("the pickle is of something else than a {class}")),
        }
    }

    /// The booster in the library's own form.
    pub(super) fn content(&self) -> Result<&[u8], String> {
        let content = CONTENT
            .iter()
            .find_map(|key| self.heap.get(&self.state, key));
        match content {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            Some(Value::Text(text)) => Ok(text.as_bytes()),
            _ => Err("its object has no `handle`, which is the booster".to_owned()),
        }
    }

    /// A whole number of the state.
    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.heap.get(&self.state, key)?.as_i64()
    }
}
