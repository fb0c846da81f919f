//! A block record in and out of its frame.

use node_core::codec::{
    frame::{self, Kind},
    record::{BlockRecord, Record},
};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    harness::{RUNS, Result, Row, Samples, Table, Unit},
    layer::{Layer, Load},
};

/// Times of one direction.
#[derive(Debug, Default)]
struct Times {
    record: Samples,
    frame: Samples,
}

pub(crate) fn run(table: &mut Table) -> Result<()> {
    let layer = Layer::new()?;
    for load in Load::ALL {
        let record = record(&layer, load)?;
        measure(table, load, &record)?;
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

fn measure(table: &mut Table, load: Load, record: &BlockRecord) -> Result<()> {
    let raw = alloy_rlp::encode(record);
    let stored = record.to_frame();
    let (mut hash, mut encode, mut decode) =
        (Samples::default(), Times::default(), Times::default());
    for _ in 0..RUNS {
        hash.time(|| xxh3_64(&raw));
        encode.frame.time(|| frame::encode(Kind::Block, &raw));
        encode.record.time(|| record.to_frame());
        decode.frame.time(|| frame::decode(Kind::Block, &stored))?;
        decode.record.time(|| BlockRecord::from_frame(&stored))?;
    }
    let each = stored.len() / record.senders.len().max(1);
    eprintln!(
        "  a block of {}: {} B raw, {} B stored, {each} B each",
        load.name(),
        raw.len(),
        stored.len()
    );
    add(table, &format!("encode, {}", load.name()), raw.len(), &encode, &hash);
    add(table, &format!("decode, {}", load.name()), raw.len(), &decode, &hash);
    Ok(())
}

fn add(table: &mut Table, what: &str, bytes: usize, times: &Times, hash: &Samples) {
    let unit = Unit::BytesPerSecond(bytes);
    let (record, frame) = (times.record.median(), times.frame.median());
    let row = |part, ours, limit, limit_is| Row { part, unit, ours, limit, limit_is };
    table.add(row(format!("codec: frame {what}"), frame, hash.median(), "xxh3 of the raw bytes"));
    table.add(row(format!("codec: record {what}"), record, frame, "the frame alone"));
}
