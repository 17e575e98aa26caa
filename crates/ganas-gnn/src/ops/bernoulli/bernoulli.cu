// Masked Bernoulli decisions: one thread for each row. Masks are 1 (only 0 is legal), 2 (only 1) or 3 (both).

extern "C" __global__ void bernoulli_sample(
    u32* chosen, const float* scores, const float* prior, const u64* masks, const float* uniforms,
    float temperature, float mix, u32 n) {
    const u32 row = global_index();
    if (row >= n) return;
    const u64 mask = masks[row];
    const float p = (1.0f - mix) * sigmoid(scores[row] / temperature + prior[row]) + mix * sigmoid(prior[row]);
    u32 action = uniforms[row] < p ? 1 : 0;
    if (mask == 1) action = 0;
    if (mask == 2) action = 1;
    if (mask == 0 || mask > 3) action = NO_ACTION;
    chosen[row] = action;
}

extern "C" __global__ void bernoulli_fwd(
    float* log_prob, float* entropy, const float* scores, const float* prior, const u64* masks, const u32* chosen,
    u32 n) {
    const u32 row = global_index();
    if (row >= n) return;
    float l = 0.0f, h = 0.0f;
    if (masks[row] == 3) {
        const float x = scores[row] + prior[row];
        const float miss = softplus(x), hit = softplus(-x), p = sigmoid(x);
        l = chosen[row] == 1 ? -hit : -miss;
        h = p * hit + (1.0f - p) * miss;
    }
    log_prob[row] = l;
    entropy[row] = h;
}

// d_s = d_logp (a - p) - d_H x p (1 - p) where both actions are legal, else 0.
extern "C" __global__ void bernoulli_bwd(
    float* d_scores, const float* d_log_prob, const float* d_entropy, const float* scores, const float* prior,
    const u64* masks, const u32* chosen, u32 n) {
    const u32 row = global_index();
    if (row >= n) return;
    float d = 0.0f;
    if (masks[row] == 3) {
        const float x = scores[row] + prior[row];
        const float p = sigmoid(x);
        const float hit = chosen[row] == 1 ? 1.0f : 0.0f;
        d = d_log_prob[row] * (hit - p) - d_entropy[row] * x * p * (1.0f - p);
    }
    d_scores[row] = d;
}
