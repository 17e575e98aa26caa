// Three kernels for the tests of the check: one plain, one with shared memory and vectors, one with local memory.
extern "C" __global__ void scale(float* x, float factor, unsigned n) {
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= factor;
}
extern "C" __global__ void __launch_bounds__(256) tree(double* out, const float4* x, float2 weights) {
  __shared__ double sums[256];
  float4 v = x[threadIdx.x];
  sums[threadIdx.x] = v.x * weights.x + v.y * weights.y;
  __syncthreads();
  if (threadIdx.x == 0) out[0] = sums[0] + sums[255];
}
extern "C" __global__ void table(float* out, int n) {
  float values[64];
  for (int i = 0; i < 64; ++i) values[i] = out[i] * i;
  for (int i = 0; i < n; ++i) values[(i * 7 + n) % 64] += values[i % 64];
  out[0] = values[n % 64];
}
extern "C" __global__ void nothing() {}
