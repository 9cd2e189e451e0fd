//! What several benches share.

/// Seconds that all threads of this process spent on a processor.
pub fn processor_seconds() -> Option<f64> {
    let threads = std::fs::read_dir("/proc/self/task").ok()?;
    let nanoseconds = threads.map(|thread| -> Option<f64> {
        let told = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        told.split_whitespace().next()?.parse().ok()
    });
    Some(nanoseconds.sum::<Option<f64>>()? / 1e9)
}
