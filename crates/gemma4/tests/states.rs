//! Hidden states of every layer against the goldens.

mod support;

use gemma4::{Attention, Context, KvType};
use support::{Golden, context, device, difference, names, options, scale};

/// Relative to an array's largest magnitude, for f32 throughout.
const TOLERANCE: f32 = 1e-4;

fn close(what: &str, got: &[f32], expected: &[f32]) {
    let worst = difference(got, expected) / scale(expected);
    assert!(worst <= TOLERANCE, "{what}: differs by {worst} of its scale");
}

/// Rotates golden heads (T, heads, d), which are from before the rotation, as the specification says.
fn rotate(context: &Context, values: &[f32], heads: usize, attention: Attention) -> Vec<f32> {
    let config = context.model().config();
    let d = values.len() / heads / 24;
    let (theta, rotating) = match attention {
        Attention::Sliding => (config.rope_theta_sliding, d / 2),
        Attention::Full => (config.rope_theta, d / 8),
    };
    let mut out = values.to_vec();
    for (n, head) in out.chunks_exact_mut(d).enumerate() {
        let position = (n / heads) as f64;
        for j in 0..rotating {
            let (sin, cos) = (position * theta.powf(-2.0 * j as f64 / d as f64)).sin_cos();
            let (a, b) = (f64::from(head[j]), f64::from(head[j + d / 2]));
            head[j] = (a * cos - b * sin) as f32;
            head[j + d / 2] = (b * cos + a * sin) as f32;
        }
    }
    out
}

fn words(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().expect("four bytes"))).collect()
}

#[test]
fn every_layer_equals_the_goldens() {
    let device = device();
    let mut compared = 0;
    for name in names() {
        let golden = Golden::open(&name);
        if !golden.has("states.ids") {
            continue;
        }
        // A chunk of 8 wraps the sliding rings (window 16 + 8) within the 24 tokens only in the cache; states come from
        // one chunk of all 24.
        let mut context = pollster::block_on(context(&device, &name, &options(KvType::F32, 24)));
        let ids = golden.ids("states.ids");
        assert_eq!(ids.len(), 24, "the rotation above counts on it");
        let values = pollster::block_on(context.trace(&ids)).expect("trace");
        let layers = context.model().config().layers.clone();
        let heads = context.model().config().heads as usize;
        for (tap, got) in &values {
            let array = format!("states.{tap}");
            if let Some(l) = tap.strip_prefix("layer.").and_then(|tap| tap.strip_suffix(".q")) {
                let attention = layers[l.parse::<usize>().expect("layer number")].attention;
                let expected =
                    rotate(&context, &golden.f32(&format!("states.layer.{l}.q_normed")), heads, attention);
                close(&format!("{name} {tap}"), got, &expected);
            } else if tap.ends_with("router_top_idx") {
                let got: Vec<u32> = got.iter().map(|value| value.to_bits()).collect();
                assert_eq!(got, golden.ids(&array), "{name} {tap}");
            } else {
                close(&format!("{name} {tap}"), got, &golden.f32(&array));
            }
            compared += 1;
        }
        for (l, layer) in layers.iter().enumerate() {
            let Some([keys, values]) = pollster::block_on(context.cache(l)).expect("cache") else { continue };
            let expected = golden.f32(&format!("states.layer.{l}.k_normed"));
            let expected = rotate(&context, &expected, layer.kv_heads as usize, layer.attention);
            close(&format!("{name} layer {l} keys"), &words(&keys), &expected);
            close(
                &format!("{name} layer {l} values"),
                &words(&values),
                &golden.f32(&format!("states.layer.{l}.v_normed")),
            );
            compared += 2;
        }
    }
    assert!(compared > 100, "only {compared} arrays were found");
}
