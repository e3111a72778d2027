// Q8_0: plane 0 holds two vec4 of 32 signed bytes n per block, of each eight those at even places and then those at odd
// ones; plane 1 one f16 scale d per block; weight = d * n
