//! Whole lives of flash layers in simulated time, with faults by seed, and everything that must hold checked on the way.
//!
//! One life is a layer from its opening to its erase: the flows of `node-core` in functions that crash, stand still and
//! run twice, on stores that are late, lose answers and refuse, beside an L1 that reorganises. One thread polls one task
//! at a time, in an order that the seed decides; time passes only when nothing else is to be done. So a seed
//! is the whole life: it gives the same trace every time.
//!
//! ```text
//! clients, shop, depositor, readers ──▶ rpc, webhook, bridge, sequencer, teardown      actor
//!                                              │ ports                                 port, l1
//!                                              ▼
//!                        what is really stored, and what was promised                  truth
//! ```
//!
//! A life is short, and whole. Of three hundred, the middle one has 9 blocks with 17 transactions, deposits, mints and the seal
//! among them, in 61 processes that call their stores some 620 times; it lasts for 20 to 50 seconds of an open layer and
//! 500 of its end, while an L1 with blocks of 4 to 12 seconds comes to finality. Half of all faults have a chance in any one
//! life: 48 of them happen in the middle one, beside up to 29 crashes, and more than 100 in every tenth.
//!
//! [`Property`] says what is checked, [`Fault`] what goes wrong, [`Variant`] what is broken on purpose to see that the
//! checks notice.
//!
//! | file | what |
//! |---|---|
//! | `life`, `many` | one life from a seed, many of them |
//! | `world`, `plan` | what a life is made of, and what differs between lives |
//! | `sim`, `executor`, `process`, `random`, `trace` | time, tasks, chance, and what happened |
//! | `fault`, `property` | what goes wrong, what must hold |
//! | `port`, `l1` | the outside world as flows see it |
//! | `truth` | the outside world as it is, and the checks |
//! | `actor` | the functions of a layer, and the people outside |
//! | `variant` | what is broken on purpose |
//! | `points` | writers that die at their nth write, on the stores of an adapter |
//! | `report` | what a person needs of a life that failed |
//! | `template` | what all lives share |

mod actor;
mod executor;
mod fault;
mod l1;
mod life;
mod many;
mod plan;
pub mod points;
mod port;
mod process;
mod property;
mod random;
mod report;
mod sim;
mod template;
mod trace;
mod truth;
mod variant;
mod world;

use self::{
    executor::Executor, fault::Faults, l1::L1Chain, plan::Plan, random::Random, sim::Sim,
    trace::Trace, truth::Truth, world::World,
};
pub use self::{
    fault::Fault,
    life::{Life, Setting, live},
    many::{Lived, MOST_LIVES, catch, live_all},
    process::ProcessId,
    property::{Property, Violation},
    report::Failure,
    trace::Event,
    variant::{Caught, Variant},
};
