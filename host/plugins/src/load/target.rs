//! Core modules that a toolchain made for another place than a component host: a browser, a JavaScript engine, threads, 64-bit
//! memory. Each is known by what it imports or declares, and each has its own way out.

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1;

use super::{LoadError, check, survey::Module};
use crate::shown;

/// How the newer way to write the component model's names begins, and what it has in place of a name for the world itself in
/// the older one.
const NEW_NAMES: &str = "cm32p2|";
const ROOT: &str = "$root";

/// How bindings generators begin the names of imports that are asynchronous.
const ASYNC_LOWER: &str = "[async-lower]";

/// What a module of another target imports, and what to do. The first that fits is told, so the particular comes first.
const FOREIGN: [Foreign; 10] = [
    Foreign {
        module: "gojs",
        field: "",
        remedy: "it was built for JavaScript (GOOS=js); build it with GOOS=wasip1 GOARCH=wasm and -buildmode=c-shared",
    },
    Foreign {
        module: "go",
        field: "",
        remedy: "it was built for JavaScript (GOOS=js); build it with GOOS=wasip1 GOARCH=wasm and -buildmode=c-shared",
    },
    Foreign {
        module: "__wbindgen",
        field: "",
        remedy: "it was built with wasm-bindgen, for a browser; leave out wasm-bindgen, and every crate's feature that brings \
                 it in (chrono's and getrandom's `wasmbind` or `js`, for example)",
    },
    Foreign {
        module: "wbg",
        field: "",
        remedy: "it was built with wasm-bindgen, for a browser; leave out wasm-bindgen, and every crate's feature that brings \
                 it in (chrono's and getrandom's `wasmbind` or `js`, for example)",
    },
    Foreign {
        module: "wasi_unstable",
        field: "",
        remedy: "it was built for WASI as it was before preview 1; build it for wasm32-wasip1, with a toolchain of 2020 or \
                 newer",
    },
    Foreign {
        module: "wasi",
        field: "thread-spawn",
        remedy: "it starts threads, and a handler is one; build it without -pthread and for a target without `threads`",
    },
    Foreign {
        module: "env",
        field: "emscripten_",
        remedy: "it was built by Emscripten, for JavaScript; build it with clang for wasm32-wasi and -mexec-model=reactor, for \
                 example with `python3 -m ziglang cc`",
    },
    Foreign {
        module: "env",
        field: "abort",
        remedy: "it is what AssemblyScript calls where an assertion fails: compile it with `asc --use abort=`, so that it traps \
                 instead",
    },
    Foreign {
        module: "env",
        field: "memory",
        remedy: "its memory has to be its own, and exported as `memory`: link it without --import-memory",
    },
    Foreign {
        module: "env",
        field: "",
        remedy: "the linker left a function undefined: link what defines it, or take it out; with Emscripten, build with clang \
                 for wasm32-wasi instead",
    },
];

struct Foreign {
    /// How the import's module begins: the whole name, but for `__wbindgen`, which comes with endings.
    module: &'static str,
    /// How the import's field begins.
    field: &'static str,
    remedy: &'static str,
}

/// Check that a module is one that a component can be made of.
pub(super) fn check_module(module: &Module) -> Result<(), LoadError> {
    if module.is_object {
        return Err(LoadError::Target {
            what: "it is an object file, which no linker has seen".to_owned(),
            remedy: "name what the linker makes; with clang leave out -c",
        });
    }
    if module.memories.iter().any(|memory| memory.memory64) {
        return Err(LoadError::Target {
            what: "its memory has 64-bit addresses".to_owned(),
            remedy: "build it for wasm32, not for wasm64, and without -m64 or -sMEMORY64",
        });
    }
    if module.memories.iter().any(|memory| memory.shared) {
        return Err(LoadError::Target {
            what: "its memory is shared among threads, and a handler is one thread".to_owned(),
            remedy: "build it without -pthread or +atomics, and for a target without `threads`",
        });
    }
    module.imports.iter().try_for_each(|(from, field)| check_import(from, field, module.has_type))
}

fn check_import(module: &str, field: &str, has_type: bool) -> Result<(), LoadError> {
    let refused = |remedy| {
        let import = format!("{}.{}", shown::name(module), shown::name(field));
        Err(LoadError::NoSuchImport { import, remedy })
    };
    if let Some(function) = field.strip_prefix(ASYNC_LOWER) {
        let import = format!("{}.{}", shown::name(module), shown::name(function));
        return Err(LoadError::AsyncImport { import });
    }
    // The names of the component model, in the old and the new way; what they need, the component is asked.
    let name = module.strip_prefix(NEW_NAMES).unwrap_or(module);
    if name.contains(':') && name.contains('/') {
        return if name.starts_with('[') { Ok(()) } else { check::need(name).map(drop) };
    }
    if module == PREVIEW1 || module == ROOT || module.starts_with(NEW_NAMES) {
        return Ok(());
    }
    if let Some(foreign) = FOREIGN.iter().find(|foreign| foreign.is(module, field)) {
        return refused(foreign.remedy);
    }
    // A module with its own type may call an interface whatever it likes: the component has its real name.
    if has_type { Ok(()) } else { refused("the host has nothing of this name; link what defines it, or take it out") }
}

impl Foreign {
    fn is(&self, module: &str, field: &str) -> bool {
        let same = module == self.module || self.module.starts_with("__") && module.starts_with(self.module);
        same && field.starts_with(self.field)
    }
}
