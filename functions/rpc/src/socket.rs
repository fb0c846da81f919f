use std::{pin::Pin, sync::Arc};

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use node_core::rpc::{Answered, Caller, Node, Subscriptions, dispatch, refuse};

/// How long a connection waits for a block before it looks again, in milliseconds.
const LOOK_EVERY_MS: u64 = 30_000;

/// Serves one connection until the other side leaves: requests one after the other, and news in between.
///
/// `caller` opened it, and every message counts as a request of theirs.
pub(crate) async fn serve(mut socket: WebSocket, node: Arc<Node>, caller: Caller) {
    let mut subscriptions = Subscriptions::default();
    let mut told = node.replica.head().header.number;
    loop {
        let go_on = tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(message)) => {
                    if subscriptions.is_empty() {
                        told = node.replica.head().header.number;
                    }
                    answer(&mut socket, (&node, &caller), &mut subscriptions, &message).await
                }
                _ => return,
            },
            () = node.heads.wait_beyond(told, LOOK_EVERY_MS), if !subscriptions.is_empty() => {
                tell(&mut socket, &node, &subscriptions, &mut told).await
            }
        };
        if !go_on {
            return;
        }
    }
}

/// The answer in a box: a future that holds all methods is too much for the compiler to see through.
fn boxed<'a>(
    node: &'a Node,
    body: &'a [u8],
) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send + 'a>> {
    Box::pin(dispatch(node, body))
}

/// Answers a message; `false` when nobody is there any more.
async fn answer(
    socket: &mut WebSocket,
    (node, caller): (&Node, &Caller),
    subscriptions: &mut Subscriptions,
    message: &Message,
) -> bool {
    let body = match message {
        Message::Text(text) => text.as_bytes(),
        Message::Binary(bytes) => bytes,
        Message::Ping(_) | Message::Pong(_) => return true,
        Message::Close(_) => return false,
    };
    if let Err(refusal) = node.access.count(caller, body, node.clock.now_ms()) {
        return send(socket, refuse(body, refusal)).await;
    }
    let answer = match subscriptions.answer(node, body) {
        Some(Answered { answer, .. }) => Some(answer),
        None => boxed(node, body).await,
    };
    match answer {
        Some(answer) => send(socket, answer).await,
        None => true,
    }
}

async fn tell(
    socket: &mut WebSocket,
    node: &Node,
    subscriptions: &Subscriptions,
    told: &mut u64,
) -> bool {
    match subscriptions.news(node, *told).await {
        Ok((news, last)) => {
            *told = last;
            for notice in news {
                if !send(socket, notice).await {
                    return false;
                }
            }
            true
        }
        // A client that connects again begins at the newest block; one that waits would miss some.
        Err(_) => false,
    }
}

async fn send(socket: &mut WebSocket, json: Vec<u8>) -> bool {
    let Ok(text) = Utf8Bytes::try_from(bytes::Bytes::from(json)) else { return false };
    socket.send(Message::Text(text)).await.is_ok()
}
