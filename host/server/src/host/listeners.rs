//! The two listeners, for clients and for operators: the same check and the same hardening, other services and bounds.

use std::{future::Future, sync::Arc};

use tokio_util::sync::CancellationToken;
use tonic_health::pb::health_server::{Health, HealthServer};

use super::Failure;
use crate::{
    config::Fixed,
    grpc::{
        Services,
        listener::{Bounds, Listener},
        server::{self, Serving},
    },
    limits::{
        ADMIN_CONNECTIONS_MAX, ADMIN_CONNECTIONS_PER_ADDRESS_MAX, ADMIN_REQUESTS_MAX, ADMIN_REQUESTS_OF_CLIENTS_MAX,
        ADMIN_REQUESTS_TOTAL_MAX,
    },
    metrics::connections::Open,
    tls::Slot,
};

/// What may be spoken to clients.
const CLIENTS_SPEAK: &[&str] = &["h2"];
/// What may be spoken to operators: browsers, and what scrapes metrics, may know HTTP/1 alone.
const OPERATORS_SPEAK: &[&str] = &["h2", "http/1.1"];

/// Both, bound and not yet served.
pub struct Listeners {
    /// For clients.
    pub clients: Listener,
    /// For operators.
    pub operators: Listener,
    /// The certificates of those that have one.
    pub tls: Vec<Arc<Slot>>,
}

impl Listeners {
    /// Read the certificates and take the addresses.
    ///
    /// # Errors
    ///
    /// What cannot be used or had.
    pub async fn bind(fixed: &Fixed) -> Result<Self, Failure> {
        let slot = |listener, files: &Option<_>, speak| {
            files.clone().map(|files| Slot::new(listener, files, speak)).transpose()
        };
        let for_clients = slot("listen", &fixed.exposure.tls, CLIENTS_SPEAK)?;
        let for_operators = slot("admin.listen", &fixed.admin_exposure.tls, OPERATORS_SPEAK)?;
        let tls = [&for_clients, &for_operators].into_iter().flatten().cloned().collect();
        let bounds = Bounds {
            connections_max: fixed.connections_max,
            connections_per_address_max: fixed.connections_per_address_max,
            patience: fixed.patience,
        };
        let clients = Listener::bind("listen", fixed.listen, bounds, for_clients).await?;
        let bounds = Bounds {
            connections_max: ADMIN_CONNECTIONS_MAX,
            connections_per_address_max: fixed.connections_per_address_max.min(ADMIN_CONNECTIONS_PER_ADDRESS_MAX),
            ..bounds
        };
        let operators = Listener::bind("admin.listen", fixed.admin_listen, bounds, for_operators).await?;
        Ok(Self { clients, operators, tls })
    }

    /// Serve on both until told to stop.
    pub fn serve<H: Health>(
        self,
        services: &Services,
        health: &HealthServer<H>,
        fixed: &Fixed,
        stop: &CancellationToken,
    ) -> impl Future<Output = Result<(), tonic::transport::Error>> + Send + use<H> {
        let serving =
            |routes, open: &Open, http1, requests_max, (requests_total_max, requests_of_clients_max)| Serving {
                routes,
                keeper: Arc::clone(&services.board.keeper),
                open: open.clone(),
                crowded_out: Arc::clone(&services.metrics.crowded_out),
                http1,
                requests_max,
                requests_total_max,
                requests_of_clients_max,
            };
        let open = &services.metrics;
        let routes = services.for_clients(health, fixed);
        let total = (fixed.requests_total_max, None);
        let for_clients = serving(routes, &open.clients, false, fixed.requests_max, total);
        let routes = services.for_operators(health, fixed);
        let requests_max = fixed.requests_max.min(ADMIN_REQUESTS_MAX);
        let total = (ADMIN_REQUESTS_TOTAL_MAX, Some(ADMIN_REQUESTS_OF_CLIENTS_MAX));
        let for_operators = serving(routes, &open.operators, true, requests_max, total);
        let told = [stop.clone().cancelled_owned(), stop.clone().cancelled_owned()];
        async move {
            let [clients_told, operators_told] = told;
            tokio::try_join!(
                server::serve(self.clients, for_clients, clients_told),
                server::serve(self.operators, for_operators, operators_told),
            )
            .map(|_| ())
        }
    }
}
