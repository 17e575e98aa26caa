// out[i, :] = table[index[i], :], or += .
extern "C" __global__ void gather_fwd(
    float* out, const float* table, const u32* index, u32 n, u32 c, u32 add) {
    const u32 element = global_index();
    if (element >= n * c) return;
    const float value = table[index[element / c] * c + element % c];
    out[element] = add != 0 ? out[element] + value : value;
}

// d_table[index[i], :] += d_out[i, :], without atomics: a block owns 32 columns of one row of the table. Each of its
// eight warps looks through an eighth of the indices, 32 at a time; the sums of the warps are added in order.
extern "C" __global__ void __launch_bounds__(256) gather_bwd(
    float* d_table, const float* d_out, const u32* index, u32 n, u32 c) {
    __shared__ float sums[8][32];
    const u32 row = blockIdx.x, lane = threadIdx.x, warp = threadIdx.y;
    const u32 column = blockIdx.y * 32 + lane;
    const u32 share = (n + 255) / 256 * 32;
    const u32 first = warp * share, last = min(n, first + share);
    float sum = 0.0f;
    for (u32 base = first; base < last; base += 32) {
        const bool hit = base + lane < last && index[base + lane] == row;
        u32 hits = __ballot_sync(0xffffffffu, hit);
        while (hits != 0) {
            const u32 i = base + __ffs(hits) - 1;
            hits &= hits - 1;
            if (column < c) sum += d_out[i * c + column];
        }
    }
    sums[warp][lane] = sum;
    __syncthreads();
    if (warp == 0 && column < c) {
        float total = 0.0f;
        for (u32 w = 0; w < 8; w++) total += sums[w][lane];
        d_table[row * c + column] += total;
    }
}
