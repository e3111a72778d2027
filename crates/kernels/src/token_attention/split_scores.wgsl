// Scores of a block of many keys, and its weights, through workgroup memory. In `weights` lie the scores first; those of keys that are
// not there are LOWEST.
const FOLD: u32 = 8u;           // invocations that share a sum over the block

// Leaves the weights of a block of `count` keys, of which this invocation has parts of the scores of two.
fn take_block(before: Softmax, parts: Two, count: u32, local: u32) -> Softmax {
    // Half of the lanes keep the one key and half the other: each gives away what it has of the one that it does not keep.
    const KEEPERS = KEY_LANES / 2u;
    let keeps_two = local % KEY_LANES >= KEEPERS;
    row[local] = select(parts.two, parts.one, vec4<bool>(keeps_two));
    workgroupBarrier();
    let kept = select(parts.one, parts.two, vec4<bool>(keeps_two)) + row[local ^ KEEPERS];
    workgroupBarrier();
    row[local] = kept;
    workgroupBarrier();
    if (local < BLOCK) {
        // Key local is the one of slot `local`, or the other of slot `local - SLOTS`.
        let at = local % SLOTS * KEY_LANES + local / SLOTS * KEEPERS;
        var sum = vec4<f32>(0.0);
        for (var i = 0u; i < KEEPERS; i += 1u) {
            // Each invocation begins elsewhere, so that they do not meet in a bank.
            sum += row[at + (i + local) % KEEPERS];
        }
        weights[local] = select(vec4<f32>(LOWEST), sum, local < count);
    }
    workgroupBarrier();
    var top = before.top;
    for (var i = 0u; i < BLOCK; i += 1u) {
        top = max(top, weights[i]);
    }
    workgroupBarrier();         // all have seen the scores
    if (local < BLOCK) {
        weights[local] = exp(weights[local] - top);
    }
    workgroupBarrier();
    var total = before.total;
    if (local < FOLD) {
        total *= exp(before.top - top);
        for (var i = local; i < BLOCK; i += FOLD) {
            total += weights[i];
        }
    }
    return Softmax(top, total);
}

// The sum over all keys, of what each invocation has.
fn whole_total(total: vec4<f32>, local: u32) -> vec4<f32> {
    if (local < FOLD) {
        row[local] = total;
    }
    workgroupBarrier();
    var all = vec4<f32>(0.0);
    for (var i = 0u; i < FOLD; i += 1u) {
        all += row[i];
    }
    return all;
}
