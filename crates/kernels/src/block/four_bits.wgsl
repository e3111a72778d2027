// Formats of 4-bit numbers n: plane 0 holds a vec4 of 32 of them per block, and weight = scale * n + offset with what
// `scale_of` of the format's file gives.

struct Block { numbers: vec4<u32>, scale: ScaleBits }

fn block(i: u32) -> Block {
    return Block(weights[i], scale_bits(i));
}
