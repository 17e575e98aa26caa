//! `cargo xtask kernels check`: every kernel compiles for every architecture, has the parameters that the host passes,
//! and keeps all its variables in registers.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use ganas_report::tables::TextTable;

use super::compile::Tools;
use super::occupancy::{ARCHITECTURES, Architecture};
use super::ptx::{Entry, Resources, entries, resources};
use super::{Kernel, KernelSet};
use crate::python;

/// Options of `cargo xtask kernels check`.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckOptions {
    /// A Python with NVIDIA's compiler and assembler as packages [default: an environment below target, where they are
    /// installed].
    #[arg(long)]
    python: Option<PathBuf>,
}

/// NVIDIA's compiler and assembler as Python packages.
const WHEELS: [&str; 2] = [
    "nvidia-cuda-nvrtc-cu12==12.9.86",
    "nvidia-cuda-nvcc-cu12==12.9.86",
];

/// The Python of an environment below target with the tools, or why there is none.
pub(super) fn default_python(root: &Path) -> Result<PathBuf, &'static str> {
    let python = python::environment(root).ok_or("there is no python3 with venv")?;
    let modules = "nvidia.cuda_nvrtc, nvidia.cuda_nvcc";
    if python::installed(&python, modules, &WHEELS) {
        Ok(python)
    } else {
        Err("NVRTC and ptxas are not installed, and cannot be")
    }
}

pub(super) fn run(root: &Path, options: &CheckOptions) -> anyhow::Result<()> {
    let python = match &options.python {
        Some(python) => python.clone(),
        None => default_python(root).map_err(anyhow::Error::msg)?,
    };
    check(root, &python)
}

/// Checks all kernels and prints a table.
pub(super) fn check(root: &Path, python: &Path) -> anyhow::Result<()> {
    let tools = Tools::of_python(python)?;
    let set = KernelSet::load(root)?;
    let folder = root.join("target").join("kernels");
    println!("NVRTC {}", tools.nvrtc.display());
    println!("ptxas {}", tools.ptxas.display());
    let mut comparison = Comparison::new();
    for architecture in ARCHITECTURES {
        let [ptx, messages] = tools.compile(&folder, &set, architecture.number)?;
        let (entries, assembled) = (entries(&ptx)?, resources(&messages)?);
        comparison.add(&set.kernels, &entries, &assembled, architecture);
    }
    println!("{}", comparison.table.to_text());
    for problem in &comparison.problems {
        println!("error: {problem}");
    }
    let count = comparison.problems.len();
    ensure!(count == 0, "{count} problems");
    Ok(())
}

/// What the host knows, held against what the compiler and the assembler say.
struct Comparison {
    table: TextTable,
    problems: Vec<String>,
}

/// Shared memory of a block that needs no attribute, in bytes.
const SHARED: u32 = 48 * 1024;

impl Comparison {
    fn new() -> Self {
        let titles = "kernel arch block registers shared blocks/SM occupancy";
        Self {
            table: TextTable::of_names(titles.split(' ')),
            problems: Vec::new(),
        }
    }

    /// Compares all kernels on an architecture.
    fn add(
        &mut self,
        kernels: &[Kernel],
        entries: &[Entry],
        assembled: &[Resources],
        architecture: Architecture,
    ) {
        let is_listed = |entry: &&Entry| kernels.iter().any(|kernel| kernel.name == entry.name);
        let unlisted = entries.iter().filter(|entry| !is_listed(entry));
        self.problems.extend(unlisted.map(|entry| {
            let name = &entry.name;
            format!("`{name}` is in the source, but not in the list of kernels")
        }));
        for kernel in kernels {
            let name = &kernel.name;
            let entry = entries.iter().find(|entry| entry.name == *name);
            let resources = assembled.iter().find(|resources| resources.name == *name);
            let (Some(entry), Some(resources)) = (entry, resources) else {
                self.problems.push(format!(
                    "`{name}` is in the list of kernels, but not in the source as extern \"C\" __global__"
                ));
                continue;
            };
            let number = architecture.number;
            let threads = kernel.threads();
            let blocks = architecture.blocks(threads, resources.registers, resources.shared);
            self.table.row([
                name.clone(),
                format!("sm_{number}"),
                format!("{}x{}", kernel.block[0], kernel.block[1]),
                resources.registers.to_string(),
                resources.shared.to_string(),
                blocks.to_string(),
                format!("{}%", architecture.occupancy(blocks, threads)),
            ]);
            let problems = problems(kernel, entry, resources, blocks).into_iter();
            self.problems
                .extend(problems.map(|problem| format!("`{name}` on sm_{number}: {problem}")));
        }
    }
}

