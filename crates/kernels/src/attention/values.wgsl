// Values of a block on their way to eight query rows.

fn value_of(key: u32, kv_head: u32, column: u32) -> Raw {
    return raw_value(cached_at(key, kv_head), column);
}

// Four columns of eight keys, whose loads are in flight together.
struct Raws { a: Raw, b: Raw, c: Raw, d: Raw, e: Raw, f: Raw, g: Raw, h: Raw }

// Keys outside first .. last repeat the nearest; they weigh nothing.
fn raw_values(key: u32, first: u32, last: u32, kv_head: u32, column: u32) -> Raws {
    return Raws(
        value_of(clamp(key, first, last), kv_head, column), value_of(clamp(key + 1u, first, last), kv_head, column),
        value_of(clamp(key + 2u, first, last), kv_head, column), value_of(clamp(key + 3u, first, last), kv_head, column),
        value_of(clamp(key + 4u, first, last), kv_head, column), value_of(clamp(key + 5u, first, last), kv_head, column),
        value_of(clamp(key + 6u, first, last), kv_head, column), value_of(clamp(key + 7u, first, last), kv_head, column));
}

// Four columns of eight query rows.
struct Sums {
    a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>,
    e: vec4<f32>, f: vec4<f32>, g: vec4<f32>, h: vec4<f32>,
}

fn corrected(o: Sums, r: u32) -> Sums {
    return Sums(o.a * corrections[r], o.b * corrections[r + 1u], o.c * corrections[r + 2u], o.d * corrections[r + 3u],
        o.e * corrections[r + 4u], o.f * corrections[r + 5u], o.g * corrections[r + 6u], o.h * corrections[r + 7u]);
}

// Adds the value of the block's key j.
fn with_one(o: Sums, j: u32, eight: u32, raw: Raw) -> Sums {
    let v = unpacked(raw);
    let at = j * (ROWS / 4u) + eight * 2u;
    let low = weights[at];
    let high = weights[at + 1u];
    return Sums(o.a + low.x * v, o.b + low.y * v, o.c + low.z * v, o.d + low.w * v,
        o.e + high.x * v, o.f + high.y * v, o.g + high.z * v, o.h + high.w * v);
}

// Adds the values of the block's keys j to j + 7.
fn with_eight(before: Sums, j: u32, eight: u32, raws: Raws) -> Sums {
    var o = with_one(before, j, eight, raws.a);
    o = with_one(o, j + 1u, eight, raws.b);
    o = with_one(o, j + 2u, eight, raws.c);
    o = with_one(o, j + 3u, eight, raws.d);
    o = with_one(o, j + 4u, eight, raws.e);
    o = with_one(o, j + 5u, eight, raws.f);
    o = with_one(o, j + 6u, eight, raws.g);
    return with_one(o, j + 7u, eight, raws.h);
}
