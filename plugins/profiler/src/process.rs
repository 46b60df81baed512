//! What the operating system says of this process. Knows nothing of runs. Where it does not say, there is no number.

/// Bytes of memory that are in use (resident), as `/proc/self/status` has them.
pub(crate) fn memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

/// Seconds of processor time, all threads together, as `/proc/self/stat` has them: fields 14 and 15, in hundredths, which
/// is what Linux gives to programs whatever its own clock does.
pub(crate) fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name may hold spaces; fields are counted behind its closing parenthesis, where the third begins.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = |index: usize| fields.get(index - 3)?.parse::<f64>().ok();
    Some((ticks(14)? + ticks(15)?) / 100.0)
}
