//! Links the test `fuzz` with libFuzzer, where `.ci/fuzz` compiled it and says so.

fn main() {
    println!("cargo:rerun-if-env-changed=MPY6A_LIBFUZZER_DIR");
    if let Ok(folder) = std::env::var("MPY6A_LIBFUZZER_DIR") {
        for argument in [format!("-L{folder}"), "-lfuzzer".to_owned(), "-lstdc++".to_owned()] {
            println!("cargo:rustc-link-arg-tests={argument}");
        }
    }
}
