//! The one who waits at the terminal: progress bars or log lines, and Ctrl-C.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Instant;

use aligned::progress::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use super::hints;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Exit code after Ctrl-C, as shells have it.
pub const INTERRUPTED_CODE: u8 = 130;

/// Bars with time left where standard error is a terminal, log lines elsewhere.
pub struct Terminal {
    phase: Mutex<Option<Phase>>,
    bars: bool,
}

struct Phase {
    name: String,
    began: Instant,
    bar: Option<ProgressBar>,
}

impl Terminal {
    /// Follows from now on; the first Ctrl-C asks the work to stop, a second one ends the process.
    pub fn new() -> Self {
        static HANDLER: Once = Once::new();
        HANDLER.call_once(|| {
            let handler = || {
                if INTERRUPTED.swap(true, Ordering::SeqCst) {
                    std::process::exit(i32::from(INTERRUPTED_CODE));
                }
            };
            if let Err(error) = ctrlc::set_handler(handler) {
                tracing::debug!(%error, "Ctrl-C will end the process at once");
            }
        });
        let quiet = !tracing::enabled!(tracing::Level::WARN);
        Self { phase: Mutex::new(None), bars: std::io::stderr().is_terminal() && !quiet }
    }

    /// Ends the present phase, if any.
    pub fn finish(&self) {
        self.replace(None);
    }

    fn replace(&self, next: Option<Phase>) {
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Phase { name, began, bar }) = std::mem::replace(&mut *phase, next) {
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            tracing::info!(seconds = format!("{:.1}", began.elapsed().as_secs_f64()), "{name}: done");
        }
    }
}

impl Progress for Terminal {
    fn begin(&self, phase: &str, steps: u64) {
        let bar = self.bars.then(|| {
            let style = ProgressStyle::with_template("{msg:>16} [{bar:40}] {pos}/{len} {elapsed} (about {eta} left)");
            let bar = ProgressBar::new(steps).with_message(phase.to_owned());
            style.map_or(bar.clone(), |style| bar.with_style(style))
        });
        self.replace(Some(Phase { name: phase.to_owned(), began: Instant::now(), bar }));
    }

    fn advance(&self, steps: u64) {
        let phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = phase.as_ref().and_then(|phase| phase.bar.as_ref()) {
            bar.inc(steps);
        }
    }

    fn is_cancelled(&self) -> bool {
        INTERRUPTED.load(Ordering::SeqCst)
    }

    fn warn(&self, warning: &str) {
        hints::warn(warning);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.finish();
    }
}
