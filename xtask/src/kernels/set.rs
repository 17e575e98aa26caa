//! The kernels to check: their source, and what the host knows of each.
//!
//! They come as text, so that xtask need not be built with the backend: lines, then the source.
//!
//! ```text
//! option --fmad=false
//! kernel product block 16 16 parameters pointer pointer pointer u32 u32 u32
//! kernel prefix_sums block 256 1 shared 1024 parameters pointer pointer i32
//! source
//! #line 1 "ops/product/product.cu"
//! ...
//! ```
//!
//! `option` is one of NVRTC's, `shared` the dynamic shared memory of a launch in bytes.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};

use crate::{cargo, command_line};

/// The program that prints the kernels of ganas.
const PRINTER: [&str; 8] = [
    "run",
    "--quiet",
    "--package",
    "ganas-gnn",
    "--features",
    "cuda",
    "--example",
    "kernels",
];

/// A source and its kernels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KernelSet {
    /// Options of NVRTC, beside the architecture.
    pub(super) options: Vec<String>,
    pub(super) kernels: Vec<Kernel>,
    pub(super) source: String,
}

/// A kernel as the host launches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kernel {
    pub(super) name: String,
    /// The threads of a block, along x and y.
    pub(super) block: [u32; 2],
    /// Dynamic shared memory, in bytes.
    pub(super) shared: u32,
    pub(super) parameters: Vec<Parameter>,
}

impl Kernel {
    /// The threads of a block.
    pub(super) fn threads(&self) -> u32 {
        self.block[0] * self.block[1]
    }
}

/// The kind of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    Pointer,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl Parameter {
    const ALL: [(&'static str, Self); 7] = [
        ("pointer", Self::Pointer),
        ("u32", Self::U32),
        ("i32", Self::I32),
        ("u64", Self::U64),
        ("i64", Self::I64),
        ("f32", Self::F32),
        ("f64", Self::F64),
    ];

    /// The kind of a name.
    fn parse(name: &str) -> anyhow::Result<Self> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        let names = || Self::ALL.map(|(known, _)| known).join(", ");
        let (_, kind) = found
            .with_context(|| format!("`{name}` is no kind of parameter; there are {}", names()))?;
        Ok(*kind)
    }

    /// What PTX calls a parameter of this kind; it knows no signs and no pointers.
    pub(super) fn ptx(self) -> &'static str {
        match self {
            Self::Pointer | Self::U64 | Self::I64 => ".u64",
            Self::U32 | Self::I32 => ".u32",
            Self::F32 => ".f32",
            Self::F64 => ".f64",
        }
    }
}

impl KernelSet {
    /// The kernels in a file, or without one those of ganas.
    pub(super) fn load(root: &Path, file: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(file) = file {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the kernels in {}", file.display()))?;
            return Self::parse(&text).with_context(|| format!("{}", file.display()));
        }
        let mut command = cargo(root);
        let text = crate::output(command.args(PRINTER))
            .context("the kernels cannot be printed; name a file with them with --kernels FILE")?;
        Self::parse(&text).with_context(|| command_line(&command))
    }

    /// Reads the form that the head of this file shows.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut set = Self::default();
        let mut rest = text;
        for number in 1.. {
            let Some((line, after)) = rest.split_once('\n') else {
                bail!("the line `source`, after which the source stands, is missing");
            };
            rest = after;
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [] => {}
                ["source"] => break,
                ["option", option] => set.options.push(option.to_owned()),
                ["kernel", name, ref words @ ..] => {
                    let kernel = parse_kernel(name, words);
                    set.kernels
                        .push(kernel.with_context(|| format!("line {number}: `{line}`"))?);
                }
                _ => bail!("line {number}: expected option, kernel or source, found `{line}`"),
            }
        }
        rest.clone_into(&mut set.source);
        Ok(set)
    }
}

fn parse_kernel(name: &str, words: &[&str]) -> anyhow::Result<Kernel> {
    const FORM: &str = "expected `kernel NAME block X Y [shared BYTES] parameters KIND ...`";
    let number = |word: &str| {
        word.parse::<u32>()
            .with_context(|| format!("{FORM}; `{word}` is no number"))
    };
    let (block, words) = match words {
        ["block", x, y, rest @ ..] => ([number(x)?, number(y)?], rest),
        _ => bail!(FORM),
    };
    let (shared, words) = match words {
        ["shared", bytes, rest @ ..] => (number(bytes)?, rest),
        _ => (0, words),
    };
    let ["parameters", kinds @ ..] = words else {
        bail!(FORM);
    };
    let threads = u64::from(block[0]) * u64::from(block[1]);
    ensure!(
        (1..=1024).contains(&threads),
        "a block has 1 to 1024 threads, not {threads}"
    );
    Ok(Kernel {
        name: name.to_owned(),
        block,
        shared,
        parameters: kinds
            .iter()
            .map(|kind| Parameter::parse(kind))
            .collect::<anyhow::Result<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_read() {
        let text = "option --fmad=false\n\nkernel a block 16 8 parameters pointer f32\n\
            kernel b block 1 1 shared 64 parameters\nsource\nkernel c\n\nd\n";
        let kernel = |name: &str, block, shared, parameters: &[Parameter]| Kernel {
            name: name.to_owned(),
            block,
            shared,
            parameters: parameters.to_vec(),
        };
        let expected = KernelSet {
            options: vec!["--fmad=false".to_owned()],
            kernels: vec![
                kernel("a", [16, 8], 0, &[Parameter::Pointer, Parameter::F32]),
                kernel("b", [1, 1], 64, &[]),
            ],
            source: "kernel c\n\nd\n".to_owned(),
        };
        assert_eq!(KernelSet::parse(text).unwrap(), expected);
    }

    #[test]
    fn bad_lines_are_named() {
        for (text, message) in [
            ("kernel a block 1 1 parameters\n", "`source`"),
            ("kernels a\nsource\n", "line 1: expected option"),
            (
                "\nkernel a\nsource\n",
                "line 2: `kernel a`: expected `kernel NAME",
            ),
            (
                "kernel a block 1 1 pointer\nsource\n",
                "expected `kernel NAME",
            ),
            (
                "kernel a block 1 x parameters\nsource\n",
                "`x` is no number",
            ),
            ("kernel a block 64 32 parameters\nsource\n", "not 2048"),
            (
                "kernel a block 1 1 parameters int\nsource\n",
                "`int` is no kind",
            ),
        ] {
            let error = format!("{:#}", KernelSet::parse(text).unwrap_err());
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
