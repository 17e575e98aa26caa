// The pairwise ranking loss. Entry k n + i of `partners` is the partner of item i in permutation k.

// +1, -1 or 0: whether the first rank is larger, smaller or equal.
__device__ __forceinline__ float ranking_sign(u32 first, u32 second) {
    return first > second ? 1.0f : (first < second ? -1.0f : 0.0f);
}

// result[0] = Σ softplus(-s (f_i - f_j)), result[1] = the number of pairs with s ≠ 0. One block.
extern "C" __global__ void __launch_bounds__(1024) ranking_loss(
    double* result, const float* scores, const u32* ranks, const u32* partners, u32 n, u32 n_partners) {
    __shared__ double sums[1024];
    double loss = 0.0, pairs = 0.0;
    for (u32 e = threadIdx.x; e < n_partners; e += blockDim.x) {
        const u32 i = e % n, j = partners[e];
        const float sign = ranking_sign(ranks[i], ranks[j]);
        if (sign != 0.0f) {
            loss += softplus(-(sign * (scores[i] - scores[j])));
            pairs += 1.0;
        }
    }
    const double total_loss = block_sum(sums, loss);
    __syncthreads();
    const double total_pairs = block_sum(sums, pairs);
    if (threadIdx.x == 0) {
        result[0] = total_loss;
        result[1] = total_pairs;
    }
}

// The derivative of the loss. A block of 128 threads owns one item, and looks through all entries for those that name it.
extern "C" __global__ void __launch_bounds__(128) ranking_bwd(
    float* d_scores, const double* result, const float* scores, const u32* ranks, const u32* partners,
    u32 n, u32 n_partners) {
    __shared__ double sums[128];
    const u32 item = blockIdx.x;
    double d = 0.0;
    for (u32 e = threadIdx.x; e < n_partners; e += blockDim.x) {
        const u32 i = e % n, j = partners[e];
        if (i != item && j != item) continue;
        const float sign = ranking_sign(ranks[i], ranks[j]);
        if (sign == 0.0f) continue;
        const float step = -sign * sigmoid(-(sign * (scores[i] - scores[j])));
        if (i == item) d += step;
        if (j == item) d -= step;
    }
    const double total = block_sum(sums, d);
    if (threadIdx.x == 0) d_scores[item] = result[1] == 0.0 ? 0.0f : (float)(total / result[1]);
}
