//! Compact genotypes, whose operations are numbers.

use crate::literal::{accept, number, open, token};
use crate::text_reader::Reader;
use crate::{SpaceError, TextForm};

use super::nodes::{Nodes, nodes};
use super::{Cell, Genotype, NAME, Node, Op, pairs};

/// The forms of compact texts: operations are numbered in two ways.
///
/// The list of the official code begins with `none`, which no genotype that it makes has; others leave it out.
pub(in crate::darts) const FORMS: [TextForm; 2] = [
    TextForm {
        name: "numbers-without-none",
        meaning: "0 max_pool_3x3, 1 avg_pool_3x3, 2 skip_connect, 3 sep_conv_3x3, 4 sep_conv_5x5, 5 dil_conv_3x3, \
                  6 dil_conv_5x5",
    },
    TextForm {
        name: "numbers-with-none",
        meaning: "0 none, 1 max_pool_3x3, 2 avg_pool_3x3, 3 skip_connect, 4 sep_conv_3x3, 5 sep_conv_5x5, \
                  6 dil_conv_3x3, 7 dil_conv_5x5",
    },
];

/// Writes the compact form, with the name of its numbering.
pub(in crate::darts) fn compact(genotype: &Genotype) -> String {
    format!("{}:{}", FORMS[0].name, compact_numbered(genotype, 0))
}

/// Writes the compact form; the first operation has this number.
pub(super) fn compact_numbered(genotype: &Genotype, first: u8) -> String {
    let cells = genotype.0.each_ref().map(|cell| {
        let pairs: Vec<String> = pairs(cell)
            .map(|(op, source)| format!("({source}, {})", first + op.number()))
            .collect();
        format!("({})", pairs.join(", "))
    });
    format!("({})", cells.join(", "))
}

/// The numbering that a compact text without the name of one must be of: only one of them has a 7.
pub(in crate::darts) fn form_of(text: &str) -> Option<&'static TextForm> {
    let mut reader = Reader::new(NAME, text);
    reader.skip_white_space();
    let numbered = compact_text(&mut reader).ok()?;
    numbered.has_last().then_some(&FORMS[1])
}

/// The number of an operation, after its place in the text.
type NumberAt = (usize, usize);

/// A compact genotype, whose operations are numbers.
pub(super) struct Numbered([Nodes<NumberAt>; 2]);

impl Numbered {
    /// All numbers of operations, with their places.
    fn numbers(&self) -> impl Iterator<Item = NumberAt> {
        let pairs = self.0.iter().flatten().flatten();
        pairs.map(|(op, _)| *op)
    }

    /// Whether there is a number that only the numbering with `none` has.
    fn has_last(&self) -> bool {
        self.numbers().any(|(_, op)| op == Op::ALL.len())
    }

    /// The genotype, in the numbering that is named, or in the only one that has all numbers.
    pub(super) fn genotype(
        &self,
        form: Option<&'static TextForm>,
        reader: &Reader<'_>,
    ) -> Result<Genotype, SpaceError> {
        let n_ops = Op::ALL.len();
        if let Some((at, _)) = self.numbers().find(|(_, op)| *op > n_ops) {
            return Err(
                reader.expected_at(at, &format!("the number of an operation, 0 to {n_ops}"))
            );
        }
        let with_none = match form {
            Some(form) => *form == FORMS[1],
            None if self.has_last() => true,
            None => {
                let why = "the numbers of operations have a different meaning in two numberings";
                return Err(reader.undecided(why, &FORMS));
            }
        };
        let first = usize::from(with_none);
        if let Some((at, _)) = self
            .numbers()
            .find(|(_, op)| *op < first || *op >= first + n_ops)
        {
            let last = first + n_ops - 1;
            let expected = if with_none {
                format!("the number of an operation of this space, {first} to {last}: 0 is `none`")
            } else {
                format!("the number of an operation, {first} to {last}")
            };
            return Err(reader.expected_at(at, &expected));
        }
        let node = |pairs: &[(NumberAt, usize); 2]| {
            let pairs = pairs.map(|((_, op), source)| (Op::ALL[op - first], source));
            Node::of_pairs(pairs).expect("invariant: the two sources differ")
        };
        Ok(Genotype(
            self.0
                .each_ref()
                .map(|cell| Cell(cell.each_ref().map(node))),
        ))
    }
}

/// `(((0, 6), …), ((0, 1), …))`
pub(super) fn compact_text(reader: &mut Reader<'_>) -> Result<Numbered, SpaceError> {
    let close = open(reader)?;
    let mut cells = Vec::new();
    for c in 0..2 {
        if c > 0 {
            token(reader, ',')?;
        }
        cells.push(nodes(reader, &mut |reader| {
            let (at, source) = number(reader)?;
            token(reader, ',')?;
            Ok((number(reader)?, source, at))
        })?);
    }
    accept(reader, ',');
    token(reader, close)?;
    Ok(Numbered(
        cells.try_into().expect("invariant: two cells were read"),
    ))
}
