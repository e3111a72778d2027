// A head in a KV cache of f32: units of four values as they are.
alias Kv = vec4<f32>;

const KV_SCALES = false;
const HEAD_UNITS = HEAD_DIM / 4u;

// Where unit i of a head would find its scale: it has none.
fn kv_scale_at(i: u32) -> u32 {
    return i;
}

fn kv_value(unit: Kv, scale: Kv) -> vec4<f32> {
    return unit;
}

fn kv_unit(v: vec4<f32>, top: f32) -> Kv {
    return v;
}

fn kv_scale(top: f32) -> Kv {
    return Kv();
}
