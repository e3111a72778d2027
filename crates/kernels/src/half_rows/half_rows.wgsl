// One workgroup rounds one row to f16: y = x * 2^-e and scale = 2^e, with e so that the row's largest magnitude lies between
// 512 and 1024. Scaling by a power of two is exact, and no row, however large, leaves the range of f16.
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;           // (T, COLUMNS)
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f16>>;     // (T, PADDED), zeros behind COLUMNS
@group(0) @binding(2) var<storage, read_write> scales: array<f32>;      // (T)

var<workgroup> tops: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn half_rows(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = group.x * (COLUMNS / 4u);
    var top = 0u;
    for (var i = local; i < COLUMNS / 4u; i += WORKGROUP) {
        top = max(top, magnitude(x[row + i]));
    }
    tops[local] = top;
    workgroupBarrier();
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        if (local < half) {
            tops[local] = max(tops[local], tops[local + half]);
        }
        workgroupBarrier();
    }
    let factor = factor_down(tops[0]);
    for (var i = local; i < PADDED / 4u; i += WORKGROUP) {
        var v = vec4<f32>();
        if (i < COLUMNS / 4u) {
            v = x[row + i] * factor;
        }
        y[group.x * (PADDED / 4u) + i] = vec4<f16>(v);
    }
    if (local == 0u) {
        scales[group.x] = scale_up(tops[0]);
    }
}
