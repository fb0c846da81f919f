use core::{fmt, future::Future};
use std::pin::pin;

use futures::{
    FutureExt,
    future::{BoxFuture, Either, MaybeDone, maybe_done, select},
};

use super::{
    Context, FlowError, Timing,
    batch::{Batch, Laid, Waiting, build},
    left::Left,
    parent::Parent,
};

/// A block that is built while its parent is committed. It is worth nothing until that is.
pub(super) struct Ahead(MaybeDone<BoxFuture<'static, Laid>>);

impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead").finish_non_exhaustive()
    }
}

impl Ahead {
    /// Builds on `parent`, if enough waits, once it is polled. `left` is what may still be in the stores but is
    /// done with, by the parent and by the block before it.
    pub(super) fn new(context: Context, parent: Parent, left: [Left; 2], timing: Timing) -> Self {
        let building = async move {
            match waiting(&context, &left).await {
                Ok(Some(waiting)) => build(&context, parent, waiting, timing).await,
                Ok(None) => Laid { parent, batch: Ok(Batch::default()) },
                Err(error) => Laid { parent, batch: Err(error) },
            }
        };
        Self(maybe_done(building.boxed()))
    }

    /// Waits for `writes`, building meanwhile.
    pub(super) async fn during<T>(&mut self, writes: impl Future<Output = T> + Send) -> T {
        match select(pin!(writes), &mut self.0).await {
            Either::Left((written, _)) => written,
            Either::Right(((), writes)) => writes.await,
        }
    }

    /// Waits until the block is built; can be called again when that was cut off.
    pub(super) async fn built(&mut self) {
        (&mut self.0).await;
    }

    /// What came of it, once [built](Self::built).
    pub(super) fn into_laid(mut self) -> Option<Laid> {
        std::pin::Pin::new(&mut self.0).take_output()
    }
}

async fn waiting(context: &Context, left: &[Left]) -> Result<Option<Waiting>, FlowError> {
    let waiting = Waiting::read(context, left).await?;
    Ok((waiting.len() >= context.pipeline.busy).then_some(waiting))
}
