//! The `ganas` command line.
fn main() {}
