//! What several tests of files share.

use aligned::progress::Progress;

pub fn says(message: &str, fragments: &[&str]) {
    for fragment in fragments {
        assert!(message.contains(fragment), "`{message}` does not say `{fragment}`");
    }
}

/// Somebody who has seen enough from the start.
pub struct Impatient;

impl Progress for Impatient {
    fn begin(&self, _phase: &str, _steps: u64) {}
    fn advance(&self, _steps: u64) {}
    fn is_cancelled(&self) -> bool {
        true
    }
}
