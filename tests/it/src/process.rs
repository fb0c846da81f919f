use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Longest wait for a server to listen.
const START: Duration = Duration::from_secs(60);

/// Which output says where a server listens.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Output {
    Stdout,
    Stderr,
}

/// A server of its own for one test, killed on drop.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// Starts a program and waits until it prints `listening`, and behind that the address where it listens.
    ///
    /// # Panics
    /// When it is not there or does not listen.
    pub(crate) fn start(mut command: Command, output: Output, listening: &'static str) -> Self {
        let program = command.get_program().to_string_lossy().into_owned();
        let (stdout, stderr) = match output {
            Output::Stdout => (Stdio::piped(), Stdio::null()),
            Output::Stderr => (Stdio::null(), Stdio::piped()),
        };
        let mut process = command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        let stdout = process.stdout.take().map(|piped| Box::new(piped) as Box<dyn Read + Send>);
        let stderr = process.stderr.take().map(|piped| Box::new(piped) as Box<dyn Read + Send>);
        let piped = stdout.or(stderr).expect("one of them is piped");
        match address(piped, listening) {
            Some(address) => Self { process, address },
            None => {
                stop(&mut process);
                panic!("{program} does not listen after {START:?}");
            }
        }
    }

    /// Returns host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Returns the id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&mut self.process);
    }
}

/// Both fail only when the process has ended already.
fn stop(process: &mut Child) {
    let _ = process.kill();
    let _ = process.wait();
}

/// Reads the output until it says where the server listens, and on from there, so that it never blocks on a
/// full pipe.
fn address(output: Box<dyn Read + Send>, listening: &'static str) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some((_, address)) = line.split_once(listening) {
                // Nobody listens any more when the start took too long.
                let _ = sender.send(address.trim().to_owned());
            }
        }
    });
    receiver.recv_timeout(START).ok()
}
