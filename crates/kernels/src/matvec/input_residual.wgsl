// h' = (h + rms(result) * post) * scale is the residual after a block; `weights_at` and `factor` make x of it. Every workgroup
// computes all of h', which costs less than a dispatch of its own; `keep` lets the first one store it. `factor` waits at a
// barrier, which publishes what was put. What an invocation
// reads for its first sixteen columns is on its way before the first sum is waited for.
//
// H_BLOCKS and RESULT_BLOCKS are the blocks of h and of result and h' where they lie as shared/interleaved.wgsl says, which lets
// neighbours read neighbouring memory; 0 stands for the usual order.
@group(0) @binding(INPUT) var<storage, read> h: array<vec4<f32>, COLUMNS / 4u>;               // (COLUMNS)
@group(0) @binding(INPUT + 1u) var<storage, read> result: array<vec4<f32>, COLUMNS / 4u>;     // (COLUMNS)
@group(0) @binding(INPUT + 2u) var<storage, read> post: array<vec4<f32>, COLUMNS / 4u>;       // (COLUMNS)
@group(0) @binding(INPUT + 3u) var<storage, read> scale: array<f32>;            // (1)

const SIXTEENS_IN_ROW = COLUMNS / 16u;

// Where vec4 k of a sixteen lies.
fn place(s: u32, k: u32, blocks: u32) -> u32 {
    if (blocks == 0u) {
        return s * 4u + k;
    }
    return ((s % 2u) * 4u + k) * blocks + s / 2u;
}

// Sixteen columns of everything that h' and x are made of.
struct Parts { h: Sixteen, result: Sixteen, post: Sixteen, weights: Sixteen }

fn parts_at(s: u32) -> Parts {
    let i = s * 4u;
    let of_h = Sixteen(h[place(s, 0u, H_BLOCKS)], h[place(s, 1u, H_BLOCKS)], h[place(s, 2u, H_BLOCKS)], h[place(s, 3u, H_BLOCKS)]);
    return Parts(of_h, result_at(s),
        Sixteen(post[i], post[i + 1u], post[i + 2u], post[i + 3u]), weights_at(i));
}

fn result_at(s: u32) -> Sixteen {
    return Sixteen(result[place(s, 0u, RESULT_BLOCKS)], result[place(s, 1u, RESULT_BLOCKS)],
        result[place(s, 2u, RESULT_BLOCKS)], result[place(s, 3u, RESULT_BLOCKS)]);
}

fn squares_of(v: Sixteen) -> f32 {
    return dot(v.a, v.a) + dot(v.b, v.b) + dot(v.c, v.c) + dot(v.d, v.d);
}

// Leaves h' and x of sixteen columns; gives the squares of h'.
fn add(group: u32, s: u32, p: Parts, inverse: f32, by: f32) -> f32 {
    let v = Sixteen((p.h.a + p.result.a * inverse * p.post.a) * by, (p.h.b + p.result.b * inverse * p.post.b) * by,
        (p.h.c + p.result.c * inverse * p.post.c) * by, (p.h.d + p.result.d * inverse * p.post.d) * by);
    keep(group, s, v);
    put(s, Sixteen(v.a * p.weights.a, v.b * p.weights.b, v.c * p.weights.c, v.d * p.weights.d));
    return squares_of(v);
}

fn stage(group: u32, local: u32) -> f32 {
    // Invocations without columns read the last, and leave nothing.
    let mine = parts_at(min(local, SIXTEENS_IN_ROW - 1u));
    let by = scale[0];
    let here = local < SIXTEENS_IN_ROW;
    var squares = select(0.0, squares_of(mine.result), here);
    for (var s = local + WORKGROUP; s < SIXTEENS_IN_ROW; s += WORKGROUP) {
        squares += squares_of(result_at(s));
    }
    let inverse = inverseSqrt(workgroup_sum(squares, local) / f32(COLUMNS) + EPSILON);
    squares = 0.0;
    if (here) {
        squares = add(group, local, mine, inverse, by);
    }
    for (var s = local + WORKGROUP; s < SIXTEENS_IN_ROW; s += WORKGROUP) {
        squares += add(group, s, parts_at(s), inverse, by);
    }
    return factor(squares, local);
}
