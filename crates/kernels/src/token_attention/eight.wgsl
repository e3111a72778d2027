// Parts of cached keys and values on their way from memory. What attention of a token costs is waiting for them, so that an
// invocation asks for eight at a time, and for the next eight before it needs these.
// KEY_LANES invocations compute the scores of two keys together.
const KEY_STEP: u32 = 4u * KEY_LANES;               // vec4 of a key that they have in flight
const KEY_PIECES: u32 = (N + KEY_STEP - 1u) / KEY_STEP;
const SLOTS: u32 = WORKGROUP / KEY_LANES;
const KEYS: u32 = 2u * SLOTS;                       // keys whose scores are computed at once

struct Eight { a: Raw, b: Raw, c: Raw, d: Raw, e: Raw, f: Raw, g: Raw, h: Raw }

// Where vec4 i of a head is taken from; what is not there repeats the last, and counts for nothing.
fn place(i: u32) -> u32 {
    return select(min(i, N - 1u), i, N % KEY_STEP == 0u);
}

// The vec4 of a piece of keys j and j + SLOTS that are a lane's. Keys are counted from `first`; those that are not cached
// repeat the last that is.
fn eight_of_keys(first: u32, j: u32, cached: u32, kv_head: u32, piece: u32, lane: u32) -> Eight {
    var eight = Eight();
    if (j < cached) {
        let one = cached_at(first + j, kv_head);
        let two = cached_at(first + min(j + SLOTS, cached - 1u), kv_head);
        let i = piece * KEY_STEP + lane;
        eight.a = raw_key(one, place(i));
        eight.b = raw_key(one, place(i + KEY_LANES));
        eight.c = raw_key(one, place(i + 2u * KEY_LANES));
        eight.d = raw_key(one, place(i + 3u * KEY_LANES));
        eight.e = raw_key(two, place(i));
        eight.f = raw_key(two, place(i + KEY_LANES));
        eight.g = raw_key(two, place(i + 2u * KEY_LANES));
        eight.h = raw_key(two, place(i + 3u * KEY_LANES));
    }
    return eight;
}

// The same with the newest key in the place of key j or j + SLOTS, if it is that.
fn with_newest(cached: Eight, is_one: bool, is_two: bool, piece: u32, lane: u32) -> Eight {
    var eight = cached;
    let i = piece * KEY_STEP + lane;
    if (is_one) {
        eight.a = newest_key(place(i));
        eight.b = newest_key(place(i + KEY_LANES));
        eight.c = newest_key(place(i + 2u * KEY_LANES));
        eight.d = newest_key(place(i + 3u * KEY_LANES));
    }
    if (is_two) {
        eight.e = newest_key(place(i));
        eight.f = newest_key(place(i + KEY_LANES));
        eight.g = newest_key(place(i + 2u * KEY_LANES));
        eight.h = newest_key(place(i + 3u * KEY_LANES));
    }
    return eight;
}

// Vec4 `column` of the values of keys j, j + SHARES, .. of which those that are not cached repeat the last.
fn eight_values(first: u32, j: u32, cached: u32, kv_head: u32, column: u32) -> Eight {
    var eight = Eight();
    if (j < cached) {
        let last = cached - 1u;
        eight.a = raw_value(cached_at(first + j, kv_head), column);
        eight.b = raw_value(cached_at(first + min(j + SHARES, last), kv_head), column);
        eight.c = raw_value(cached_at(first + min(j + 2u * SHARES, last), kv_head), column);
        eight.d = raw_value(cached_at(first + min(j + 3u * SHARES, last), kv_head), column);
        eight.e = raw_value(cached_at(first + min(j + 4u * SHARES, last), kv_head), column);
        eight.f = raw_value(cached_at(first + min(j + 5u * SHARES, last), kv_head), column);
        eight.g = raw_value(cached_at(first + min(j + 6u * SHARES, last), kv_head), column);
        eight.h = raw_value(cached_at(first + min(j + 7u * SHARES, last), kv_head), column);
    }
    return eight;
}
