// The newest key and value on their way to caches without scales: each vec4 is packed as it comes.

fn put_newest(kv_head: u32, append: bool, is_value: bool, i: u32, v: vec4<f32>) {
    let unit = kv_unit(v, 0.0);
    let at = newest_at(kv_head) + i;
    if (is_value) {
        new_value[i] = unit;
        if (append) {
            v_cache[at] = unit;
        }
    } else {
        new_key[i] = unit;
        if (append) {
            k_cache[at] = unit;
        }
    }
}

fn pack_newest(kv_head: u32, newest: bool, append: bool, local: u32) {}
