// What a prompt's attention is of, whatever computes it.

// Lower than any score; exp(LOWEST - score) is 0 and LOWEST - LOWEST is 0, which infinities do not give.
const LOWEST = -3.0e38;

fn largest(v: vec4<f32>) -> f32 {
    return max(max(v.x, v.y), max(v.z, v.w));
}

// The first key that a token sees.
fn first_of(token: u32) -> u32 {
    let last = step.position + token + 1u;
    return select(0u, last - WINDOW, WINDOW != 0u && last > WINDOW);
}
