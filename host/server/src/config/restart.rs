//! What a running host cannot change: sockets, files and memory were taken at its start.

use std::collections::BTreeMap;

use super::{Config, Fixed, exposure, relations};

impl Config {
    /// The config that a host with this one in service can put into service of this one, and the keys that have to wait for a
    /// restart.
    ///
    /// # Errors
    ///
    /// Where the kinds do not fit into the limits that the host runs with, those who may do what not to where it listens, or where
    /// it would open to all what was not; nothing changes then.
    pub fn within(self, in_service: &Self) -> Result<(Self, Vec<&'static str>), String> {
        let fixed = &in_service.fixed;
        let waiting = differences(fixed, &self.fixed);
        let exposed = exposure::fits(fixed, &self.access).map_err(|(key, message)| format!("{key}: {message}"));
        if let Err(message) = relations::fits(fixed, &self.kinds).and(exposed) {
            let restart = if waiting.is_empty() { "" } else { "; a changed limit needs a restart of the host" };
            return Err(format!("{message}{restart}"));
        }
        if !in_service.access.is_empty() && self.access.is_empty() {
            self.opens_by_name()?;
        }
        Ok((Self { fixed: fixed.clone(), ..self }, waiting))
    }

    /// Whether a config without `[[access]]` asks by name to serve everybody, at both listeners. One that was cut off does not.
    fn opens_by_name(&self) -> Result<(), String> {
        let Fixed { exposure, admin_exposure, .. } = &self.fixed;
        let keys = [("open_to_all", exposure.open_to_all), ("admin.open_to_all", admin_exposure.open_to_all)];
        let missing: Vec<_> = keys.iter().filter(|(_, said)| !said).map(|(key, _)| format!("`{key} = true`")).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(format!(
            "access: the config in service has [[access]] and this one has none, so that everybody who can connect could do everything: put \
             [[access]] back, or write {} as well, or restart the host",
            missing.join(" and ")
        ))
    }

    /// The kinds of `self` that `new` no longer names.
    #[must_use]
    pub fn kinds_dropped_by(&self, new: &Self) -> BTreeMap<u32, &str> {
        let dropped = self.kinds.iter().filter(|(id, _)| !new.kinds.contains_key(id));
        dropped.map(|(id, kind)| (*id, kind.name.as_str())).collect()
    }
}

/// The keys that differ. The patterns name every field, so that a new one cannot be forgotten.
fn differences(old: &Fixed, new: &Fixed) -> Vec<&'static str> {
    let Fixed {
        listen,
        admin_listen,
        exposure,
        admin_exposure,
        store_path,
        store_cache_bytes,
        log_format,
        limits,
        runs_max,
        run_memory_bytes_max,
        connections_max,
        connections_per_address_max,
        requests_max,
        requests_total_max,
        patience,
        plugin_cache,
        traces,
    } = old;
    let mpy6a_sessions::Limits {
        record_bytes_max,
        session_bytes_max,
        session_records_max,
        timeout_s_max,
        queue_ops_max,
        queue_bytes_max,
        retries,
    } = limits;
    let same = [
        ("listen", *listen == new.listen),
        ("admin.listen", *admin_listen == new.admin_listen),
        ("tls", exposure.tls == new.exposure.tls),
        ("plain_text", exposure.plain_text == new.exposure.plain_text),
        ("open_to_all", exposure.open_to_all == new.exposure.open_to_all),
        ("admin.tls", admin_exposure.tls == new.admin_exposure.tls),
        ("admin.plain_text", admin_exposure.plain_text == new.admin_exposure.plain_text),
        ("admin.open_to_all", admin_exposure.open_to_all == new.admin_exposure.open_to_all),
        ("store.path", *store_path == new.store_path),
        ("store.cache", *store_cache_bytes == new.store_cache_bytes),
        ("log.format", *log_format == new.log_format),
        ("limits.record", *record_bytes_max == new.limits.record_bytes_max),
        ("limits.session", *session_bytes_max == new.limits.session_bytes_max),
        ("limits.session_records", *session_records_max == new.limits.session_records_max),
        ("limits.timeout", *timeout_s_max == new.limits.timeout_s_max),
        ("limits.queue_operations", *queue_ops_max == new.limits.queue_ops_max),
        ("limits.queue_bytes", *queue_bytes_max == new.limits.queue_bytes_max),
        ("limits.remembered_sessions", *retries == new.limits.retries),
        ("limits.runs", *runs_max == new.runs_max),
        ("limits.run_memory", *run_memory_bytes_max == new.run_memory_bytes_max),
        ("limits.connections", *connections_max == new.connections_max),
        ("limits.connections_per_address", *connections_per_address_max == new.connections_per_address_max),
        ("limits.requests_total", *requests_total_max == new.requests_total_max),
        ("limits.first_request", patience.first_request == new.patience.first_request),
        ("limits.idle", patience.idle == new.patience.idle),
        ("limits.requests", *requests_max == new.requests_max),
        ("plugins.cache", *plugin_cache == new.plugin_cache),
        ("traces.endpoint", traces.endpoint == new.traces.endpoint),
        ("traces.sample", traces.sample_ppm == new.traces.sample_ppm),
    ];
    same.into_iter().filter(|(_, same)| !same).map(|(key, _)| key).collect()
}
