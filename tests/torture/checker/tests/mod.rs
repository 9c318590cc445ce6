//! Histories made by hand: right ones pass, and each way to be wrong is told by its name.

mod fixture;
mod hands;
mod keeping;
mod timing;
