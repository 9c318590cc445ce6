//! A target in the hands of libFuzzer, whose `main` this is linked with. `.ci/fuzz` builds and starts it.
//!
//! MPY6A_FUZZ names the target. With MPY6A_FUZZ_SEEDS, a folder, it only writes the seeds and the words there, and ends.
#![no_main]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{env, fs, path::Path, process, slice, sync::OnceLock};

use mpy6a_fuzz::Target;

static TARGET: OnceLock<&'static Target> = OnceLock::new();

/// Called by libFuzzer once.
// The names are libFuzzer's interface.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C" fn LLVMFuzzerInitialize(_count: *mut i32, _arguments: *mut *mut *mut i8) -> i32 {
    let name = env::var("MPY6A_FUZZ").expect("MPY6A_FUZZ names the target: start this with `make fuzz`");
    let target = TARGET.get_or_init(|| Target::named(&name).unwrap_or_else(|| panic!("there is no target `{name}`")));
    if let Some(folder) = env::var_os("MPY6A_FUZZ_SEEDS") {
        write_seeds(target, Path::new(&folder));
        process::exit(0);
    }
    // libFuzzer keeps the input when the process aborts; a panic would be caught on its way to C++.
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        told(panic);
        process::abort();
    }));
    0
}

/// Called by libFuzzer with each input.
// The names are libFuzzer's interface, and so is the pointer: to so many bytes, for as long as the call.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C" fn LLVMFuzzerTestOneInput(input: *const u8, count: usize) -> i32 {
    let bytes = if count == 0 { &[] } else { unsafe { slice::from_raw_parts(input, count) } };
    (TARGET.get().expect("libFuzzer initialises first").run)(bytes);
    0
}

fn write_seeds(target: &Target, folder: &Path) {
    let seeds = folder.join("seeds");
    fs::create_dir_all(&seeds).unwrap();
    for (number, seed) in (target.seeds)().iter().enumerate() {
        fs::write(seeds.join(format!("seed-{number}")), seed).unwrap();
    }
    let hex = |word: &str| word.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    let words: String = target.words.iter().map(|word| format!("\"{}\"\n", hex(word))).collect();
    fs::write(folder.join("words"), words).unwrap();
    fs::write(folder.join("input_bytes_max"), target.input_bytes_max.to_string()).unwrap();
}
