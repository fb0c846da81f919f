//! Stories of whole layers, told with the `mayfly` binary as a stranger would use it.

mod anvil;
mod box_office;
mod claim_code;
mod demo;
mod hostile;
mod keys;
#[cfg(feature = "kms")]
mod kms;
mod life;
mod posted;
mod preview;
mod refunds;
mod rescue;
mod secrets;
mod sigkill;
mod soft;

/// Running the binary.
mod mayfly {
    use std::{
        io::{BufRead, BufReader},
        path::Path,
        process::{Child, ChildStdout, Command, Output, Stdio},
    };

    use mayfly_it::Rpc;
    use serde_json::Value;

    /// A `mayfly up` that serves, killed on drop.
    #[derive(Debug)]
    pub(crate) struct Up {
        process: Child,
        /// Held, so that the process can go on printing.
        _output: BufReader<ChildStdout>,
        /// What it printed when it was ready.
        pub(crate) ready: Value,
    }

    /// Runs a command to its end.
    pub(crate) fn run(arguments: &[&str]) -> Output {
        command(arguments).output().expect("the binary was built with this test")
    }

    /// Runs a command with `--json` and returns the object that it prints.
    pub(crate) fn json(arguments: &[&str]) -> Value {
        let output = run(&[&["--json"], arguments].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}\n{output:?}");
        serde_json::from_slice(&output.stdout).expect("one object on stdout")
    }

    impl Up {
        /// Starts, or goes on with, the layer in `dir` on free ports.
        pub(crate) fn start(dir: &Path, arguments: &[&str]) -> Self {
            Self::start_with(dir, arguments, |command| command)
        }

        /// As [`Self::start`], with an environment and outputs of the caller's choice.
        pub(crate) fn start_with(
            dir: &Path,
            arguments: &[&str],
            set: impl FnOnce(&mut Command) -> &mut Command,
        ) -> Self {
            let mut command = up(dir, arguments);
            let mut process = set(command.stdout(Stdio::piped()))
                .spawn()
                .expect("the binary was built with this test");
            let stdout = process.stdout.take().expect("its output is piped");
            let mut line = String::new();
            let mut output = BufReader::new(stdout);
            output.read_line(&mut line).expect("it prints a line");
            let ready = serde_json::from_str(&line).expect("the line is an object");
            Self { process, _output: output, ready }
        }

        /// RPC of the layer.
        pub(crate) fn rpc(&self) -> Rpc {
            rpc(&self.ready["rpcUrl"])
        }

        /// RPC of its L1.
        pub(crate) fn l1(&self) -> Rpc {
            rpc(&self.ready["l1"]["rpcUrl"])
        }

        /// Kills it with SIGKILL: nothing in it gets to say a last word.
        pub(crate) fn kill(mut self) {
            self.process.kill().expect("it runs");
            self.process.wait().expect("it was killed");
        }
    }

    impl Drop for Up {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    /// The command that [`Up::start`] runs.
    pub(crate) fn up(dir: &Path, arguments: &[&str]) -> Command {
        let dir = dir.to_str().expect("a temporary directory has a plain name");
        let fixed = ["--json", "up", "--port", "0", "--l1-port", "0", "--dir", dir];
        command(&[&fixed, arguments].concat())
    }

    fn rpc(url: &Value) -> Rpc {
        let url = url.as_str().expect("a URL");
        Rpc::new(url.trim_start_matches("http://"))
    }

    /// A command of the binary.
    pub(crate) fn command(arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
        command.args(arguments).stdin(Stdio::null()).env_remove("MAYFLY_DIR");
        command
    }
}
