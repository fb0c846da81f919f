//! Which rules hold when: the hard forks of a chain.

use alloy_eips::{
    eip2124::ForkHash, eip6110::MAINNET_DEPOSIT_CONTRACT_ADDRESS, eip7840::BlobParams,
};
use alloy_genesis::ChainConfig;
use alloy_primitives::{Address, B256};

/// A hard fork that changed what blocks or transactions mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fork {
    /// The first rules.
    Frontier,
    /// EIP-606.
    Homestead,
    /// EIP-608.
    Tangerine,
    /// EIP-607.
    SpuriousDragon,
    /// EIP-609.
    Byzantium,
    /// EIP-1013.
    Constantinople,
    /// EIP-1716.
    Petersburg,
    /// EIP-1679.
    Istanbul,
    /// EIP-2070.
    Berlin,
    /// EIP-1559 and what came with it.
    London,
    /// The merge, EIP-3675.
    Paris,
    /// EIP-4895 and what came with it.
    Shanghai,
    /// EIP-7569.
    Cancun,
    /// EIP-7600.
    Prague,
    /// EIP-7607.
    Osaka,
}

/// What a fork starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The block with this number.
    Block(u64),
    /// The first block at this Unix time, in seconds, or after it.
    Time(u64),
}

impl Start {
    const fn is_over(self, number: u64, timestamp: u64) -> bool {
        match self {
            Self::Block(first) => number >= first,
            Self::Time(first) => timestamp >= first,
        }
    }

    /// What the fork hash counts; nothing for what holds since block 0.
    const fn point(self) -> u64 {
        match self {
            Self::Block(point) | Self::Time(point) => point,
        }
    }
}

/// The time from one change of the rules to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Era {
    /// The newest hard fork.
    pub fork: Fork,
    /// When the era starts.
    pub start: Start,
    /// How many blobs there may be and what they cost (EIP-7840, EIP-7892).
    pub blobs: BlobParams,
}

impl Era {
    /// Osaka for ever.
    pub const OSAKA: Self =
        Self { fork: Fork::Osaka, start: Start::Block(0), blobs: BlobParams::osaka() };

    /// Unix time at which it starts; 0 when it starts with a block.
    pub const fn activation_time_s(&self) -> u64 {
        match self.start {
            Start::Block(_) => 0,
            Start::Time(time) => time,
        }
    }
}

/// The eras of a chain. A layer has one, which is Osaka; only imported chains have more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forks {
    /// In their order; none means Osaka from block 0.
    eras: Vec<Era>,
    /// What the fork hash counts.
    points: Vec<u64>,
    deposit_contract: Option<Address>,
}

impl Forks {
    /// Osaka from block 0.
    pub const fn osaka() -> Self {
        Self { eras: Vec::new(), points: Vec::new(), deposit_contract: None }
    }

    /// Reads the forks that a genesis file names. The merge is where `mergeNetsplitBlock` says, or at
    /// block 0 when the file has no proof-of-work fork after which it could be.
    pub fn of(config: &ChainConfig) -> Self {
        let mut forks = Self {
            eras: Vec::new(),
            points: Vec::new(),
            deposit_contract: config.deposit_contract_address,
        };
        forks.blocks(config);
        forks.times(config);
        forks
    }

    fn blocks(&mut self, config: &ChainConfig) {
        let merge = config.merge_netsplit_block;
        let merged = config.terminal_total_difficulty_passed
            || config.terminal_total_difficulty.is_some_and(|total| total.is_zero());
        let starts = [
            (Fork::Frontier, Some(0)),
            (Fork::Homestead, config.homestead_block),
            (Fork::Tangerine, config.eip150_block),
            (Fork::SpuriousDragon, config.eip158_block.or(config.eip155_block)),
            (Fork::Byzantium, config.byzantium_block),
            (Fork::Constantinople, config.constantinople_block),
            (Fork::Petersburg, config.petersburg_block),
            (Fork::Istanbul, config.istanbul_block),
            (Fork::Istanbul, config.muir_glacier_block),
            (Fork::Berlin, config.berlin_block),
            (Fork::London, config.london_block),
            (Fork::London, config.arrow_glacier_block),
            (Fork::London, config.gray_glacier_block),
            (Fork::Paris, merge.or(merged.then_some(0))),
        ];
        for (fork, start) in starts {
            let Some(start) = start else { continue };
            self.begin(Era { fork, start: Start::Block(start), blobs: BlobParams::cancun() });
        }
    }

