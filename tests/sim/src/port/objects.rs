use alloy_primitives::Bytes;
use async_trait::async_trait;
use node_core::port::{Objects, PortError, Put, PutOutcome};

use super::{Client, cut_off, read, write};
use crate::{Fault, truth::at_once};

impl Client {
    /// What is read of an object; now and then one bit of it is another one.
    fn maybe_flipped(&self, name: &str, bytes: Bytes) -> Bytes {
        if bytes.is_empty() || !self.sim.fault(Fault::BitFlip) {
            return bytes;
        }
        let mut bytes = bytes.to_vec();
        let (at, bit) = self.sim.with_random(|random| (random.place(bytes.len()), random.place(8)));
        bytes[at] ^= 1 << bit;
        let code = u64::try_from(at).unwrap_or_default();
        self.sim.note(self.process, code, || format!("bit {bit} of byte {at} of {name} flips"));
        bytes.into()
    }
}

#[async_trait]
impl Objects for Client {
    async fn put(&self, name: &str, value: Bytes, put: Put) -> Result<PutOutcome, PortError> {
        let (on, name) = (|| name.to_owned(), name.to_owned());
        let call = write("put", &on);
        self.call(call, move |truth| at_once(truth.stores.objects.put(&name, value, put))).await
    }

    async fn get(&self, name: &str) -> Result<Bytes, PortError> {
        let (on, key) = (|| name.to_owned(), name.to_owned());
        let call = read("get", &on);
        let got = self.call(call, move |truth| at_once(truth.stores.objects.get(&key))).await?;
        Ok(self.maybe_flipped(name, got))
    }

    async fn get_range(&self, name: &str, offset: u64, length: usize) -> Result<Bytes, PortError> {
        let on = || format!("{length} bytes of {name} from {offset}");
        let key = name.to_owned();
        let got = self
            .call(read("get", &on), move |truth| {
                at_once(truth.stores.objects.get_range(&key, offset, length))
            })
            .await?;
        Ok(self.maybe_flipped(name, got))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let (on, prefix) = (|| prefix.to_owned(), prefix.to_owned());
        let call = read("list", &on);
        self.call(call, move |truth| at_once(truth.stores.objects.list(&prefix))).await
    }

    async fn delete(&self, names: &[String]) -> Result<(), PortError> {
        let (on, by) = (|| names.join(" "), self.process);
        let (count, cut) = (names.len(), self.cut(names.len()));
        let some = names[..cut].to_vec();
        self.call(write("delete", &on), move |truth| {
            truth.delete(by, &some)?;
            if cut == count { Ok(()) } else { Err(cut_off("delete")) }
        })
        .await
    }
}
