// Nobody needs h' again.
fn keep(group: u32, s: u32, v: Sixteen) {}