fn problems(kernel: &Kernel, entry: &Entry, resources: &Resources, blocks: u32) -> Vec<String> {
    let passed = &kernel.parameters;
    let threads = kernel.threads();
    let most = entry.max_threads.unwrap_or(1024);
    let &Resources {
        registers,
        shared,
        stack,
        spills: [stores, loads],
        ..
    } = resources;
    let is_spilled = stores + loads > 0;
    let found = [
        (*passed != entry.parameters).then(|| {
            let (passed, taken) = (passed.join(", "), entry.parameters.join(", "));
            format!("the host passes ({passed}), but the kernel has ({taken})")
        }),
        (threads > most).then(|| {
            format!("its launch bounds allow {most} threads, and its blocks have {threads}")
        }),
        is_spilled.then(|| {
            format!("registers are spilled, {stores} bytes of stores and {loads} bytes of loads; a smaller block or fewer live values")
        }),
        (stack > 0 && !is_spilled).then(|| {
            format!("{stack} bytes of local memory: an array is indexed with something that the compiler does not know")
        }),
        (shared > SHARED)
            .then(|| format!("{shared} bytes of shared memory, of which a block has {SHARED}")),
        (blocks == 0).then(|| {
            format!("a block of {threads} threads with {registers} registers each and {shared} bytes of shared memory cannot be launched")
        }),
    ];
    found.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PTX: &str = include_str!("recorded/three.sm_80.ptx");
    const PTXAS: &str = include_str!("recorded/three.sm_80.ptxas");

    fn check(kernels: &[(&str, u32, &[&str])], spoil: impl Fn(&mut Resources)) -> Comparison {
        let kernels = kernels.iter().map(|&(name, threads, parameters)| Kernel {
            name: name.to_owned(),
            block: [threads, 1],
            parameters: parameters.iter().map(|&kind| kind.to_owned()).collect(),
        });
        let mut resources = resources(PTXAS).unwrap();
        resources.iter_mut().for_each(spoil);
        let mut comparison = Comparison::new();
        comparison.add(
            &kernels.collect::<Vec<_>>(),
            &entries(PTX).unwrap(),
            &resources,
            ARCHITECTURES[1],
        );
        comparison
    }

    #[test]
    fn each_kind_of_problem_is_found() {
        let kernels: [(&str, u32, &[&str]); 4] = [
            ("scale", 256, &[".u64", ".f32", ".u32"]),
            // A structure by value, which is not in the list's kinds, and a block beyond the bounds.
            ("tree", 512, &[".u64", ".u64", ".f32"]),
            ("table", 32, &[".u32", ".u64"]),
            ("missing", 32, &[]),
        ];
        let found = check(&kernels, |resources| {
            if resources.name == "scale" {
                resources.shared = 50_000;
                resources.spills = [4, 8];
                resources.registers = 300;
            }
        });
        let expected = [
            "`nothing` is in the source, but not in the list of kernels",
            "`scale` on sm_80: registers are spilled, 4 bytes of stores and 8 bytes of loads",
            "`scale` on sm_80: 50000 bytes of shared memory",
            "`scale` on sm_80: a block of 256 threads with 300 registers each",
            "`tree` on sm_80: the host passes (.u64, .u64, .f32), but the kernel has (.u64, .u64, .b8[8])",
            "`tree` on sm_80: its launch bounds allow 256 threads, and its blocks have 512",
            "`table` on sm_80: the host passes (.u32, .u64), but the kernel has (.u64, .u32)",
            "`table` on sm_80: 256 bytes of local memory",
            "`missing` is in the list of kernels, but not in the source",
        ];
        assert_eq!(found.problems.len(), expected.len(), "{:?}", found.problems);
        for (problem, expected) in found.problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn rows_stand_under_their_titles() {
        let kernels: [(&str, u32, &[&str]); 2] = [
            ("scale", 256, &[".u64", ".f32", ".u32"]),
            ("nothing", 1024, &[]),
        ];
        let expected = "\
kernel   arch   block   registers  shared  blocks/SM  occupancy
scale    sm_80  256x1   8          0       8          100%
nothing  sm_80  1024x1  4          0       2          100%
";
        assert_eq!(check(&kernels, |_| {}).table.to_text(), expected);
    }
}
