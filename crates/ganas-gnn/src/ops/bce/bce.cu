// d_i = w_i (σ(x_i) - t_i), and the loss of each block, Σ w_i (softplus(x_i) - t_i x_i), for the host to add in order.
extern "C" __global__ void __launch_bounds__(256) bce(
    float* d_logits, double* losses, const float* logits, const float* targets, const float* weights, u32 n) {
    __shared__ double sums[256];
    double loss = 0.0;
    for (u32 i = global_index(); i < n; i += gridDim.x * blockDim.x) {
        const float x = logits[i], t = targets[i], w = weights[i];
        loss += (softplus(x) - t * x) * w;
        d_logits[i] = (sigmoid(x) - t) * w;
    }
    const double total = block_sum(sums, loss);
    if (threadIdx.x == 0) losses[blockIdx.x] = total;
}
