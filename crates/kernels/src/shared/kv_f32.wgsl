// Four values of the KV cache as they are.
alias Kv = vec4<f32>;

fn kv_load(v: Kv) -> vec4<f32> {
    return v;
}

fn kv_store(v: vec4<f32>) -> Kv {
    return v;
}
