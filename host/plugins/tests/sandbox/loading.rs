//! What loads, what does not, and what the refusal says to do about it.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc, thread, time::Duration};

use mpy6a_plugins::{LoadError, PluginSpec, Registry, Sandbox, SandboxConfig, SandboxError};
use mpy6a_sessions::Outcome;
use sha2::{Digest, Sha256};

use crate::{
    guest::{handler, handler_with},
    rig::{Rig, config},
};

async fn refusal(rig: &Rig, wat: &str) -> LoadError {
    rig.load(wat).await.expect_err("it should not load")
}

fn answering(text: &str) -> String {
    handler_with(&format!("(data (i32.const 1200) \"{text}\")"), "(call $permanent (i32.const 1200) (i32.const 3))")
}

#[tokio::test]
async fn what_is_no_wasm_is_refused() {
    let rig = Rig::new();
    let whole = wat::parse_str(handler("(call $ok)")).unwrap();
    let torn = &whole[..whole.len() / 2];
    for contents in [b"".as_slice(), b"#!/bin/sh\necho no\n", b"\0asm", torn] {
        let file = rig.file("plugin.wasm", contents);
        let refused = rig.sandbox.load(&PluginSpec { file, ..rig.spec.clone() }).await;
        assert!(matches!(refused, Err(LoadError::Invalid(_) | LoadError::Format { .. })), "{refused:?}");
    }
    let missing = PluginSpec { file: rig.dir.path().join("missing"), ..rig.spec.clone() };
    assert!(matches!(rig.sandbox.load(&missing).await, Err(LoadError::File { .. })));
    let folder = PluginSpec { file: rig.dir.path().to_owned(), ..rig.spec.clone() };
    assert!(matches!(rig.sandbox.load(&folder).await, Err(LoadError::File { .. })));
}

