// Nobody needs h' again.
fn keep(group: u32, i: u32, v: Sixteen) {}
