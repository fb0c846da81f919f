use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Where `make test` installs Python's packages.
const VENV: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.venv");

/// How long moto may take to import itself.
const START: Duration = Duration::from_secs(120);

/// Moto as a server; ends when dropped.
#[derive(Debug)]
pub(crate) struct Moto {
    server: Child,
    address: SocketAddr,
}

impl Moto {
    /// Starts it on a free port, and waits until it listens.
    pub(crate) fn start() -> Self {
        let program = Path::new(VENV).join("bin/moto_server");
        assert!(program.exists(), "{} is missing: `make test` installs it", program.display());
        let address = free_address();
        let server = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto_server starts");
        let mut moto = Self { server, address };
        moto.wait();
        moto
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn wait(&mut self) {
        let until = Instant::now() + START;
        while TcpStream::connect(self.address).is_err() {
            let ended = self.server.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "moto_server ended: {ended:?}");
            assert!(Instant::now() < until, "moto_server does not listen");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A port that nobody listens on just now.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address")
}
