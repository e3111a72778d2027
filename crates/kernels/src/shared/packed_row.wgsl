// Where the sixteens of a row lie between the kernels of one token: OUT_SIXTEENS vec4 of high bytes, as many of low bytes,
// and as many with (scale, sum) as bits.
fn leave_sixteen(i: u32, v: Sixteen) {
    let p = packed(v);
    y[i] = p.hi;
    y[OUT_SIXTEENS + i] = p.lo;
    y[2u * OUT_SIXTEENS + i] = vec4<u32>(bitcast<u32>(p.scale), bitcast<u32>(p.sum), 0u, 0u);
}
