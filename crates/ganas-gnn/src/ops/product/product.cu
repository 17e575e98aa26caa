// out = op(a) op(b), or += ; then, where a bias is given, out = act(out + bias).
// Operands have a step between rows and one between columns, so a transpose is a change of steps.

__device__ __forceinline__ float finish(float value, const float* bias, u32 column, u32 activation) {
    return bias == nullptr ? value : activate(activation, value + bias[column]);
}

// The oracle of the tiled kernels: one thread for each element, and the sum in order.
extern "C" __global__ void product_naive(
    float* out, const float* a, const float* b, const float* bias,
    u32 m, u32 n, u32 k, u32 out_row, u32 a_row, u32 a_column, u32 b_row, u32 b_column, u32 add, u32 activation) {
    const u32 index = global_index();
    if (index >= m * n) return;
    const u32 row = index / n, column = index % n;
    float sum = 0.0f;
    for (u32 d = 0; d < k; d++) {
        sum = fmaf(a[row * a_row + d * a_column], b[d * b_row + column * b_column], sum);
    }
    float* to = out + (size_t)row * out_row + column;
    if (add != 0) sum += *to;
    *to = finish(sum, bias, column, activation);
}

// Copies a tile of an operand into shared memory, [DEPTH][LENGTH + 1]; zero outside of the matrix.
// Threads that are neighbours read along the dimension that is contiguous in memory.
template <int LENGTH, int DEPTH, int THREADS>
__device__ __forceinline__ void copy_tile(
    float (*tile)[LENGTH + 1], const float* from, u32 first, u32 count, u32 step,
    u32 first_depth, u32 last_depth, u32 depth_step) {
    for (u32 e = threadIdx.x; e < LENGTH * DEPTH; e += THREADS) {
        const bool along_depth = depth_step == 1;
        const u32 i = along_depth ? e / DEPTH : e % LENGTH;
        const u32 d = along_depth ? e % DEPTH : e / LENGTH;
        const u32 index = first + i, depth = first_depth + d;
        const bool inside = index < count && depth < last_depth;
        tile[d][i] = inside ? from[index * step + depth * depth_step] : 0.0f;
    }
}

// One block computes a tile of `16 PER_ROW` by `16 PER_COLUMN` elements, each of its 256 threads PER_ROW by PER_COLUMN.
// The blocks of one tile share its depth: block z sums from `z chunk` on, into the z-th matrix of `out`, whose rows are
// `out_row` apart; where there are several matrices, that is `n`.
template <int PER_ROW, int PER_COLUMN, int DEPTH>
__device__ __forceinline__ void product_tile(
    float* out, const float* a, const float* b, const float* bias,
    u32 m, u32 n, u32 k, u32 out_row, u32 a_row, u32 a_column, u32 b_row, u32 b_column, u32 add, u32 activation, u32 chunk) {
    const int ROWS = 16 * PER_ROW, COLUMNS = 16 * PER_COLUMN;
    __shared__ float a_tile[DEPTH][ROWS + 1];
    __shared__ float b_tile[DEPTH][COLUMNS + 1];
    const u32 first_row = blockIdx.y * ROWS, first_column = blockIdx.x * COLUMNS;
    const u32 tx = threadIdx.x % 16, ty = threadIdx.x / 16;
    const u32 start = blockIdx.z * chunk, end = min(k, start + chunk);
    float sums[PER_ROW][PER_COLUMN];
#pragma unroll
    for (int i = 0; i < PER_ROW; i++) {
#pragma unroll
        for (int j = 0; j < PER_COLUMN; j++) sums[i][j] = 0.0f;
    }
    for (u32 depth = start; depth < end; depth += DEPTH) {
        copy_tile<ROWS, DEPTH, 256>(a_tile, a, first_row, m, a_row, depth, end, a_column);
        copy_tile<COLUMNS, DEPTH, 256>(b_tile, b, first_column, n, b_column, depth, end, b_row);
        __syncthreads();
#pragma unroll
        for (int d = 0; d < DEPTH; d++) {
            float left[PER_ROW], right[PER_COLUMN];
#pragma unroll
            for (int i = 0; i < PER_ROW; i++) left[i] = a_tile[d][ty + 16 * i];
#pragma unroll
            for (int j = 0; j < PER_COLUMN; j++) right[j] = b_tile[d][tx + 16 * j];
#pragma unroll
            for (int i = 0; i < PER_ROW; i++) {
#pragma unroll
                for (int j = 0; j < PER_COLUMN; j++) sums[i][j] = fmaf(left[i], right[j], sums[i][j]);
            }
        }
        __syncthreads();
    }
    float* part = out + (size_t)blockIdx.z * m * n;
#pragma unroll
    for (int i = 0; i < PER_ROW; i++) {
#pragma unroll
        for (int j = 0; j < PER_COLUMN; j++) {
            const u32 row = first_row + ty + 16 * i, column = first_column + tx + 16 * j;
            if (row < m && column < n) {
                float value = sums[i][j];
                float* to = part + (size_t)row * out_row + column;
                if (add != 0) value += *to;
                *to = finish(value, bias, column, activation);
            }
        }
    }
}

extern "C" __global__ void __launch_bounds__(256) product_64(
    float* out, const float* a, const float* b, const float* bias,
    u32 m, u32 n, u32 k, u32 out_row, u32 a_row, u32 a_column, u32 b_row, u32 b_column, u32 add, u32 activation, u32 chunk) {
    product_tile<4, 4, 16>(out, a, b, bias, m, n, k, out_row, a_row, a_column, b_row, b_column, add, activation, chunk);
}

extern "C" __global__ void __launch_bounds__(256) product_32(
    float* out, const float* a, const float* b, const float* bias,
    u32 m, u32 n, u32 k, u32 out_row, u32 a_row, u32 a_column, u32 b_row, u32 b_column, u32 add, u32 activation, u32 chunk) {
    product_tile<2, 2, 32>(out, a, b, bias, m, n, k, out_row, a_row, a_column, b_row, b_column, add, activation, chunk);
}

// Adds the parts of a product whose depth was shared out, in their order.
extern "C" __global__ void product_sum_parts(
    float* out, const float* parts, const float* bias, u32 m, u32 n, u32 out_row, u32 n_parts, u32 add, u32 activation) {
    const u32 index = global_index();
    if (index >= m * n) return;
    const u32 column = index % n;
    float* to = out + (size_t)(index / n) * out_row + column;
    float sum = add != 0 ? *to : 0.0f;
    for (u32 part = 0; part < n_parts; part++) sum += parts[(size_t)part * m * n + index];
    *to = finish(sum, bias, column, activation);
}
