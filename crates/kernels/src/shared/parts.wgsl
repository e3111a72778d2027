// A value of x (PARTS, T, ..), which a product left in parts that lie `stride` apart: their sum.
fn sum_of_parts(i: u32, stride: u32) -> vec4<f32> {
    var sum = x[i];
    for (var part = 1u; part < PARTS; part += 1u) {
        sum += x[part * stride + i];
    }
    return sum;
}
