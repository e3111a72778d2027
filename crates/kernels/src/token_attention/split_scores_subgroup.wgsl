// Scores of a block of many keys, and its weights, by exchange between neighbours, KEY_LANES of which are in a subgroup.

// Of key k the score of head h, at h * BLOCK + k.
var<workgroup> scores: array<f32, 4u * BLOCK>;

fn scores_of(k: u32) -> vec4<f32> {
    return vec4<f32>(scores[k], scores[BLOCK + k], scores[2u * BLOCK + k], scores[3u * BLOCK + k]);
}

// Leaves the weights of a block of `count` keys, of which this invocation has parts of the scores of two. Each KEY_LANES neighbours go
// over the whole block by themselves, a lane taking two keys.
fn take_block(before: Softmax, parts: Two, count: u32, local: u32) -> Softmax {
    let lane = local % KEY_LANES;
    // Eight numbers in sixteen lanes: in each round a lane gives away half of what it has, and keeps the sum of the other half.
    let second_key = (lane & 8u) != 0u;
    let four = select(parts.one, parts.two, second_key) + subgroupShuffleXor(select(parts.two, parts.one, second_key), 8u);
    let last_heads = (lane & 4u) != 0u;
    let two = select(four.xy, four.zw, last_heads) + subgroupShuffleXor(select(four.zw, four.xy, last_heads), 4u);
    let odd_head = (lane & 2u) != 0u;
    var score = select(two.x, two.y, odd_head) + subgroupShuffleXor(select(two.y, two.x, odd_head), 2u);
    score += subgroupShuffleXor(score, 1u);
    let key = local / KEY_LANES + select(0u, SLOTS, second_key);
    if ((lane & 1u) == 0u) {
        scores[(lane / 2u % 4u) * BLOCK + key] = select(LOWEST, score, key < count);
    }
    workgroupBarrier();
    let one = scores_of(lane);
    let other = scores_of(lane + KEY_LANES);
    var top = max(before.top, max(one, other));
    for (var half = KEY_LANES / 2u; half > 0u; half /= 2u) {
        top = max(top, subgroupShuffleXor(top, half));
    }
    let weight = exp(one - top);
    let other_weight = exp(other - top);
    if (local < KEY_LANES) {
        weights[lane] = weight;
        weights[lane + KEY_LANES] = other_weight;
    }
    workgroupBarrier();         // publishes the weights; and all have seen the scores
    return Softmax(top, before.total * exp(before.top - top) + weight + other_weight);
}

// The sum over all keys, of what each invocation has.
fn whole_total(total: vec4<f32>, local: u32) -> vec4<f32> {
    var sum = total;
    for (var half = KEY_LANES / 2u; half > 0u; half /= 2u) {
        sum += subgroupShuffleXor(sum, half);
    }
    return sum;
}
