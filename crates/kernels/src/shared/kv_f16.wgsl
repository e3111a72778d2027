// A head in a KV cache of f16: units of four values as two words of pairs; needs no f16 feature.
alias Kv = vec2<u32>;

const KV_SCALES = false;
const HEAD_UNITS = HEAD_DIM / 4u;

// Where unit i of a head would find its scale: it has none.
fn kv_scale_at(i: u32) -> u32 {
    return i;
}

fn kv_value(unit: Kv, scale: Kv) -> vec4<f32> {
    return vec4<f32>(unpack2x16float(unit.x), unpack2x16float(unit.y));
}

fn kv_unit(v: vec4<f32>, top: f32) -> Kv {
    return vec2<u32>(pack2x16float(v.xy), pack2x16float(v.zw));
}

fn kv_scale(top: f32) -> Kv {
    return Kv();
}
