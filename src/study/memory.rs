//! How much memory this process may still take, and how much it took.

use std::fs;

use crate::datasets::set_memory_limit;

/// Tells the readers how much memory is free, where the system says so.
pub fn tell_readers() {
    let known = [system(), control_group(), address_space()];
    if let Some(free) = known.into_iter().flatten().min() {
        set_memory_limit(free);
    }
}

/// What the kernel holds available.
fn system() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// What is left of the limit of a container or a cluster job.
fn control_group() -> Option<u64> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let limit = number("/sys/fs/cgroup/memory.max")?;
    let used = number("/sys/fs/cgroup/memory.current").unwrap_or(0);
    let cached = cached(&fs::read_to_string("/sys/fs/cgroup/memory.stat").unwrap_or_default());
    Some(limit.saturating_sub(used.saturating_sub(cached)))
}

/// Pages of files that the kernel gives up when memory is needed.
fn cached(stat: &str) -> u64 {
    let line = stat.lines().find_map(|line| line.strip_prefix("inactive_file "));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

/// What `ulimit -v` leaves.
fn address_space() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The most memory that this process held, where the system says so.
#[must_use]
pub fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
