// Q8_0: plane 0 holds two vec4 of 32 signed bytes n per block, of each eight those at even places and then those at odd
// ones; plane 1 one f16 scale d per block; weight = d * n

struct Block { first: vec4<u32>, last: vec4<u32>, scale: u32 }

fn block(i: u32) -> Block {
    return Block(weights[i * 2u], weights[i * 2u + 1u], half_word(PLANE1, i));
}
