//! Runs every target on what is kept, without libFuzzer.

use std::{
    fs,
    path::{Path, PathBuf},
};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{B256, Bytes, Signature, keccak256};
use mayfly_webhook::{
    Provider, Secret,
    provider::{PROVIDERS, Sample},
};
use node_core::{
    codec::{
        Record,
        batch::to_blobs,
        frame::{self, Kind},
        record::BlockRecord,
    },
    trie::Trie,
};

use crate::records::KINDS;

type Target = fn(&[u8]);

/// The targets by their names.
const TARGETS: [(&str, Target); 10] = [
    ("batches", crate::batches),
    ("frames", crate::frames),
    ("logs", crate::logs),
    ("pages", crate::pages),
    ("proofs", crate::proofs),
    ("records", crate::records),
    ("requests", crate::requests),
    ("runs", crate::runs),
    ("transactions", crate::transactions),
    ("webhooks", crate::webhooks),
];

/// An input that a target starts from.
struct Seed {
    target: &'static str,
    name: String,
    bytes: Vec<u8>,
}

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// Files of a folder with their names, in order; none when there is no such folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("reads").path()).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read(path).expect("reads"))).collect()
}

/// The golden frames: name, kind, raw body.
fn golden() -> Vec<(String, Kind, Vec<u8>)> {
    let open = |(name, bytes): (String, Vec<u8>)| {
        let kind = KINDS.into_iter().find(|kind| *kind as u8 == bytes[5]).expect("a kind");
        (name, kind, frame::decode(kind, &bytes).expect("golden"))
    };
    files(&here("../../node-core/src/codec/golden")).into_iter().map(open).collect()
}

fn seeds() -> Vec<Seed> {
    let golden = golden();
    let records = golden.iter().map(|(name, kind, raw)| Seed {
        target: "records",
        name: name.clone(),
        bytes: [&[*kind as u8][..], raw].concat(),
    });
    let pages = golden.iter().filter_map(|(name, kind, raw)| {
        let of = match kind {
            Kind::AccountPage => 0,
            Kind::SlotPage => 1,
            Kind::CodePage => 2,
            Kind::IndexPage => 3,
            _ => return None,
        };
        let bytes = [&[of, 0][..], raw].concat();
        Some(Seed { target: "pages", name: name.clone(), bytes })
    });
    let batches = golden.iter().filter(|(_, kind, _)| *kind == Kind::Batch).map(batch);
    let records = records.chain(batches);
    records
        .chain(pages)
        .chain(runs(&golden))
        .chain(proofs())
        .chain(transactions(&golden))
        .chain(logs())
        .chain(webhooks())
        .collect()
}

/// A deposit of ETH, and one of a token.
fn logs() -> Vec<Seed> {
    let word = |number: u8| B256::with_last_byte(number).0;
    let seed = |(name, kind): (&str, u8)| {
        // Index, from and to are topics; kind, token, id, value, gas and data are not.
        let topics = [word(0), word(1), word(2)];
        let data = [word(kind), word(7), word(0), word(9), word(100), word(192), word(0)];
        let bytes = [&[3][..], &topics.concat(), &data.concat()].concat();
        Seed { target: "logs", name: name.to_owned(), bytes }
    };
    [("ether", 0), ("token", 1)].map(seed).into()
}

/// What each provider that signs posts.
fn webhooks() -> Vec<Seed> {
    let secret = Secret::new("a secret").expect("a secret");
    let recipient = format!("0x{}", "70".repeat(20));
    let sample = Sample { number: 1, recipient, tickets: 2, is_refund: false };
    let seed = |(number, provider): (u8, &&Provider)| {
        provider.scheme()?;
        let posted = provider.post(&sample, &secret, 0)?;
        let bytes = [&[number, 0][..], posted.body.as_bytes()].concat();
        Some(Seed { target: "webhooks", name: provider.name.to_owned(), bytes })
    };
    (0..).zip(&PROVIDERS).filter_map(seed).collect()
}

/// The beginning of the blob that carries a golden payload, without its frame: zstd's bytes differ from
/// release to release.
fn batch((name, _, raw): &(String, Kind, Vec<u8>)) -> Seed {
    let blobs = to_blobs(raw).expect("fits");
    let elements = (4 + raw.len()).div_ceil(31);
    let bytes = [&[0][..], &blobs[0][..32 * elements]].concat();
    Seed { target: "batches", name: name.clone(), bytes }
}

