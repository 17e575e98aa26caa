//! What PTX says about the kernels in it: their parameters and launch bounds.

use anyhow::{Context as _, bail};

/// An entry of PTX: a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// The type of each parameter, such as `.u64`; a structure is `.b8[SIZE]`.
    pub(super) parameters: Vec<String>,
    /// The threads of the largest block, if there are launch bounds.
    pub(super) max_threads: Option<u32>,
}

/// The entries of a PTX text, in its order.
pub(super) fn entries(ptx: &str) -> anyhow::Result<Vec<Entry>> {
    // The first piece is what stands before the first entry.
    ptx.split(".entry ").skip(1).map(entry).collect()
}

/// `NAME( .param .u64 NAME_param_0, ... ) .maxntid 256, 1, 1 {`, with what follows.
fn entry(text: &str) -> anyhow::Result<Entry> {
    let (name, rest) = text
        .split_once('(')
        .context("an entry of the PTX has no parameter list")?;
    let name = name.trim().to_owned();
    let (list, rest) = rest
        .split_once(')')
        .with_context(|| format!("the parameters of `{name}` in the PTX have no end"))?;
    let parameters = list
        .split(',')
        .filter(|parameter| !parameter.trim().is_empty())
        .map(|text| parameter(text).with_context(|| format!("`{name}` in the PTX")))
        .collect::<anyhow::Result<_>>()?;
    let (directives, _) = rest
        .split_once('{')
        .with_context(|| format!("`{name}` in the PTX has no body"))?;
    Ok(Entry {
        max_threads: max_threads(directives)
            .with_context(|| format!("`.maxntid` of `{name}` in the PTX"))?,
        name,
        parameters,
    })
}

fn parameter(text: &str) -> anyhow::Result<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        [".param", kind, _] => Ok(kind.to_owned()),
        // Newer compilers say more about pointers.
        [".param", kind, ".ptr", ..] => Ok(kind.to_owned()),
        [".param", ".align", _, kind, name] => {
            let size = name.find('[').map_or("", |bracket| &name[bracket..]);
            Ok(format!("{kind}{size}"))
        }
        _ => bail!("a parameter of an unknown form: `{}`", text.trim()),
    }
}

fn max_threads(directives: &str) -> anyhow::Result<Option<u32>> {
    let Some((_, after)) = directives.split_once(".maxntid") else {
        return Ok(None);
    };
    let numbers = after.split(['.', '\n']).next().unwrap_or(after);
    let mut product = 1;
    for number in numbers.split(',') {
        product *= number.trim().parse::<u32>()?;
    }
    Ok(Some(product))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of NVRTC 12.9.86 with `--gpu-architecture=compute_80 --fmad=false`, without the instructions.
    const RECORDED: &str = include_str!("recorded/three.sm_80.ptx");

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
        assert_eq!(entries(RECORDED).unwrap(), expected);
    }

    #[test]
    fn other_forms() {
        let ptx = ".entry a(.param .u64 .ptr .align 1 a_param_0)\n.maxntid 32, 2, 1\n.minnctapersm 2\n{\n}";
        let found = &entries(ptx).unwrap()[0];
        assert_eq!(found.parameters, [".u64"]);
        assert_eq!(found.max_threads, Some(64));
        for bad in [
            ".entry a",
            ".entry a(",
            ".entry a()",
            ".entry a(.reg x) {}",
            ".entry a()\n.maxntid x\n{}",
        ] {
            assert!(entries(bad).is_err(), "{bad}");
        }
    }
}
