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
    /// Timestamps at the ends of a pass.
    pub timestamp: bool,
    /// Matrix hardware through cooperative matrices; native only, reported but not switched on.
    pub cooperative_matrix: bool,
}

/// The range that WebGPU allows, used where an adapter does not tell.
const SUBGROUP_SIZES: (u32, u32) = (4, 128);

impl Features {
    /// What `adapter` offers.
    pub(crate) fn of(adapter: &wgpu::Adapter, language: wgpu::WgslLanguageFeatures) -> Features {
        let offered = adapter.features();
        let info = adapter.get_info();
        let sizes = match (info.subgroup_min_size, info.subgroup_max_size) {
            (0, _) | (_, 0) => SUBGROUP_SIZES,
            told => told,
        };
        Features {
            f16: offered.contains(wgpu::Features::SHADER_F16),
            subgroups: offered.contains(wgpu::Features::SUBGROUP).then_some(sizes),
            dot4: language.contains(wgpu::WgslLanguageFeatures::Packed4x8IntegerDotProduct),
            timestamp: offered.contains(wgpu::Features::TIMESTAMP_QUERY),
            cooperative_matrix: offered.contains(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX),
        }
    }

    /// What to ask the device for.
    pub(crate) fn required(&self) -> wgpu::Features {
        let mut required = wgpu::Features::empty();
        required.set(wgpu::Features::SHADER_F16, self.f16);
        required.set(wgpu::Features::SUBGROUP, self.subgroups.is_some());
        required.set(wgpu::Features::TIMESTAMP_QUERY, self.timestamp);
        required
    }
}
