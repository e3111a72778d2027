// Formats of 5-bit numbers n: plane 0 holds the low 4 bits of 32 of them per block, plane 2 their fifth bits as one word per
// block (number 8 k + 2 j + i at bit 8 j + 2 k + i), and weight = scale * n + offset with what `scale_of` of the format's file gives.

struct Block { numbers: vec4<u32>, fifth: u32, scale: ScaleBits }

fn block(i: u32) -> Block {
    return Block(weights[i], weights[PLANE2 + i / 4u][i % 4u], scale_bits(i));
}
