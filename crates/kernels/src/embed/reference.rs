//! `y[t] = scale * W[ids[t]]`.

/// One row (columns) per token; `None` where its row is not among those of `table`, which begin at `first_row`.
pub fn forward(
    table: &[f32],
    columns: usize,
    first_row: u32,
    ids: &[u32],
    scale: f32,
) -> Vec<Option<Vec<f32>>> {
    let row = |&id: &u32| {
        let at = id.checked_sub(first_row)? as usize * columns;
        let row = table.get(at..at + columns)?;
        Some(row.iter().map(|&v| (f64::from(v) * f64::from(scale)) as f32).collect())
    };
    ids.iter().map(row).collect()
}
