//! Compiles the `.proto` files in pure Rust: no `protoc` need be installed.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;
use prost_build::{Service, ServiceGenerator};

const FILES: [&str; 2] = ["mpy6a/v1/truba.proto", "mpy6a/v1/admin.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    let descriptors = protox::compile(FILES, ["proto"])?;
    let path = PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin");
    fs::write(&path, descriptors.encode_to_vec())?;
    let stubs = || {
        let builder = tonic_prost_build::configure();
        builder.build_client(cfg!(feature = "client")).build_server(cfg!(feature = "server"))
    };
    let stubs = Stubs {
        truba: stubs().codec_path("crate::codec::BoundedCodec").service_generator(),
        admin: stubs().service_generator(),
    };
    prost_build::Config::new().bytes(["."]).service_generator(Box::new(stubs)).compile_fds(descriptors)?;
    println!("cargo:rerun-if-changed=proto");
    Ok(())
}

/// The stubs of tonic, with `New` as the Rust method `new_session`: a generated client has a constructor `new` already.
/// On the wire the method keeps its name.
struct Stubs {
    /// For what clients call: with a bound on the lists in a message.
    truba: Box<dyn ServiceGenerator>,
    /// For what operators call: they may look at a session of any length.
    admin: Box<dyn ServiceGenerator>,
}

impl ServiceGenerator for Stubs {
    fn generate(&mut self, mut service: Service, code: &mut String) {
        for method in &mut service.methods {
            if method.name == "new" {
                method.name = "new_session".to_owned();
            }
        }
        let stubs = if service.name == "Truba" { &mut self.truba } else { &mut self.admin };
        stubs.generate(service, code);
    }

    fn finalize(&mut self, code: &mut String) {
        self.truba.finalize(code);
        self.admin.finalize(code);
    }

    fn finalize_package(&mut self, package: &str, code: &mut String) {
        self.truba.finalize_package(package, code);
        self.admin.finalize_package(package, code);
    }
}
