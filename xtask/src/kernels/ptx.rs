//! What PTX says about the kernels in it, and what `ptxas -v` says about each: parameters, launch bounds, registers,
//! shared and local memory, spills.

use std::sync::LazyLock;

use anyhow::Context as _;
use regex::{Captures, Regex};

/// An entry of PTX: a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// The type of each parameter, such as `.u64`; a structure is `.b8[SIZE]`.
    pub(super) parameters: Vec<String>,
    /// The threads of the largest block, if there are launch bounds.
    pub(super) max_threads: Option<u32>,
}

/// What a kernel takes on one architecture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resources {
    pub(super) name: String,
    /// Of each thread.
    pub(super) registers: u32,
    /// Static shared memory, in bytes.
    pub(super) shared: u32,
    /// Local memory, in bytes: arrays that fit into no register, and spilled registers.
    pub(super) stack: u32,
    /// Bytes that are stored for want of registers, and loaded again.
    pub(super) spills: [u32; 2],
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("invariant: the patterns of this file are valid")
}

/// `.entry NAME( .param .u64 NAME_param_0, ... ) .maxntid 256, 1, 1 {`.
static ENTRY: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"\.entry\s+(?<name>\w+)\s*\((?<parameters>[^)]*)\)(?<bounds>[^{]*)\{")
});

/// Newer compilers say more about pointers.
static PARAMETER: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"^\.param(?: \.align \d+)? (?<kind>\.\w+)(?: \.ptr.*)? \w+(?<size>\[\d+\])?$")
});

static BOUNDS: LazyLock<Regex> = LazyLock::new(|| compiled(r"\.maxntid (\d+), (\d+), (\d+)"));

static RESOURCES: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?sx) Compiling\ entry\ function\ '(?<name>\w+)' .*?
        \ (?<stack>\d+)\ bytes\ stack\ frame,
        \ (?<stores>\d+)\ bytes\ spill\ stores,\ (?<loads>\d+)\ bytes\ spill\ loads .*?
        Used\ (?<registers>\d+)\ registers (?:[^\n]*?\ (?<shared>\d+)\ bytes\ smem)?",
    )
});

/// The entries of a PTX text, in its order.
pub(super) fn entries(ptx: &str) -> anyhow::Result<Vec<Entry>> {
    ENTRY
        .captures_iter(ptx)
        .map(|found| entry(&found))
        .collect()
}

fn entry(found: &Captures<'_>) -> anyhow::Result<Entry> {
    let name = &found["name"];
    let all = found["parameters"].split(',').map(str::trim);
    let parameters = all.filter(|text| !text.is_empty()).map(|text| {
        let form = PARAMETER.captures(text);
        let form =
            form.with_context(|| format!("`{name}` in the PTX has the parameter `{text}`"))?;
        let size = form.name("size").map_or("", |size| size.as_str());
        Ok(format!("{}{size}", &form["kind"]))
    });
    let parameters = parameters.collect::<anyhow::Result<_>>()?;
    let bounds = BOUNDS.captures(&found["bounds"]);
    let bounds = bounds.map(|bounds| bounds.extract::<3>().1.map(str::parse::<u32>));
    let max_threads = bounds.map(|bounds| bounds.into_iter().product::<Result<u32, _>>());
    Ok(Entry {
        name: name.to_owned(),
        parameters,
        max_threads: max_threads.transpose()?,
    })
}

/// Reads the messages of `ptxas -v`.
pub(super) fn resources(messages: &str) -> anyhow::Result<Vec<Resources>> {
    let resources = RESOURCES.captures_iter(messages).map(|found| {
        let number = |name| found.name(name).map_or(Ok(0), |text| text.as_str().parse());
        Ok(Resources {
            name: found["name"].to_owned(),
            registers: number("registers")?,
            shared: number("shared")?,
            stack: number("stack")?,
            spills: [number("stores")?, number("loads")?],
        })
    });
    resources.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of NVRTC 12.9.86 with `--gpu-architecture=compute_80 --fmad=false`, without the instructions.
    const PTX: &str = include_str!("recorded/three.sm_80.ptx");
    /// Of ptxas 12.9.86 with `-v -arch=sm_80 --warn-on-spills --warn-on-local-memory-usage`.
    const PTXAS: &str = include_str!("recorded/three.sm_80.ptxas");

    #[test]
    fn recorded_entries() {
        let entry = |name: &str, parameters: &[&str], max_threads| Entry {
            name: name.to_owned(),
            parameters: parameters.iter().map(|&kind| kind.to_owned()).collect(),
            max_threads,
        };
        let expected = [
            entry("scale", &[".u64", ".f32", ".u32"], None),
            entry("tree", &[".u64", ".u64", ".b8[8]"], Some(256)),
            entry("table", &[".u64", ".u32"], None),
            entry("nothing", &[], None),
        ];
        assert_eq!(entries(PTX).unwrap(), expected);
    }

    #[test]
    fn other_forms() {
        let ptx = ".entry a(.param .u64 .ptr .align 1 a_param_0)\n.maxntid 32, 2, 1\n.minnctapersm 2\n{\n}";
        let found = &entries(ptx).unwrap()[0];
        assert_eq!(found.parameters, [".u64"]);
        assert_eq!(found.max_threads, Some(64));
        assert!(entries(".entry a(.reg x) {}").is_err());
        // The comparison misses those in the list.
        assert!(entries(".entry a(").unwrap().is_empty());
    }

    #[test]
    fn recorded_messages() {
        let kernel = |name: &str, registers, shared, stack| Resources {
            name: name.to_owned(),
            registers,
            shared,
            stack,
            spills: [0, 0],
        };
        let expected = [
            kernel("nothing", 4, 0, 0),
            kernel("table", 33, 0, 256),
            kernel("tree", 10, 2048, 0),
            kernel("scale", 8, 0, 0),
        ];
        assert_eq!(resources(PTXAS).unwrap(), expected);
    }

    #[test]
    fn spills_are_read() {
        let messages = "ptxas info    : Compiling entry function 'a' for 'sm_80'\n\
            ptxas info    : Function properties for a\n    8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads\n\
            ptxas info    : Used 24 registers, used 1 barriers, 8 bytes cumulative stack size, 388 bytes cmem[0]\n";
        let found = &resources(messages).unwrap()[0];
        assert_eq!((found.stack, found.spills), (8, [4, 12]));
        assert_eq!((found.registers, found.shared), (24, 0));
    }
}
