//! What `ptxas -v` says about each kernel: registers, shared and local memory, spills.

use anyhow::Context as _;

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

/// Reads the messages of `ptxas -v`.
pub(super) fn resources(messages: &str) -> anyhow::Result<Vec<Resources>> {
    let mut all: Vec<Resources> = Vec::new();
    for line in messages.lines() {
        let bad = || format!("a line of ptxas in an unknown form: `{line}`");
        if let Some((_, after)) = line.split_once("Compiling entry function '") {
            let (name, _) = after.split_once('\'').with_context(bad)?;
            all.push(Resources {
                name: name.to_owned(),
                ..Resources::default()
            });
        } else if line.contains("bytes stack frame") {
            let current = all.last_mut().with_context(bad)?;
            current.stack = number_before(line, " bytes stack frame").with_context(bad)?;
            current.spills = [
                number_before(line, " bytes spill stores").with_context(bad)?,
                number_before(line, " bytes spill loads").with_context(bad)?,
            ];
        } else if line.contains(": Used ") {
            let current = all.last_mut().with_context(bad)?;
            current.registers = number_before(line, " registers").with_context(bad)?;
            current.shared = if line.contains(" bytes smem") {
                number_before(line, " bytes smem").with_context(bad)?
            } else {
                0
            };
        }
    }
    Ok(all)
}

/// The number that ends where a text begins.
fn number_before(line: &str, text: &str) -> Option<u32> {
    let before = line.split_once(text)?.0;
    before.rsplit([' ', ',']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of ptxas 12.9.86 with `-v -arch=sm_80 --warn-on-spills --warn-on-local-memory-usage`.
    const RECORDED: &str = include_str!("recorded/three.sm_80.ptxas");

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
        assert_eq!(resources(RECORDED).unwrap(), expected);
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

    #[test]
    fn lines_without_a_kernel_are_errors() {
        for bad in [
            "ptxas info    : Used 24 registers",
            "    8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads",
            "ptxas info    : Compiling entry function 'a' for\nptxas info    : Used many registers",
        ] {
            assert!(resources(bad).is_err(), "{bad}");
        }
    }
}
