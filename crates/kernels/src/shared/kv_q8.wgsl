// A head in a KV cache of 8 bits: units of four signed bytes n in a word, then for each block of 32 values the largest of
// their magnitudes as an f32. value = n / 127 * largest
alias Kv = u32;

const KV_SCALES = true;
const HEAD_UNITS = HEAD_DIM / 4u + HEAD_DIM / 32u;

// Where unit i of a head finds its scale.
fn kv_scale_at(i: u32) -> u32 {
    return HEAD_DIM / 4u + i / 8u;
}

// By way of f16, two bytes at a time, which is faster than unpack4x8snorm (step 67 in docs/performance.md): as the last bits of an f16 of
// 1024, a byte whose sign is turned is 1024 + 128 + n.
fn kv_value(unit: Kv, scale: Kv) -> vec4<f32> {
    let even = unpack2x16float((unit & 0x00ff00ffu) ^ 0x64806480u);
    let odd = unpack2x16float(((unit >> 8u) & 0x00ff00ffu) ^ 0x64806480u);
    return (vec4<f32>(even.x, odd.x, even.y, odd.y) - 1152.0) * (bitcast<f32>(scale) * (1.0 / 127.0));
}

fn kv_unit(v: vec4<f32>, top: f32) -> Kv {
    if (top == 0.0) {
        return 0u;
    }
    return pack4x8snorm(v / top);
}

fn kv_scale(top: f32) -> Kv {
    return bitcast<u32>(top);
}
