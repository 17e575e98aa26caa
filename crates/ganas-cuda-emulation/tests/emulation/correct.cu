// Kernels without a mistake, in the style of the kernels of ganas: one thread owns each output.
#define FULL 0xffffffffu
#define TILE 16

__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) value += __shfl_down_sync(FULL, value, offset);
  return value;
}

// c[m, n] = a[m, k] b[k, n], in tiles of static shared memory.
template <int tile>
__device__ void product_of_tiles(float* c, const float* a, const float* b, int m, int n, int k) {
  __shared__ float a_tile[tile][tile + 1];
  __shared__ float b_tile[tile][tile + 1];
  int row = blockIdx.y * tile + threadIdx.y, column = blockIdx.x * tile + threadIdx.x;
  float sum = 0.0f;
  for (int start = 0; start < k; start += tile) {
    int a_column = start + threadIdx.x, b_row = start + threadIdx.y;
    a_tile[threadIdx.y][threadIdx.x] = row < m && a_column < k ? a[(size_t)row * k + a_column] : 0.0f;
    b_tile[threadIdx.y][threadIdx.x] = b_row < k && column < n ? b[(size_t)b_row * n + column] : 0.0f;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < tile; ++i) sum = fmaf(a_tile[threadIdx.y][i], b_tile[i][threadIdx.x], sum);
    __syncthreads();
  }
  if (row < m && column < n) c[(size_t)row * n + column] = sum;
}

extern "C" __global__ void __launch_bounds__(TILE* TILE)
    product(float* __restrict__ c, const float* __restrict__ a, const float* __restrict__ b, int m, int n, int k) {
  product_of_tiles<TILE>(c, a, b, m, n, k);
}

// out[row] = sum of x[row, :], a block a row, with shuffles in each warp and shared memory between them.
extern "C" __global__ void row_sums(float* __restrict__ out, const float* __restrict__ x, int columns) {
  __shared__ float of_warp[32];
  float sum = 0.0f;
  for (int column = threadIdx.x; column < columns; column += blockDim.x) sum += x[(size_t)blockIdx.x * columns + column];
  sum = warp_sum(sum);
  int lane = threadIdx.x % warpSize, warp = threadIdx.x / warpSize;
  if (lane == 0) of_warp[warp] = sum;
  __syncthreads();
  if (warp == 0) {
    sum = warp_sum(lane < (int)(blockDim.x / warpSize) ? of_warp[lane] : 0.0f);
    if (lane == 0) out[blockIdx.x] = sum;
  }
}

// out[i] = x[0] + ... + x[i] of one block, in dynamic shared memory.
extern "C" __global__ void prefix_sums(float* __restrict__ out, const float* __restrict__ x, int n) {
  extern __shared__ __align__(16) float sums[];
  int i = threadIdx.x;
  sums[i] = i < n ? x[i] : 0.0f;
  __syncthreads();
  for (int distance = 1; distance < (int)blockDim.x; distance *= 2) {
    float before = i >= distance ? sums[i - distance] : 0.0f;
    __syncthreads();
    sums[i] += before;
    __syncthreads();
  }
  if (i < n) out[i] = sums[i];
}

// y = alpha x + y, with a loop over the grid; no thread ever waits.
extern "C" __global__ void add_scaled(float* __restrict__ y, const float* __restrict__ x, float alpha, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) y[i] += alpha * x[i];
}

// out[row, :] = softmax of x[row, :] with at most 32 columns, a warp a row.
extern "C" __global__ void row_softmax(float* __restrict__ out, const float* __restrict__ x, int rows, int columns) {
  int row = (blockIdx.x * blockDim.x + threadIdx.x) / warpSize, lane = threadIdx.x % warpSize;
  if (row >= rows) return;  // whole warps
  float value = lane < columns ? x[row * columns + lane] : __int_as_float(0xff800000);
  float largest = value;
  for (int offset = 16; offset > 0; offset >>= 1) largest = fmaxf(largest, __shfl_xor_sync(FULL, largest, offset));
  float part = lane < columns ? expf(value - largest) : 0.0f, sum = part;
  for (int offset = 16; offset > 0; offset >>= 1) sum += __shfl_xor_sync(FULL, sum, offset);
  unsigned in_row = __ballot_sync(FULL, lane < columns);
  if (lane < __popc(in_row)) out[row * columns + lane] = part / sum;
}

// counts[value] += 1 for each value, with atomics on shared and on device memory.
extern "C" __global__ void histogram(int* __restrict__ counts, const int* __restrict__ values, int n, int bins) {
  extern __shared__ int of_block[];
  for (int bin = threadIdx.x; bin < bins; bin += blockDim.x) of_block[bin] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) atomicAdd(&of_block[values[i]], 1);
  __syncthreads();
  for (int bin = threadIdx.x; bin < bins; bin += blockDim.x) atomicAdd(&counts[bin], of_block[bin]);
}

// Each lane gets the value that the lane before it in its group of 8 has, and the first gets the last's.
extern "C" __global__ void rotate_groups(float* __restrict__ out, const float* __restrict__ x) {
  int lane = threadIdx.x;
  float up = __shfl_up_sync(FULL, x[lane], 1, 8);
  float last = __shfl_sync(FULL, x[lane], 7, 8);
  __syncwarp();
  out[lane] = lane % 8 == 0 ? last : up;
}

// Functions of CUDA, one a row of out; a reference is computed in Rust.
extern "C" __global__ void functions(float* __restrict__ out, const float* __restrict__ x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float v = __ldg(&x[i]);
  float values[] = {expf(v), tanhf(v), logf(v), log1pf(v), sqrtf(v), rsqrtf(v), __expf(v), __fdividef(v, 3.0f), fmaf(v, v, 1.0f),
                    __int_as_float(__float_as_int(v)), fminf(v, 1.0f), fmaxf(v, 1.0f), max(v, 0.5f), exp(v), fabsf(-v), floorf(v)};
  for (int row = 0; row < 16; ++row) out[row * n + i] = values[row];
}

// x[i] as a vector of four, times a number.
extern "C" __global__ void scale_vectors(float4* __restrict__ x, float2 factors, int vectors) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= vectors) return;
  float4 v = x[i];
  x[i] = make_float4(v.x * factors.x, v.y * factors.y, v.z * factors.x, v.w * factors.y);
}
