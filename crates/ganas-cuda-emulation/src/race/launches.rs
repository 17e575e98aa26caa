//! The launches of the race check: small grids that reach all branches of a kernel.
//!
//! A file has a line for each launch; `#` begins a comment. The block is that of the kernel.
//!
//! ```text
//! launch product grid 2 2 1 arguments floats:900 floats:900 floats:900 u32:30 u32:30 u32:30
//! launch gather grid 1 1 1 arguments floats:40 floats:80 words:0,2,5,7 null f32:0.5 u32:4
//! ```
//!
//! `floats:N` and `doubles:N` are device memory with numbers that differ, `zeros:N` is N words of 0, `words:A,B,...` are
//! 32-bit integers, `null` is no memory.

use std::fmt::Write as _;

use anyhow::{Context as _, bail, ensure};

use super::{Kernel, Parameter};

/// Blocks of a launch: each is a thread of the host.
const MAX_BLOCKS: u32 = 64;

/// A launch, as checked against its kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch<'a> {
    kernel: &'a Kernel,
    grid: [u32; 3],
    /// As C++ expressions.
    arguments: Vec<String>,
}

fn launch<'a>(words: &[&str], kernels: &'a [Kernel]) -> anyhow::Result<Launch<'a>> {
    let ["launch", name, "grid", x, y, z, "arguments", arguments @ ..] = words else {
        bail!("expected `launch NAME grid X Y Z arguments ARGUMENT ...`");
    };
    let kernel = kernels
        .iter()
        .find(|kernel| kernel.name == *name)
        .with_context(|| format!("the list of kernels has no `{name}`"))?;
    let number = |word: &str| {
        word.parse::<u32>()
            .with_context(|| format!("`{word}` is no number"))
    };
    let grid = [number(x)?, number(y)?, number(z)?];
    let blocks = grid.iter().map(|&size| u64::from(size)).product::<u64>();
    ensure!(
        (1..=u64::from(MAX_BLOCKS)).contains(&blocks),
        "a launch of the race check has 1 to {MAX_BLOCKS} blocks, not {blocks}"
    );
    ensure!(
        arguments.len() == kernel.parameters.len(),
        "`{name}` has {} parameters, and {} arguments are given",
        kernel.parameters.len(),
        arguments.len()
    );
    let arguments = kernel
        .parameters
        .iter()
        .zip(arguments)
        .map(|(&parameter, text)| {
            argument(text, parameter)
                .with_context(|| format!("`{text}` for a parameter of the kind {parameter:?}"))
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(Launch {
        kernel,
        grid,
        arguments,
    })
}

/// The C++ expression of an argument.
fn argument(text: &str, parameter: Parameter) -> anyhow::Result<String> {
    let (kind, value) = text.split_once(':').unwrap_or((text, ""));
    let u32 = |bits: u32| format!("std::uint32_t{{{bits}u}}");
    let number = match (parameter, kind) {
        (Parameter::Pointer, "null") => return Ok("null()".to_owned()),
        (Parameter::Pointer, "floats" | "doubles" | "zeros") => {
            return Ok(format!("{kind}({})", value.parse::<u32>()?));
        }
        (Parameter::Pointer, "words") => {
            let words = value
                .split(',')
                .map(|word| anyhow::Ok(format!("{}u", word.parse::<u32>()?)));
            let words = words.collect::<Result<Vec<_>, _>>()?;
            return Ok(format!("words({{{}}})", words.join(", ")));
        }
        (Parameter::U32, "u32") => u32(value.parse()?),
        // By their bits, so that infinities and rounding are no question.
        (Parameter::F32, "f32") => format!(
            "std::bit_cast<float>({})",
            u32(value.parse::<f32>()?.to_bits())
        ),
        _ => bail!(
            "a pointer takes null, floats:N, doubles:N, zeros:N or words:A,B,...; a number its kind and value, as u32:5"
        ),
    };
    Ok(format!("number({number})"))
}

impl<'a> Launch<'a> {
    /// Reads a list of launches, in the form that the head of `race/launches.rs` shows.
    ///
    /// # Errors
    ///
    /// When a line has another form, or does not fit its kernel.
    pub fn parse(text: &str, kernels: &'a [Kernel]) -> anyhow::Result<Vec<Self>> {
        let mut launches = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let (form, _comment) = line.split_once('#').unwrap_or((line, ""));
            let words: Vec<&str> = form.split_whitespace().collect();
            if !words.is_empty() {
                let launch = launch(&words, kernels);
                launches.push(launch.with_context(|| format!("line {number}: `{line}`"))?);
            }
        }
        Ok(launches)
    }

    /// The name of the kernel.
    pub fn kernel(&self) -> &str {
        &self.kernel.name
    }

    /// A call of `launch` in cpp/race/race.h.
    fn call(&self) -> String {
        let [x, y, z] = self.grid;
        let [threads_x, threads_y] = self.kernel.block;
        format!(
            "launch(\"{}\", {{{x}, {y}, {z}}}, {{{threads_x}, {threads_y}, 1}}, {}, {{{}}});",
            self.kernel.name,
            self.kernel.shared,
            self.arguments.join(", ")
        )
    }
}

