// y = act(y + bias), in place.
extern "C" __global__ void bias_activation_fwd(float* y, const float* bias, u32 n, u32 c, u32 activation) {
    const u32 index = global_index();
    if (index >= n * c) return;
    y[index] = activate(activation, y[index] + bias[index % c]);
}

// d_y = d_y act'(y), in place.
extern "C" __global__ void bias_activation_bwd(float* d_y, const float* y, u32 n, u32 c, u32 activation) {
    const u32 index = global_index();
    if (index >= n * c) return;
    d_y[index] = d_y[index] * slope(activation, y[index]);
}

// d_bias += Σ_rows d act'(y), over the first c of `stride` columns; without `y`, d itself.
// A block of 32 by 32 threads takes 32 columns: each row of threads sums every 32nd row, then the sums are added in order.
extern "C" __global__ void __launch_bounds__(1024) column_sums(
    float* d_bias, const float* d, const float* y, u32 n, u32 c, u32 stride, u32 activation) {
    __shared__ float sums[32][33];
    const u32 column = blockIdx.x * 32 + threadIdx.x;
    float sum = 0.0f;
    if (column < c) {
        for (u32 row = threadIdx.y; row < n; row += 32) {
            const u32 index = row * stride + column;
            sum += y == nullptr ? d[index] : d[index] * slope(activation, y[index]);
        }
    }
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && column < c) {
        float total = 0.0f;
        for (u32 row = 0; row < 32; row++) total += sums[row][threadIdx.x];
        d_bias[column] += total;
    }
}
