use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::Path,
    sync::Arc,
};

use alloy_primitives::Bytes;
use async_trait::async_trait;
use node_core::port::{Objects, PortError, Put, PutOutcome};

use super::{
    Tree,
    file::{Identity, Opened, Part, ReadError},
    name,
    tree::is_absent,
};
use crate::layer::Layer;

const PUT: &str = "write an object";
const LIST: &str = "list objects";
const DELETE: &str = "delete objects";

#[async_trait]
impl Objects for Layer {
    async fn put(&self, name: &str, value: Bytes, put: Put) -> Result<PutOutcome, PortError> {
        let (tree, name) = (Arc::clone(&self.directory.objects), name.to_owned());
        self.directory.workers.run(PUT, move || write(&tree, &name, &value, put)).await
    }

    async fn get(&self, name: &str) -> Result<Bytes, PortError> {
        read(&self.directory.objects, name, Part::Whole)
    }

    async fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Bytes, PortError> {
        read(&self.directory.objects, name, Part::Range { offset, length })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let found = self.directory.objects.list(prefix);
        found.map_err(|error| PortError::unavailable(LIST, error))
    }

    async fn delete(&self, names: &[String]) -> Result<(), PortError> {
        let tree = Arc::clone(&self.directory.objects);
        let paths = names.iter().map(|name| name::path(tree.root(), name));
        let paths = paths.collect::<Result<Vec<_>, _>>()?;
        let remove =
            move || tree.remove(&paths).map_err(|error| PortError::unavailable(DELETE, error));
        self.directory.workers.run(DELETE, remove).await
    }
}

fn write(tree: &Tree, name: &str, value: &[u8], put: Put) -> Result<PutOutcome, PortError> {
    let path = name::path(tree.root(), name)?;
    tree.publish(name, value, put).map_err(|error| put_error(name, &path, error))
}

/// An object and a directory cannot have one name, unlike in S3; our names never ask for it.
fn put_error(name: &str, path: &Path, error: io::Error) -> PortError {
    let refused = |reason: &str| PortError::Refused {
        what: format!("write the object {name}"),
        reason: reason.to_owned(),
    };
    match error.kind() {
        ErrorKind::InvalidFilename => refused("the name is too long for the file system"),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists if !path.is_dir() => {
            refused("a part of the name is an object, so nothing can be below it")
        }
        _ if path.is_dir() => refused("there are objects below this name"),
        _ => PortError::unavailable(PUT, error),
    }
}

/// Reads and verifies a part of an object.
pub(crate) fn read(tree: &Tree, name: &str, part: Part) -> Result<Bytes, PortError> {
    let path = name::path(tree.root(), name)?;
    let bytes = open(tree, name, &path, part).and_then(|opened| opened.read(part));
    bytes.map(Bytes::from).map_err(|error| read_error(name, error))
}

/// Opens the file of an object. For a range, takes the file that is open already: of a pack many pages
/// are read, and only the first time its trailer, which grows with the pack.
fn open(tree: &Tree, name: &str, path: &Path, part: Part) -> Result<Arc<Opened>, ReadError> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(ReadError::Io(ErrorKind::NotFound.into()));
    }
    let is_range = matches!(part, Part::Range { .. });
    let kept = is_range.then(|| tree.opened(name, Identity::of(&metadata))).flatten();
    if let Some(opened) = kept {
        return Ok(opened);
    }
    let opened = Arc::new(Opened::new(File::open(path)?, name)?);
    if is_range {
        tree.keep_open(name, &opened);
    }
    Ok(opened)
}

fn read_error(name: &str, error: ReadError) -> PortError {
    match error {
        ReadError::Io(error) if is_absent(&error) => PortError::NotFound { name: name.to_owned() },
        ReadError::Io(error) if error.kind() == ErrorKind::UnexpectedEof => damaged(name, "cut"),
        ReadError::Io(error) => PortError::unavailable("read an object", error),
        ReadError::Damaged(reason) => damaged(name, reason),
        ReadError::Short { offset, length, size } => {
            PortError::short(format!("object {name}"), offset, length, size)
        }
    }
}

fn damaged(name: &str, reason: &str) -> PortError {
    PortError::Corrupt { name: format!("object {name}"), reason: reason.to_owned() }
}
