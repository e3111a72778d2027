// A value and its index. Of equal values the lower index is the better candidate. A NaN or plus infinity is better than
// anything and has the index NONE: of such values none can be chosen, and whoever asks must hear it.
struct Candidate { value: f32, index: u32 }

const NONE = 0xffffffffu;
const LOWEST = -3.0e38;
const LARGEST = 3.4028234e38;

fn candidate(value: f32, index: u32) -> Candidate {
    // Told by the bits, since a compiler may take for granted that no comparison meets a NaN.
    let bits = bitcast<u32>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u || bits == 0x7f800000u) {
        return Candidate(LARGEST, NONE);
    }
    return Candidate(value, index);
}

fn better(a: Candidate, b: Candidate) -> Candidate {
    if (b.value > a.value || (b.value == a.value && b.index < a.index)) {
        return b;
    }
    return a;
}
