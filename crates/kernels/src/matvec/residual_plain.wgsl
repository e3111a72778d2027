// x = h'.
fn weighted(v: Sixteen, i: u32) -> Sixteen {
    return v;
}

fn factor(squares: f32) -> f32 {
    return 1.0;
}
