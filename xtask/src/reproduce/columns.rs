//! Two CSV files whose rows belong together, as one.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use csv::{Reader, ReaderBuilder, StringRecord, Writer};
use flate2::read::MultiGzDecoder;

/// Writes the columns of two gzip'd CSV files side by side, row by row.
pub(super) fn join(files: [&Path; 2], to: &Path) -> Result<()> {
    let [mut left, mut right] = [open(files[0])?, open(files[1])?];
    let unfinished = to.with_extension("part");
    let mut writer = Writer::from_path(&unfinished)
        .with_context(|| format!("cannot write {}", unfinished.display()))?;
    let [mut a, mut b] = [StringRecord::new(), StringRecord::new()];
    loop {
        let more = left.read_record(&mut a)?;
        ensure!(
            more == right.read_record(&mut b)?,
            "{} and {} have different numbers of rows",
            files[0].display(),
            files[1].display()
        );
        if !more {
            break;
        }
        writer.write_record(a.iter().chain(&b))?;
    }
    writer.flush()?;
    std::fs::rename(&unfinished, to).with_context(|| format!("cannot write {}", to.display()))
}

fn open(path: &Path) -> Result<Reader<MultiGzDecoder<File>>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    // The header is a row like the others.
    let mut builder = ReaderBuilder::new();
    Ok(builder
        .has_headers(false)
        .from_reader(MultiGzDecoder::new(file)))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn columns_stand_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            let file = File::create(&path).unwrap();
            let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            gzip.write_all(text.as_bytes()).unwrap();
            gzip.finish().unwrap();
            path
        };
        let left = write("a.gz", "arch,x\n\"a,b\",1\nc,2\n");
        let right = write("b.gz", "y\n3\n4\n");
        let joined = folder.path().join("joined.csv");
        join([&left, &right], &joined).unwrap();
        let text = std::fs::read_to_string(&joined).unwrap();
        assert_eq!(text, "arch,x,y\n\"a,b\",1,3\nc,2,4\n");
        let longer = write("c.gz", "y\n3\n4\n5\n");
        let error = join([&left, &longer], &joined).unwrap_err();
        assert!(error.to_string().contains("different numbers of rows"));
    }
}
