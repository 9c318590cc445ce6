//! Compiles the `.proto` files in pure Rust: no `protoc` need be installed.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;
use prost_build::{Service, ServiceGenerator};

const FILES: [&str; 2] = ["mpy6a/v1/truba.proto", "mpy6a/v1/admin.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    let descriptors = protox::compile(FILES, ["proto"])?;
    let path = PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin");
    fs::write(&path, descriptors.encode_to_vec())?;
    let stubs = tonic_prost_build::configure()
        .build_client(cfg!(feature = "client"))
        .build_server(cfg!(feature = "server"))
        .codec_path("crate::codec::BoundedCodec")
        .service_generator();
    prost_build::Config::new().bytes(["."]).service_generator(Box::new(Stubs(stubs))).compile_fds(descriptors)?;
    println!("cargo:rerun-if-changed=proto");
    Ok(())
}

/// The stubs of tonic, with `New` as the Rust method `new_session`: a generated client has a constructor `new` already.
/// On the wire the method keeps its name.
struct Stubs(Box<dyn ServiceGenerator>);

impl ServiceGenerator for Stubs {
    fn generate(&mut self, mut service: Service, code: &mut String) {
        for method in &mut service.methods {
            if method.name == "new" {
                method.name = "new_session".to_owned();
            }
        }
        self.0.generate(service, code);
    }

    fn finalize(&mut self, code: &mut String) {
        self.0.finalize(code);
    }

    fn finalize_package(&mut self, package: &str, code: &mut String) {
        self.0.finalize_package(package, code);
    }
}
