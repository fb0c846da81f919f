use std::{net::SocketAddr, thread};

use dynoxide::{Database, server};
use tokio::{net::TcpListener, runtime::Builder, sync::oneshot};

/// dynoxide as a server on a thread of its own; ends when dropped.
#[derive(Debug)]
pub(crate) struct Tables {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
}

impl Tables {
    /// Starts it on a free port, empty and in memory.
    pub(crate) fn start() -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("threads can be started").block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                tell.send(listener.local_addr().expect("an address")).expect("the test waits");
                let database = Database::memory().expect("memory");
                let stopped = async {
                    // An end of the other side is a stop as well.
                    let _ = stopped.await;
                };
                // What is left when the test ends concerns nobody.
                let _ = server::serve_with_shutdown(listener, database, stopped).await;
            });
        });
        let address = told.recv().expect("dynoxide listens");
        Self { address, stop: Some(stop) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended by itself.
            let _ = stop.send(());
        }
    }
}
