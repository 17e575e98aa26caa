//! A stand-in until the real one is merged.
use crate::study::Durability;
use crate::{StoreError, Study};
#[allow(missing_docs, reason = "stub")]
impl Study {
    pub fn note_activity(
        &self,
        process: &str,
        updated: f64,
        state_json: &str,
    ) -> Result<(), StoreError> {
        self.write(Durability::Lazy, "note what is going on", |tx| {
            tx.execute("INSERT INTO activity (process, updated, state) VALUES (?1, ?2, ?3) ON CONFLICT (process) DO UPDATE SET updated = ?2, state = ?3", (process, updated, state_json))?;
            Ok(())
        })
    }
    pub fn forget_activity(&self, process: &str) -> Result<(), StoreError> {
        self.write(Durability::Lazy, "forget what went on", |tx| {
            tx.execute("DELETE FROM activity WHERE process = ?1", [process])?;
            Ok(())
        })
    }
}
