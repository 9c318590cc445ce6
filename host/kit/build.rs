//! Has the kit built anew when a file of a template or of an SDK is added; cargo knows by itself of those that change.

fn main() {
    for folder in ["../../sdk", "../../wit"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
