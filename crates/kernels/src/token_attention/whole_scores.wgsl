// Scores of few keys, their maximum and the sum of their weights, through workgroup memory.
const ROUND: u32 = 2u * KEYS;                       // keys between two barriers
const FOLD: u32 = 16u;                              // invocations that share a maximum or a sum over the workgroup

var<workgroup> firsts: array<f32, FOLD>;

// Leaves the scores of keys first .. first + count; the first of them are `begun`. Gives the largest of some of them.
fn leave_scores(first: u32, count: u32, begun: Eight, kv_head: u32, local: u32) -> f32 {
    let cached = count - u32(OWN);
    let lane = local % KEY_LANES;
    let slot = local / KEY_LANES;
    var coming = begun;
    let q = query_of(0u, lane);
    var top = LOWEST;
    for (var round = 0u; round < count; round += ROUND) {
        let end = min(round + ROUND, count);
        for (var j = round + slot; j < end; j += KEYS) {
            let scored = scored_keys(first, j, cached, kv_head, lane, q, coming);
            coming = scored.coming;
            let at = (j - round) * KEY_LANES + lane;
            products[at] = scored.parts.x;
            products[at + WORKGROUP] = scored.parts.y;
        }
        workgroupBarrier();
        let j = round + local;
        if (local < ROUND && j < end) {
            let at = local * KEY_LANES;
            var score = 0.0;
            for (var i = 0u; i < KEY_LANES; i += 1u) {
                // Each invocation begins elsewhere, so that they do not meet in a bank.
                score += products[at + (i + local) % KEY_LANES];
            }
            scores[j] = score;
            top = max(top, score);
        }
        workgroupBarrier();         // `products` is written again in the next round
    }
    return top;
}

fn workgroup_max(value: f32, local: u32) -> f32 {
    products[local] = value;
    workgroupBarrier();
    if (local < FOLD) {
        var top = LOWEST;
        for (var i = local; i < WORKGROUP; i += FOLD) {
            top = max(top, products[i]);
        }
        firsts[local] = top;
    }
    workgroupBarrier();
    var top = firsts[0];
    for (var i = 1u; i < FOLD; i += 1u) {
        top = max(top, firsts[i]);
    }
    return top;
}

fn workgroup_total(value: f32, local: u32) -> f32 {
    products[local] = value;
    workgroupBarrier();
    if (local < FOLD) {
        var sum = 0.0;
        for (var i = local; i < WORKGROUP; i += FOLD) {
            sum += products[i];
        }
        firsts[local] = sum;
    }
    workgroupBarrier();
    var total = 0.0;
    for (var i = 0u; i < FOLD; i += 1u) {
        total += firsts[i];
    }
    return total;
}
