//! Writers that die at each of their writes, alone and at the same time; the directory is opened again, and nothing is
//! lost or doubled.

use futures::executor::block_on;
use mayfly_disk::Disk;
use mayfly_sim::points::{Death, check, open, recover, writers_die};
use node_core::chain::LayerId;
use rstest::rstest;
use tempfile::tempdir;

const LAYER: LayerId = LayerId::new([7; 16]);

/// More writes than one writer does here; the table below has as many.
const MOST: usize = 16;

#[rstest]
fn writers_that_die_lose_nothing_and_double_nothing(
    #[values(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)] point: usize,
    #[values(Death::Before, Death::After)] death: Death,
    #[values(1, 2, 3)] writers: usize,
) {
    let dir = tempdir().expect("a temporary directory");
    let waiting = {
        let disk = Disk::open(dir.path()).expect("opens");
        let waiting = block_on(open(&disk.stores(LAYER), LAYER)).expect("opens");
        let stores: Vec<_> = (0..writers).map(|_| disk.stores(LAYER)).collect();
        block_on(writers_die(&stores, &waiting, point, death));
        waiting
    };
    let disk = Disk::open(dir.path()).expect("opens after a crash");
    let stores = disk.stores(LAYER);
    block_on(recover(&stores, &waiting)).expect("somebody goes on");
    block_on(check(&stores, &waiting));
}

#[test]
fn the_table_has_every_write_of_a_writer() {
    let dies = |point| {
        let dir = tempdir().expect("a temporary directory");
        let stores = Disk::open(dir.path()).expect("opens").stores(LAYER);
        let waiting = block_on(open(&stores, LAYER)).expect("opens");
        block_on(writers_die(&[stores], &waiting, point, Death::Before))
    };
    assert_eq!(dies(0), 1, "a writer writes");
    assert_eq!(dies(MOST), 0, "and no more often than the table says");
}
