// Matrices of matrix hardware, and what an invocation brings for them at once.

alias Left = coop_mat16x16<f16, A>;
alias Right = coop_mat16x16<f16, B>;
alias Sums = coop_mat16x16<f32, C>;

// Eight times four columns.
struct Eight {
    a: vec4<f16>, b: vec4<f16>, c: vec4<f16>, d: vec4<f16>,
    e: vec4<f16>, f: vec4<f16>, g: vec4<f16>, h: vec4<f16>,
}
