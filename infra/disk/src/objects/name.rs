use std::path::{Path, PathBuf};

use node_core::port::PortError;

/// Returns the path of the object `name` below `root`.
///
/// A name is one or more components with `/` between them. A component is not empty and does not
/// start with a dot: so nothing leaves `root`, and temporary files have names that no object has.
pub(super) fn path(root: &Path, name: &str) -> Result<PathBuf, PortError> {
    match name.split('/').find_map(fault) {
        None => Ok(root.join(name)),
        Some(reason) => Err(PortError::Refused {
            what: format!("name an object `{}`", name.escape_debug()),
            reason: reason.to_owned(),
        }),
    }
}

fn fault(component: &str) -> Option<&'static str> {
    if component.is_empty() {
        Some("a component is empty: no `/` at the start, at the end or twice in a row")
    } else if component.starts_with('.') {
        Some("a component starts with a dot")
    } else if component.contains(['\\', '\0']) {
        Some("a component has a backslash or a zero byte")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_below_the_root() {
        let root = Path::new("/root");
        for good in ["a", "a/b", "layers/00ff/blocks/000000000001-ab", "a..b/c."] {
            assert_eq!(path(root, good).expect(good), root.join(good));
        }
        for bad in
            ["", "/", "/etc/passwd", "a/", "a//b", "..", "a/../b", ".", ".tmp-1", "a\\b", "\0"]
        {
            let refused = path(root, bad);
            assert!(matches!(refused, Err(PortError::Refused { .. })), "{bad:?}: {refused:?}");
        }
    }
}
