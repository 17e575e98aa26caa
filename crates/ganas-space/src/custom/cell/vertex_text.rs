//! The text form of cells with operations on vertices: `conv3x3:0 maxpool3x3:0+1 output:1+2`.
//!
//! A word for each inner vertex: its operation, and the numbers of the vertices that it reads; the input is 0, and the
//! first word is vertex 1.
//! A vertex that reads nothing has a `-`.
//! Where what the output reads follows from the rest, it has no word.

use crate::SpaceError;
use crate::text_reader::Reader;
use crate::vertex_set::bits;

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
        let names = self
            .ops
            .iter()
            .map(|op| &*frame.operations[usize::from(*op)]);
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

    /// Reads at most as many words as there are nodes, and that of the output.
    pub(super) fn read(frame: &Frame, text: &str) -> Result<Self, SpaceError> {
        let mut reader = Reader::new(&frame.name, text);
        let mut words = Self::empty();
        reader.skip_white_space();
        loop {
            let offset = reader.offset();
            let name = reader.take_while(is_of_name);
            if name == OUTPUT {
                words.predecessors.push(sources(&mut reader, &words)?);
                break;
            }
            if words.ops.len() == frame.nodes {
                let what = format!("`{OUTPUT}` after {} operations", frame.nodes);
                return Err(reader.expected_at(offset, &what));
            }
            words.read_vertex(frame, name, &mut reader)?;
            gap(&mut reader)?;
        }
        reader.skip_white_space();
        reader.expect_end()?;
        Ok(words)
    }

    /// Reads as many words as there are nodes, where the output has none.
    pub(super) fn read_inner(frame: &Frame, text: &str) -> Result<Self, SpaceError> {
        let mut reader = Reader::new(&frame.name, text);
        let mut words = Self::empty();
        reader.skip_white_space();
        for node in 0..frame.nodes {
            if node > 0 {
                gap(&mut reader)?;
            }
            let name = reader.take_while(is_of_name);
            words.read_vertex(frame, name, &mut reader)?;
        }
        reader.skip_white_space();
        reader.expect_end()?;
        Ok(words)
    }

    /// The input.
    fn empty() -> Self {
        Self {
            ops: Vec::new(),
            predecessors: vec![0],
        }
    }

    /// Reads what follows the name of an operation.
    fn read_vertex(
        &mut self,
        frame: &Frame,
        name: &str,
        reader: &mut Reader<'_>,
    ) -> Result<(), SpaceError> {
        if name.is_empty() {
            return Err(reader.expected("an operation"));
        }
        let mut numbered = (0..).zip(&frame.operations);
        let op = numbered.find(|(_, known)| *known == name);
        let (op, _) = op.ok_or_else(|| reader.unknown_op(name, &frame.operations))?;
        self.ops.push(op);
        self.predecessors.push(sources(reader, self)?);
        Ok(())
    }
}

/// Whether names are made of this character.
fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Reads the white space between two words.
fn gap(reader: &mut Reader<'_>) -> Result<(), SpaceError> {
    let offset = reader.offset();
    reader.skip_white_space();
    if reader.offset() > offset {
        Ok(())
    } else {
        Err(reader.expected("white space and the next vertex"))
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
        let offset = reader.offset();
        let digits = reader.take_while(|c| c.is_ascii_digit());
        let source = digits
            .parse()
            .ok()
            .filter(|source: &usize| *source < vertex);
        let new = source.filter(|source| sources >> source & 1 == 0);
        let Some(source) = new else {
            let what = format!("`-`, or numbers below {vertex} with `+` between them, each once");
            return Err(reader.expected_at(offset, &what));
        };
        sources |= 1 << source;
        if !reader.accept('+') {
            return Ok(sources);
        }
    }
}
