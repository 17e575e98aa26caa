// r, z = σ(gi + b_i + gh + b_h); n = tanh(gi_n + b_in + r (gh_n + b_hn)); h' = (1 - z) n + z h.
extern "C" __global__ void gru_gates_fwd(
    float* out, float* gates, const float* gi, const float* bias_i, const float* gh, const u32* of_gh,
    const float* bias_h, const float* old, u32 n, u32 c) {
    const u32 index = global_index();
    if (index >= n * c) return;
    const u32 row = index / c, k = index % c;
    gi += row * 3 * c;
    gh += of_gh[row] * 3 * c;
    gates += row * 4 * c;
    const float r = sigmoid(gi[k] + bias_i[k] + gh[k] + bias_h[k]);
    const float z = sigmoid(gi[c + k] + bias_i[c + k] + gh[c + k] + bias_h[c + k]);
    const float inner = gh[2 * c + k] + bias_h[2 * c + k];
    const float state = hyperbolic_tangent(r * inner + gi[2 * c + k] + bias_i[2 * c + k]);
    gates[k] = r;
    gates[c + k] = z;
    gates[2 * c + k] = state;
    gates[3 * c + k] = inner;
    out[index] = (1.0f - z) * state + z * old[index];
}

// d_n' = e (1 - z)(1 - n²), d_z' = e (h - n) z (1 - z), d_r' = d_n' (gh_n + b_hn) r (1 - r), d_h = e z.
extern "C" __global__ void gru_gates_bwd(
    float* d_gi, float* d_gh, float* d_old, const float* d_new, const float* gates, const float* old, u32 n, u32 c) {
    const u32 index = global_index();
    if (index >= n * c) return;
    const u32 row = index / c, k = index % c;
    gates += row * 4 * c;
    d_gi += row * 3 * c;
    d_gh += row * 3 * c;
    const float e = d_new[index];
    const float r = gates[k], z = gates[c + k], state = gates[2 * c + k], inner = gates[3 * c + k];
    const float d_state = e * (1.0f - z) * (1.0f - state * state);
    const float d_update = e * (old[index] - state) * z * (1.0f - z);
    const float d_reset = d_state * inner * r * (1.0f - r);
    d_gi[k] = d_reset;
    d_gi[c + k] = d_update;
    d_gi[2 * c + k] = d_state;
    d_gh[k] = d_reset;
    d_gh[c + k] = d_update;
    d_gh[2 * c + k] = d_state * r;
    d_old[index] = e * z;
}
