use std::{collections::VecDeque, time::Duration};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, protocol::CloseFrame},
};

/// How long a message may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client that listens.
pub(crate) struct Listener {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    asked: u64,
    /// What it was told while it waited for an answer.
    told: VecDeque<Value>,
}

/// What comes.
#[derive(Debug)]
pub(crate) enum Heard {
    /// JSON-RPC.
    Message(Value),
    /// The other side closed the connection, with this code.
    Closed(u16),
}

impl Listener {
    /// Connects; the status when that is refused.
    pub(crate) async fn connect(url: &str) -> Result<Self, u16> {
        match connect_async(url).await {
            Ok((socket, _)) => Ok(Self { socket, asked: 0, told: VecDeque::new() }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{url}: {error}"),
        }
    }

    /// Asks, and returns the whole answer.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.say(Message::text(request.to_string())).await;
        loop {
            match self.hear().await {
                Heard::Message(answer) if answer["id"] == id => return answer,
                Heard::Message(notice) => self.told.push_back(notice),
                Heard::Closed(code) => panic!("{method}: closed with {code}"),
            }
        }
    }

    /// Subscribes; returns the id.
    pub(crate) async fn subscribe(&mut self, params: Value) -> Value {
        let mut answer = self.ask("eth_subscribe", params).await;
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].take()
    }

    pub(crate) async fn say(&mut self, message: Message) {
        self.socket.send(message).await.expect("somebody listens");
    }

    /// What was told meanwhile, or comes next.
    pub(crate) async fn next(&mut self) -> Heard {
        match self.told.pop_front() {
            Some(notice) => Heard::Message(notice),
            None => self.hear().await,
        }
    }

    /// As [`Self::next`], if it comes within `patience`.
    pub(crate) async fn next_within(&mut self, patience: Duration) -> Option<Heard> {
        if let Some(notice) = self.told.pop_front() {
            return Some(Heard::Message(notice));
        }
        let heard = timeout(patience, self.socket.next()).await.ok()?;
        Some(read(heard))
    }

    async fn hear(&mut self) -> Heard {
        let heard = timeout(PATIENCE, self.socket.next()).await;
        read(heard.unwrap_or_else(|_| panic!("nothing comes")))
    }
}

fn read(message: Option<Result<Message, Error>>) -> Heard {
    match message {
        Some(Ok(Message::Text(text))) => {
            Heard::Message(serde_json::from_str(&text).expect("messages are JSON"))
        }
        Some(Ok(Message::Close(frame))) => {
            Heard::Closed(frame.map_or(1005, |CloseFrame { code, .. }| code.into()))
        }
        Some(Ok(other)) => panic!("{other:?}"),
        // It broke off.
        Some(Err(_)) | None => Heard::Closed(1006),
    }
}
