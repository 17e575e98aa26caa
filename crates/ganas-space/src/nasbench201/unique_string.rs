//! The official "unique string" of a cell, for comparison with published work.
//!
//! Node 0 is `0`; a node is the sum, written with `+` and sorted, of one term for each incoming edge: `#` when the
//! operation is `none` or the source node is exactly `#`, the text of the source node for `skip_connect`, and
//! `(source)@op` otherwise; the string of a cell is that of node 3.
//! There are 6,466 distinct strings.
//!
//! It is not the query key of this space; [`canonical`](super::canonical) says why.

use super::cell::{Cell, EDGES, Op};

/// The official unique string.
pub(super) fn unique_string(cell: Cell) -> String {
    let mut nodes = ["0".to_owned(), String::new(), String::new(), String::new()];
    for node in 1..nodes.len() {
        let mut terms: Vec<String> = EDGES
            .into_iter()
            .zip(cell.0)
            .filter(|((_, to), _)| *to == node)
            .map(|((from, _), op)| term(&nodes[from], op))
            .collect();
        terms.sort_unstable();
        nodes[node] = terms.join("+");
    }
    let [.., output] = nodes;
    output
}

fn term(source: &str, op: Op) -> String {
    match op {
        Op::None => "#".to_owned(),
        _ if source == "#" => "#".to_owned(),
        Op::Skip => source.to_owned(),
        Op::Conv1x1 | Op::Conv3x3 | Op::AvgPool3x3 => format!("({source})@{}", op.name()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::nasbench201::cell::N_CELLS;
    use crate::nasbench201::codec;

    #[test]
    fn there_are_6466_unique_strings() {
        let strings: BTreeSet<String> = (0..N_CELLS)
            .map(|code| unique_string(Cell::from_code(code)))
            .collect();
        assert_eq!(strings.len(), 6_466);
    }

    #[test]
    fn strings_by_hand() {
        check(
            "|skip_connect~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|nor_conv_1x1~2|",
            "#+(#+0)@nor_conv_1x1+0",
        );
        check(
            "|none~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|",
            "#+#+(#+#)@nor_conv_3x3",
        );
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(unique_string(codec::decode(text).unwrap()), expected);
    }
}
