//! Floor 5: what a flash layer uses of a cloud, and what that costs. Pure: numbers in, numbers out.
//!
//! | file | what |
//! |---|---|
//! | `usage` | [`Usage`]: what was used, in the units in which the cloud counts |
//! | `prices` | [`Prices`]: the table of prices, with its date |
//! | `bill` | [`Bill`]: the one times the other |
//! | `estimate` | [`estimate()`]: what an event will use, before anything is deployed |
//!
//! Money is in pico-USD (10^-12 USD), in which no list price is a fraction; what is paid on the L1 is in wei, and is
//! not added to it.

mod bill;
mod estimate;
mod prices;
mod usage;

pub use bill::{Bill, Line, OnL1, usd};
pub use estimate::{Event, estimate};
pub use prices::{PriceError, Prices};
pub use usage::Usage;
