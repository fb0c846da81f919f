//! Floor 0: Keccak-256 of many messages at once.
//!
//! One Keccak permutation keeps a core waiting for its own results; eight side by side in the lanes of
//! vector registers take little longer than one. [`keccak256_many`] finds out what the processor has:
//! AVX-512 (8 lanes), AVX2 (4), or neither (alloy's hash, one by one). The hashes are the same.
//!
//! | file | what |
//! |---|---|
//! | `lanes` | messages to lanes and back; whoever is done makes room for the next |
//! | `permutation` | Keccak-f\[1600\], written once for any width |
//! | `avx2`, `avx512` | the few operations that it needs, for each width |
//! | `messages` | many short messages in one buffer |

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod lanes;
mod messages;
mod permutation;

#[cfg(test)]
mod tests;

pub use lanes::keccak256_many;
pub use messages::Messages;
