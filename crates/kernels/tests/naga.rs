//! Every shader of the cases against naga and the limits that WebGPU guarantees, without a GPU.

use gpu::Shader;
use kernels::case::{Case, all};
use kernels::op::Step;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, Module, TypeInner};
use std::collections::BTreeMap;

/// Of WebGPU's default device (specification, "Limits"). A shader that has more than its 256 invocations, or takes more than its
/// 16384 bytes of workgroup memory, says so.
const STORAGE_BUFFERS_MAX: usize = 8;

/// Shader texts of all cases with the kernel's name and the shader, every text once.
fn shaders() -> BTreeMap<String, (&'static str, Shader)> {
    let cases = all();
    let of = |case: &Case| {
        let kernel = case.kernel;
        case.shaders.iter().map(move |shader| (shader.source(), (kernel, shader.clone()))).collect::<Vec<_>>()
    };
    cases.iter().flat_map(of).collect()
}

/// The abilities that a text asks for: WGSL has f16 inside f32 words (`unpack2x16float`) everywhere, anything else is an
/// optional feature, which a text names in a directive.
fn capabilities(text: &str) -> Capabilities {
    let mut allowed = Capabilities::SHADER_FLOAT16_IN_FLOAT32;
    allowed.set(Capabilities::SHADER_FLOAT16, text.contains("enable f16;"));
    let matrices = text.contains("enable wgpu_cooperative_matrix;");
    allowed.set(Capabilities::COOPERATIVE_MATRIX, matrices);
    allowed.set(Capabilities::SUBGROUP, matrices || text.contains("subgroupShuffle"));
    allowed
}

fn parse(text: &str, name: &str) -> Module {
    naga::front::wgsl::parse_str(text)
        .unwrap_or_else(|error| panic!("`{name}`: {}\n{text}", error.emit_to_string(text)))
}

#[test]
fn shaders_are_valid_within_webgpu_defaults() {
    for (text, (kernel, shader)) in shaders() {
        let name = shader.name();
        let module = parse(&text, name);
        let allowed = capabilities(&text);
        let info = Validator::new(ValidationFlags::all(), allowed)
            .validate(&module)
            .unwrap_or_else(|error| panic!("`{name}` of {kernel}: {}", error.emit_to_string(&text)));
        let entries: Vec<&str> = module.entry_points.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(entries, [name], "entry points of `{name}` of {kernel}");
        let [x, y, z] = module.entry_points[0].workgroup_size;
        assert!(x * y * z <= shader.invocations_max(), "`{name}`: {x} x {y} x {z} invocations");

        let used = info.get_entry_point(0);
        let globals = || module.global_variables.iter();
        let in_space =
            |space: fn(AddressSpace) -> bool| globals().filter(move |(_, global)| space(global.space));
        let shared: u32 = in_space(|space| space == AddressSpace::WorkGroup)
            .map(|(_, global)| module.types[global.ty].inner.size(module.to_ctx()))
            .sum();
        assert!(shared <= shader.workgroup_bytes_max(), "`{name}`: {shared} bytes of workgroup memory");
        let buffers = in_space(|space| matches!(space, AddressSpace::Storage { .. })).count();
        assert!(buffers <= STORAGE_BUFFERS_MAX, "`{name}`: {buffers} storage buffers");

        // Bind groups are made from the layout that the text implies, which leaves out what the text does not use.
        let mut bindings: Vec<u32> = Vec::new();
        for (handle, global) in globals() {
            let Some(binding) = global.binding else { continue };
            assert_eq!(binding.group, 0, "`{name}`: {global:?}");
            assert!(
                !used[handle].is_empty(),
                "`{name}`: binding {} is declared but not used",
                binding.binding
            );
            bindings.push(binding.binding);
        }
        bindings.sort_unstable();
        assert!(bindings.iter().copied().eq(0..bindings.len() as u32), "`{name}`: bindings {bindings:?}");
    }
}

#[test]
fn step_has_the_same_layout_on_both_sides() {
    let text = include_str!("../src/shared/step.wgsl");
    let module = parse(text, "step");
    let found = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some("Step"));
    let (_, step) = found.expect("step.wgsl declares Step");
    let TypeInner::Struct { ref members, span } = step.inner else { panic!("Step is {:?}", step.inner) };
    assert_eq!(span as usize, size_of::<Step>());
    let in_wgsl: Vec<(&str, usize)> =
        members.iter().map(|m| (m.name.as_deref().unwrap_or(""), m.offset as usize)).collect();
    let in_rust = [
        ("rows", std::mem::offset_of!(Step, rows)),
        ("position", std::mem::offset_of!(Step, position)),
        ("row", std::mem::offset_of!(Step, row)),
        ("reserved", std::mem::offset_of!(Step, reserved)),
    ];
    assert_eq!(in_wgsl, in_rust);
}

#[test]
fn every_weight_type_is_read_by_every_kernel_that_reads_weights() {
    let texts = shaders();
    for kernel in ["embed", "matvec", "matmul", "expert_matvec"] {
        for &kind in gguf::Type::SUPPORTED {
            // Every format file begins with the type's name.
            let heading = format!("\n// {kind}: ");
            let read = texts.iter().any(|(text, (of, ..))| *of == kernel && text.contains(&heading));
            assert!(read, "no case of `{kernel}` reads {kind}");
        }
    }
}