    fn times(&mut self, config: &ChainConfig) {
        let starts = [
            (Fork::Shanghai, config.shanghai_time, "", BlobParams::cancun()),
            (Fork::Cancun, config.cancun_time, "cancun", BlobParams::cancun()),
            (Fork::Prague, config.prague_time, "prague", BlobParams::prague()),
            (Fork::Osaka, config.osaka_time, "osaka", BlobParams::osaka()),
            (Fork::Osaka, config.bpo1_time, "bpo1", BlobParams::bpo1()),
            (Fork::Osaka, config.bpo2_time, "bpo2", BlobParams::bpo2()),
            (Fork::Osaka, config.bpo3_time, "bpo3", BlobParams::bpo2()),
            (Fork::Osaka, config.bpo4_time, "bpo4", BlobParams::bpo2()),
            (Fork::Osaka, config.bpo5_time, "bpo5", BlobParams::bpo2()),
        ];
        for (fork, start, name, usual) in starts {
            let Some(start) = start else { continue };
            let blobs = config.blob_schedule.get(name).map_or(usual, |given| BlobParams {
                target_blob_count: given.target_blob_count,
                max_blob_count: given.max_blob_count,
                update_fraction: given.update_fraction,
                ..usual
            });
            self.begin(Era { fork, start: Start::Time(start), blobs });
        }
    }

    fn begin(&mut self, era: Era) {
        let point = era.start.point();
        if point > 0 && !self.points.contains(&point) {
            self.points.push(point);
        }
        self.eras.push(era);
    }

    /// The era of a block.
    pub fn at(&self, number: u64, timestamp: u64) -> Era {
        let newest = self.eras.iter().rev().find(|era| era.start.is_over(number, timestamp));
        newest.copied().unwrap_or(Era::OSAKA)
    }

    /// The era before that of a block, when it started at a time.
    pub fn before(&self, era: &Era) -> Option<Era> {
        let at = self.eras.iter().position(|one| one == era)?;
        self.eras[..at].last().filter(|before| matches!(before.start, Start::Time(_))).copied()
    }

    /// The era after that of a block.
    pub fn after(&self, era: &Era) -> Option<Era> {
        let at = self.eras.iter().position(|one| one == era)?;
        self.eras.get(at + 1).copied()
    }

    /// The newest era of all.
    pub fn last(&self) -> Era {
        self.eras.last().copied().unwrap_or(Era::OSAKA)
    }

    /// The checksum over block 0 and all changes up to the start of `era` (EIP-2124, EIP-6122).
    pub fn hash(&self, genesis: B256, era: &Era) -> [u8; 4] {
        let last = era.start.point();
        let mut hash = ForkHash::from(genesis);
        if last > 0 {
            for point in &self.points {
                hash += *point;
                if *point == last {
                    break;
                }
            }
        }
        hash.0
    }

    /// The contract whose logs are deposits to the consensus layer (EIP-6110).
    pub fn deposit_contract(&self) -> Address {
        self.deposit_contract.unwrap_or(MAINNET_DEPOSIT_CONTRACT_ADDRESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_in_osaka_from_block_0_to_its_end() {
        let forks = Forks::osaka();
        assert_eq!(forks.at(0, 0), Era::OSAKA);
        assert_eq!(forks.at(u64::MAX, u64::MAX), forks.last());
        assert_eq!((forks.before(&Era::OSAKA), forks.after(&Era::OSAKA)), (None, None));
    }

    #[test]
    fn a_block_is_in_the_newest_era_that_has_started() {
        let config = ChainConfig {
            homestead_block: Some(0),
            byzantium_block: Some(4),
            merge_netsplit_block: Some(9),
            osaka_time: Some(100),
            bpo1_time: Some(200),
            ..ChainConfig::default()
        };
        let forks = Forks::of(&config);
        let fork = |number, time| forks.at(number, time).fork;
        assert_eq!((fork(3, 30), fork(4, 40)), (Fork::Homestead, Fork::Byzantium));
        assert_eq!((fork(9, 99), fork(10, 100)), (Fork::Paris, Fork::Osaka));
        assert_eq!(forks.at(10, 199).blobs, BlobParams::osaka());
        assert_eq!(forks.at(10, 200).blobs, BlobParams::bpo1());
        assert_eq!(forks.last(), forks.at(11, 300));
        assert_eq!(forks.before(&forks.last()).map(|era| era.start), Some(Start::Time(100)));
    }
}
