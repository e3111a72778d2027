// One workgroup lists those of STRIP logits that may be among the K best, and sums the exponentials of the STRIP. Each of the CANDIDATES is one of the logits, all
// different ones, so that no logit below the K-th best candidate is among the K best; its first DIGITS bytes are found.
@group(0) @binding(0) var<storage, read> logits: array<u32>;                    // (N): bits of f32
@group(0) @binding(1) var<storage, read> candidates: array<vec2<u32>>;          // (CANDIDATES): value as bits, index
@group(0) @binding(2) var<storage, read_write> survivors: Survivors;
@group(0) @binding(3) var<storage, read_write> strip_sums: array<vec2<f32>>;    // (STRIPS)

struct Survivors {
    count: atomic<u32>,     // 0 before, and again after top_k.wgsl
    ids: array<u32>,        // (N), in any order
}

@compute @workgroup_size(WORKGROUP)
fn top_k_filter(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    var bound = 0u;
    var mask = 0u;
    var wanted = K;
    for (var n = 0u; n < DIGITS; n += 1u) {
        let shift = 24u - 8u * n;
        for (var i = local; i < CANDIDATES; i += WORKGROUP) {
            let c = candidates[i];
            // Without an index it is no logit, or a broken one; to take it for the least is right for both.
            let key = select(key_of(c.x), 0u, c.y == 0xffffffffu);
            if ((key & mask) == bound) {
                atomicAdd(&counts[(key >> shift) & 255u], 1u);
            }
        }
        let digit = digit_of(wanted, local);
        bound |= digit.x << shift;
        mask |= 255u << shift;
        wanted = digit.y;
    }
    let end = min((group.x + 1u) * STRIP, N);
    var sum = NOTHING;
    for (var id = group.x * STRIP + local; id < end; id += WORKGROUP) {
        let bits = logits[id];
        if (key_of(bits) >= bound) {
            // The last place is taken again only where a count was not 0 before.
            survivors.ids[min(atomicAdd(&survivors.count, 1u), N - 1u)] = id;
        }
        if ((bits & 0x7f800000u) != 0x7f800000u) {
            sum = joined(sum, vec2<f32>(bitcast<f32>(bits), 1.0));
        }
    }
    sum = joined_by_all(sum, local);
    if (local == 0u) {
        strip_sums[group.x] = sum;
    }
}
