// One workgroup leaves the K best of the surviving logits, best first, after them the logits of the ids asked for, and last
// the sum of all exponentials. The K-th best is found byte by byte, over the key and then over the index.
@group(0) @binding(0) var<storage, read> logits: array<u32>;                    // (N): bits of f32
@group(0) @binding(1) var<storage, read_write> survivors: Survivors;
@group(0) @binding(2) var<storage, read> asked: array<u32>;                     // (ASKED)
@group(0) @binding(3) var<storage, read> strip_sums: array<vec2<f32>>;          // (STRIPS)
@group(0) @binding(4) var<storage, read_write> y: array<u32>;                   // (2 K + ASKED + 1): bits, id of each; bits

struct Survivors {
    count: atomic<u32>,
    ids: array<u32>,        // (N), in any order
}

var<workgroup> kept_count: atomic<u32>;
var<workgroup> kept: array<vec2<u32>, K>;

// What is better is larger: the key, then the index from its other end.
fn number(i: u32) -> vec2<u32> {
    let id = survivors.ids[i];
    return vec2<u32>(key_of(logits[id]), ~id);
}

fn at_least(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.x > b.x || (a.x == b.x && a.y >= b.y);
}

@compute @workgroup_size(WORKGROUP)
fn top_k(@builtin(local_invocation_index) local: u32) {
    let count = min(atomicLoad(&survivors.count), N);
    var bound = vec2<u32>(0u);
    var mask = vec2<u32>(0u);
    var wanted = K;
    for (var n = 0u; n < 8u; n += 1u) {
        let shift = 24u - 8u * (n % 4u);
        for (var i = local; i < count; i += WORKGROUP) {
            let v = number(i);
            if (all((v & mask) == bound)) {
                atomicAdd(&counts[(select(v.x, v.y, n >= 4u) >> shift) & 255u], 1u);
            }
        }
        let digit = digit_of(wanted, local);
        let place = select(vec2<u32>(1u, 0u), vec2<u32>(0u, 1u), n >= 4u);
        bound |= place * (digit.x << shift);
        mask |= place * (255u << shift);
        wanted = digit.y;
        if (digit.y == digit.z) {
            break;
        }
    }
    for (var i = local; i < count; i += WORKGROUP) {
        let v = number(i);
        if (at_least(v, bound)) {
            kept[min(atomicAdd(&kept_count, 1u), K - 1u)] = v;
        }
    }
    workgroupBarrier();
    if (local < K) {
        let v = kept[local];
        var rank = 0u;
        for (var i = 0u; i < K; i += 1u) {
            rank += select(0u, 1u, !at_least(v, kept[i]));
        }
        let bits = select(~v.x, v.x & 0x7fffffffu, (v.x >> 31u) == 1u);
        y[2u * rank] = bits;
        y[2u * rank + 1u] = select(~v.y, 0xffffffffu, v.x == BROKEN);
    }
    if (local < ASKED) {
        y[2u * K + local] = logits[min(asked[local], N - 1u)];
    }
    var sum = NOTHING;
    for (var i = local; i < STRIPS; i += WORKGROUP) {
        sum = joined(sum, strip_sums[i]);
    }
    sum = joined_by_all(sum, local);
    if (local == 0u) {
        y[2u * K + ASKED] = bitcast<u32>(sum.y);
        atomicStore(&survivors.count, 0u);
    }
}
