// One round of four floats.
fn round_once(v: vec4<Number>, a: vec4<Number>, b: vec4<Number>) -> vec4<Number> {
    return fma(v, a, b);
}
