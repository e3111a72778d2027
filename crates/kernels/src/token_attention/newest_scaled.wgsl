// The newest key and value on their way to caches with scales: all of a block must be here before any of it is packed. In
// `row` lie the key and behind it the value.

fn put_newest(kv_head: u32, append: bool, is_value: bool, i: u32, v: vec4<f32>) {
    row[select(0u, N, is_value) + i] = v;
}

fn pack_newest(kv_head: u32, newest: bool, append: bool, local: u32) {
    workgroupBarrier();
    for (var u = local; newest && u < 2u * N; u += WORKGROUP) {
        let i = u % N;
        let top = row_top(u);
        let unit = kv_unit(row[u], top);
        let at = newest_at(kv_head);
        if (u < N) {
            new_key[i] = unit;
            if (append) {
                k_cache[at + i] = unit;
            }
        } else {
            new_value[i] = unit;
            if (append) {
                v_cache[at + i] = unit;
            }
        }
        if (i % 8u == 0u) {
            let scale_at = kv_scale_at(i);
            if (u < N) {
                new_key[scale_at] = kv_scale(top);
                if (append) {
                    k_cache[at + scale_at] = kv_scale(top);
                }
            } else {
                new_value[scale_at] = kv_scale(top);
                if (append) {
                    v_cache[at + scale_at] = kv_scale(top);
                }
            }
        }
    }
}
