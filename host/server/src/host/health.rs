//! The standard gRPC health service: the host as a whole (the empty name) and each of its services.

use tonic_health::{
    ServingStatus,
    pb::health_server::{Health as HealthService, HealthServer},
    server::{HealthReporter, health_reporter},
};

/// The names that a health check may ask for.
const NAMES: [&str; 3] = ["", "mpy6a.v1.Truba", "mpy6a.v1.Admin"];

/// Says how the host is.
#[derive(Clone, Debug)]
pub struct Health {
    reporter: HealthReporter,
}

impl Health {
    /// Not serving yet, and the service that says so.
    pub async fn new() -> (Self, HealthServer<impl HealthService>) {
        let (reporter, service) = health_reporter();
        let health = Self { reporter };
        health.set(ServingStatus::NotServing).await;
        (health, service)
    }

    /// From now on it serves.
    pub async fn serving(&self) {
        self.set(ServingStatus::Serving).await;
    }

    /// From now on it does not.
    pub async fn not_serving(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    async fn set(&self, status: ServingStatus) {
        for name in NAMES {
            self.reporter.set_service_status(name, status).await;
        }
    }
}
