// What all kernels share. Compiled by NVRTC, without fused multiply-adds except where `fmaf` is written, so that
// pointwise functions give the bits that they give on the CPU (see functions.rs for their constants and errors).
//
// Every kernel is plain CUDA C++: no inline assembly, no float atomics. One thread owns each output.

typedef unsigned int u32;
typedef unsigned long long u64;

// What a decision without a legal action of finite logit returns; the host turns it into an error.
#define NO_ACTION 0xffffffffu

#define MINUS_INFINITY __int_as_float(0xff800000)

__device__ __forceinline__ u32 global_index() {
    return blockIdx.x * blockDim.x + threadIdx.x;
}

__device__ __forceinline__ float power_of_two(int exponent) {
    return __int_as_float((exponent + 127) << 23);
}

__device__ __forceinline__ float exponential(float x) {
    const float round = 12582912.0f;
    const float clamped = x < -87.336f ? -87.336f : (x > 88.722f ? 88.722f : x);
    const float shifted = clamped * 1.44269504088896340736f + round;
    const float n = shifted - round;
    const float r = clamped - n * 0.6933594f - n * -2.1219444e-4f;
    float p = 1.9875691e-4f;
    p = p * r + 1.3981999e-3f;
    p = p * r + 8.333452e-3f;
    p = p * r + 4.1665796e-2f;
    p = p * r + 1.6666665e-1f;
    p = p * r + 0.5f;
    const float value = p * r * r + r + 1.0f;
    const int exponent = __float_as_int(shifted) - __float_as_int(round);
    const int half = exponent >> 1;
    return value * power_of_two(half) * power_of_two(exponent - half);
}

__device__ __forceinline__ float hyperbolic_tangent(float x) {
    const float z = x * x;
    float p = -5.7049887e-3f;
    p = p * z + 2.063909e-2f;
    p = p * z - 5.3739716e-2f;
    p = p * z + 1.3331442e-1f;
    p = p * z - 3.333328e-1f;
    const float small = p * z * x + x;
    const float a = fabsf(x);
    const float large = copysignf(1.0f - 2.0f / (exponential(2.0f * a) + 1.0f), x);
    return a < 0.625f ? small : large;
}

__device__ __forceinline__ float sigmoid(float x) {
    return 1.0f / (1.0f + exponential(-x));
}

// log(1 + t) for t from 0 to 1.
__device__ __forceinline__ float ln_1p_unit(float t) {
    const float s = t / (2.0f + t);
    const float z = s * s;
    float p = 1.0f / 13.0f;
    p = p * z + 1.0f / 11.0f;
    p = p * z + 1.0f / 9.0f;
    p = p * z + 1.0f / 7.0f;
    p = p * z + 1.0f / 5.0f;
    p = p * z + 1.0f / 3.0f;
    const float s2 = s + s;
    return s2 * z * p + s2;
}

__device__ __forceinline__ float softplus(float x) {
    return fmaxf(x, 0.0f) + ln_1p_unit(exponential(-fabsf(x)));
}

// Activations by number: identity, relu, tanh (`Activation::number` on the host).
#define RELU 1u
#define TANH 2u

__device__ __forceinline__ float activate(u32 activation, float x) {
    if (activation == RELU) return x > 0.0f ? x : 0.0f;
    if (activation == TANH) return hyperbolic_tangent(x);
    return x;
}

// The slope of an activation, as a function of its value.
__device__ __forceinline__ float slope(u32 activation, float y) {
    if (activation == RELU) return y > 0.0f ? 1.0f : 0.0f;
    if (activation == TANH) return 1.0f - y * y;
    return 1.0f;
}

// The sum of a block's values, in an order that depends on nothing but the block's size: a tree in shared memory.
// `sums` has one entry for each thread; blocks have a power of two of threads. Every thread must call it.
__device__ __forceinline__ double block_sum(double* sums, double value) {
    sums[threadIdx.x] = value;
    __syncthreads();
    for (u32 half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
        __syncthreads();
    }
    return sums[0];
}
