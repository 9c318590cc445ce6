use super::*;
use crate::egress::HttpRule;

fn granted() -> Grants {
    Grants { http: HttpRule::parse("http://a.example", &[] as &[&str]).into_iter().collect(), ..Grants::default() }
}

#[test]
fn what_toolchains_import_without_using_it_loads() {
    let imports = [
        "mpy6a:handler/types@1.0.0",
        "mpy6a:handler/http@1.7.3",
        "wasi:config/store@0.2.0-rc.1",
        "wasi:cli/environment@0.2.6",
        "wasi:filesystem/preopens@0.2.3",
        "wasi:io/poll@0.2",
    ];
    for import in imports {
        assert!(check_import(import, &Grants::default()).is_ok(), "{import}");
    }
}

#[test]
fn http_needs_a_grant_and_the_refusal_names_it() {
    for import in ["wasi:http/types@0.2.3", "wasi:http/outgoing-handler@0.2.0"] {
        assert!(check_import(import, &granted()).is_ok());
        let refused = check_import(import, &Grants::default()).map_err(|error| error.to_string());
        assert!(refused.is_err_and(|text| text.contains(import) && text.contains("[[kind.plugin.http]]")));
    }
    assert!(check_import("wasi:http/incoming-handler@0.2.0", &granted()).is_err());
}

#[test]
fn what_is_unknown_is_refused_by_name() {
    for import in [
        "wasi:nn/tensor@0.2.0",
        "wasi:sockets/tcp@0.2.0",
        "env",
        "wasi:io/poll@0.3.0",
        "acme:db/store@1.0.0",
        "mpy6a:handler/db@1.0.0",
    ] {
        let refused = check_import(import, &granted());
        assert!(
            matches!(&refused, Err(LoadError::NoSuchImport { import: named, .. }) if named == import),
            "{refused:?}"
        );
    }
    for import in
        ["mpy6a:handler/types@2.0.0", "mpy6a:handler/types@0.1.0", "mpy6a:handler/types", "mpy6a:handler/log@10.0.0"]
    {
        assert!(matches!(check_import(import, &granted()), Err(LoadError::Version { .. })), "{import}");
    }
}
