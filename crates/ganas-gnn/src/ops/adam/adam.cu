// One step of Adam over all scalars; gradients are left at zero.
extern "C" __global__ void adam_step(
    float* params, float* m, float* v, float* grads,
    float beta1, float beta2, float epsilon, float grad_scale, float step_size, float root_scale, u32 n) {
    const u32 i = global_index();
    if (i >= n) return;
    const float g = grads[i] * grad_scale;
    grads[i] = 0.0f;
    m[i] = beta1 * m[i] + (1.0f - beta1) * g;
    v[i] = beta2 * v[i] + (1.0f - beta2) * g * g;
    params[i] = params[i] - step_size * m[i] / (sqrtf(v[i]) * root_scale + epsilon);
}

// The sum of squares of each block's share, for the host to add in order.
extern "C" __global__ void __launch_bounds__(256) sum_of_squares(double* parts, const float* grads, u32 n) {
    __shared__ double sums[256];
    double sum = 0.0;
    for (u32 i = global_index(); i < n; i += gridDim.x * blockDim.x) {
        const double g = grads[i];
        sum += g * g;
    }
    const double total = block_sum(sums, sum);
    if (threadIdx.x == 0) parts[blockIdx.x] = total;
}