#[tokio::test]
async fn a_file_over_the_limit_is_not_even_read() {
    let rig = Rig::new();
    let file = rig.file("plugin.wasm", b"");
    fs::File::options().write(true).open(&file).unwrap().set_len(1 << 40).unwrap();
    let refused = rig.sandbox.load(&PluginSpec { file, ..rig.spec.clone() }).await;
    assert!(matches!(refused, Err(LoadError::TooLarge { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_plugin_without_handle_is_told_so() {
    let rig = Rig::new();
    let refused = refusal(&rig, r#"(module (func (export "run")) (memory (export "memory") 1))"#).await;
    assert!(matches!(&refused, LoadError::NoHandle { exports, .. } if exports == "`run`, `memory`"), "{refused}");
    let refused = refusal(&rig, "(component)").await;
    assert!(matches!(&refused, LoadError::NoHandle { exports, .. } if exports == "nothing"), "{refused}");
    // An instance of that name is not the function.
    let refused = refusal(&rig, r#"(component (instance $i) (export "handle" (instance $i)))"#).await;
    assert!(matches!(&refused, LoadError::NoHandle { .. }), "{refused}");
}

#[tokio::test]
async fn a_handle_of_another_type_is_refused() {
    let rig = Rig::new();
    let refused = refusal(&rig, r#"(module (memory (export "memory") 1) (func (export "handle") (param f64)))"#).await;
    assert!(matches!(refused, LoadError::Contract(_)), "{refused}");
    let component = r#"(component
        (core module $m (func (export "f") (result i32) (i32.const 1)))
        (core instance $i (instantiate $m))
        (func $f (result u32) (canon lift (core func $i "f")))
        (export "handle" (func $f)))"#;
    let refused = refusal(&rig, component).await;
    assert!(matches!(refused, LoadError::Contract(_)), "{refused}");
}

#[tokio::test]
async fn imports_that_are_unknown_or_not_granted_are_named() {
    let rig = Rig::new();
    for (import, remedy) in [
        ("acme:db/store@1.0.0", "the host has nothing of this name"),
        ("wasi:http/outgoing-handler@0.2.0", "[[kind.plugin.http]]"),
        ("wasi:http/incoming-handler@0.2.0", "sends requests and receives none"),
        ("wasi:keyvalue/store@0.2.0", "nothing of this name"),
    ] {
        let refused = refusal(&rig, &format!(r#"(component (import "{import}" (instance)))"#)).await;
        let text = refused.to_string();
        assert!(matches!(refused, LoadError::Import { .. } | LoadError::NoSuchImport { .. }), "{text}");
        assert!(text.contains(import) && text.contains(remedy), "{text}");
    }
    let refused = refusal(&rig, r#"(component (import "mpy6a:handler/types@2.0.0" (instance)))"#).await;
    assert!(matches!(refused, LoadError::Version { .. }), "{refused}");
    // A core module says the same in its own way.
    let module = handler("(call $ok)").replace("mpy6a:handler/log@1.0.0", "env");
    let refused = refusal(&rig, &module).await;
    assert!(matches!(&refused, LoadError::NoSuchImport { import, .. } if import == "env.write"), "{refused}");
}

#[tokio::test]
async fn a_start_function_that_loops_or_traps_is_found_when_it_is_loaded() {
    let rig = Rig::new();
    let start = |body: &str| handler_with(&format!("(func $start {body}) (start $start)"), "(call $ok)");
    let refused = refusal(&rig, &start("(loop $again (br $again))")).await;
    assert!(matches!(refused, LoadError::Start(Outcome::OutOfFuel)), "{refused}");
    let refused = refusal(&rig, &start("unreachable")).await;
    assert!(matches!(refused, LoadError::Start(Outcome::Trapped(_))), "{refused}");
    let refused =
        refusal(&rig, &handler("(call $ok)").replace("(export \"memory\") 16)", "(export \"memory\") 256)")).await;
    assert!(matches!(refused, LoadError::Start(Outcome::OutOfMemory)), "{refused}");
}

#[tokio::test]
async fn a_pinned_digest_must_be_the_files() {
    let mut rig = Rig::new();
    let wat = handler("(call $ok)");
    rig.spec.sha256 = Some(Sha256::digest(wat::parse_str(&wat).unwrap()).into());
    assert_eq!(Some(rig.load(&wat).await.unwrap().digest()), rig.spec.sha256);
    let refused = refusal(&rig, &handler("unreachable")).await;
    assert!(
        matches!(&refused, LoadError::Pin { pinned, .. } if *pinned == hex::encode(rig.spec.sha256.unwrap())),
        "{refused}"
    );
}

#[tokio::test]
async fn a_kind_cannot_have_more_memory_than_the_sandbox() {
    let rig = Rig::new().limits(|limits| limits.memory_bytes = 1 << 40);
    assert!(matches!(refusal(&rig, &handler("(call $ok)")).await, LoadError::Memory { .. }));
}

#[tokio::test]
async fn a_file_that_is_being_written_is_read_when_it_is_whole() {
    let rig = Rig::new();
    let whole = wat::parse_str(answering("new")).unwrap();
    let file = rig.file("plugin.wasm", &[]);
    let (path, bytes) = (file.clone(), whole.clone());
    // A slow copy: each step leaves a file that is not whole.
    let copy = thread::spawn(move || {
        for end in 1..=10 {
            fs::write(&path, &bytes[..bytes.len() * end / 10]).unwrap();
            thread::sleep(Duration::from_millis(10));
        }
    });
    let spec = PluginSpec { file, ..rig.spec.clone() };
    // A machine that stalls the copy for longer than the sandbox waits shows it a torn file: that may be refused, never taken.
    let plugin = loop {
        match rig.sandbox.load(&spec).await {
            Ok(plugin) => break plugin,
            Err(refused) => assert!(!copy.is_finished(), "{refused}"),
        }
    };
    copy.join().unwrap();
    assert_eq!(plugin.digest(), <[u8; 32]>::from(Sha256::digest(&whole)));
}

#[tokio::test]
async fn runs_finish_on_the_version_they_began_with() {
    let rig = Rig::new();
    let registry = Registry::default();
    assert!(registry.get(3).is_none());
    registry.swap([(3, rig.load(&answering("old")).await.unwrap())].into());
    let old = registry.get(3).unwrap();
    registry.swap([(3, rig.load(&answering("new")).await.unwrap())].into());
    let new = registry.get(3).unwrap();
    assert_ne!(old.digest(), new.digest());
    assert_eq!(rig.run_loaded(&new).await.report.outcome, Outcome::Permanent("new".into()));
    assert_eq!(rig.run_loaded(&old).await.report.outcome, Outcome::Permanent("old".into()));
    registry.swap([].into());
    assert_eq!(Arc::strong_count(&old), 1, "out of service, and kept by its run only");
}

/// A rig with a cache in its folder, and the folder.
fn cached() -> (Rig, PathBuf) {
    let rig = Rig::new();
    let folder = rig.dir.path().join("cache");
    let sandbox = Sandbox::new(SandboxConfig { cache_dir: Some(folder.clone()), ..config() }).unwrap();
    (Rig { sandbox, ..rig }, folder)
}

fn entries(folder: &PathBuf) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn a_compiled_plugin_is_taken_from_the_cache_and_a_damaged_entry_is_made_anew() {
    let (rig, folder) = cached();
    let wat = answering("yes");
    rig.load(&wat).await.unwrap();
    let [entry] = &entries(&folder)[..] else { panic!("one entry: {:?}", entries(&folder)) };
    assert_eq!(fs::metadata(entry).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);

    // Taken: it is not written again.
    let written = fs::metadata(entry).unwrap();
    let inode = |metadata: &fs::Metadata| std::os::unix::fs::MetadataExt::ino(metadata);
    rig.load(&wat).await.unwrap();
    assert_eq!(inode(&fs::metadata(entry).unwrap()), inode(&written));

    let whole = fs::read(entry).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [&flipped[..], &whole[..whole.len() / 2], b"", b"from somewhere else"] {
        fs::write(entry, damaged).unwrap();
        let plugin = rig.load(&wat).await.unwrap();
        assert_eq!(rig.run_loaded(&plugin).await.report.outcome, Outcome::Permanent("yes".into()));
        assert_eq!(fs::read(entry).unwrap().len(), whole.len());
        assert_ne!(fs::read(entry).unwrap(), damaged, "made anew");
    }
    // An entry that others could have written is not trusted, however whole it looks.
    fs::set_permissions(entry, fs::Permissions::from_mode(0o666)).unwrap();
    rig.load(&wat).await.unwrap();
    assert_eq!(fs::metadata(entry).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn the_cache_refuses_a_folder_that_others_may_enter() {
    let (rig, folder) = cached();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let refused = Sandbox::new(SandboxConfig { cache_dir: Some(folder), ..config() }).err().unwrap();
    assert!(matches!(&refused, SandboxError::Cache(_)) && refused.to_string().contains("chmod"), "{refused}");
    drop(rig);
}

#[test]
fn a_sandbox_of_no_size_is_refused() {
    for runs_max in [0, u32::MAX] {
        assert!(matches!(Sandbox::new(SandboxConfig { runs_max, ..config() }), Err(SandboxError::Runs(_))));
    }
    for memory_bytes_max in [0, u64::MAX] {
        assert!(matches!(Sandbox::new(SandboxConfig { memory_bytes_max, ..config() }), Err(SandboxError::Memory(_))));
    }
}
