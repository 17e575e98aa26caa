//! Scores of edges on NVIDIA GPUs; what comes after the sums over edges is that of [`pair_scores`](crate::ops::pair_scores).

use super::{EdgeScoreDerivatives, EdgeScoreInputs, EdgeScores};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::Checked;
use crate::ops::pair_scores::cuda::{add_constant, weigh};
use crate::{View, ViewMut};

use Parameter::{Pointer as P, U32 as U};

pub(crate) const FORWARD: Kernel = Kernel {
    name: "edge_scores_fwd",
    block: [32, 8],
    parameters: &[P, P, P, P, P, P, U, U],
};

pub(crate) const ACTIVE: Kernel = Kernel {
    name: "edge_scores_active",
    block: [32, 8],
    parameters: &[P, P, P, P, P, P, U, U],
};

impl EdgeScores for Cuda {
    fn edge_scores_fwd_kernel(
        &self,
        scores: ViewMut<'_, Self>,
        inputs: EdgeScoreInputs<'_, Self>,
        Checked([n, _, _, c]): Checked<4>,
    ) {
        Launch::new(self, &FORWARD)
            .output(&scores) // float* scores
            .input(inputs.nodes) // const float* nodes
            .buffer(inputs.node_of) // const u32* node_of
            .input(inputs.decisions) // const float* decisions
            .buffer(inputs.decision_of) // const u32* decision_of
            .input(inputs.w) // const float* w
            .sizes([n, c]) // u32 n, c
            .blocks([n.div_ceil(8), 1, 1]);
    }

    fn edge_scores_bwd_kernel(
        &self,
        out: EdgeScoreDerivatives<'_, Self>,
        d_scores: View<'_, Self>,
        inputs: EdgeScoreInputs<'_, Self>,
        Checked([n_edges, n, m, c]): Checked<4>,
    ) {
        let nodes = (inputs.nodes, inputs.node_of);
        let decisions = (inputs.decisions, inputs.decision_of);
        for (sums, (x, own), (y, other), rows) in [
            (&out.d_nodes, nodes, decisions, n),
            (&out.d_decisions, decisions, nodes, m),
        ] {
            Launch::new(self, &ACTIVE)
                .output(sums) // float* sum_of
                .input(d_scores) // const float* d_scores
                .input(x) // const float* x
                .buffer(own) // const u32* own
                .input(y) // const float* y
                .buffer(other) // const u32* other
                .sizes([n_edges, c]) // u32 n, c
                .blocks([rows, c.div_ceil(32), 1]);
        }
        let sides = [
            (&out.d_nodes, inputs.nodes),
            (&out.d_decisions, inputs.decisions),
        ];
        weigh(self, &out.d_w, inputs.w, sides);
        add_constant(self, &out.d_w.from_column(c), d_scores);
    }
}
