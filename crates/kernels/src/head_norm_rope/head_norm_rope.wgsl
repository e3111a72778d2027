// One workgroup handles one head of one token: RMS norm over the head, rotary position, and for keys and values the
// append to the cache. Heads come in the order queries (HEADS), keys (KV_HEADS), values (KV_HEADS); a layer that shares
// another's cache has KV_HEADS = 0. Values are normed without weight and not rotated.
@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;             // (T, QKV_STRIDE): queries, keys, values
@group(0) @binding(1) var<storage, read> norms: array<vec4<f32>>;           // (2, HEAD_DIM): query and key weights
@group(0) @binding(2) var<storage, read> rope: array<vec4<f32>>;            // (256 + .., HEAD_DIM / 2, 2): cos, sin
@group(0) @binding(3) var<storage, read_write> q: array<vec4<f32>>;         // (T, HEADS, HEAD_DIM)
@group(0) @binding(4) var<storage, read_write> k_cache: array<Kv>;          // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(5) var<storage, read_write> v_cache: array<Kv>;          // (CAPACITY, KV_HEADS, HEAD_DIM)
@group(0) @binding(6) var<uniform> step: Step;

const N: u32 = HEAD_DIM / 4u;       // vec4 in a head
const ROW: u32 = N;

@compute @workgroup_size(WORKGROUP)
fn head_norm_rope(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let head = group.x;
    let token = group.y;
    let position = step.position + token;
    let is_value = head >= HEADS + KV_HEADS;
    // K = V layers have no value rows: their values are the raw keys (V_OFFSET = K_OFFSET).
    var start = token * (QKV_STRIDE / 4u) + head * N;
    if (is_value) {
        start = token * (QKV_STRIDE / 4u) + V_OFFSET / 4u + (head - HEADS - KV_HEADS) * N;
    }
    var squares = 0.0;
    for (var i = local; i < N; i += WORKGROUP) {
        let v = qkv[start + i];
        squares += dot(v, v);
    }
    let inverse = inverseSqrt(workgroup_sum(squares, local) / f32(HEAD_DIM) + EPSILON);
    for (var i = local; i < HALF; i += WORKGROUP) {
        let a = qkv[start + i] * inverse;
        let b = qkv[start + HALF + i] * inverse;
        if (is_value) {
            row[i] = a;
            row[HALF + i] = b;
            continue;
        }
        let weights = select(0u, N, head >= HEADS);
        let wa = a * norms[weights + i];
        let wb = b * norms[weights + HALF + i];
        let angle = angles(position, i);
        let ra = wa * angle.cosine - wb * angle.sine;
        let rb = wb * angle.cosine + wa * angle.sine;
        if (head < HEADS) {
            let to = (token * HEADS + head) * N + i;
            q[to] = ra;
            q[to + HALF] = rb;
        } else {
            row[i] = ra;
            row[HALF + i] = rb;
        }
    }
    workgroupBarrier();
    if (head >= HEADS) {
        append(head, position, is_value, local);
    }
}

fn append(head: u32, position: u32, is_value: bool, local: u32) {
    let kv_head = select(head - HEADS, head - HEADS - KV_HEADS, is_value);
    let to = ((position % CAPACITY) * KV_HEADS + kv_head) * HEAD_UNITS;
    for (var i = local; i < N; i += WORKGROUP) {
        let top = row_top(i);
        let has_scale = KV_SCALES && i % 8u == 0u;
        if (is_value) {
            v_cache[to + i] = kv_unit(row[i], top);
            if (has_scale) {
                v_cache[to + kv_scale_at(i)] = kv_scale(top);
            }
        } else {
            k_cache[to + i] = kv_unit(row[i], top);
            if (has_scale) {
                k_cache[to + kv_scale_at(i)] = kv_scale(top);
            }
        }
    }
}
