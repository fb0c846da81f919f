use core::{future::poll_fn, task::Poll};

use serde_json::value::RawValue;

use super::{
    AccessError, Node, RpcError,
    message::{Body, Request, Response},
    params::Params,
    sending, table,
};

/// Most requests in one batch. geth's `--rpc.batch-request-limit`.
pub const MAX_BATCH: usize = 1_000;

/// Most bytes of one answer, where the transport has no limit of its own. geth's
/// `--rpc.batch-response-max-size`.
pub const MAX_ANSWER_BYTES: usize = 25_000_000;

/// Answers the body of a request; `None` when nobody waits for an answer.
///
/// Requests of a batch are answered one after the other, in their order: each sees what the ones before
/// it did.
pub async fn dispatch(node: &Node, body: &[u8]) -> Option<Vec<u8>> {
    match Body::parse(body) {
        Ok(Body::Single(raw)) => single(node, &Request::parse(raw), node.answer_bytes).await,
        Ok(Body::Batch(requests)) => match check_batch(&requests) {
            Ok(()) => batch(node, &requests).await,
            Err(error) => Some(failure(&error)),
        },
        Err(error) => Some(failure(&error)),
    }
}

/// Answers the body of a request that is refused as a whole; an empty one where nobody read it.
pub fn refuse(body: &[u8], refusal: AccessError) -> Vec<u8> {
    let error = RpcError::from(refusal);
    let request = match Body::parse(body) {
        Ok(Body::Single(raw)) => Request::parse(raw).ok(),
        _ => None,
    };
    match request {
        Some(Request { id: Some(id), .. }) => Response::new(Some(id), Err(error)).to_bytes(),
        _ => failure(&error),
    }
}

fn check_batch(requests: &[&RawValue]) -> Result<(), RpcError> {
    match requests.len() {
        0 => Err(RpcError::Request { reason: "empty batch".to_owned() }),
        1..=MAX_BATCH => Ok(()),
        got => Err(RpcError::Limit { what: format!("batch of {got} requests"), limit: MAX_BATCH }),
    }
}

async fn batch(node: &Node, requests: &[&RawValue]) -> Option<Vec<u8>> {
    let parsed: Vec<_> = requests.iter().map(|raw| Request::parse(raw)).collect();
    let mut answers = vec![b'['];
    for run in parsed.chunk_by(|one, next| is_send(one) && is_send(next)) {
        let room = node.answer_bytes.saturating_sub(answers.len());
        match run {
            [one] => add(&mut answers, single(node, one, room).await),
            sends => add(&mut answers, send_all(node, sends).await),
        }
        make_way().await;
    }
    (answers.pop() == Some(b',')).then(|| {
        answers.push(b']');
        answers
    })
}

fn add(answers: &mut Vec<u8>, answer: Option<Vec<u8>>) {
    if let Some(answer) = answer {
        answers.extend_from_slice(&answer);
        answers.push(b',');
    }
}

fn is_send(request: &Result<Request<'_>, RpcError>) -> bool {
    request.as_ref().is_ok_and(|request| request.method == "eth_sendRawTransaction")
}

/// Answers requests that send transactions, which is worth doing together; the answers are hashes or errors,
/// so there is room for them.
async fn send_all(node: &Node, sends: &[Result<Request<'_>, RpcError>]) -> Option<Vec<u8>> {
    let requests = || sends.iter().flatten();
    let params = requests().map(|request| arguments(node, request)).collect();
    let outcomes = sending::send_all(node, params).await;
    let mut answers = Vec::with_capacity(sends.len() * 128);
    for (request, outcome) in requests().zip(outcomes) {
        if let Some(id) = request.id {
            add(&mut answers, Some(Response::new(Some(id), outcome).to_bytes()));
        }
    }
    (answers.pop() == Some(b',')).then_some(answers)
}

/// Lets others of the same runtime run, and a time limit end this: a batch of calls computes for long without waiting
/// for anything.
pub(super) async fn make_way() {
    let mut made = false;
    poll_fn(|context| {
        if made {
            return Poll::Ready(());
        }
        made = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Answers one request, if it asks for an answer, with a result of at most `room` bytes.
async fn single(
    node: &Node,
    request: &Result<Request<'_>, RpcError>,
    room: usize,
) -> Option<Vec<u8>> {
    let request = match request {
        Ok(request) => request,
        Err(error) => return Some(failure(error)),
    };
    let answer = match arguments(node, request) {
        Ok(params) => table::answer(node, &request.method, params).await,
        Err(error) => Err(error),
    };
    let answer = answer.and_then(|result| check_room(node, result, room));
    Some(Response::new(Some(request.id?), answer).to_bytes())
}

/// Reads the arguments of a request that is allowed.
pub(super) fn arguments<'a>(node: &Node, request: &Request<'a>) -> Result<Params<'a>, RpcError> {
    node.access.check_method(&request.method)?;
    Ok(Params::parse(request.params)?)
}

fn check_room(node: &Node, result: Box<RawValue>, room: usize) -> Result<Box<RawValue>, RpcError> {
    if result.get().len() <= room {
        return Ok(result);
    }
    Err(RpcError::Limit {
        what: format!(
            "answer too large: {} bytes where {room} are left; ask for less",
            result.get().len()
        ),
        limit: node.answer_bytes,
    })
}

fn failure(error: &RpcError) -> Vec<u8> {
    Response::failure(error).to_bytes()
}
