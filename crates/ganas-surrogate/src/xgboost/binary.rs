//! The binary form of a booster in pickles of XGBoost before version 1.3; integers and numbers are little-endian.
//!
//! ```text
//! "CONFIG-offset:", u64
//! "binf"                                   since 1.1
//! base score f32, features u32, classes i32, 31 words
//! objective, booster                       u64 length and text each
//! trees i32, 39 words
//! tree: 1 word, nodes i32, 35 words
//!       node:       parent, left, right i32, split u32, threshold or value of a leaf f32
//!       statistics: 4 words a node
//! ```
//!
//! The number of parallel trees is not part of it: no tree is told apart by it.

use super::{Booster, Columns, check_kind};

const START: &[u8] = b"CONFIG-offset:";

/// The bit of a split that says where missing values go; the rest is the feature.
const DEFAULT_LEFT: u32 = 1 << 31;

const WORD: usize = 4;
const NODE: usize = 5 * WORD;
const STATISTICS: usize = 4 * WORD;

/// Reads a booster.
pub(super) fn read(bytes: &[u8]) -> Result<Booster, String> {
    let rest = bytes.strip_prefix(START).ok_or(
        "expected the content of a pickled booster: JSON, UBJSON, or `CONFIG-offset:` of an early version",
    )?;
    let mut reader = Reader { rest };
    reader.take(2 * WORD)?;
    if reader.rest.starts_with(b"binf") {
        reader.take(WORD)?;
    }
    let base_score = f32::from_le_bytes(reader.word()?);
    let n_features = reader.count("features")?;
    let n_classes = i32::from_le_bytes(reader.word()?);
    if n_classes > 1 {
        return Err(format!(
            "a classifier of {n_classes} classes; expected regression"
        ));
    }
    reader.take(31 * WORD)?;
    let (objective, booster) = (reader.text()?, reader.text()?);
    check_kind(&booster, &objective, "1")?;
    let n_trees = reader.count("trees")?;
    reader.take(39 * WORD)?;
    let mut trees = Vec::new();
    for t in 0..n_trees {
        let tree = tree(&mut reader).map_err(|problem| format!("tree {t}: {problem}"))?;
        trees.push(tree);
    }
    Booster::of_trees(base_score, n_features, trees)
}

fn tree(reader: &mut Reader<'_>) -> Result<Columns, String> {
    reader.take(WORD)?;
    let n = reader.count("nodes")?;
    reader.take(35 * WORD)?;
    let size = n.checked_mul(NODE).ok_or("too many nodes")?;
    let mut nodes = Reader {
        rest: reader.take(size)?,
    };
    // Both sizes are below that of the file, so there is no overflow.
    reader.take(n * STATISTICS)?;
    let mut columns = Columns {
        left: Vec::with_capacity(n),
        right: Vec::with_capacity(n),
        features: Vec::with_capacity(n),
        values: Vec::with_capacity(n),
    };
    for _ in 0..n {
        nodes.take(WORD)?;
        columns.left.push(i32::from_le_bytes(nodes.word()?).into());
        columns.right.push(i32::from_le_bytes(nodes.word()?).into());
        let split = u32::from_le_bytes(nodes.word()?) & !DEFAULT_LEFT;
        columns.features.push(split.into());
        columns.values.push(f32::from_le_bytes(nodes.word()?));
    }
    Ok(columns)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or_else(|| {
            format!(
                "{n} bytes should follow, and {} are left: the booster is cut short",
                self.rest.len()
            )
        })?;
        self.rest = rest;
        Ok(taken)
    }

    fn word(&mut self) -> Result<[u8; WORD], String> {
        let taken = self.take(WORD)?;
        Ok(taken
            .try_into()
            .expect("invariant: so many bytes were taken"))
    }

    /// A number of things.
    fn count(&mut self, what: &str) -> Result<usize, String> {
        let count = i32::from_le_bytes(self.word()?);
        usize::try_from(count).map_err(|_| format!("{count} {what}"))
    }

    fn text(&mut self) -> Result<String, String> {
        let [low, high] = [self.word()?, self.word()?].map(u32::from_le_bytes);
        let n = u64::from(high) << 32 | u64::from(low);
        let text = self.take(usize::try_from(n).unwrap_or(usize::MAX))?;
        String::from_utf8(text.to_vec()).map_err(|_| "a name is not UTF-8".to_owned())
    }
}
