// One invocation routes one token: softmax over the EXPERTS logits, the TOP_K largest, renormalised to sum 1 and
// multiplied by each expert's own scale. The softmax denominator cancels in the renormalisation. Of equal logits the
// lower index wins.
@group(0) @binding(0) var<storage, read> logits: array<f32>;                // (T, EXPERTS)
@group(0) @binding(1) var<storage, read> scale: array<f32>;                 // (EXPERTS)
@group(0) @binding(2) var<storage, read_write> experts: array<u32>;         // (T, TOP_K)
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;         // (T, TOP_K)
@group(0) @binding(4) var<uniform> step: Step;

@compute @workgroup_size(WORKGROUP)
fn router_top_k(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= step.rows) {
        return;
    }
    let row = id.x * EXPERTS;
    let out = id.x * TOP_K;
    var total = 0.0;
    var first = 0.0;
    var previous = 3.0e38;
    var previous_index = 0u;
    for (var k = 0u; k < TOP_K; k += 1u) {
        // The largest logit that comes after the previous one in the order (value down, index up).
        var best = -3.0e38;
        var best_index = 0u;
        for (var e = 0u; e < EXPERTS; e += 1u) {
            let v = logits[row + e];
            let left = v < previous || (v == previous && e > previous_index && k > 0u);
            if (left && v > best) {
                best = v;
                best_index = e;
            }
        }
        if (k == 0u) {
            first = best;
        }
        let p = exp(best - first);
        total += p;
        experts[out + k] = best_index;
        weights[out + k] = p;
        previous = best;
        previous_index = best_index;
    }
    for (var k = 0u; k < TOP_K; k += 1u) {
        weights[out + k] = weights[out + k] / total * scale[experts[out + k]];
    }
}
