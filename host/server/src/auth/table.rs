//! The one table: which right each gRPC method and each HTTP path needs.
//!
//! A test holds it against the descriptors of everything that is served: a method without a line here fails it. A path
//! that is not here needs the right to administer.

/// What one may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Nothing is needed, not even a name.
    Anyone,
    /// To be named in the config is enough.
    Known,
    /// To open sessions of at least one kind; which, is checked when one is opened.
    Open,
    /// To look at everything.
    Read,
    /// To change everything.
    Administer,
}

/// What a path needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The path, of a gRPC method or of a page; one that ends with `*` is the beginning of many.
    pub path: &'static str,
    /// The right that is needed.
    pub right: Right,
    /// Whether an answer may go on for long: then it ends when the right is withdrawn.
    pub lasts: bool,
}

/// For what is not in the table.
const FORGOTTEN: Rule = Rule { path: "*", right: Right::Administer, lasts: true };

const fn rule(path: &'static str, right: Right) -> Rule {
    Rule { path, right, lasts: false }
}

const fn lasting(path: &'static str, right: Right) -> Rule {
    Rule { path, right, lasts: true }
}

/// Every path that is served. The most used ones first: it is read from top to bottom.
///
/// * A session's own operations need its key beside this right: whoever has neither gets no further than here.
/// * A backup has every session's key in it, and a recording may have a kind's settings, so they are nothing for those who may
///   only look.
/// * Health is for load balancers, which have no name.
/// * The console's page has no data in it, and asks for a token by itself. Of what it asks, each path that only looks is here: the
///   others, `/api/act` and so on, change something.
pub const RULES: &[Rule] = &[
    lasting("/mpy6a.v1.Truba/Operate", Right::Open),
    rule("/mpy6a.v1.Truba/New", Right::Open),
    rule("/mpy6a.v1.Truba/Append", Right::Open),
    rule("/mpy6a.v1.Truba/Delete", Right::Open),
    rule("/mpy6a.v1.Truba/Renew", Right::Open),
    rule("/mpy6a.v1.Truba/Replace", Right::Open),
    rule("/mpy6a.v1.Truba/Store", Right::Open),
    rule("/grpc.health.v1.Health/Check", Right::Anyone),
    lasting("/grpc.health.v1.Health/Watch", Right::Anyone),
    lasting("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Right::Known),
    lasting("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Right::Known),
    rule("/mpy6a.v1.Admin/ListKinds", Right::Read),
    rule("/mpy6a.v1.Admin/GetSession", Right::Read),
    rule("/mpy6a.v1.Admin/ListSessions", Right::Read),
    rule("/mpy6a.v1.Admin/ActOnSessions", Right::Administer),
    rule("/mpy6a.v1.Admin/PauseKind", Right::Administer),
    rule("/mpy6a.v1.Admin/ResumeKind", Right::Administer),
    rule("/mpy6a.v1.Admin/Reload", Right::Administer),
    lasting("/mpy6a.v1.Admin/Backup", Right::Administer),
    lasting("/mpy6a.v1.Admin/GetRecording", Right::Administer),
    rule("/metrics", Right::Read),
    rule("/", Right::Anyone),
    rule("/console/*", Right::Anyone),
    rule("/api/kinds", Right::Read),
    rule("/api/sessions", Right::Read),
    rule("/api/sessions/*", Right::Read),
];

/// What this path needs.
#[must_use]
pub fn rule_of(path: &str) -> Rule {
    let is_it = |rule: &&Rule| match rule.path.strip_suffix('*') {
        None => rule.path == path,
        Some(beginning) => path.starts_with(beginning),
    };
    RULES.iter().find(is_it).copied().unwrap_or(FORGOTTEN)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::*;

    /// The paths of all methods that are served, of ours and of the standard services.
    fn served() -> BTreeSet<String> {
        let sets = [
            mpy6a_proto::FILE_DESCRIPTOR_SET,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        let mut paths = BTreeSet::new();
        for file in sets.iter().flat_map(|set| FileDescriptorSet::decode(*set).unwrap().file) {
            for service in &file.service {
                let path = |method: &str| format!("/{}.{}/{method}", file.package(), service.name());
                paths.extend(service.method.iter().map(|method| path(method.name())));
            }
        }
        paths
    }

    #[test]
    fn every_method_that_is_served_has_its_line_and_every_line_its_method() {
        let served = served();
        assert!(served.len() > 15 && served.contains("/mpy6a.v1.Admin/Backup"), "{served:?}");
        let ruled: BTreeSet<String> = RULES.iter().map(|rule| rule.path.to_owned()).collect();
        let forgotten: Vec<_> = served.difference(&ruled).collect();
        assert!(forgotten.is_empty(), "these methods need a line in auth/table.rs: {forgotten:?}");
        let grpc = ruled.iter().filter(|path| path.matches('/').count() == 2 && path.contains('.'));
        let stale: Vec<_> = grpc.filter(|path| !served.contains(*path)).collect();
        assert!(stale.is_empty(), "nothing serves these lines of auth/table.rs: {stale:?}");
        assert_eq!(ruled.len(), RULES.len(), "a path is there twice");
    }

    #[test]
    fn every_method_whose_answer_is_a_stream_lasts() {
        for set in [mpy6a_proto::FILE_DESCRIPTOR_SET, tonic_health::pb::FILE_DESCRIPTOR_SET] {
            for file in FileDescriptorSet::decode(set).unwrap().file {
                for service in &file.service {
                    for method in &service.method {
                        let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                        assert_eq!(rule_of(&path).lasts, method.server_streaming(), "{path}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_forgotten_is_closed_and_what_is_open_to_anyone_is_health_and_a_page_without_data() {
        for path in [
            "",
            "/api/act",
            "/api/kinds/1/pause",
            "/api/reload",
            "/api/",
            "/console",
            "/mpy6a.v1.Admin/DropEverything",
            "/metrics/",
            "/mpy6a.v1.Truba/new",
            "*",
        ] {
            assert_eq!(rule_of(path).right, Right::Administer, "{path}");
        }
        let open: Vec<_> = RULES.iter().filter(|rule| rule.right == Right::Anyone).map(|rule| rule.path).collect();
        let page = ["/", "/console/*"];
        assert!(open.iter().all(|path| path.starts_with("/grpc.health.v1.Health/") || page.contains(path)), "{open:?}");
    }
}
