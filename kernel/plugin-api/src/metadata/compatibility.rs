//! What a plugin needs of Candlewick and of the machine, and whether it is there. Read [`Compatibility`] first.

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

/// What must be so before a plugin is activated. An empty list asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Compatibility {
    /// Candlewick's own version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candlewick: Option<VersionReq>,
    /// Operating systems, as Rust names them: `linux`, `macos`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub os: Vec<String>,
    /// Processors, as Rust names them: `x86_64`, `aarch64`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arch: Vec<String>,
    /// Devices of which one must be there: `cpu`, `cuda`, `metal`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
}

/// What is there: compared with what plugins need. Whoever owns the manager measures it.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Candlewick's version.
    pub candlewick: Version,
    /// The operating system, as Rust names it.
    pub os: String,
    /// The processor, as Rust names it.
    pub arch: String,
    /// The devices that can be used.
    pub devices: Vec<String>,
    /// Bytes of memory that are free; none where the system does not tell.
    pub free_bytes: Option<u64>,
}

impl Machine {
    /// This machine as far as it is known without asking for devices or memory: a processor, no figure for memory.
    pub fn here() -> Self {
        Self {
            candlewick: Version::parse(env!("CARGO_PKG_VERSION")).unwrap_or_else(|_| Version::new(0, 0, 0)),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            devices: vec!["cpu".to_owned()],
            free_bytes: None,
        }
    }

    /// Why a plugin that needs this cannot run here, if it cannot. `memory_gb` is in GB of 10⁹ bytes.
    pub fn lacks(&self, needs: &Compatibility, memory_gb: f64) -> Option<String> {
        let other_version = needs.candlewick.as_ref().filter(|range| !range.matches(&self.candlewick));
        if let Some(range) = other_version {
            return Some(format!("it needs Candlewick {range}; this is {}", self.candlewick));
        }
        not_among("operating system", &needs.os, std::slice::from_ref(&self.os))
            .or_else(|| not_among("processor", &needs.arch, std::slice::from_ref(&self.arch)))
            .or_else(|| not_among("device", &needs.devices, &self.devices))
            .or_else(|| self.lacks_memory(memory_gb))
    }

    fn lacks_memory(&self, gb: f64) -> Option<String> {
        let free = self.free_bytes? as f64 / 1e9;
        (free < gb).then(|| format!("it needs {gb} GB of memory; {free:.1} GB are free"))
    }
}

fn not_among(what: &str, wanted: &[String], found: &[String]) -> Option<String> {
    let is_met = wanted.is_empty() || wanted.iter().any(|one| found.contains(one));
    (!is_met).then(|| format!("it needs the {what} {}; this machine has {}", wanted.join(" or "), found.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said() {
        let machine = Machine {
            candlewick: Version::new(0, 3, 1),
            os: "linux".into(),
            arch: "x86_64".into(),
            devices: vec!["cpu".into()],
            free_bytes: Some(4_000_000_000),
        };
        let check = |needs: Compatibility, memory_gb, expect: Option<&str>| {
            assert_eq!(machine.lacks(&needs, memory_gb).as_deref(), expect);
        };
        let with = |candlewick: &str| Compatibility { candlewick: candlewick.parse().ok(), ..Compatibility::default() };
        check(Compatibility::default(), 3.9, None);
        check(Compatibility::default(), 8.0, Some("it needs 8 GB of memory; 4.0 GB are free"));
        check(with("^0.3"), 0.0, None);
        check(with(">=1"), 0.0, Some("it needs Candlewick >=1; this is 0.3.1"));
        let devices = Compatibility { devices: vec!["cuda".into(), "metal".into()], ..Compatibility::default() };
        check(devices, 0.0, Some("it needs the device cuda or metal; this machine has cpu"));
        let os = Compatibility { os: vec!["macos".into()], ..Compatibility::default() };
        check(os, 0.0, Some("it needs the operating system macos; this machine has linux"));
    }
}
