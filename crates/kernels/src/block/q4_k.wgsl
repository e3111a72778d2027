// Q4_K: the numbers of four_bits.wgsl with the scales of k_scales.wgsl in plane 1.
