//! Study files: each is written to a file of its own, opened, and exported.

#![no_main]

use ganas_store::{Export, ExportFormat, RunFilter, Study};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("s.db");
    std::fs::write(&path, data).expect("a file in it");
    if let Ok(study) = Study::open_read_only(&path) {
        let filter = RunFilter::default();
        let _ = study.export(&mut Vec::new(), &Export::new(ExportFormat::JsonLines));
        let _ = study.top(10, &filter);
    }
});
