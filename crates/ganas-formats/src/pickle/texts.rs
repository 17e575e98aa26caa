//! The texts of a pickle, and the memory that they take.

use std::sync::Arc;

use indexmap::IndexSet;

use super::heap::{Value, allocated};
use super::text::Text;

/// An entry of a set of shared texts: the text, its hash, and its place in the index.
const SHARED_ENTRY_BYTES: u64 = 48;

/// The texts of a pickle.
#[derive(Default)]
pub(super) struct Texts {
    /// The memory of the long texts and bytes that may be dropped with the entry that they belong to.
    pub(super) n_bytes: u64,
    /// The memory of those in `shared`, which stay.
    pub(super) n_shared_bytes: u64,
    /// The long ones that were seen, so that equal ones share their memory: only a large file, which is read in two
    /// passes, holds enough equal texts for that to be worth a search.
    shared: Option<IndexSet<Arc<str>>>,
}

impl Texts {
    /// Shares the memory of equal long texts from now on.
    pub(super) fn share(&mut self) {
        self.shared = Some(IndexSet::new());
    }

    /// The text as a value.
    pub(super) fn value(&mut self, text: &str) -> Value {
        if let Some(short) = Text::short(text) {
            return Value::Text(short);
        }
        let known = self.shared.as_ref().and_then(|shared| shared.get(text));
        if let Some(known) = known {
            return Value::Text(Text::shared(Arc::clone(known)));
        }
        let long: Arc<str> = text.into();
        let n_bytes = allocated(text.len());
        if let Some(shared) = &mut self.shared {
            shared.insert(Arc::clone(&long));
            self.n_shared_bytes += n_bytes + SHARED_ENTRY_BYTES;
        } else {
            self.n_bytes += n_bytes;
        }
        Value::Text(Text::shared(long))
    }
}
