// One invocation leaves the sum of 4 * CHAINS numbers, of which those of chain c began as x + c and went through v = a v + b
// so many times as the factors say: a number that compilers know would have them write out every round, which takes some of them
// minutes. The chains run side by side, since the next round of one has to wait for the last. Sixteen rounds of each are
// written out in one pass of the loop, so that counting passes costs next to nothing on any compiler.
@group(0) @binding(0) var<storage, read> x: array<f32>;             // (N)
@group(0) @binding(1) var<storage, read> factors: array<f32>;       // (3): a, b, rounds
@group(0) @binding(2) var<storage, read_write> y: array<f32>;       // (N)

fn four(v: vec4<Number>, a: vec4<Number>, b: vec4<Number>) -> vec4<Number> {
    return round_once(round_once(round_once(round_once(v, a, b), a, b), a, b), a, b);
}

fn total(v: vec4<Number>) -> f32 {
    return dot(vec4<f32>(v), vec4<f32>(1.0));
}

@compute @workgroup_size(WORKGROUP)
fn probe_multiply(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= N) {
        return;
    }
    let a = vec4<Number>(Number(factors[0]));
    let b = vec4<Number>(Number(factors[1]));
    let first = Number(x[id.x]);
    var v0 = vec4<Number>(first);
    var v1 = vec4<Number>(first + Number(1));
    var v2 = vec4<Number>(first + Number(2));
    var v3 = vec4<Number>(first + Number(3));
    var v4 = vec4<Number>(first + Number(4));
    var v5 = vec4<Number>(first + Number(5));
    var v6 = vec4<Number>(first + Number(6));
    var v7 = vec4<Number>(first + Number(7));
    let rounds = u32(factors[2]);
    for (var round = 0u; round < rounds; round += 16u) {
        // The fourth part of a pass of each chain in turn: neighbouring instructions never wait for each other.
        v0 = four(v0, a, b); v1 = four(v1, a, b);
        if (CHAINS > 2u) { v2 = four(v2, a, b); v3 = four(v3, a, b); }
        if (CHAINS > 4u) { v4 = four(v4, a, b); v5 = four(v5, a, b); v6 = four(v6, a, b); v7 = four(v7, a, b); }
        v0 = four(v0, a, b); v1 = four(v1, a, b);
        if (CHAINS > 2u) { v2 = four(v2, a, b); v3 = four(v3, a, b); }
        if (CHAINS > 4u) { v4 = four(v4, a, b); v5 = four(v5, a, b); v6 = four(v6, a, b); v7 = four(v7, a, b); }
        v0 = four(v0, a, b); v1 = four(v1, a, b);
        if (CHAINS > 2u) { v2 = four(v2, a, b); v3 = four(v3, a, b); }
        if (CHAINS > 4u) { v4 = four(v4, a, b); v5 = four(v5, a, b); v6 = four(v6, a, b); v7 = four(v7, a, b); }
        v0 = four(v0, a, b); v1 = four(v1, a, b);
        if (CHAINS > 2u) { v2 = four(v2, a, b); v3 = four(v3, a, b); }
        if (CHAINS > 4u) { v4 = four(v4, a, b); v5 = four(v5, a, b); v6 = four(v6, a, b); v7 = four(v7, a, b); }
    }
    var sum = total(v0) + total(v1);
    if (CHAINS > 2u) {
        sum += total(v2) + total(v3);
    }
    if (CHAINS > 4u) {
        sum += (total(v4) + total(v5)) + (total(v6) + total(v7));
    }
    y[id.x] = sum;
}