/// A C++ program that makes the launches.
pub(super) fn program(launches: &[Launch<'_>]) -> String {
    let mut text = "// Written by the race check.\n\
        #include <bit>\n#include \"race/race.h\"\n\
        using namespace emulation::race;\n\nint main() {\n"
        .to_owned();
    for launch in launches {
        writeln!(text, "  {}", launch.call()).expect("strings take all text");
    }
    text + "}\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernels() -> [Kernel; 1] {
        [Kernel {
            name: "scale".to_owned(),
            block: [32, 2],
            shared: 64,
            parameters: vec![Parameter::Pointer, Parameter::F32, Parameter::U32],
        }]
    }

    #[test]
    fn launches_become_calls() {
        let text = "# a comment\n\nlaunch scale grid 2 1 1 arguments floats:40 f32:0.5 u32:4294967295 # another\n\
            launch scale grid 1 1 1 arguments words:1,2 f32:inf u32:3\n";
        let kernels = kernels();
        let launches = Launch::parse(text, &kernels).unwrap();
        assert_eq!(launches[0].kernel(), "scale");
        let program = program(&launches);
        for call in [
            "launch(\"scale\", {2, 1, 1}, {32, 2, 1}, 64, {floats(40), \
             number(std::bit_cast<float>(std::uint32_t{1056964608u})), number(std::uint32_t{4294967295u})});",
            "launch(\"scale\", {1, 1, 1}, {32, 2, 1}, 64, {words({1u, 2u}), \
             number(std::bit_cast<float>(std::uint32_t{2139095040u})), number(std::uint32_t{3u})});",
        ] {
            assert!(program.contains(call), "{program}");
        }
    }

    #[test]
    fn bad_launches_are_named() {
        for (line, message) in [
            ("start scale", "expected `launch NAME"),
            ("launch other grid 1 1 1 arguments", "no `other`"),
            (
                "launch scale grid 1 1 1 arguments null",
                "3 parameters, and 1 arguments",
            ),
            (
                "launch scale grid 9 9 1 arguments null f32:1 u32:1",
                "1 to 64 blocks, not 81",
            ),
            (
                "launch scale grid 0 1 1 arguments null f32:1 u32:1",
                "not 0",
            ),
            (
                "launch scale grid 1 1 1 arguments u32:1 f32:1 u32:1",
                "`u32:1` for a parameter of the kind Pointer",
            ),
            (
                "launch scale grid 1 1 1 arguments null f32:x u32:1",
                "`f32:x`",
            ),
            (
                "launch scale grid 1 1 1 arguments null u32:1 f32:1",
                "the kind F32",
            ),
            (
                "launch scale grid 1 1 1 arguments words:1,,2 f32:1 u32:1",
                "`words:1,,2`",
            ),
        ] {
            let error = Launch::parse(&format!("\n{line}\n"), &kernels()).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.starts_with("line 2: "), "{error}");
            assert!(error.contains(message), "{line}: {error}");
        }
    }
}
