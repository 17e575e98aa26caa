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

// What one warp of a block of eight adds up for a node and a column.
struct ListSums {
    float of_mean;
    float of_last;
};

// Σ_{entries j of lists s} mean_s / length and Σ_{lists s that end in j} last_s, for the node j of the block and every eighth
// of the lists that read it; rows of lists lie `stride` apart. A node that stands in a list twice has it twice, next to each
// other, and is its last one once.
__device__ __forceinline__ ListSums list_sums(
    const float* mean, const float* last, u32 stride, const u32* start, const u32* nodes, const u32* reader_start,
    const u32* readers, u32 column, u32 c) {
    const u32 node = blockIdx.x, end_of_readers = reader_start[node + 1];
    ListSums sums = {0.0f, 0.0f};
    if (column >= c) return sums;
    for (u32 r = reader_start[node] + threadIdx.y; r < end_of_readers; r += 8) {
        const u32 list = readers[r];
        const u32 first = start[list], end = start[list + 1];
        sums.of_mean += mean[list * stride + column] * (1.0f / (float)(end - first));
        const bool again = r + 1 < end_of_readers && readers[r + 1] == list;
        if (nodes[end - 1] == node && !again) sums.of_last += last[list * stride + column];
    }
    return sums;
}

// d_x_j = Σ_{lists s with j} (d_out_s[mean] / length + [j is last] d_out_s[last]).
extern "C" __global__ void __launch_bounds__(256) list_readout_bwd(
    float* d_x, const float* d_out, const u32* start, const u32* nodes, const u32* reader_start, const u32* readers,
    u32 c) {
    __shared__ float sums[8][32];
    const u32 node = blockIdx.x, lane = threadIdx.x, warp = threadIdx.y;
    const u32 column = blockIdx.y * 32 + lane;
    const ListSums own = list_sums(d_out, d_out + c, 2 * c, start, nodes, reader_start, readers, column, c);
    sums[warp][lane] = own.of_mean + own.of_last;
    __syncthreads();
    if (warp == 0 && column < c) {
        float total = 0.0f;
        for (u32 w = 0; w < 8; w++) total += sums[w][lane];
        d_x[node * c + column] = total;
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
    float* d_projected, const float* d_out, const u32* start, const u32* nodes, const u32* reader_start,
    const u32* readers, u32 c) {
    __shared__ float sums[2][8][32];
    const u32 node = blockIdx.x, lane = threadIdx.x, warp = threadIdx.y;
    const u32 column = blockIdx.y * 32 + lane;
    const ListSums own = list_sums(d_out, d_out, c, start, nodes, reader_start, readers, column, c);
    sums[0][warp][lane] = own.of_mean;
    sums[1][warp][lane] = own.of_last;
    __syncthreads();
    if (warp < 2 && column < c) {
        float total = 0.0f;
        for (u32 w = 0; w < 8; w++) total += sums[warp][w][lane];
        d_projected[(2 * node + warp) * c + column] = total;
    }
}
