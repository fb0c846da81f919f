//! Pages, filters and fences of runs.

use alloy_primitives::keccak256;
use proptest::prelude::*;

use super::*;
use crate::{chain::Epoch, codec::Record};

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let entry =
        (0..9_u64, 0..9_u64, 0..3_u64, any::<u64>()).prop_map(|(key, number, index, far)| {
            // Equal and adjacent keys, and keys far apart.
            let key = if far % 2 == 0 { key } else { far };
            Entry { key, number, index }
        });
    proptest::collection::btree_set(entry, 1..200).prop_map(|set| set.into_iter().collect())
}

proptest! {
    #[test]
    fn a_page_round_trips(entries in entries()) {
        let page = SortedPage::from_frame(&SortedPage::of(&entries).to_frame());
        prop_assert_eq!(page.map(|page| page.entries()), Ok(Some(entries)));
    }

    #[test]
    fn a_filter_misses_nothing(keys in proptest::collection::vec(any::<u64>(), 0..2_000)) {
        let filter = Filter::of(&keys);
        prop_assert!(keys.iter().all(|key| filter.may_have(*key)));
    }

    #[test]
    fn a_table_leads_to_the_pages_that_have_the_key(
        entries in entries(), size in 1..20_usize, key in 0..9_u64, first in 0..9_u64, more in 0..9_u64
    ) {
        let last = first + more;
        let chunks: Vec<_> = entries.chunks(size).collect();
        let piece = Piece::of(0, &[]);
        let pages = chunks.iter().filter_map(|chunk| EntryPage::of(chunk, piece)).collect();
        let range = Table { pages, filters: Vec::new() }.pages_of(key, first, last);
        for (at, chunk) in chunks.iter().enumerate() {
            let has = chunk.iter().any(|it| it.key == key && (first..=last).contains(&it.number));
            prop_assert!(!has || range.contains(&at), "page {} is missing in {:?}", at, range);
        }
        // Fences say exactly where a key is not, but not what is between two entries of one page.
        let may = |chunk: &&&[Entry]| {
            let place = |it: Option<&Entry>| it.map(|it| (it.key, it.number));
            place(chunk.first()) <= Some((key, last)) && place(chunk.last()) >= Some((key, first))
        };
        prop_assert_eq!(range.len(), chunks.iter().filter(may).count());
    }

    #[test]
    fn any_bytes_are_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        use crate::codec::frame::encode;
        let page = SortedPage::from_frame(&encode(SortedPage::KIND, &bytes));
        let _ = page.map(|page| page.entries());
        let _ = BlocksPage::from_frame(&encode(BlocksPage::KIND, &bytes));
        let _ = Filter::from_frame(&encode(Filter::KIND, &bytes)).map(|it| it.may_have(7));
        let frame = encode(Directory::KIND, &bytes);
        let run = RunRef {
            first: 1, last: 9, epoch: 1, level: 0, transactions: 1, entries: 3, directory: Piece::of(0, &frame),
        };
        let _ = Directory::open(&run, &frame);
    }
}

#[test]
fn a_filter_rules_out_most_keys() {
    // Sorted hashes of one part of the space, as a filter of a large run has them.
    let key = |at: u64| key_of_hash(&keccak256(at.to_be_bytes())) >> 6;
    let filter = Filter::of(&(0..50_000).map(key).collect::<Vec<_>>());
    let wrong = (50_000..150_000).filter(|at| filter.may_have(key(*at))).count();
    assert!((500..1_200).contains(&wrong), "about 830 of 100,000, got {wrong}");
}

#[test]
fn entries_out_of_order_or_of_unequal_columns_are_no_page() {
    let entry = |key, number| Entry { key, number, index: 0 };
    let page = SortedPage::of(&[entry(1, 5), entry(1, 4)]);
    assert_eq!(page.entries(), None, "numbers descend");
    let page = SortedPage::of(&[entry(1, 5), entry(1, 5)]);
    assert_eq!(page.entries(), None, "twice the same");
}

#[test]
fn the_same_contents_are_the_same_object() {
    let contents = || Contents {
        first: 5,
        blocks: vec![BlockPlace { slot: crate::chain::SlotNumber(9), hash: keccak256(b"block") }],
        hashes: (0..10_000).map(|key| Entry { key, number: 5, index: key }).collect(),
        logs: Vec::new(),
    };
    let one = write(&contents(), Epoch(3), 1);
    assert_eq!(one, write(&contents(), Epoch(3), 1));
    assert_eq!(write(&Contents::default(), Epoch(3), 0), None);
}
