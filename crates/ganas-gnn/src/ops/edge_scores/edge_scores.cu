// s_e = w · relu(x_n(e) + u_d(e)) + w_c. Each of the eight warps of a block scores one edge: a lane sums every 32nd unit, and
// the sums of the lanes are added in order.
extern "C" __global__ void __launch_bounds__(256) edge_scores_fwd(
    float* scores, const float* nodes, const u32* node_of, const float* decisions, const u32* decision_of,
    const float* w, u32 n, u32 c) {
    __shared__ float sums[8][33];
    const u32 lane = threadIdx.x, warp = threadIdx.y;
    const u32 edge = blockIdx.x * 8 + warp;
    float sum = 0.0f;
    if (edge < n) {
        const float* x = nodes + node_of[edge] * c;
        const float* u = decisions + decision_of[edge] * c;
        for (u32 unit = lane; unit < c; unit += 32) sum = fmaf(w[unit], fmaxf(x[unit] + u[unit], 0.0f), sum);
    }
    sums[warp][lane] = sum;
    __syncthreads();
    if (edge < n && lane == 0) {
        float total = 0.0f;
        for (u32 l = 0; l < 32; l++) total += sums[warp][l];
        scores[edge] = w[c] + total;
    }
}

// The sums of the upstream derivatives of the edges in which a unit is active: for each row x_i of one side,
// sum_i = Σ_{own(e) = i} d_e 1[x_i + y_other(e) > 0], without atomics: blocks own rows and columns as in gather_bwd.
extern "C" __global__ void __launch_bounds__(256) edge_scores_active(
    float* sum_of, const float* d_scores, const float* x, const u32* own, const float* y, const u32* other, u32 n, u32 c) {
    __shared__ float sums[8][32];
    const u32 row = blockIdx.x, lane = threadIdx.x, warp = threadIdx.y;
    const u32 unit = blockIdx.y * 32 + lane;
    const u32 share = (n + 255) / 256 * 32;
    const u32 first = warp * share, last = min(n, first + share);
    const float value = unit < c ? x[row * c + unit] : 0.0f;
    float sum = 0.0f;
    for (u32 base = first; base < last; base += 32) {
        const bool hit = base + lane < last && own[base + lane] == row;
        u32 hits = __ballot_sync(0xffffffffu, hit);
        while (hits != 0) {
            const u32 e = base + __ffs(hits) - 1;
            hits &= hits - 1;
            if (unit < c && value + y[other[e] * c + unit] > 0.0f) sum += d_scores[e];
        }
    }
    sums[warp][lane] = sum;
    __syncthreads();
    if (warp == 0 && unit < c) {
        float total = 0.0f;
        for (u32 w = 0; w < 8; w++) total += sums[w][lane];
        sum_of[row * c + unit] = total;
    }
}
