use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use csv::StringRecord;
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    answer::ApiError,
    orders::{Wanted, tickets},
    sheet,
};
use crate::{Sale, WebhookState, answer::Refused, field::Field, office};

/// Rows that are made at a time.
const AT_A_TIME: usize = 16;

/// A row of a guest list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    #[serde(default)]
    recipient: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    tier: Option<String>,
    #[serde(default)]
    quantity: Option<String>,
}

/// What became of a row.
#[derive(Debug, Serialize)]
struct RowResult {
    /// Line of the list, where the header is line 1.
    line: u64,
    id: String,
    /// `ok`, or `refused`, which another try will not cure, or `failed`, which it may.
    result: &'static str,
    /// Keys of its orders, with spaces in between.
    orders: String,
    error: String,
}

/// Makes the orders of each row, under the row's id: a list that is sent again makes nothing twice.
pub(super) async fn import(
    State(state): State<Arc<WebhookState>>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, ApiError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(body.as_bytes());
    let names = reader.headers().map_err(|error| not_csv(&error))?.clone();
    if !names.iter().any(|name| name == "id") {
        let got = names.iter().collect::<Vec<_>>().join(",");
        return Err(ApiError::field(
            "header",
            "id,recipient,email,user,tier,quantity, of which id at least",
            got,
        ));
    }
    let rows: Vec<_> = reader.records().collect();
    let results = rows.into_iter().map(|row| result(&state, &names, row));
    let results: Vec<_> = stream::iter(results).buffered(AT_A_TIME).collect().await;
    let wants_csv = headers.get(header::ACCEPT).is_some_and(|value| value == "text/csv");
    if wants_csv { sheet::answer(results) } else { Ok(Json(results).into_response()) }
}

/// Makes the orders of one row, and says what became of it.
async fn result(
    state: &WebhookState,
    names: &StringRecord,
    row: Result<StringRecord, csv::Error>,
) -> RowResult {
    let row = match row {
        Ok(row) => row,
        Err(error) => {
            let line = error.position().map_or(0, csv::Position::line);
            return RowResult::of(line, String::new(), Err(not_csv(&error)));
        }
    };
    let line = row.position().map_or(0, csv::Position::line);
    let row: StringRecord = row.iter().map(sheet::unguard).collect();
    let id_at = names.iter().position(|name| name == "id").unwrap_or_default();
    let id = row.get(id_at).unwrap_or_default().to_owned();
    let made = match row.deserialize(Some(names)) {
        Ok(row) => make(state, row).await,
        Err(error) => Err(not_csv(&error)),
    };
    RowResult::of(line, id, made)
}

async fn make(state: &WebhookState, row: Row) -> Result<Vec<String>, ApiError> {
    let id = Value::from(row.id);
    let id = Field::new("id".to_owned(), Some(&id)).id().map_err(Refused::from)?;
    let value = |text: Option<String>| {
        text.filter(|text| !text.is_empty()).map_or(Value::Null, Value::from)
    };
    let wanted = Wanted {
        recipient: value(row.recipient),
        email: value(row.email),
        user: value(row.user),
        tier: value(row.tier),
        quantity: value(row.quantity),
    };
    let tickets = tickets(state, &format!("import/{id}"), &wanted)?;
    let sale = Sale { reference: None, tickets };
    let made = office::sell(state, sale, state.clock.now_ms()).await?;
    Ok(made.into_iter().map(|order| order.key).collect())
}

impl RowResult {
    fn of(line: u64, id: String, made: Result<Vec<String>, ApiError>) -> Self {
        match made {
            Ok(keys) => {
                Self { line, id, result: "ok", orders: keys.join(" "), error: String::new() }
            }
            Err(error) => {
                let result = if error.may_pass() { "failed" } else { "refused" };
                Self { line, id, result, orders: String::new(), error: error.to_string() }
            }
        }
    }
}

fn not_csv(error: &csv::Error) -> ApiError {
    ApiError::field("list", "CSV in UTF-8", error.to_string())
}
