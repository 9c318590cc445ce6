//! `mpy6a:handler/log`: lines into the run's log.

use tracing::Level;

use super::handler::log::{self, Level as GuestLevel};
use crate::{
    host::Host,
    surroundings::{HostCall, Moment},
};

impl log::Host for Host {
    fn write(&mut self, level: GuestLevel, message: String) -> wasmtime::Result<()> {
        let level = match level {
            GuestLevel::Trace => Level::TRACE,
            GuestLevel::Debug => Level::DEBUG,
            GuestLevel::Info => Level::INFO,
            GuestLevel::Warn => Level::WARN,
            GuestLevel::Error => Level::ERROR,
        };
        self.surroundings.at(Moment::Called, &HostCall::Log(level, &message))?;
        self.log.line(level, &message);
        Ok(())
    }
}
