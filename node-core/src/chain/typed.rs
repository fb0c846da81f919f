//! What is signed by the sequencer and by attestors, as EIP-712 has it.
//!
//! The domain is the layer's contract on its L1: no signature counts for another layer.

use alloy_primitives::{B256, TxHash, U256};
use alloy_sol_types::{Eip712Domain, SolStruct};

use super::L1Binding;

mod words {
    alloy_sol_types::sol! {
        #[derive(Debug, PartialEq, Eq)]
        struct Settlement { bytes32 output; }
        #[derive(Debug, PartialEq, Eq)]
        struct Veto { bytes32 output; }
        #[derive(Debug, PartialEq, Eq)]
        struct BlockSeal { uint64 number; bytes32 hash; }
        #[derive(Debug, PartialEq, Eq)]
        struct Preconf {
            bytes32 layerConfig;
            uint64 blockNumber;
            uint32 txIndex;
            bytes32 txHash;
            bytes32 unitPost;
            uint64 issuedAt;
        }
    }
}

/// The sequencer's word that a transaction is in a block, where, and what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoftReceipt {
    /// Hash of the layer's rules on the L1.
    pub layer_config: B256,
    /// Number of the block.
    pub block_number: u64,
    /// Position in the block.
    pub tx_index: u32,
    /// Hash of the transaction.
    pub tx_hash: TxHash,
    /// keccak256 of the receipt's EIP-2718 encoding, bloom included: what the receipts root commits to.
    pub unit_post: B256,
    /// When it was given, Unix seconds.
    pub issued_at_s: u64,
}

/// Something that has one digest for each layer, to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// An attestor: this output is right.
    Settlement {
        /// keccak256 of the ABI encoding of the contract's `Output`.
        output: B256,
    },
    /// An attestor: this output is wrong.
    Veto {
        /// As above.
        output: B256,
    },
    /// The sequencer: this is the block of that number, and no other.
    BlockSeal {
        /// Number of the block.
        number: u64,
        /// Hash of the block.
        hash: B256,
    },
    /// The sequencer: this transaction is in a block.
    SoftReceipt(SoftReceipt),
}

impl Word {
    /// Returns what is signed for the layer that `l1` names.
    pub fn digest(&self, l1: &L1Binding) -> B256 {
        let domain = domain(l1);
        match *self {
            Self::Settlement { output } => {
                words::Settlement { output }.eip712_signing_hash(&domain)
            }
            Self::Veto { output } => words::Veto { output }.eip712_signing_hash(&domain),
            Self::BlockSeal { number, hash } => {
                words::BlockSeal { number, hash }.eip712_signing_hash(&domain)
            }
            Self::SoftReceipt(receipt) => words::Preconf {
                layerConfig: receipt.layer_config,
                blockNumber: receipt.block_number,
                txIndex: receipt.tx_index,
                txHash: receipt.tx_hash,
                unitPost: receipt.unit_post,
                issuedAt: receipt.issued_at_s,
            }
            .eip712_signing_hash(&domain),
        }
    }
}

fn domain(l1: &L1Binding) -> Eip712Domain {
    Eip712Domain {
        name: Some("Mayfly".into()),
        version: Some("1".into()),
        chain_id: Some(U256::from(l1.chain_id)),
        verifying_contract: Some(l1.layer),
        salt: None,
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, b256, keccak256};
    use alloy_sol_types::SolValue;

    use super::*;
    use crate::chain::Finality;

    fn l1() -> L1Binding {
        L1Binding {
            chain_id: 31_337,
            layer: Address::repeat_byte(0x11),
            config_hash: B256::repeat_byte(1),
            opened_in_block: 0,
            finality: Finality::Finalized,
        }
    }

    /// By the letter of EIP-712, as the contract does it.
    fn by_hand(kind: &str, fields: &[u8]) -> B256 {
        let domain =
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
        let (name, version) = (keccak256("Mayfly"), keccak256("1"));
        let layer = l1().layer;
        let domain =
            keccak256((keccak256(domain), name, version, U256::from(31_337), layer).abi_encode());
        let word = keccak256([keccak256(kind).as_slice(), fields].concat());
        keccak256([&[0x19, 0x01], domain.as_slice(), word.as_slice()].concat())
    }

    #[test]
    fn words_are_signed_as_the_contract_reads_them() {
        let output = b256!("00000000000000000000000000000000000000000000000000000000000000aa");
        let receipt = SoftReceipt {
            layer_config: B256::repeat_byte(1),
            block_number: 2,
            tx_index: 3,
            tx_hash: B256::repeat_byte(4),
            unit_post: B256::repeat_byte(5),
            issued_at_s: 6,
        };
        let number = |number: u64| U256::from(number).to_be_bytes::<32>();
        let preconf = [[1; 32], number(2), number(3), [4; 32], [5; 32], number(6)];
        let seal = [number(9), output.0].concat();
        let words = [
            (Word::Settlement { output }, "Settlement(bytes32 output)", output.to_vec()),
            (Word::Veto { output }, "Veto(bytes32 output)", output.to_vec()),
            (
                Word::BlockSeal { number: 9, hash: output },
                "BlockSeal(uint64 number,bytes32 hash)",
                seal,
            ),
            (
                Word::SoftReceipt(receipt),
                "Preconf(bytes32 layerConfig,uint64 blockNumber,uint32 txIndex,bytes32 txHash,bytes32 unitPost,uint64 issuedAt)",
                preconf.concat(),
            ),
        ];
        for (word, kind, fields) in words {
            assert_eq!(word.digest(&l1()), by_hand(kind, &fields), "{kind}");
        }
    }

    #[test]
    fn a_word_counts_for_one_layer_only() {
        let word = Word::Settlement { output: B256::ZERO };
        let other = L1Binding { layer: Address::repeat_byte(0x12), ..l1() };
        let elsewhere = L1Binding { chain_id: 1, ..l1() };
        assert_ne!(word.digest(&l1()), word.digest(&other));
        assert_ne!(word.digest(&l1()), word.digest(&elsewhere));
        assert_ne!(word.digest(&l1()), Word::Veto { output: B256::ZERO }.digest(&l1()));
    }
}
