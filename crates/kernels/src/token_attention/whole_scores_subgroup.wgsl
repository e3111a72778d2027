// Scores of few keys, their maximum and the sum of their weights, by exchange between neighbours, KEY_LANES of which are in a
// subgroup.
const CLUSTERS: u32 = WORKGROUP / KEY_LANES;

var<workgroup> tops: array<f32, CLUSTERS>;
var<workgroup> totals: array<f32, CLUSTERS>;

// Leaves the scores of keys first .. first + count; the first of them are `begun`. Gives the largest of some of them. All
// invocations go round as often, with keys or without.
fn leave_scores(first: u32, count: u32, begun: Eight, kv_head: u32, local: u32) -> f32 {
    const KEEPERS = KEY_LANES / 2u;
    let cached = count - u32(OWN);
    let lane = local % KEY_LANES;
    let keeps_two = lane >= KEEPERS;
    var coming = begun;
    let q = query_of(0u, lane);
    var top = LOWEST;
    for (var round = 0u; round < count; round += KEYS) {
        let j = round + local / KEY_LANES;
        let scored = scored_keys(first, j, cached, kv_head, lane, q, coming);
        let parts = scored.parts;
        coming = scored.coming;
        // Half of the lanes keep the one key and half the other: each gives away what it has of the one that it does not keep.
        var score = select(parts.x, parts.y, keeps_two) + subgroupShuffleXor(select(parts.y, parts.x, keeps_two), KEEPERS);
        for (var half = KEEPERS / 2u; half > 0u; half /= 2u) {
            score += subgroupShuffleXor(score, half);
        }
        let kept = select(j, j + SLOTS, keeps_two);
        if (kept < count) {
            if (lane % KEEPERS == 0u) {
                scores[kept] = score;
            }
            top = max(top, score);
        }
    }
    return top;
}

fn workgroup_max(value: f32, local: u32) -> f32 {
    var top = value;
    for (var half = KEY_LANES / 2u; half > 0u; half /= 2u) {
        top = max(top, subgroupShuffleXor(top, half));
    }
    if (local % KEY_LANES == 0u) {
        tops[local / KEY_LANES] = top;
    }
    workgroupBarrier();
    top = tops[0];
    for (var i = 1u; i < CLUSTERS; i += 1u) {
        top = max(top, tops[i]);
    }
    return top;
}

fn workgroup_total(value: f32, local: u32) -> f32 {
    var sum = value;
    for (var half = KEY_LANES / 2u; half > 0u; half /= 2u) {
        sum += subgroupShuffleXor(sum, half);
    }
    if (local % KEY_LANES == 0u) {
        totals[local / KEY_LANES] = sum;
    }
    workgroupBarrier();
    sum = totals[0];
    for (var i = 1u; i < CLUSTERS; i += 1u) {
        sum += totals[i];
    }
    return sum;
}
