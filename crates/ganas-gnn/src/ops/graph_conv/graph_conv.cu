// out_i = act(P_root_i + Σ_{j in pred(i)} P_pred_j + Σ_{j in succ(i)} P_succ_j + b), for the last `rows` nodes.
extern "C" __global__ void graph_conv_fwd(
    float* out, const float* projected, const float* bias,
    const u32* predecessor_start, const u32* predecessors, const u32* successor_start, const u32* successors,
    u32 first, u32 rows, u32 c, u32 both, u32 activation) {
    const u32 index = global_index();
    if (index >= rows * c) return;
    const u32 node = first + index / c, column = index % c;
    const u32 width = (both != 0 ? 3 : 2) * c;
    float sum = projected[node * width + column] + bias[column];
    for (u32 e = predecessor_start[node]; e < predecessor_start[node + 1]; e++) {
        sum += projected[predecessors[e] * width + c + column];
    }
    if (both != 0) {
        for (u32 e = successor_start[node]; e < successor_start[node + 1]; e++) {
            sum += projected[successors[e] * width + 2 * c + column];
        }
    }
    out[index] = activate(activation, sum);
}

// With e_i = d_out_i act'(out_i): d_P_root_i = e_i, d_P_pred_j = Σ_{i in succ(j)} e_i, d_P_succ_j = Σ_{i in pred(j)} e_i.
extern "C" __global__ void graph_conv_bwd(
    float* d_projected, const float* d_out, const float* out,
    const u32* predecessor_start, const u32* predecessors, const u32* successor_start, const u32* successors,
    u32 n, u32 c, u32 both, u32 activation) {
    const u32 index = global_index();
    if (index >= n * c) return;
    const u32 node = index / c, column = index % c;
    const u32 width = (both != 0 ? 3 : 2) * c;
    d_projected[node * width + column] = d_out[index] * slope(activation, out[index]);
    float sum = 0.0f;
    for (u32 e = successor_start[node]; e < successor_start[node + 1]; e++) {
        const u32 reader = successors[e] * c + column;
        sum += d_out[reader] * slope(activation, out[reader]);
    }
    d_projected[node * width + c + column] = sum;
    if (both != 0) {
        sum = 0.0f;
        for (u32 e = predecessor_start[node]; e < predecessor_start[node + 1]; e++) {
            const u32 reader = predecessors[e] * c + column;
            sum += d_out[reader] * slope(activation, out[reader]);
        }
        d_projected[node * width + 2 * c + column] = sum;
    }
}
