//! Latencies of MobileNetV3 subnets on a Samsung Note10, summed up from the published look-up tables of its layers.

use std::collections::BTreeMap;
use std::sync::Arc;

use ganas_space::chain::{Chain, PlacedBlock};
use ganas_space::{Arch, CostBounds, SearchSpace};

use ganas_eval::{MetricRole, Property};

use crate::SurrogateError;

use super::folder::{File, Folder};
use super::model::Prediction;

/// The sides of the images that the space has.
const SIDES: [u64; 5] = [160, 176, 192, 208, 224];

/// Layers that every network has: one entry of each in a table.
const COMMON: [&str; 5] = ["Conv-", "Conv_1-", "AvgPool2D-", "Conv_2-", "Logits-"];

/// Stages from this one on have the hard swish activation, which the tables tell apart.
const FIRST_HARD_SWISH: usize = 2;

/// The tables, by the side of the images.
#[derive(Debug)]
pub(super) struct PhoneLatency {
    space: Arc<Chain>,
    tables: BTreeMap<u64, Table>,
}

/// Milliseconds of each layer by its name.
#[derive(Debug)]
struct Table {
    file: File,
    milliseconds: BTreeMap<String, f64>,
    /// Of the layers that every network has.
    common: f64,
}

impl PhoneLatency {
    /// The metric.
    pub(super) const PREDICTION: Prediction = Prediction {
        name: "note10_ms",
        role: MetricRole::Cost,
        epochs: None,
    };

    /// Whether a table is there; then all have to be.
    pub(super) fn is_here(folder: &Folder) -> bool {
        SIDES.iter().any(|side| folder.has(&table_name(*side)))
    }

    pub(super) fn open(folder: &mut Folder, space: Arc<Chain>) -> Result<Self, SurrogateError> {
        let tables = SIDES.map(|side| Ok((side, Table::read(folder.read(&table_name(side))?)?)));
        Ok(Self {
            space,
            tables: tables.into_iter().collect::<Result<_, SurrogateError>>()?,
        })
    }

    /// Milliseconds of an architecture.
    pub(super) fn of(&self, arch: &Arch) -> Result<f64, SurrogateError> {
        let table = &self.tables[&self.space.resolution(arch)];
        let blocks = self.space.placed_blocks(arch);
        let blocks = blocks.iter().map(|block| {
            let name = entry_name(block);
            let found = table.milliseconds.get(&name).copied();
            found.ok_or_else(|| {
                table
                    .file
                    .problem(format!("`{name}`"), "expected an entry of this name")
            })
        });
        Ok(table.common + blocks.sum::<Result<f64, SurrogateError>>()?)
    }
}

impl Property for PhoneLatency {
    fn name(&self) -> &str {
        Self::PREDICTION.name
    }

    fn value(&self, arch: &Arch) -> Option<f64> {
        self.of(arch).ok()
    }

    /// A latency is a sum over layers.
    fn bounds(&self, space: &dyn SearchSpace) -> Option<CostBounds> {
        CostBounds::new(space, &|arch| self.value(arch))
    }
}

impl Table {
    /// Reads entries of a name and, indented, `mean: milliseconds` beside other statistics.
    fn read(mut file: File) -> Result<Self, SurrogateError> {
        let text = String::from_utf8(std::mem::take(&mut file.bytes))
            .map_err(|_| file.problem("the text", "not UTF-8"))?;
        let mut milliseconds = BTreeMap::new();
        let mut name = None;
        for (n, line) in (1..).zip(text.lines()) {
            let problem = |what: &str| file.problem(format!("line {n}"), what);
            if line.trim().is_empty() {
                continue;
            }
            let (key, value) = line
                .rsplit_once(':')
                .ok_or_else(|| problem("expected `name:` or `  statistic: number`"))?;
            if !line.starts_with(' ') {
                name = Some(key.to_owned());
            } else if key.trim() == "mean" {
                let value = value.trim().parse().ok().filter(|v: &f64| v.is_finite());
                let value = value.ok_or_else(|| problem("expected a number of milliseconds"))?;
                let name = name
                    .clone()
                    .ok_or_else(|| problem("there is no name before it"))?;
                if milliseconds.insert(name, value).is_some() {
                    return Err(problem("the layer has a mean already"));
                }
            }
        }
        let common = COMMON.map(|prefix| {
            let mut found = milliseconds
                .iter()
                .filter(|(name, _)| name.starts_with(prefix));
            match (found.next(), found.next()) {
                (Some((_, value)), None) => Ok(*value),
                _ => Err(file.problem(format!("`{prefix}…`"), "expected one entry of this kind")),
            }
        });
        Ok(Self {
            common: common.into_iter().sum::<Result<f64, SurrogateError>>()?,
            milliseconds,
            file,
        })
    }
}

fn table_name(side: u64) -> String {
    format!("latency_table_note10/{side}_lookup_table.yaml")
}

/// The name of a block in a table.
fn entry_name(block: &PlacedBlock) -> String {
    let ([side, side_out], [inputs, outputs]) = (block.sides, block.channels);
    let strided = side != side_out;
    format!(
        "expanded_conv-input:{side}x{side}x{inputs}-output:{side_out}x{side_out}x{outputs}-expand:{}-kernel:{}-stride:{}-idskip:{}-se:{}-hs:{}",
        block.expanded,
        block.kernel,
        if strided { 2 } else { 1 },
        u8::from(!strided && inputs == outputs),
        u8::from(block.squeeze),
        u8::from(block.stage.is_some_and(|stage| stage >= FIRST_HARD_SWISH)),
    )
}
