//! A prepared dispatch: pipeline, bound buffers and grid. Kernels return these; a model keeps them in lists and records
//! a list per step, so that a step creates nothing and looks nothing up.

use bytemuck::{Pod, Zeroable};
use gpu::{BindGroup, Binding, Device, Error, Pass, Pipeline, Shader};

/// What changes from step to step, as `shared/step.wgsl` reads it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Step {
    /// Tokens of this step.
    pub rows: u32,
    /// Position of the first of them in the sequence.
    pub position: u32,
    /// The row whose logits are wanted.
    pub row: u32,
    /// Pads the uniform to 16 bytes.
    pub reserved: u32,
}

const _: () = assert!(size_of::<Step>() == 16);

/// Workgroups along one axis of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// The same in every step.
    Fixed(u32),
    /// One workgroup for so many of the step's rows.
    RowsPerGroup(u32),
    /// So many workgroups for each of the step's rows.
    GroupsPerRow(u32),
}

impl Axis {
    fn groups(self, rows: u32) -> u32 {
        match self {
            Axis::Fixed(groups) => groups,
            Axis::RowsPerGroup(n) => rows.div_ceil(n),
            Axis::GroupsPerRow(n) => rows * n,
        }
    }
}

/// One prepared dispatch.
pub struct Op {
    /// None where the device only lists shaders.
    prepared: Option<(Pipeline, BindGroup)>,
    grid: [Axis; 3],
    name: &'static str,
}

impl Op {
    /// Builds the pipeline if it is not built yet and binds the buffers; with a device that only lists shaders, neither.
    pub fn new(
        device: &Device,
        shader: &Shader,
        bindings: &[Binding<'_>],
        grid: [Axis; 3],
    ) -> Result<Op, Error> {
        let prepared = if device.lists(shader) {
            None
        } else {
            let pipeline = device.pipeline(shader)?;
            let bind_group = device.bind(&pipeline, bindings);
            Some((pipeline, bind_group))
        };
        Ok(Op { prepared, grid, name: shader.name() })
    }

    /// Records the dispatch for a step of `rows` tokens.
    ///
    /// # Panics
    /// When it was made with a device that [only lists shaders](Device::listing).
    pub fn record(&self, pass: &mut Pass<'_>, rows: u32) {
        let (pipeline, bind_group) =
            self.prepared.as_ref().expect("a device that only lists shaders makes nothing to record");
        pass.dispatch(pipeline, bind_group, self.grid.map(|axis| axis.groups(rows)));
    }

    /// The kernel's name.
    pub fn name(&self) -> &'static str {
        self.name
    }
}
