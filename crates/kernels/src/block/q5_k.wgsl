// Q5_K: the numbers of five_bits.wgsl with the scales of k_scales.wgsl in plane 1.
