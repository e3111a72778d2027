// Angles of the rotary positions from the binding `rope`. Position p is split as p = 256 * (p / 256) + p % 256; the table
// holds both angles' (cos, sin) and the sum formulas join them, so that no f32 sine of a large angle is ever taken.

const HALF: u32 = HEAD_DIM / 8u;    // vec4 in half a head: pairs are (j, j + HEAD_DIM / 2)

// cos and sin of four neighbouring pairs at a position.
struct Angles { cosine: vec4<f32>, sine: vec4<f32> }

fn angles_at(line: u32, i: u32) -> Angles {
    let at = line * 2u * HALF + 2u * i;
    let a = rope[at];
    let b = rope[at + 1u];
    return Angles(vec4<f32>(a.x, a.z, b.x, b.z), vec4<f32>(a.y, a.w, b.y, b.w));
}

fn angles(position: u32, i: u32) -> Angles {
    let fine = angles_at(position % 256u, i);
    let coarse = angles_at(256u + position / 256u, i);
    return Angles(fine.cosine * coarse.cosine - fine.sine * coarse.sine,
        fine.sine * coarse.cosine + fine.cosine * coarse.sine);
}
