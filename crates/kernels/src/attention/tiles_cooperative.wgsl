// What goes through workgroup memory: keys and values on their way to matrices, and sums in matrices, whose rows are scaled there.

// Where a key and its value begin.
fn cached_at(key: u32) -> u32 {
    if (WINDOW == 0u) {
        return key * KV_HEADS * N;
    }
    return key % CAPACITY * KV_HEADS * N;
}

struct Four { a: vec4<f16>, b: vec4<f16>, c: vec4<f16>, d: vec4<f16> }

// Every eighth key from `key` on, at `column` of its row in the cache. What no row sees may be gone from the cache: the nearest
// key stands for it.
fn eight_keys(key: u32, first: u32, last: u32, column: u32) -> Eight {
    return Eight(
        k_cache[cached_at(clamp(key, first, last)) + column], k_cache[cached_at(clamp(key + 8u, first, last)) + column],
        k_cache[cached_at(clamp(key + 16u, first, last)) + column], k_cache[cached_at(clamp(key + 24u, first, last)) + column],
        k_cache[cached_at(clamp(key + 32u, first, last)) + column], k_cache[cached_at(clamp(key + 40u, first, last)) + column],
        k_cache[cached_at(clamp(key + 48u, first, last)) + column], k_cache[cached_at(clamp(key + 56u, first, last)) + column]);
}

fn keep_keys(to: u32, keys: Eight) {
    tile_kv[to] = keys.a;
    tile_kv[to + 8u * LINE] = keys.b;
    tile_kv[to + 16u * LINE] = keys.c;
    tile_kv[to + 24u * LINE] = keys.d;
    tile_kv[to + 32u * LINE] = keys.e;
    tile_kv[to + 40u * LINE] = keys.f;
    tile_kv[to + 48u * LINE] = keys.g;
    tile_kv[to + 56u * LINE] = keys.h;
}

// Four columns of a key's value, by their place i among those that are brought at once. What no row sees may hold anything, which
// no weight of zero makes zero: the nearest stands for it.
fn value(key: u32, i: u32, first: u32, last: u32, kv_head: u32) -> vec4<f16> {
    return v_cache[cached_at(clamp(key + i / N, first, last)) + kv_head * N + i % N];
}

fn eight_values(key: u32, i: u32, first: u32, end: u32, kv_head: u32) -> Eight {
    let last = end - 1u;
    return Eight(
        value(key, i, first, last, kv_head), value(key, i + 256u, first, last, kv_head),
        value(key, i + 512u, first, last, kv_head), value(key, i + 768u, first, last, kv_head),
        value(key, i + 1024u, first, last, kv_head), value(key, i + 1280u, first, last, kv_head),
        value(key, i + 1536u, first, last, kv_head), value(key, i + 1792u, first, last, kv_head));
}

fn value_place(i: u32) -> u32 {
    return i / N * VALUE_LINE + i % N;
}

fn keep_values(i: u32, values: Eight) {
    tile_kv[value_place(i)] = values.a;
    tile_kv[value_place(i + 256u)] = values.b;
    tile_kv[value_place(i + 512u)] = values.c;
    tile_kv[value_place(i + 768u)] = values.d;
    tile_kv[value_place(i + 1024u)] = values.e;
    tile_kv[value_place(i + 1280u)] = values.f;
    tile_kv[value_place(i + 1536u)] = values.g;
    tile_kv[value_place(i + 1792u)] = values.h;
}

// Sixteen rows' sums times the factors of rows from `row` on.
fn scaled(sums: Sums, row: u32, subgroup: u32, lane: u32) -> Sums {
    let mine = subgroup * 16u * RESULT_LINE;
    coopStoreT(sums, &scores[mine], RESULT_LINE);
    workgroupBarrier();
    for (var i = lane / 4u; i < 16u; i += 8u) {
        scores[mine + i * RESULT_LINE + lane % 4u] *= factors[row + i];
    }
    workgroupBarrier();
    return coopLoadT<Sums>(&scores[mine], RESULT_LINE);
}

// Leaves sixteen rows' sums times their factors in y: columns from the vec4 `column` on of sixteen tokens of a head.
fn leave(sums: Sums, row: u32, token: u32, head: u32, column: u32, subgroup: u32, lane: u32) {
    let mine = subgroup * 16u * RESULT_LINE;
    coopStoreT(sums, &scores[mine], RESULT_LINE);
    workgroupBarrier();
    for (var i = lane / 4u; i < 16u; i += 8u) {
        if (token + i < step.rows) {
            let sum = scores[mine + i * RESULT_LINE + lane % 4u];
            y[((token + i) * HEADS + head) * N + column + lane % 4u] = sum * factors[row + i];
        }
    }
    workgroupBarrier();
}
