// out_o = act(P_root_{r(o)} + Σ_{i in p(o)} P_pred_i + Σ_{i in s(o)} P_succ_i + b).
extern "C" __global__ void colour_conv_fwd(
    float* out, const float* projected, const float* bias, const u32* root,
    const u32* predecessor_start, const u32* predecessors, const u32* successor_start, const u32* successors,
    u32 n_outputs, u32 c, u32 activation) {
    const u32 index = global_index();
    if (index >= n_outputs * c) return;
    const u32 o = index / c, column = index % c;
    float sum = projected[3 * root[o] * c + column] + bias[column];
    for (u32 e = predecessor_start[o]; e < predecessor_start[o + 1]; e++) {
        sum += projected[(3 * predecessors[e] + 1) * c + column];
    }
    for (u32 e = successor_start[o]; e < successor_start[o + 1]; e++) {
        sum += projected[(3 * successors[e] + 2) * c + column];
    }
    out[index] = activate(activation, sum);
}

// d_P_x_i = Σ e_o over the outputs that read input i as x, where e_o = d_out_o act'(out_o) and x is root, predecessor
// (blockIdx.y 1) or successor (2).
extern "C" __global__ void colour_conv_bwd(
    float* d_projected, const float* d_out, const float* out,
    const u32* root_start, const u32* root_readers, const u32* predecessor_start, const u32* predecessor_readers,
    const u32* successor_start, const u32* successor_readers,
    u32 n_inputs, u32 c, u32 activation) {
    const u32 index = global_index();
    if (index >= n_inputs * c) return;
    const u32 input = index / c, column = index % c, part = blockIdx.y;
    const u32* start = part == 0 ? root_start : (part == 1 ? predecessor_start : successor_start);
    const u32* readers = part == 0 ? root_readers : (part == 1 ? predecessor_readers : successor_readers);
    float sum = 0.0f;
    for (u32 e = start[input]; e < start[input + 1]; e++) {
        const u32 reader = readers[e] * c + column;
        sum += d_out[reader] * slope(activation, out[reader]);
    }
    d_projected[(3 * input + part) * c + column] = sum;
}
