//! The composed text, word for word.

use gpu::{Compiler, Profile, Shader};

fn check(shader: Shader, expect: &str) {
    assert_eq!(shader.source_for(Compiler::Naga), expect);
}

#[test]
fn text_is_composed_in_one_order() {
    check(Shader::new("empty"), "");
    check(Shader::new("a").file("fn a() {}").file("fn b() {}\n"), "fn a() {}\nfn b() {}\n");
    check(
        Shader::new("a").file("fn a() {}\n").constant("K", 1536u32).alias("Kv", "f16").f16(),
        "enable f16;\nconst K: u32 = 1536u;\nalias Kv = f16;\nfn a() {}\n",
    );
    check(Shader::new("a").dot4().subgroups(4), "requires packed_4x8_integer_dot_product;\n");
    assert_eq!(
        Shader::new("a").subgroups(4).f16().source_for(Compiler::Tint),
        "enable f16;\nenable subgroups;\n"
    );
}

#[test]
fn constants_read_back_to_the_same_value() {
    let declared = |shader: Shader, expect: &str| check(shader, &format!("const X: {expect};\n"));
    let x = || Shader::new("x");
    declared(x().constant("X", u32::MAX), "u32 = 4294967295u");
    declared(x().constant("X", -7i32), "i32 = -7i");
    declared(x().constant("X", i32::MIN), "i32 = -2147483647i - 1i");
    declared(x().constant("X", 1e-6f32), "f32 = 1e-6f");
    declared(x().constant("X", 0.1f32), "f32 = 0.1f");
    declared(x().constant("X", -2f32), "f32 = -2.0f");
    declared(x().constant("X", f32::MAX), "f32 = 3.4028235e38f");
    declared(x().constant("X", true), "bool = true");
}

#[test]
fn profiles_have_names() {
    for profile in Profile::ALL {
        assert_eq!(profile.name().parse(), Ok(profile));
    }
    let error = "iphone".parse::<Profile>().unwrap_err();
    assert_eq!(error.code(), "UNKNOWN_PROFILE");
    assert_eq!(
        error.to_string(),
        "there is no device profile `iphone`; there are: webgpu-defaults, iphone-16e, no-f16, no-subgroups"
    );
}
