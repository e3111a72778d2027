// Reading the caches `k_cache` and `v_cache`, (CAPACITY, KV_HEADS, HEAD_DIM).

// Where a key and its value begin. Without a window the caches hold all that are seen.
fn cached_at(key: u32, kv_head: u32) -> u32 {
    if (WINDOW == 0u) {
        return (key * KV_HEADS + kv_head) * HEAD_UNITS;
    }
    return ((key % CAPACITY) * KV_HEADS + kv_head) * HEAD_UNITS;
}

// Four values with their scale as they lie: unpacked only when they are needed, so that nobody waits for them before.
struct Raw { unit: Kv, scale: Kv }

fn raw_key(at: u32, i: u32) -> Raw {
    if (!KV_SCALES) {
        return Raw(k_cache[at + i], Kv());
    }
    return Raw(k_cache[at + i], k_cache[at + kv_scale_at(i)]);
}

fn raw_value(at: u32, i: u32) -> Raw {
    if (!KV_SCALES) {
        return Raw(v_cache[at + i], Kv());
    }
    return Raw(v_cache[at + i], v_cache[at + kv_scale_at(i)]);
}

fn unpacked(raw: Raw) -> vec4<f32> {
    return kv_value(raw.unit, raw.scale);
}
