// Four values of the KV cache as two words of f16 pairs; needs no f16 feature.
alias Kv = vec2<u32>;

fn kv_load(v: Kv) -> vec4<f32> {
    return vec4<f32>(unpack2x16float(v.x), unpack2x16float(v.y));
}

fn kv_store(v: vec4<f32>) -> Kv {
    return vec2<u32>(pack2x16float(v.xy), pack2x16float(v.zw));
}
