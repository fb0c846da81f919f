use alloy_primitives::Bytes;
use alloy_rlp::{RlpDecodable, RlpEncodable};
use async_trait::async_trait;
use node_core::{
    chain::LayerId,
    codec::{Kind, Record},
    port::{PortError, Registers, Version},
};
use redb::ReadableTable;

use crate::{
    error::RowError,
    key::row,
    layer::Layer,
    tables::{REGISTERS, Tables},
};

const STORE: &str = "store a register";
const LOAD: &str = "load a register";

/// A register as it is stored: its name ties the frame to its row.
#[derive(RlpEncodable, RlpDecodable)]
struct Register {
    name: String,
    version: u64,
    value: Bytes,
}

impl Record for Register {
    const KIND: Kind = Kind::Register;
}

#[async_trait]
impl Registers for Layer {
    async fn load(&self, key: &str) -> Result<Option<(Version, Bytes)>, PortError> {
        self.read(LOAD, |txn| {
            let held = held(&txn.open_table(REGISTERS)?, self.id, key)?;
            Ok(held.map(|register| (Version(register.version), register.value)))
        })
    }

    async fn store(
        &self,
        key: &str,
        expected: Option<Version>,
        value: Bytes,
    ) -> Result<Version, PortError> {
        let (layer, name) = (self.id, key.to_owned());
        self.write(STORE, move |tables| store(tables, layer, &name, expected, &value)).await
    }
}

fn store(
    tables: &mut Tables<'_>,
    layer: LayerId,
    name: &str,
    expected: Option<Version>,
    value: &Bytes,
) -> Result<Version, RowError> {
    let held = held(&tables.registers, layer, name)?.map(|register| Version(register.version));
    if held != expected {
        return Err(PortError::Conflict { what: name.to_owned() }.into());
    }
    let version = next(name, held)?;
    let register = Register { name: name.to_owned(), version: version.0, value: value.clone() };
    tables.registers.insert(&*row(layer, &[name.as_bytes()]), &*register.to_frame())?;
    Ok(version)
}

fn next(name: &str, held: Option<Version>) -> Result<Version, RowError> {
    let last = held.map_or(0, |version| version.0);
    let next = last.checked_add(1).map(Version);
    next.ok_or_else(|| RowError::corrupt(format!("register {name}"), "its version is full"))
}

fn held(
    registers: &impl ReadableTable<&'static [u8], &'static [u8]>,
    layer: LayerId,
    name: &str,
) -> Result<Option<Register>, RowError> {
    let found = registers.get(&*row(layer, &[name.as_bytes()]))?;
    found.map(|frame| decode(name, frame.value())).transpose()
}

fn decode(name: &str, frame: &[u8]) -> Result<Register, RowError> {
    let title = || format!("register {name}");
    let register =
        Register::from_frame(frame).map_err(|error| RowError::record(title(), &error))?;
    if register.name != name {
        return Err(RowError::corrupt(title(), "the row holds another register"));
    }
    Ok(register)
}
