//! What long work tells whoever waits for it, and how it learns that it should stop.
//!
//! Start at [`Progress`]. Nothing here prints: the command line draws bars or writes log lines,
//! a test passes [`NoProgress`].

/// Somebody who waits for long work: is told of its steps and may ask it to stop.
pub trait Progress: Sync {
    /// A phase of `steps` steps begins; it ends where the next one begins.
    fn begin(&self, phase: &str, steps: u64);
    /// `steps` more steps of the present phase are done.
    fn advance(&self, steps: u64);
    /// True once the work should stop at the next safe point and return the best it has.
    fn is_cancelled(&self) -> bool;
    /// A warning of the work; by default it goes to the log.
    fn warn(&self, warning: &str) {
        tracing::warn!("{warning}");
    }
}

/// Passes on the wish to stop, and nothing of the phases within: for work that is itself one step of something longer.
#[derive(Clone, Copy)]
pub struct Quiet<'a>(pub &'a dyn Progress);

impl Progress for Quiet<'_> {
    fn begin(&self, _phase: &str, _steps: u64) {}
    fn advance(&self, _steps: u64) {}
    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// Nobody waits: no progress is told and nothing is ever cancelled.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _phase: &str, _steps: u64) {}
    fn advance(&self, _steps: u64) {}
    fn is_cancelled(&self) -> bool {
        false
    }
}
