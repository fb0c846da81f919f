//! The Scheduler: one-time schedules, which fire when a test says that it is that late, and are gone then.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};
use serde_json::Value;

use super::{Shared, lock};

/// A one-time schedule.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    /// UTC, ISO 8601.
    at: String,
    function: String,
    event: String,
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/schedules/{name}", post(create).delete(delete))
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Json(asked): Json<Value>,
) -> StatusCode {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let at = text(&asked["ScheduleExpression"]);
    let at = at.and_then(|at| Some(at.strip_prefix("at(")?.strip_suffix(')')?.to_owned()));
    let function = text(&asked["Target"]["Arn"]);
    let function = function.and_then(|arn| arn.rsplit(':').next().map(str::to_owned));
    let event = text(&asked["Target"]["Input"]);
    let is_deleted = asked["ActionAfterCompletion"] == "DELETE";
    let (Some(at), Some(function), Some(event), true) = (at, function, event, is_deleted) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut schedules = lock(&shared.schedules);
    if schedules.contains_key(&name) {
        return StatusCode::CONFLICT;
    }
    schedules.insert(name, Schedule { at, function, event });
    StatusCode::OK
}

async fn delete(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> StatusCode {
    match lock(&shared.schedules).remove(&name) {
        Some(_) => StatusCode::OK,
        None => StatusCode::NOT_FOUND,
    }
}

impl Shared {
    pub(super) fn fire(self: &Arc<Self>, until: &str) {
        let due: Vec<Schedule> = {
            let mut schedules = lock(&self.schedules);
            let names: Vec<String> = schedules
                .iter()
                .filter(|(_, schedule)| schedule.at.as_str() <= until)
                .map(|(name, _)| name.clone())
                .collect();
            names.iter().filter_map(|name| schedules.remove(name)).collect()
        };
        for Schedule { function, event, .. } in due {
            self.send(&function, event.into_bytes());
        }
    }
}
