//! How invocations add up what each of them has.

use gpu::Shader;

/// How invocations of a workgroup add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sums {
    /// Through workgroup memory.
    #[default]
    Workgroup,
    /// By exchange between so many neighbours, a power of two from 4 to 128, and through workgroup memory beyond. The device's
    /// subgroups must not be smaller.
    Subgroup(u32),
}

/// Sizes of subgroups that cases try: those that devices have.
pub(crate) const SUBGROUPS: [u32; 6] = [4, 8, 16, 32, 64, 128];

impl Sums {
    /// Adds `lanes_sum` to a shader with the constants WORKGROUP and LANES.
    pub(crate) fn over_lanes(self, shader: Shader) -> Shader {
        match self {
            Sums::Workgroup => shader.file(include_str!("shared/lanes.wgsl")),
            Sums::Subgroup(_) => self.declare(shader).file(include_str!("shared/lanes_subgroup.wgsl")),
        }
    }

    /// Adds `workgroup_sum` to a shader with the constant WORKGROUP, for values of a WGSL type.
    pub(crate) fn over_workgroup(self, shader: Shader, of: &str) -> Shader {
        let shader = shader.alias("Sum", of);
        match self {
            Sums::Workgroup => shader.file(include_str!("shared/sum.wgsl")),
            Sums::Subgroup(_) => self.declare(shader).file(include_str!("shared/sum_subgroup.wgsl")),
        }
    }

    fn declare(self, shader: Shader) -> Shader {
        match self {
            Sums::Workgroup => shader,
            // A file, since files that are there already are not repeated and constants are.
            Sums::Subgroup(neighbours) => {
                shader.subgroups(neighbours).file(format!("const SUBGROUP = {neighbours}u;\n"))
            }
        }
    }
}
