//! The optional abilities that kernel tiers depend on.

use serde::Serialize;

/// Optional abilities of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Features {
    /// Half-precision arithmetic and storage in WGSL.
    pub f16: bool,
    /// Subgroup operations, with the smallest and the largest subgroup size.
    pub subgroups: Option<(u32, u32)>,
    /// `dot4I8Packed` and its relatives.
    pub dot4: bool,
    /// Matrix hardware: cooperative matrices of 16 × 16 f16 with sums of f32, in subgroups of 32; native only.
    pub cooperative_matrix: bool,
}

/// The range that WebGPU allows, used where an adapter does not tell.
const SUBGROUP_SIZES: (u32, u32) = (4, 128);

impl Features {
    /// What `adapter` offers.
    pub(crate) fn of(
        adapter: &wgpu::Adapter,
        language: wgpu::WgslLanguageFeatures,
        browser_subgroups: bool,
    ) -> Features {
        let offered = adapter.features();
        let info = adapter.get_info();
        let sizes = match (info.subgroup_min_size, info.subgroup_max_size) {
            (0, _) | (_, 0) => SUBGROUP_SIZES,
            told => told,
        };
        let f16 = offered.contains(wgpu::Features::SHADER_F16);
        let in_browser = cfg!(target_arch = "wasm32") && browser_subgroups;
        let subgroups = (offered.contains(wgpu::Features::SUBGROUP) || in_browser).then_some(sizes);
        Features {
            f16,
            subgroups,
            dot4: language.contains(wgpu::WgslLanguageFeatures::Packed4x8IntegerDotProduct),
            cooperative_matrix: f16 && subgroups == Some((32, 32)) && has_matrices(adapter, offered),
        }
    }

    /// What to ask the device for.
    pub(crate) fn required(&self) -> wgpu::Features {
        let mut required = wgpu::Features::empty();
        required.set(wgpu::Features::SHADER_F16, self.f16);
        // A browser's are asked for by whoever said that they are there.
        required.set(wgpu::Features::SUBGROUP, self.subgroups.is_some() && !cfg!(target_arch = "wasm32"));
        required.set(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX, self.cooperative_matrix);
        required
    }

    /// The consent that wgpu asks for before it switches cooperative matrices on.
    pub(crate) fn experimental(&self) -> wgpu::ExperimentalFeatures {
        if self.cooperative_matrix {
            // SAFETY: the agreement is to expect bugs in them. They run in one kernel only, which is used where the kernels'
            // self-test has found its results right.
            unsafe { wgpu::ExperimentalFeatures::enabled() }
        } else {
            wgpu::ExperimentalFeatures::disabled()
        }
    }
}

/// Whether the adapter multiplies matrices of 16 × 16 f16 with sums of f32, the shape that the kernels use.
fn has_matrices(adapter: &wgpu::Adapter, offered: wgpu::Features) -> bool {
    use wgpu::CooperativeScalarType::{F16, F32};
    offered.contains(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX)
        && adapter.cooperative_matrix_properties().iter().any(|shape| {
            [shape.m_size, shape.n_size, shape.k_size] == [16; 3]
                && (shape.ab_type, shape.cr_type) == (F16, F32)
                && !shape.saturating_accumulation
        })
}
