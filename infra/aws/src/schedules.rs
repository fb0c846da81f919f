use node_core::{chain::LayerId, port::PortError};
use serde_json::json;

use crate::{
    api::{Api, Ask},
    calendar::date_time,
};

/// One-time schedules of the ends of layers.
#[derive(Debug, Clone)]
pub struct Schedules {
    pub(crate) api: Api,
    pub(crate) group: String,
}

/// What a schedule starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// ARN of the function.
    pub function: String,
    /// ARN of the role that may start it.
    pub role: String,
    /// ARN of the queue for what could not be delivered.
    pub dead_letters: Option<String>,
}

impl Schedules {
    /// Has the function of `target` work on `layer` at `at_s`, Unix seconds, or up to a minute later:
    /// that is its precision. The schedule deletes
    /// itself afterwards. One that is there already stays as it is.
    ///
    /// AWS: `EventBridge` Scheduler API Reference, `CreateSchedule`.
    ///
    /// # Errors
    /// [`PortError::Refused`] when there is no such group, or no permission.
    pub async fn at(&self, layer: LayerId, at_s: u64, target: &Target) -> Result<(), PortError> {
        let what = format!("schedule the end of layer {layer}");
        let mut aim = json!({
            "Arn": target.function,
            "RoleArn": target.role,
            "Input": json!({ "layer": layer }).to_string(),
        });
        if let Some(queue) = &target.dead_letters {
            aim["DeadLetterConfig"] = json!({ "Arn": queue });
        }
        let body = json!({
            "GroupName": self.group,
            "ScheduleExpression": format!("at({})", date_time(at_s.next_multiple_of(60))),
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": { "Mode": "OFF" },
            "ActionAfterCompletion": "DELETE",
            "Target": aim,
        });
        let path = format!("/schedules/{}", name(layer));
        let headers = &[("content-type", "application/json")];
        let ask = Ask { method: "POST", path: &path, headers, body: body.to_string().into_bytes() };
        match self.api.send(&what, &ask).await? {
            answer if answer.is_good() || answer.status == 409 => Ok(()),
            answer => Err(answer.refused(what)),
        }
    }

    /// Forgets the end of `layer`. One that is not scheduled is no error.
    ///
    /// # Errors
    /// [`PortError::Refused`] without the permission.
    pub async fn forget(&self, layer: LayerId) -> Result<(), PortError> {
        let what = format!("delete the schedule of layer {layer}");
        let path = format!("/schedules/{}?groupName={}", name(layer), self.group);
        let ask = Ask { method: "DELETE", path: &path, headers: &[], body: Vec::new() };
        match self.api.send(&what, &ask).await? {
            answer if answer.is_good() || answer.status == 404 => Ok(()),
            answer => Err(answer.refused(what)),
        }
    }
}

fn name(layer: LayerId) -> String {
    format!("end-{layer}")
}
