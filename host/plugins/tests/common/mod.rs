//! What the suites of the sandbox share: [`guest`], modules written by hand, and [`rig`], what they run in.
// Each suite uses a part.
#![allow(dead_code)]

pub mod guest;
pub mod rig;
