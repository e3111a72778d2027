//! The inputs of cases.

use super::{Input, reference};
use crate::case::Output;
use crate::case::buffers::{expect, floats, poisoned, words};
use crate::case::random::Random;
use crate::{norm_add, rms_norm};
use gpu::{Binding, Buffer, Device, Error};

/// Added to mean squares.
pub(super) const EPSILON: f32 = 1e-6;

/// x, the bindings that make it, and the residual that is stored on the way.
pub(super) struct Made {
    pub(super) x: Vec<f32>,
    pub(super) inputs: Vec<Buffer>,
    pub(super) outputs: Vec<Output>,
}

pub(super) fn make(
    device: &Device,
    input: Input,
    columns: usize,
    random: &mut Random,
) -> Result<Made, Error> {
    let mut vector = |extent| random.floats(columns, extent);
    let (h, result, post, next) = (vector(2.0), vector(3.0), vector(1.5), vector(1.5));
    let scale = 0.75;
    let added = norm_add::reference::forward(&result, &post, scale, &h, EPSILON);
    let of = |values: &[&[f32]]| {
        ["h", "result", "post", "next"]
            .iter()
            .zip(values)
            .map(|(name, values)| floats(device, name, values))
            .collect::<Result<Vec<_>, _>>()
    };
    let mut outputs = Vec::new();
    let (x, inputs) = match input {
        Input::Staged | Input::Rows => (h.clone(), of(&[&h])?),
        Input::Interleaved => (h.clone(), of(&[&reference::interleaved(&h)])?),
        Input::Packed => (h.clone(), vec![words(device, "x", &reference::packed(&h))?]),
        Input::Norm { .. } => (rms_norm::reference::forward(&h, &next, EPSILON), of(&[&h, &next])?),
        Input::Residual { rows, .. }
        | Input::LastResidual { rows, .. }
        | Input::ResidualPlain { rows, .. } => {
            let lying = |values: &[f32], blocks| match blocks {
                0 => values.to_vec(),
                _ => reference::interleaved(values),
            };
            let [of_h, of_result] = rows.blocks(columns as u32);
            let mut inputs = of(&[&lying(&h, of_h), &lying(&result, of_result), &post])?;
            inputs.push(floats(device, "scale", &[scale])?);
            if let Input::LastResidual { .. } = input {
                inputs.push(floats(device, "next", &next)?);
                return Ok(Made { x: rms_norm::reference::forward(&added, &next, EPSILON), inputs, outputs });
            }
            let h_next = poisoned(device, "h_next", columns)?;
            // The case looks at the buffer after the kernel wrote it, so it is bound and kept.
            outputs.push(expect(h_next, lying(&added, of_result)));
            if matches!(input, Input::Residual { .. }) {
                inputs.push(floats(device, "next", &next)?);
                (rms_norm::reference::forward(&added, &next, EPSILON), inputs)
            } else {
                (added, inputs)
            }
        }
    };
    Ok(Made { x, inputs, outputs })
}

/// The bindings of an input: the stored residual lies between `scale` and `next`.
pub(super) fn bindings(made: &Made) -> Vec<Binding<'_>> {
    let mut bindings: Vec<Binding<'_>> = made.inputs.iter().map(Binding::from).collect();
    if let Some(h_next) = made.outputs.first() {
        bindings.insert(4, (&h_next.buffer).into());
    }
    bindings
}
