//! Speaking to a host that runs: what every command over its services shares.

use std::{collections::BTreeMap, fmt::Display, process::ExitCode, time::Duration};

use clap::Args;
use mpy6a_proto::v1::{self, admin_client::AdminClient, truba_client::TrubaClient};
use tokio::runtime::Builder;
use tonic::{
    Code, Status,
    service::interceptor::InterceptedService,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::health_client::HealthClient;

use super::{
    out::complain,
    report::Report,
    secure::{Bearer, Secure, causes},
};
use crate::json;

/// How long a host may take to be connected to.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// How long it may take to answer: a reload compiles plugins meanwhile.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(120);
/// The longest answer to take, in bytes: a session with all its records.
const ANSWER_BYTES_MAX: usize = 1 << 30;

/// Which host.
#[derive(Args, Clone, Debug)]
pub struct Remote {
    /// The host to ask, as a URL.
    #[arg(long, value_name = "URL", env = "MPY6A_HOST", default_value = "http://127.0.0.1:7341", global = true)]
    host: String,
    #[command(flatten)]
    secure: Secure,
}

/// The way to a host: a connection, and who comes over it.
pub type Way = InterceptedService<Channel, Bearer>;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Trouble {
    /// Nobody answered.
    Unreachable(String),
    /// The host refused, or the command cannot be done.
    Refused(String),
}

impl Trouble {
    /// What is said, and the exit code: 3 where there was no host, else 1.
    pub fn tell(&self) -> ExitCode {
        let (text, code) = match self {
            Self::Unreachable(text) => (text, ExitCode::from(3)),
            Self::Refused(text) => (text, ExitCode::FAILURE),
        };
        let mut report = Report::default();
        text.lines().for_each(|line| report.line("", line));
        complain(&report.text);
        code
    }
}

/// A trouble of the command's own.
pub fn refused(text: impl Display) -> Trouble {
    Trouble::Refused(text.to_string())
}

/// A host that a command speaks to.
#[derive(Clone)]
pub struct Host {
    url: String,
    /// What people ask.
    pub admin: AdminClient<Way>,
    /// What clients ask.
    pub truba: TrubaClient<Way>,
    /// What anybody may ask.
    pub health: HealthClient<Way>,
}

impl Remote {
    /// Do something with the host. Ends with 0 if it is done.
    pub fn run(&self, command: impl AsyncFnOnce(Host) -> Result<ExitCode, Trouble>) -> ExitCode {
        self.run_within(Some(ANSWER_TIME_MAX), command)
    }

    /// The same, for what takes as long as it takes.
    pub fn run_patiently(&self, command: impl AsyncFnOnce(Host) -> Result<ExitCode, Trouble>) -> ExitCode {
        self.run_within(None, command)
    }

    fn run_within(
        &self,
        answer_time_max: Option<Duration>,
        command: impl AsyncFnOnce(Host) -> Result<ExitCode, Trouble>,
    ) -> ExitCode {
        let runtime = Builder::new_current_thread().enable_all().build();
        let done = match runtime {
            Ok(runtime) => runtime.block_on(async { command(self.host(answer_time_max).await?).await }),
            Err(error) => Err(refused(error)),
        };
        done.unwrap_or_else(|trouble| trouble.tell())
    }

    async fn host(&self, answer_time_max: Option<Duration>) -> Result<Host, Trouble> {
        let url = if self.host.contains("://") { self.host.clone() } else { format!("http://{}", self.host) };
        let wrong =
            |error| refused(format!("--host {url} is no address of a host ({error}): use http://127.0.0.1:7341"));
        let endpoint = Endpoint::from_shared(url.clone()).map_err(wrong)?;
        let endpoint = endpoint.connect_timeout(CONNECT_TIME_MAX);
        let endpoint = match answer_time_max {
            Some(within) => endpoint.timeout(within),
            None => endpoint,
        };
        let endpoint = self.secure.endpoint(endpoint)?;
        let bearer = self.secure.bearer(endpoint.uri())?;
        let channel = endpoint.connect().await.map_err(|error| unreachable(&url, &causes(&error)))?;
        let way = InterceptedService::new(channel, bearer);
        let admin = AdminClient::new(way.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
        let health = HealthClient::new(way.clone());
        Ok(Host { url, admin, truba: TrubaClient::new(way), health })
    }
}

impl Host {
    /// What a status means to a person.
    pub fn trouble(&self, status: &Status) -> Trouble {
        let is_transport = status.code() == Code::Unavailable && status.details().is_empty();
        if is_transport {
            return unreachable(&self.url, &status.message());
        }
        refused(status.message())
    }

    /// Every kind.
    pub async fn kinds(&self) -> Result<v1::ListKindsResponse, Trouble> {
        let asked = self.admin.clone().list_kinds(v1::ListKindsRequest {}).await;
        Ok(asked.map_err(|status| self.trouble(&status))?.into_inner())
    }

    /// What every kind is called, by number.
    pub async fn kind_names(&self) -> Result<BTreeMap<u32, String>, Trouble> {
        Ok(json::names(&self.kinds().await?.kinds))
    }

    /// The kind of this name or number.
    pub async fn kind(&self, named: &str) -> Result<v1::Kind, Trouble> {
        let kinds = self.kinds().await?.kinds;
        let is_it = |kind: &&v1::Kind| kind.name == named || kind.id.to_string() == named;
        let found = kinds.iter().find(is_it).cloned();
        found.ok_or_else(|| {
            let known: Vec<_> = kinds.iter().map(|kind| format!("{} ({})", kind.name, kind.id)).collect();
            refused(format!("the host has no kind {named:?}: it has {}", known.join(", ")))
        })
    }
}

fn unreachable(url: &str, error: &dyn Display) -> Trouble {
    Trouble::Unreachable(format!("no host answers at {url} ({error}): start one, or name another with --host"))
}
