// The order of values between the kernels of one token: the eight vec4 of a block of 32 lie OUT_BLOCKS vec4 apart, which
// is how a matvec reads them. OUT_BLOCKS is the number of blocks in a row; 0 stands for the usual order.
fn interleaved4(i: u32) -> u32 {
    if (OUT_BLOCKS == 0u) {
        return i;
    }
    return (i % 8u) * OUT_BLOCKS + i / 8u;
}

fn interleaved(i: u32) -> u32 {
    return interleaved4(i / 4u) * 4u + i % 4u;
}
