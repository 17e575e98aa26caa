// out_s = [mean of x over the list of s | x of the last of the list].
extern "C" __global__ void list_readout_fwd(
    float* out, const float* x, const u32* start, const u32* nodes, u32 n_lists, u32 c) {
    const u32 index = global_index();
    if (index >= n_lists * c) return;
    const u32 list = index / c, column = index % c;
    const u32 first = start[list], end = start[list + 1];
    float sum = 0.0f, last = 0.0f;
    for (u32 e = first; e < end; e++) {
        last = x[nodes[e] * c + column];
        sum += last;
    }
    const float scale = 1.0f / (float)(end - first);
    out[2 * list * c + column] = sum * scale;
    out[(2 * list + 1) * c + column] = last;
}

// The list in which an entry stands: the last one that begins at or before it.
__device__ __forceinline__ u32 list_of(const u32* start, u32 n_lists, u32 entry) {
    u32 low = 0, high = n_lists;
    while (high - low > 1) {
        const u32 middle = (low + high) / 2;
        if (start[middle] <= entry) low = middle; else high = middle;
    }
    return low;
}

// What one warp of a block of eight adds up for a node and a column.
struct ListSums {
    float of_mean;
    float of_last;
};

// Σ_{entries j of lists s} mean_s / length and Σ_{lists s that end in j} last_s, for the node j of the block and the entries
// of the warp; rows of lists lie `stride` apart. Work is shared out as in gather_bwd.
__device__ __forceinline__ ListSums list_sums(
    const float* mean, const float* last, u32 stride, const u32* start, const u32* nodes, u32 n_lists, u32 n_entries,
    u32 column, u32 c) {
    const u32 node = blockIdx.x, lane = threadIdx.x, warp = threadIdx.y;
    const u32 share = (n_entries + 255) / 256 * 32;
    const u32 first = warp * share, end_of_share = min(n_entries, first + share);
    ListSums sums = {0.0f, 0.0f};
    for (u32 base = first; base < end_of_share; base += 32) {
        const bool hit = base + lane < end_of_share && nodes[base + lane] == node;
        u32 hits = __ballot_sync(0xffffffffu, hit);
        while (hits != 0) {
            const u32 entry = base + __ffs(hits) - 1;
            hits &= hits - 1;
            const u32 list = list_of(start, n_lists, entry);
            const u32 end = start[list + 1];
            const float scale = 1.0f / (float)(end - start[list]);
            if (column < c) {
                sums.of_mean += mean[list * stride + column] * scale;
                if (entry + 1 == end) sums.of_last += last[list * stride + column];
            }
        }
    }
    return sums;
}

// d_x_j += Σ_{lists s with j} (d_out_s[mean] / length + [j is last] d_out_s[last]).
extern "C" __global__ void __launch_bounds__(256) list_readout_bwd(
    float* d_x, const float* d_out, const u32* start, const u32* nodes, u32 n_lists, u32 n_entries, u32 c) {
    __shared__ float sums[8][32];
    const u32 node = blockIdx.x, lane = threadIdx.x, warp = threadIdx.y;
    const u32 column = blockIdx.y * 32 + lane;
    const ListSums own = list_sums(d_out, d_out + c, 2 * c, start, nodes, n_lists, n_entries, column, c);
    sums[warp][lane] = own.of_mean + own.of_last;
    __syncthreads();
    if (warp == 0 && column < c) {
        float total = 0.0f;
        for (u32 w = 0; w < 8; w++) total += sums[w][lane];
        d_x[node * c + column] += total;
    }
}

// out_s = mean of m over the list of s, and l of its last: the rows of projected are [m | l].
extern "C" __global__ void projected_readout_fwd(
    float* out, const float* projected, const u32* start, const u32* nodes, u32 n_lists, u32 c) {
    const u32 index = global_index();
    if (index >= n_lists * c) return;
    const u32 list = index / c, column = index % c;
    const u32 first = start[list], end = start[list + 1];
    float sum = 0.0f;
    for (u32 e = first; e < end; e++) sum += projected[2 * nodes[e] * c + column];
    const float scale = 1.0f / (float)(end - first);
    out[index] = sum * scale + projected[(2 * nodes[end - 1] + 1) * c + column];
}

// d_m_j = Σ_{entries j of lists s} d_out_s / length, d_l_j = Σ_{lists s that end in j} d_out_s.
extern "C" __global__ void __launch_bounds__(256) projected_readout_bwd(
    float* d_projected, const float* d_out, const u32* start, const u32* nodes, u32 n_lists, u32 n_entries, u32 c) {
    __shared__ float sums[2][8][32];
    const u32 node = blockIdx.x, lane = threadIdx.x, warp = threadIdx.y;
    const u32 column = blockIdx.y * 32 + lane;
    const ListSums own = list_sums(d_out, d_out, c, start, nodes, n_lists, n_entries, column, c);
    sums[0][warp][lane] = own.of_mean;
    sums[1][warp][lane] = own.of_last;
    __syncthreads();
    if (warp < 2 && column < c) {
        float total = 0.0f;
        for (u32 w = 0; w < 8; w++) total += sums[warp][w][lane];
        d_projected[(2 * node + warp) * c + column] = total;
    }
}
