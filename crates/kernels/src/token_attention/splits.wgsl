// How the keys that a token sees are divided: in whole blocks, in as few shares as give every workgroup the same number of
// them. SPLITS shares are enough for all that a token can see.
const BLOCK: u32 = 32u;

// Keys of a share.
fn split_keys(keys: u32) -> u32 {
    return (keys + SPLITS * BLOCK - 1u) / (SPLITS * BLOCK) * BLOCK;
}
