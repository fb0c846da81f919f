//! Where the fixtures are: `../shared/fixtures` beside the project, never copied into it.

use std::io::{self, Read};
use std::path::PathBuf;

/// The folder of all fixtures.
pub fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "..", "shared", "fixtures"].iter().collect()
}

/// Reads all regular files of an archive, in its order, with their paths in it.
///
/// Returns `None`, after saying so loudly, where there is no such archive: tests then skip.
///
/// # Panics
/// When the archive is there and can't be read: a broken fixture must not pass for a missing one.
pub fn tgz(name: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let packed = file(name)?;
    let read = || -> io::Result<Vec<_>> {
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
        let mut files = Vec::new();
        for entry in archive.entries()? {
            let mut entry = entry?;
            if entry.header().entry_type().is_file() {
                let path = entry.path()?.to_string_lossy().into_owned();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                files.push((path, bytes));
            }
        }
        Ok(files)
    };
    Some(read().unwrap_or_else(|error| panic!("fixture archive {name}: {error}")))
}

/// Reads one file; `None`, said loudly, where it is not there.
///
/// # Panics
/// When it is there and can't be read.
pub fn file(name: &str) -> Option<Vec<u8>> {
    let path = folder().join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            println!("SKIPPED: NO FIXTURES AT {}", path.display());
            None
        }
        Err(error) => panic!("fixture {}: {error}", path.display()),
    }
}