/// The golden directory with each golden page.
fn runs(golden: &[(String, Kind, Vec<u8>)]) -> Vec<Seed> {
    let of = |kind| golden.iter().find(|one| one.1 == kind).expect("is golden");
    let (_, _, directory) = of(Kind::RunDirectory);
    let length = u16::try_from(directory.len()).expect("small").to_le_bytes();
    let page = |(at, kind): (u8, Kind)| {
        let (name, _, raw) = of(kind);
        let bytes = [&length[..], directory, &[at], raw].concat();
        Seed { target: "runs", name: name.clone(), bytes }
    };
    [(0, Kind::RunPage), (1, Kind::RunBlocks), (2, Kind::RunFilter)].map(page).into()
}

/// Proofs in a trie of hashed keys, and in one whose keys are prefixes of others.
fn proofs() -> Vec<Seed> {
    let keys = |count: u8| (0..count).map(|key| keccak256([key]).to_vec());
    let short = [&b"do"[..], b"dog", b"doge", b"horse"].map(<[u8]>::to_vec);
    let seed = |name: &str, keys: Vec<Vec<u8>>| {
        let mut trie = Trie::<Bytes>::new();
        for key in &keys {
            let value = Bytes::from(alloy_rlp::encode(&key[..]));
            trie.insert(key, value).expect("all is loaded");
        }
        let proof = trie.prove(&keys[0]).expect("all is loaded");
        let mut bytes = vec![u8::try_from(keys[0].len()).expect("short")];
        bytes.extend_from_slice(&keys[0]);
        for node in proof {
            let thirds = node.len().div_ceil(3);
            bytes.push(u8::try_from(thirds).expect("a node has at most 532 bytes"));
            bytes.extend_from_slice(&node);
            bytes.resize(bytes.len() + 3 * thirds - node.len(), 0);
        }
        Seed { target: "proofs", name: name.to_owned(), bytes }
    };
    vec![
        seed("one", keys(1).collect()),
        seed("many", keys(40).collect()),
        seed("prefixes", short.into()),
    ]
}

/// A transaction of each type.
fn transactions(golden: &[(String, Kind, Vec<u8>)]) -> Vec<Seed> {
    fn signed<T: SignableTransaction<Signature>>(tx: T) -> Vec<u8>
    where
        alloy_consensus::Signed<T>: Encodable2718,
    {
        tx.into_signed(Signature::test_signature()).encoded_2718()
    }
    let (_, _, raw) = golden.iter().find(|one| one.1 == Kind::Block).expect("is golden");
    let block = BlockRecord::from_frame(&frame::encode(Kind::Block, raw)).expect("golden");
    let deposit = block.block.transactions[0].encoded_2718();
    let all = [
        ("deposit", deposit),
        ("legacy", signed(TxLegacy { chain_id: Some(7), ..TxLegacy::default() })),
        ("eip2930", signed(TxEip2930::default())),
        ("eip1559", signed(TxEip1559::default())),
        ("eip7702", signed(TxEip7702::default())),
    ];
    let seed =
        |(name, bytes): (&str, _)| Seed { target: "transactions", name: name.to_owned(), bytes };
    all.map(seed).into()
}

/// `BLESS=1 cargo nextest run --workspace seeds_are_made` writes the files again, after a change of a format and of its version.
#[test]
fn seeds_are_made_from_what_is_golden() {
    for Seed { target, name, bytes } in seeds() {
        let path = here("seeds").join(target).join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(path.parent().expect("has a folder")).expect("makes");
            fs::write(&path, &bytes).expect("writes");
        }
        let kept = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(kept, bytes, "{}", path.display());
    }
}

#[test]
fn what_is_kept_passes() {
    for (target, run) in TARGETS {
        for folder in ["seeds", "regressions"] {
            for (name, bytes) in files(&here(folder).join(target)) {
                println!("{folder}/{target}/{name}");
                run(&bytes);
            }
        }
    }
    files(&here("../../node-core/src/codec/golden")).iter().for_each(|one| crate::frames(&one.1));
}
