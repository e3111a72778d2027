// GELU in its tanh form: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
// tanh is 1 to the last bit beyond 10; the clamp keeps drivers that build it from exp() away from inf / inf.
fn gelu(x: vec4<f32>) -> vec4<f32> {
    let u = 0.7978845608028654 * x * (vec4<f32>(1.0) + 0.044715 * x * x);
    return 0.5 * x * (vec4<f32>(1.0) + tanh(clamp(u, vec4<f32>(-10.0), vec4<f32>(10.0))));
}
