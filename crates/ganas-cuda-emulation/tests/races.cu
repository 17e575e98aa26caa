#line 1 "race.cu"
// Kernels for the tests of the race check, some of them with a race.

// out[block] = sum of 64 values of x.
extern "C" __global__ void tree(float* out, const float* x) {
  __shared__ float sums[64];
  sums[threadIdx.x] = x[blockIdx.x * 64 + threadIdx.x];
  __syncthreads();
  for (int half = 32; half > 0; half /= 2) {
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) out[blockIdx.x] = sums[0];
}
extern "C" __global__ void tree_without_barrier(float* out, const float* x) {
  __shared__ float sums[64];
  sums[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  for (int half = 32; half > 0; half /= 2) {
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  if (threadIdx.x == 0) out[0] = sums[0];
}

// The values of a warp in the opposite order; a shuffle orders no memory.
extern "C" __global__ void reversed(float* out, const float* x) {
  __shared__ float values[32];
  values[threadIdx.x] = x[blockIdx.x * 32 + threadIdx.x];
  __syncwarp();
  out[blockIdx.x * 32 + threadIdx.x] = values[31 - threadIdx.x];
}
extern "C" __global__ void reversed_without_syncwarp(float* out, const float* x) {
  __shared__ float values[32];
  values[threadIdx.x] = x[threadIdx.x];
  float first = __shfl_sync(0xffffffffu, x[threadIdx.x], 0);
  out[threadIdx.x] = values[31 - threadIdx.x] + first;
}

// Atomics on shared and on device memory are no race.
extern "C" __global__ void histogram(int* counts, const unsigned* values, unsigned n) {
  extern __shared__ int of_block[];
  if (threadIdx.x < 4) of_block[threadIdx.x] = 0;
  __syncthreads();
  for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) atomicAdd(&of_block[values[i]], 1);
  __syncthreads();
  if (threadIdx.x < 4) atomicAdd(&counts[threadIdx.x], of_block[threadIdx.x]);
}

// All blocks write the same numbers to the same place.
extern "C" __global__ void block_conflict(float* out) { out[threadIdx.x] = threadIdx.x; }

extern "C" __global__ void divergent(float* out) {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    out[threadIdx.x] = 1.0f;
    __syncthreads();
  }
}
