//! `cargo xtask kernels check`: every kernel compiles for every architecture, has the parameters that the host passes,
//! and keeps all its variables in registers.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use super::compile;
use super::occupancy::Architecture;
use super::ptx::{Entry, entries};
use super::ptxas::{Resources, resources};
use super::set::{Kernel, KernelSet};
use super::tools::{ToolOptions, Tools};
use crate::text_table;

/// Options of `cargo xtask kernels check`.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckOptions {
    #[command(flatten)]
    tools: ToolOptions,
    /// A file with source and kernels [default: those of ganas-gnn].
    #[arg(long, value_name = "FILE")]
    kernels: Option<std::path::PathBuf>,
    /// The architectures to compile for.
    #[arg(long, value_delimiter = ',', default_values_t = ARCHITECTURES)]
    architectures: Vec<u32>,
}

/// The architectures that kernels are compiled for by default: Turing, Ampere and Hopper.
const ARCHITECTURES: [u32; 3] = [75, 80, 90];

impl CheckOptions {
    /// The kernels of ganas-gnn, with the tools that a Python has as packages.
    pub(super) fn with_python(python: &Path) -> Self {
        Self {
            tools: ToolOptions::of_python(python),
            kernels: None,
            architectures: ARCHITECTURES.to_vec(),
        }
    }
}

/// Checks all kernels and prints a table.
pub(super) fn run(root: &Path, options: &CheckOptions) -> anyhow::Result<()> {
    let tools = options.tools.find()?;
    let architectures: Vec<_> = options
        .architectures
        .iter()
        .map(|&number| Architecture::find(number))
        .collect::<anyhow::Result<_>>()?;
    let set = KernelSet::load(root, options.kernels.as_deref())?;
    ensure!(!set.kernels.is_empty(), "there are no kernels to check");
    let folder = root.join("target").join("kernels");
    println!("NVRTC {}", tools.nvrtc.display());
    println!("ptxas {}", tools.ptxas.display());
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    for architecture in architectures {
        let ptx = compile::ptx(&folder, &tools, &set, architecture.number)?;
        let text = std::fs::read_to_string(&ptx)
            .with_context(|| format!("cannot read {}", ptx.display()))?;
        let assembled = resources(&assemble(&tools, &ptx, architecture.number)?)?;
        let found = compare(&set, &entries(&text)?, &assembled, architecture);
        rows.extend(found.rows);
        problems.extend(found.problems);
    }
    println!("{}", table(&rows));
    for problem in &problems {
        println!("error: {problem}");
    }
    ensure!(problems.is_empty(), "{} problems", problems.len());
    Ok(())
}

/// What ptxas says.
fn assemble(tools: &Tools, ptx: &Path, architecture: u32) -> anyhow::Result<String> {
    let output = Command::new(&tools.ptxas)
        .args(["-v", "--warn-on-spills", "--warn-on-local-memory-usage"])
        .arg(format!("-arch=sm_{architecture}"))
        .arg(ptx)
        .arg("-o")
        .arg(ptx.with_extension("cubin"))
        .output()
        .with_context(|| format!("cannot start {}", tools.ptxas.display()))?;
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        bail!(
            "ptxas ended with {} for sm_{architecture}:\n{messages}",
            output.status
        );
    }
    Ok(messages)
}

/// A kernel on an architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    name: String,
    architecture: u32,
    block: [u32; 2],
    registers: u32,
    /// Static and dynamic.
    shared: u32,
    blocks: u32,
    /// In percent.
    occupancy: u32,
}

#[derive(Debug, Default)]
struct Comparison {
    rows: Vec<Row>,
    problems: Vec<String>,
}

/// Holds what the host knows against what the compiler and the assembler say.
fn compare(
    set: &KernelSet,
    entries: &[Entry],
    assembled: &[Resources],
    architecture: Architecture,
) -> Comparison {
    let mut comparison = Comparison::default();
    for entry in entries {
        if !set.kernels.iter().any(|kernel| kernel.name == entry.name) {
            comparison.problems.push(format!(
                "`{}` is in the source, but not in the list of kernels",
                entry.name
            ));
        }
    }
    for kernel in &set.kernels {
        let name = &kernel.name;
        let entry = entries.iter().find(|entry| entry.name == *name);
        let resources = assembled.iter().find(|resources| resources.name == *name);
        let (Some(entry), Some(resources)) = (entry, resources) else {
            comparison.problems.push(format!(
                "`{name}` is in the list of kernels, but not in the source as extern \"C\" __global__"
            ));
            continue;
        };
        let row = row(kernel, resources, architecture);
        let problems = problems(kernel, entry, resources, &row);
        let on = format!("`{name}` on sm_{}", architecture.number);
        comparison.problems.extend(
            problems
                .into_iter()
                .map(|problem| format!("{on}: {problem}")),
        );
        comparison.rows.push(row);
    }
    comparison
}

fn row(kernel: &Kernel, resources: &Resources, architecture: Architecture) -> Row {
    let shared = resources.shared + kernel.shared;
    let blocks = architecture.blocks(kernel.threads(), resources.registers, shared);
    Row {
        name: kernel.name.clone(),
        architecture: architecture.number,
        block: kernel.block,
        registers: resources.registers,
        shared,
        blocks,
        occupancy: architecture.occupancy(blocks, kernel.threads()),
    }
}

