// s_ij = w · relu(a_i + b_j) + w_c. A block of 16 by 16 threads scores 16 by 16 pairs, 32 units of the layer at a time.
extern "C" __global__ void __launch_bounds__(256) pair_scores_fwd(
    float* scores, const float* a, const float* b, const float* w, u32 m, u32 n, u32 c) {
    __shared__ float left[16][33];
    __shared__ float right[16][33];
    __shared__ float weights[32];
    const u32 first_row = blockIdx.y * 16, first_column = blockIdx.x * 16;
    const u32 thread = threadIdx.y * 16 + threadIdx.x;
    float sum = 0.0f;
    for (u32 base = 0; base < c; base += 32) {
        for (u32 e = thread; e < 16 * 32; e += 256) {
            const u32 i = e / 32, unit = base + e % 32;
            left[i][e % 32] = first_row + i < m && unit < c ? a[(first_row + i) * c + unit] : 0.0f;
            right[i][e % 32] = first_column + i < n && unit < c ? b[(first_column + i) * c + unit] : 0.0f;
        }
        if (thread < 32) weights[thread] = base + thread < c ? w[base + thread] : 0.0f;
        __syncthreads();
#pragma unroll
        for (int d = 0; d < 32; d++) {
            const float hidden = left[threadIdx.y][d] + right[threadIdx.x][d];
            sum = fmaf(weights[d], fmaxf(hidden, 0.0f), sum);
        }
        __syncthreads();
    }
    const u32 row = first_row + threadIdx.y, column = first_column + threadIdx.x;
    if (row < m && column < n) scores[row * n + column] = w[c] + sum;
}

// The sums of the upstream derivatives of the pairs in which a unit is active: for each member x_i of one side,
// u_i = Σ_j d_ij 1[x_i + y_j > 0], where d_ij stands at `i row + j column`.
extern "C" __global__ void pair_scores_active(
    float* u, const float* d_scores, const float* x, const float* y, u32 rows, u32 others, u32 c, u32 row, u32 column) {
    const u32 index = global_index();
    if (index >= rows * c) return;
    const u32 i = index / c, unit = index % c;
    const float value = x[index];
    float sum = 0.0f;
    for (u32 j = 0; j < others; j++) {
        if (value + y[j * c + unit] > 0.0f) sum += d_scores[i * row + j * column];
    }
    u[index] = sum;
}

// d_w += Σ_i u_i a_i + Σ_j v_j b_j, since relu(a + b) is a + b where it is active; blocks as in column_sums.
extern "C" __global__ void __launch_bounds__(1024) pair_scores_weights(
    float* d_w, const float* u, const float* a, const float* v, const float* b, u32 m, u32 n, u32 c) {
    __shared__ float sums[32][33];
    const u32 unit = blockIdx.x * 32 + threadIdx.x;
    float sum = 0.0f;
    if (unit < c) {
        for (u32 i = threadIdx.y; i < m; i += 32) sum += u[i * c + unit] * a[i * c + unit];
        for (u32 j = threadIdx.y; j < n; j += 32) sum += v[j * c + unit] * b[j * c + unit];
    }
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && unit < c) {
        float total = 0.0f;
        for (u32 row = 0; row < 32; row++) total += sums[row][threadIdx.x];
        d_w[unit] += total;
    }
}

// The constant's derivative: d_w_c += Σ_ij d_ij. One block.
extern "C" __global__ void __launch_bounds__(1024) pair_scores_constant(float* d_constant, const float* d_scores, u32 count) {
    __shared__ double sums[1024];
    double sum = 0.0;
    for (u32 i = threadIdx.x; i < count; i += blockDim.x) sum += d_scores[i];
    const double total = block_sum(sums, sum);
    if (threadIdx.x == 0) d_constant[0] += (float)total;
}

// u_i = u_i w.
extern "C" __global__ void pair_scores_scale(float* u, const float* w, u32 n, u32 c) {
    const u32 index = global_index();
    if (index >= n * c) return;
    u[index] = u[index] * w[index % c];
}
