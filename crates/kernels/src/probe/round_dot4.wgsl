// One round of four words: the sum of a word's bytes times those of a, plus b.
fn round_once(v: vec4<Number>, a: vec4<Number>, b: vec4<Number>) -> vec4<Number> {
    let w = bitcast<vec4<u32>>(v);
    let by = bitcast<u32>(a.x);
    return vec4(dot4I8Packed(w.x, by), dot4I8Packed(w.y, by), dot4I8Packed(w.z, by), dot4I8Packed(w.w, by)) + b;
}