/// Shared memory of a block that needs no attribute, in bytes.
const SHARED: u32 = 48 * 1024;

fn problems(kernel: &Kernel, entry: &Entry, resources: &Resources, row: &Row) -> Vec<String> {
    let mut problems = Vec::new();
    let passed: Vec<_> = kernel.parameters.iter().map(|kind| kind.ptx()).collect();
    if passed != entry.parameters {
        problems.push(format!(
            "the host passes ({}), but the kernel has ({})",
            passed.join(", "),
            entry.parameters.join(", ")
        ));
    }
    let threads = kernel.threads();
    if let Some(max) = entry.max_threads.filter(|&max| threads > max) {
        problems.push(format!(
            "its launch bounds allow {max} threads, and its blocks have {threads}"
        ));
    }
    let [stores, loads] = resources.spills;
    if stores + loads > 0 {
        problems.push(format!(
            "registers are spilled, {stores} bytes of stores and {loads} bytes of loads; a smaller block or fewer live values"
        ));
    } else if resources.stack > 0 {
        problems.push(format!(
            "{} bytes of local memory: an array is indexed with something that the compiler does not know",
            resources.stack
        ));
    }
    if row.shared > SHARED {
        problems.push(format!(
            "{} bytes of shared memory, of which a block has {SHARED}",
            row.shared
        ));
    }
    if row.blocks == 0 {
        problems.push(format!(
            "a block of {threads} threads with {} registers each and {} bytes of shared memory cannot be launched",
            row.registers, row.shared
        ));
    }
    problems
}

/// The rows under their titles.
fn table(rows: &[Row]) -> String {
    let titles = [
        "kernel",
        "arch",
        "block",
        "registers",
        "shared",
        "blocks/SM",
        "occupancy",
    ];
    let cells = rows.iter().map(|row| {
        [
            row.name.clone(),
            format!("sm_{}", row.architecture),
            format!("{}x{}", row.block[0], row.block[1]),
            row.registers.to_string(),
            row.shared.to_string(),
            row.blocks.to_string(),
            format!("{}%", row.occupancy),
        ]
    });
    let lines: Vec<_> = std::iter::once(titles.map(str::to_owned))
        .chain(cells)
        .collect();
    text_table::render(&lines)
}

#[cfg(test)]
mod tests {
    use super::super::set::Parameter;
    use super::super::set::Parameter::{F32, I32, Pointer, U32};
    use super::*;

    const PTX: &str = include_str!("recorded/three.sm_80.ptx");
    const PTXAS: &str = include_str!("recorded/three.sm_80.ptxas");

    fn kernel(name: &str, threads: u32, parameters: &[Parameter]) -> Kernel {
        Kernel {
            name: name.to_owned(),
            block: [threads, 1],
            shared: 0,
            parameters: parameters.to_vec(),
        }
    }

    fn check(kernels: Vec<Kernel>) -> Comparison {
        let set = KernelSet {
            kernels,
            ..KernelSet::default()
        };
        let architecture = Architecture::find(80).unwrap();
        let (entries, resources) = (entries(PTX).unwrap(), resources(PTXAS).unwrap());
        compare(&set, &entries, &resources, architecture)
    }

    #[test]
    fn each_kind_of_problem_is_found() {
        let found = check(vec![
            kernel("scale", 256, &[Pointer, F32, U32]),
            // A structure by value, which is not in the list's kinds, and a block beyond the bounds.
            kernel("tree", 512, &[Pointer, Pointer, F32]),
            kernel("table", 32, &[Pointer, I32]),
            kernel("missing", 32, &[]),
        ]);
        let expected = [
            "`nothing` is in the source, but not in the list of kernels",
            "`tree` on sm_80: the host passes (.u64, .u64, .f32), but the kernel has (.u64, .u64, .b8[8])",
            "`tree` on sm_80: its launch bounds allow 256 threads, and its blocks have 512",
            "`table` on sm_80: 256 bytes of local memory",
            "`missing` is in the list of kernels, but not in the source",
        ];
        assert_eq!(found.problems.len(), expected.len(), "{:?}", found.problems);
        for (problem, expected) in found.problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn order_and_kind_of_arguments_count() {
        for wrong in [
            &[Pointer, U32, F32][..],
            &[Pointer, F32],
            &[Pointer, F32, U32, U32],
            &[U32, F32, U32],
        ] {
            let found = check(vec![kernel("scale", 256, wrong)]);
            let about = |problem: &&String| problem.contains("`scale`");
            assert_eq!(found.problems.iter().filter(about).count(), 1, "{wrong:?}");
        }
    }

    #[test]
    fn shared_memory_has_a_limit() {
        let mut large = kernel("scale", 256, &[Pointer, F32, U32]);
        large.shared = 50_000;
        let found = check(vec![large]);
        assert!(
            found
                .problems
                .iter()
                .any(|problem| problem.contains("50000 bytes of shared memory"))
        );
    }

    #[test]
    fn rows_stand_under_their_titles() {
        let found = check(vec![
            kernel("scale", 256, &[Pointer, F32, U32]),
            kernel("nothing", 1024, &[]),
        ]);
        let expected = "\
kernel   arch   block   registers  shared  blocks/SM  occupancy
scale    sm_80  256x1   8          0       8          100%
nothing  sm_80  1024x1  4          0       2          100%
";
        assert_eq!(table(&found.rows), expected);
    }
}
