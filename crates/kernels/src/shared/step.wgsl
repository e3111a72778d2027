// What changes from step to step; everything else a shader needs is a constant of its text.
struct Step {
    rows: u32,      // tokens of this step
    position: u32,  // position of the first of them in the sequence
    row: u32,       // the row whose logits are wanted
    reserved: u32,
}
