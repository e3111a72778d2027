// A head in a KV cache of 8 bits: units of four signed bytes n in a word, then for each block of 32 values the largest of
// their magnitudes as an f32. value = n / 127 * largest
alias Kv = u32;

const KV_SCALES = true;
const HEAD_UNITS = HEAD_DIM / 4u + HEAD_DIM / 32u;

// Where unit i of a head finds its scale.
fn kv_scale_at(i: u32) -> u32 {
    return HEAD_DIM / 4u + i / 8u;
}

fn kv_value(unit: Kv, scale: Kv) -> vec4<f32> {
    return unpack4x8snorm(unit) * bitcast<f32>(scale);
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
