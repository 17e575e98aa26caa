// Kernels with one mistake each. The tests find the lines that reports must name by the comments `fault: ...`.
#define FULL 0xffffffffu

// out[i] = sum of x in a block of 128 threads; the barrier after the loads is missing.
extern "C" __global__ void missing_barrier(float* out, const float* x) {
  __shared__ float values[128];
  values[threadIdx.x] = x[threadIdx.x];
  float sum = 0.0f;
  for (int i = 0; i < 128; ++i) sum += values[i];
  out[threadIdx.x] = sum;
}

// Neighbours are exchanged in place without a barrier between the read and the write.
extern "C" __global__ void missing_second_barrier(float* out, const float* x) {
  __shared__ float values[128];
  values[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  values[threadIdx.x] = values[(threadIdx.x + 1) % 128];
  __syncthreads();
  out[threadIdx.x] = values[threadIdx.x];
}

extern "C" __global__ void divergent_barrier(float* out) {
  if (threadIdx.x % 2 == 0) {
    __syncthreads();  // fault: divergent_barrier
  } else {
    __syncthreads();  // fault: divergent_barrier again
  }
  out[threadIdx.x] = 1.0f;
}

extern "C" __global__ void barrier_after_return(float* out, int n) {
  if ((int)threadIdx.x >= n) return;
  __syncthreads();  // fault: barrier_after_return
  out[threadIdx.x] = 1.0f;
}

extern "C" __global__ void read_past_end(float* out, const float* x, int n) {
  out[0] = x[n];  // fault: read_past_end
}

extern "C" __global__ void read_before_start(float* out, const float* x, int distance) {
  out[0] = x[-distance];  // fault: read_before_start
}

extern "C" __global__ void write_past_end(float* out, int n) {
  if (blockIdx.x == 1 && threadIdx.x == 5) out[n] = 1.0f;  // fault: write_past_end
}

// Reads what nobody wrote: device memory, shared memory, or a local variable.
extern "C" __global__ void unset_memory(float* out, const float* unset) {
  __shared__ float shared[4];
  extern __shared__ float dynamic[];
  __syncthreads();
  if (threadIdx.x == 0) {
    out[0] = unset[0] + 1.0f;
    out[1] = shared[1] + 1.0f;
    out[2] = dynamic[1] + 1.0f;
  }
  __syncthreads();
  shared[1] = dynamic[1] = 1.0f;  // what the next block must not see
}

extern "C" __global__ void lane_not_in_mask(float* out) {
  out[threadIdx.x] = __shfl_sync(0x0000ffffu, 1.0f, 0);  // fault: lane_not_in_mask
}

extern "C" __global__ void shuffle_from_outside_mask(float* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0x0000ffffu, 1.0f, 20);  // fault: shuffle_from_outside_mask
}

extern "C" __global__ void different_masks(float* out) {
  unsigned mask = threadIdx.x < 16 ? 0xffffffffu : 0xfffffffeu;
  out[threadIdx.x] = __shfl_sync(mask, 1.0f, 1);  // fault: different_masks
}

extern "C" __global__ void returned_lane(float* out) {
  if (threadIdx.x == 3) return;
  out[threadIdx.x] = __shfl_xor_sync(FULL, 1.0f, 1);  // fault: returned_lane
}

// Half of the warp waits for all of it, the other half for the whole block.
extern "C" __global__ void deadlock(float* out) {
  if (threadIdx.x < 16) {
    __syncwarp();  // fault: deadlock
  } else {
    __syncthreads();  // fault: deadlock again
  }
  out[threadIdx.x] = 1.0f;
}

extern "C" __global__ void division_by_zero(int* out, int divisor) {
  out[0] = 100 / divisor;  // fault: division_by_zero
}

extern "C" __global__ void failed_assertion(float* out, int n) {
  assert(n == 3);  // fault: failed_assertion
  out[0] = 1.0f;
}

extern "C" __global__ void too_much_stack(float* out, int n) {
  volatile float values[50000];
  for (int i = 0; i < 50000; ++i) values[i] = n;
  out[0] = values[n];
}

extern "C" __global__ void scale(float* x, int n, float factor) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= factor;
}

extern "C" __global__ void __launch_bounds__(64) bounded(float* x) { x[threadIdx.x] = 1.0f; }

extern "C" __global__ void index_outside_of_array(float* out, int n) {
  __shared__ float values[8];
  values[n] = 1.0f;  // fault: index_outside_of_array
  out[0] = values[0];
}

extern "C" __global__ void dynamic_shared_too_small(float* out, int n) {
  extern __shared__ float values[];
  values[n] = 1.0f;  // fault: dynamic_shared_too_small
  out[0] = values[n];
}

extern "C" __global__ void misaligned(float* out, int n) {
  float4 vector = *reinterpret_cast<const float4*>(out + n);  // fault: misaligned
  out[0] = vector.x;
}

extern "C" __global__ void shift_too_far(float* out, int n) {
  out[0] = 1 << n;  // fault: shift_too_far
}
