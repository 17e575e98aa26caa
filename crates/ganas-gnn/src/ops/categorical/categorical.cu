// Masked categorical decisions: one thread for each row, of at most 64 actions.

__device__ __forceinline__ bool is_legal(u64 mask, u32 action) {
    return (mask >> action & 1) != 0;
}

// log Σ exp(x / divisor) over the legal actions of a row; minus infinity when none has a finite logit.
__device__ __forceinline__ float log_sum_exp(const float* row, u64 mask, u32 actions, float divisor) {
    float largest = MINUS_INFINITY;
    for (u32 a = 0; a < actions; a++) {
        if (is_legal(mask, a)) largest = fmaxf(largest, row[a] / divisor);
    }
    if (!(largest > MINUS_INFINITY)) return MINUS_INFINITY;
    float sum = 0.0f;
    for (u32 a = 0; a < actions; a++) {
        if (is_legal(mask, a)) sum += exponential(row[a] / divisor - largest);
    }
    return largest + logf(sum);
}

// Draws by inversion, in ascending order of actions.
extern "C" __global__ void categorical_sample(
    u32* chosen, const float* logits, const u64* masks, const float* uniforms,
    float temperature, float mix, u32 n, u32 actions) {
    const u32 row = global_index();
    if (row >= n) return;
    logits += row * actions;
    const u64 mask = masks[row];
    const float shift = log_sum_exp(logits, mask, actions, temperature);
    if (!(shift > MINUS_INFINITY)) {
        chosen[row] = NO_ACTION;
        return;
    }
    u32 n_legal = 0;
    for (u32 a = 0; a < actions; a++) n_legal += is_legal(mask, a) ? 1 : 0;
    const float uniform = 1.0f / (float)n_legal;
    const float u = uniforms[row];
    float cumulative = 0.0f;
    u32 last = 0;
    for (u32 a = 0; a < actions; a++) {
        if (!is_legal(mask, a)) continue;
        cumulative += (1.0f - mix) * exponential(logits[a] / temperature - shift) + mix * uniform;
        last = a;
        if (u < cumulative) break;
    }
    // Rounding may leave the sum below u: then the last legal action is meant.
    chosen[row] = last;
}

// Log-probability of the chosen action, entropy, and log-probabilities of all legal actions.
extern "C" __global__ void categorical_fwd(
    float* log_prob, float* entropy, float* log_probs, const float* logits, const u64* masks, const u32* chosen,
    u32 n, u32 actions) {
    const u32 row = global_index();
    if (row >= n) return;
    logits += row * actions;
    log_probs += row * actions;
    const u64 mask = masks[row];
    const float shift = log_sum_exp(logits, mask, actions, 1.0f);
    float sum = 0.0f;
    for (u32 a = 0; a < actions; a++) {
        float l = 0.0f;
        if (is_legal(mask, a)) {
            l = logits[a] - shift;
            sum += exponential(l) * l;
        }
        log_probs[a] = l;
    }
    log_prob[row] = log_probs[chosen[row]];
    entropy[row] = -sum;
}

// d_x_b = d_logp (1[a = b] - p_b) - d_H p_b (log p_b + H) for legal b, else 0.
extern "C" __global__ void categorical_bwd(
    float* d_logits, const float* d_log_prob, const float* d_entropy, const float* log_probs, const u64* masks,
    const u32* chosen, u32 n, u32 actions) {
    const u32 row = global_index();
    if (row >= n) return;
    d_logits += row * actions;
    log_probs += row * actions;
    const u64 mask = masks[row];
    float sum = 0.0f;
    for (u32 a = 0; a < actions; a++) {
        if (is_legal(mask, a)) sum += exponential(log_probs[a]) * log_probs[a];
    }
    const float entropy = -sum;
    for (u32 a = 0; a < actions; a++) {
        float d = 0.0f;
        if (is_legal(mask, a)) {
            const float p = exponential(log_probs[a]);
            const float hit = a == chosen[row] ? 1.0f : 0.0f;
            d = d_log_prob[row] * (hit - p) - d_entropy[row] * p * (log_probs[a] + entropy);
        }
        d_logits[a] = d;
    }
}
