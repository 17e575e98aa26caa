//! The text form of cells with operations on vertices: `conv3x3:0 maxpool3x3:0+1 output:1+2`.
//!
//! A word for each inner vertex: its operation, and the numbers of the vertices that it reads; the input is 0, and the
//! first word is vertex 1.
//! A vertex that reads nothing has a `-`.
//! Where what the output reads follows from the rest, it has no word.

use crate::text_reader::Reader;
use crate::vertex_set::bits;
use crate::{SpaceError, registry};

use super::wiring::Frame;

/// The word of the output.
const OUTPUT: &str = "output";

/// What a text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) ops: Vec<u8>,
    /// The predecessor set of the input, of each inner vertex, and of the output if it has a word.
    pub(super) predecessors: Vec<u64>,
}

impl Words {
    pub(super) fn write(&self, frame: &Frame) -> String {
        let names = self.ops.iter().map(|op| frame.operations[usize::from(*op)]);
        let words = names.chain([OUTPUT]).zip(&self.predecessors[1..]);
        let words: Vec<String> = words
            .map(|(name, sources)| {
                let sources: Vec<String> = bits(*sources).map(|u| u.to_string()).collect();
                match sources.as_slice() {
                    [] => format!("{name}:-"),
                    sources => format!("{name}:{}", sources.join("+")),
                }
            })
            .collect();
        words.join(" ")
    }

    /// Reads at most as many words as there are nodes, and that of the output when it is `ended` by one.
    pub(super) fn read(frame: &Frame, text: &str, ended: bool) -> Result<Self, SpaceError> {
        let mut reader = Reader::new(frame.name, text);
        let mut words = Self {
            ops: Vec::new(),
            predecessors: vec![0],
        };
        reader.skip_white_space();
        loop {
            let at = reader.at();
            let name = reader.take_while(|c| c.is_alphanumeric() || c == '_');
            let is_output = ended && name == OUTPUT;
            if is_output {
                words.predecessors.push(sources(&mut reader, &words)?);
                break;
            }
            if words.ops.len() == frame.nodes {
                let what = format!("`{OUTPUT}` after {} operations", frame.nodes);
                return Err(reader.expected_at(at, &what));
            }
            let op = (0..)
                .zip(&frame.operations)
                .find(|(_, known)| **known == name);
            match op {
                Some((op, _)) => words.ops.push(op),
                None if name.is_empty() => return Err(reader.expected_at(at, "an operation")),
                None => return Err(registry::unknown_op(&reader, name, &frame.operations)),
            }
            words.predecessors.push(sources(&mut reader, &words)?);
            if !ended && words.ops.len() == frame.nodes {
                break;
            }
            let at = reader.at();
            reader.skip_white_space();
            if reader.at() == at {
                return Err(reader.expected("white space and the next vertex"));
            }
        }
        reader.skip_white_space();
        reader.expect_end()?;
        Ok(words)
    }
}

/// Reads `:0+2` or `:-`, for the vertex after those that were read.
fn sources(reader: &mut Reader<'_>, words: &Words) -> Result<u64, SpaceError> {
    reader.expect(':')?;
    let vertex = words.predecessors.len();
    let mut sources = 0;
    if reader.accept('-') {
        return Ok(sources);
    }
    loop {
        let at = reader.at();
        let digits = reader.take_while(|c| c.is_ascii_digit());
        let source = digits
            .parse()
            .ok()
            .filter(|source: &usize| *source < vertex);
        let new = source.filter(|source| sources >> source & 1 == 0);
        let Some(source) = new else {
            let what = format!("`-`, or numbers below {vertex} with `+` between them, each once");
            return Err(reader.expected_at(at, &what));
        };
        sources |= 1 << source;
        if !reader.accept('+') {
            return Ok(sources);
        }
    }
}
