//! A block record in and out of its frame.

use node_core::codec::{
    frame::{self, Kind},
    record::{BlockRecord, Record},
};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    harness::{Bench, Result, Row, Shown},
    layer::{Layer, Load},
};

pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let layer = Layer::new()?;
    for load in Load::ALL {
        let record = record(&layer, load)?;
        measure(bench, load, &record)?;
    }
    Ok(())
}

fn record(layer: &Layer, load: Load) -> Result<BlockRecord> {
    let built = layer.build(&layer.sign(load, 0)?)?;
    Ok(BlockRecord {
        block: built.block,
        senders: built.senders,
        receipts: built.receipts,
        delta: built.delta,
        minted: Vec::new(),
    })
}

fn measure(bench: &mut Bench, load: Load, record: &BlockRecord) -> Result<()> {
    let raw = alloy_rlp::encode(record);
    let stored = record.to_frame();
    let name = load.name();
    let each = stored.len() / record.senders.len().max(1);
    eprintln!("  a block of {name}: {} B raw, {} B stored, {each} B each", raw.len(), stored.len());

    let hash = bench.time(&format!("hash {name}"), || Ok(xxh3_64(&raw)))?;
    let shown = Shown::Bytes(raw.len());
    let add = |bench: &mut Bench, what: &str, frame, record| {
        let row = |part, ours, limit, limit_is| Row { part, shown, ours, limit, limit_is };
        bench.add(row(format!("frame {what}, {name}"), frame, hash, "xxh3 of the raw bytes"));
        bench.add(row(format!("record {what}, {name}"), record, frame, "the frame alone"));
    };
    let frame =
        bench.time(&format!("frame encode {name}"), || Ok(frame::encode(Kind::Block, &raw)))?;
    let whole = bench.time(&format!("record encode {name}"), || Ok(record.to_frame()))?;
    add(bench, "encode", frame, whole);
    let frame =
        bench.time(&format!("frame decode {name}"), || Ok(frame::decode(Kind::Block, &stored)?))?;
    let whole =
        bench.time(&format!("record decode {name}"), || Ok(BlockRecord::from_frame(&stored)?))?;
    add(bench, "decode", frame, whole);
    Ok(())
}
